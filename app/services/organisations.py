"""Organisations: registered by an officer, approved by the province, then free to order."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.organisations import ORGANISATION, OrganisationEvent, OrganisationKind, OrganisationState
from app.domain.permissions import Action
from app.models.organisations import Organisation
from app.services import checks, paging, units
from app.services.paging import Ask, Part
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class NewOrganisation:
    """What registers an organisation; `unit` is the code of a commune in force today."""

    name: str
    kind: OrganisationKind
    address: str
    unit: str
    phone: str | None = None
    email: str | None = None
    registration_no: str | None = None
    registered_on: date | None = None
    representative: str | None = None
    story: str | None = None
    prints: bool = False
    example: bool = False


def register(work: Work, asked: NewOrganisation) -> Organisation:
    """A PENDING organisation. Raises Refusal."""
    unit = units.present(work, asked.unit)
    work.may_in(Action.REGISTER_ORGANISATION, unit.id)
    uid = work.new_id()
    row = Organisation(
        uid=uid,
        code=uid.hex,
        name=checks.text("name", asked.name),
        kind=asked.kind,
        prints=asked.prints,
        state=OrganisationState.PENDING,
        registration_no=checks.optional("registration_no", asked.registration_no, 32),
        registered_on=asked.registered_on,
        representative=checks.optional("representative", asked.representative, 120),
        address=checks.text("address", asked.address),
        unit_id=unit.id,
        phone=checks.phone(asked.phone),
        email=checks.optional("email", asked.email, 120),
        story=checks.optional("story", asked.story, 4000),
        example=asked.example,
        created_at=work.now,
    )
    work.add(row, "organisation", "register")
    row.code = f"SL{row.id:05d}"
    return row


@dataclass(frozen=True, slots=True)
class Profile:
    """What an organisation says of itself; its name, type and commune are the registry's."""

    address: str
    phone: str | None = None
    email: str | None = None
    representative: str | None = None
    story: str | None = None


def update(work: Work, uid: UUID, asked: Profile, version: int) -> Organisation:
    """Change an organisation's profile. Raises Refusal, `changed_meanwhile` at another version."""
    row = get(work, uid)
    work.may(Action.EDIT_ORGANISATION, organisation_id=row.id, what="organisation")
    work.version(row, version)
    row.address = checks.text("address", asked.address)
    row.phone = checks.phone(asked.phone)
    row.email = checks.optional("email", asked.email, 120)
    row.representative = checks.optional("representative", asked.representative, 120)
    row.story = checks.optional("story", asked.story, 4000)
    work.note("update", "organisation", row.id)
    return row


def decide(work: Work, uid: UUID, event: OrganisationEvent, reason: str | None = None) -> Organisation:
    """Approve, suspend, reinstate or close. Raises Refusal."""
    row = get(work, uid)
    work.may(Action.DECIDE_ORGANISATION, organisation_id=row.id, what="organisation")
    if event in {OrganisationEvent.SUSPEND, OrganisationEvent.CLOSE} and not (reason or "").strip():
        raise Refusal("reason_required", pointer="/reason")
    work.transition(row, ORGANISATION, event, detail=checks.optional("reason", reason, 255) or "")
    return row


def get(work: Work, uid: UUID) -> Organisation:
    """One organisation the actor may see. Raises Refusal `not_found`."""
    row = work.find(Organisation, uid, "organisation")
    work.may(Action.READ_ORGANISATION, organisation_id=row.id, what="organisation")
    return row


def page(work: Work, ask: Ask = paging.FIRST) -> Part[Organisation]:
    """The organisations the actor may see, the newest first."""
    seen = work.visible(Action.READ_ORGANISATION, Organisation.id)
    like = paging.containing(ask, Organisation.name, Organisation.code, Organisation.registration_no)
    return paging.part(work, Organisation, sa.select(Organisation).where(seen, like), ask)


def printers(work: Work) -> list[Organisation]:
    """The print houses in business."""
    active = Organisation.prints & (Organisation.state == OrganisationState.ACTIVE)
    return list(work.session.scalars(sa.select(Organisation).where(active).order_by(Organisation.code)))


def active(work: Work, organisation_id: int) -> Organisation:
    """An organisation in business. Raises Refusal `organisation_not_active`."""
    row = work.session.get_one(Organisation, organisation_id)
    if row.state is not OrganisationState.ACTIVE:
        raise Refusal("organisation_not_active")
    return row
