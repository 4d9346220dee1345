"""Devices that send scans in bulk: enrolled by an office user, known by a token shown once, revoked at once."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.permissions import Action, RoleName, Scope, scopes
from app.models.devices import EnrolledDevice
from app.models.users import User
from app.services import checks, paging
from app.services.paging import Ask, Part
from app.services.work import Work

_INSPECTS = frozenset({RoleName.INSPECTOR, RoleName.COMMUNE, RoleName.COORD, RoleName.DEPT})
_MAKES = frozenset({RoleName.PRODUCER_OWNER, RoleName.PRODUCER_STAFF})


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device by the name its people know it by; for somebody else's hands where `user` says so."""

    name: str
    user: UUID | None = None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device that has just been enrolled, and its token, which is shown this once."""

    device: EnrolledDevice
    token: str


def enrol(work: Work, asked: NewDevice) -> Enrolled:
    """Enrol a device for oneself, or for anybody where one may everywhere. Raises Refusal."""
    allowed = scopes(work.actor, Action.ENROL_DEVICE)
    if not allowed or work.actor.user_id is None:
        raise Refusal("forbidden")
    owner = _owner(work, asked.user, anybody=Scope.ALL in allowed)
    token = secrets.token_urlsafe(32)
    row = EnrolledDevice(
        uid=work.new_id(),
        name=checks.text("name", asked.name),
        user_id=owner.id,
        role=_role(owner),
        digest=hashlib.sha256(token.encode()).digest(),
        enrolled_by_id=work.actor.user_id,
        enrolled_at=work.now,
    )
    return Enrolled(work.add(row, "device", "enrol"), token)


def _owner(work: Work, uid: UUID | None, *, anybody: bool) -> User:
    if uid is None:
        return work.session.get_one(User, work.actor.user_id)
    owner = work.find(User, uid, "user")
    own = work.actor.organisation_id is not None and owner.organisation_id == work.actor.organisation_id
    if not (anybody or own or owner.id == work.actor.user_id):
        raise Refusal("not_found", what="user")
    return owner


def _role(owner: User) -> str:
    """Whose scans the device makes; neither kind can be a stamp's first scan."""
    roles = {RoleName(role.name) for role in owner.roles}
    if roles & _INSPECTS:
        return "inspector"
    if roles & _MAKES:
        return "staff"
    raise Refusal("user_unfit", pointer="/user")


def revoke(work: Work, uid: UUID) -> EnrolledDevice:
    """Take the device's right away; its next request is refused. Raises Refusal."""
    row = work.locked(get(work, uid))
    if row.revoked_at is not None:
        raise Refusal("device_revoked")
    row.revoked_by_id, row.revoked_at = work.actor.user_id, work.now
    work.note("revoke", "device", row.id)
    return row


def get(work: Work, uid: UUID) -> EnrolledDevice:
    """One device the actor may see. Raises Refusal `not_found`."""
    row: EnrolledDevice | None = work.session.scalar(_visible(work).where(EnrolledDevice.uid == uid))
    if row is None:
        raise Refusal("not_found", what="device")
    return row


def page(work: Work, ask: Ask = paging.FIRST) -> Part[EnrolledDevice]:
    """The devices the actor may see: all, those of their organisation, or their own; the newest first."""
    return paging.part(work, EnrolledDevice, _visible(work).where(paging.containing(ask, EnrolledDevice.name)), ask)


def _visible(work: Work) -> Any:
    allowed = scopes(work.actor, Action.ENROL_DEVICE)
    if not allowed:
        raise Refusal("forbidden")
    found = sa.select(EnrolledDevice).join(User, User.id == EnrolledDevice.user_id)
    if Scope.ALL in allowed:
        return found
    mine = EnrolledDevice.user_id == work.actor.user_id
    if Scope.OWN in allowed and work.actor.organisation_id is not None:
        mine |= User.organisation_id == work.actor.organisation_id
    return found.where(mine)
