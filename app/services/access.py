"""How people get in: links that let an account choose its password, and the second factor (TOTP, RFC 6238).

A link and a recovery code are kept as their SHA-256 only, a TOTP secret under a key of the office's own. Each code and
each link works once, under any race: what marks it used is a compare-and-set.
"""

import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pyotp
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.errors import Refusal
from app.domain.permissions import OFFICERS, Action, Actor, RoleName, Scope, scopes
from app.models.users import AccessLink, Passkey, RecoveryCode, User
from app.services import organisations, units, users
from app.services.users import NewUser
from app.services.work import Work

LINK_US = 7 * 86_400 * 1_000_000
RECOVERY_CODES = 10
_STEP_S = 30
_ISSUER = "Tem điện tử Sơn La"


@dataclass(frozen=True, slots=True)
class Box:
    """Seals TOTP secrets with a key derived from the office's own secret; each for its account."""

    secret: str

    def _key(self) -> AESGCM:
        return AESGCM(hashlib.sha256(b"estamp totp\0" + self.secret.encode()).digest())

    def sealed(self, user: User, text: str) -> bytes:
        """A secret for the database."""
        nonce = os.urandom(12)
        return nonce + self._key().encrypt(nonce, text.encode(), user.uid.bytes)

    def opened(self, user: User) -> str:
        """The secret of an account that has one."""
        sealed = user.totp_sealed or b""
        return self._key().decrypt(sealed[:12], sealed[12:], user.uid.bytes).decode()


def has_second(user: User) -> bool:
    """Whether more than a password lets this account in."""
    return user.totp_sealed is not None or bool(user.passkeys)


def needs_second(actor: Actor) -> bool:
    """Whether these roles must not work with a password alone."""
    return bool(actor.roles & OFFICERS)


def invite(work: Work, asked: NewUser) -> tuple[User, str]:
    """An account without a password, and the secret of the link that lets its owner choose one. Raises Refusal.

    A producer invites staff of the own organisation; an administrator invites anybody.
    """
    work.may(Action.INVITE_STAFF, organisation_id=asked.organisation_id, what="organisation")
    if Scope.ALL not in scopes(work.actor, Action.INVITE_STAFF) and set(asked.roles) != {RoleName.PRODUCER_STAFF}:
        raise Refusal("forbidden")
    user = users.add(work, asked)
    return user, _link(work, user)


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody to invite, by the public id of an organisation or the code of a commune."""

    name: str
    role: RoleName
    email: str | None = None
    phone: str | None = None
    organisation: UUID | None = None
    unit: str | None = None


def placed(work: Work, asked: Invitation) -> NewUser:
    """The account an invitation asks for; where none is named, of the actor's own organisation. Raises Refusal."""
    own = Scope.ALL not in scopes(work.actor, Action.INVITE_STAFF)
    organisation = work.actor.organisation_id if own else None
    if asked.organisation is not None:
        organisation = organisations.get(work, asked.organisation).id
    unit = units.present(work, asked.unit).id if asked.unit else None
    return NewUser(asked.name, None, (asked.role,), asked.email, asked.phone, organisation, unit)


def close(work: Work, uid: UUID) -> User:
    """Close an account that the actor looks after, never one's own: all its ways in end at once. Raises Refusal."""
    user = users.get(work, uid)
    staff = {RoleName(role.name) for role in user.roles} <= {RoleName.PRODUCER_STAFF}
    if user.id == work.actor.user_id or not (staff or Scope.ALL in scopes(work.actor, Action.INVITE_STAFF)):
        raise Refusal("forbidden")
    if not user.active:
        raise Refusal("account_closed")
    unused = sa.update(AccessLink).where(AccessLink.user_id == user.id, AccessLink.used_at.is_(None))
    _rows(work, unused.values(used_at=work.now))
    user.active, user.fs_uniquifier = False, secrets.token_hex(32)
    work.note("close", "user", user.id)
    return user


def recover(work: Work, uid: UUID) -> str:
    """The secret of a link to a new password, for whoever lost theirs; a lost second factor goes with it.

    Raises Refusal.
    """
    work.may(Action.MANAGE_USERS, what="user")
    user = work.find(User, uid, "user")
    user.totp_sealed = user.totp_step = None
    for factor in (RecoveryCode, Passkey):
        work.session.execute(sa.delete(factor).where(factor.user_id == user.id))
    work.note("recover", "user", user.id)
    return _link(work, user)


def _link(work: Work, user: User) -> str:
    secret = secrets.token_urlsafe(32)
    row = AccessLink(
        uid=work.new_id(),
        user_id=user.id,
        digest=_digest(secret),
        created_at=work.now,
        expires_at=work.now + LINK_US,
    )
    work.add(row, "access_link", "issue")
    return secret


def owner_of(work: Work, secret: str) -> User:
    """The account a link is for. Raises Refusal `link_over`."""
    live = sa.and_(AccessLink.digest == _digest(secret), AccessLink.used_at.is_(None), AccessLink.expires_at > work.now)
    link = work.session.scalar(sa.select(AccessLink).where(live))
    if link is None:
        raise Refusal("link_over")
    return work.session.get_one(User, link.user_id)


def choose_password(work: Work, secret: str, password: str) -> User:
    """Use a link up: the account gets this password, and older sessions end. Raises Refusal."""
    user = owner_of(work, secret)
    hashed = users.hashed(password)
    statement = sa.update(AccessLink).where(AccessLink.user_id == user.id, AccessLink.used_at.is_(None))
    if not _rows(work, statement.values(used_at=work.now)):
        raise Refusal("link_over")
    user.password, user.active, user.fs_uniquifier = hashed, True, secrets.token_hex(32)
    work.note("choose_password", "user", user.id)
    return user


def new_secret() -> str:
    """A TOTP secret of 160 bits in base32."""
    return pyotp.random_base32()


def address(user: User, secret: str) -> str:
    """What an authenticator app scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.email or user.phone or user.name, issuer_name=_ISSUER)


def enrol(work: Work, box: Box, user_id: int, secret: str, code: str) -> list[str]:
    """Turn the second factor on once the app shows the right code; gives the recovery codes, shown once.

    Raises Refusal `code_wrong`.
    """
    user = work.session.get_one(User, user_id)
    step = _step(work, secret, code)
    if step is None:
        raise Refusal("code_wrong", pointer="/code")
    user.totp_sealed, user.totp_step = box.sealed(user, secret), step
    work.note("enrol", "user", user.id)
    return _codes(work, user)


def first_codes(work: Work, user: User) -> list[str]:
    """Recovery codes for an account that has none left; none where it still has some."""
    left = sa.select(RecoveryCode.id).where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None)).limit(1)
    return [] if work.session.scalar(left) else _codes(work, user)


def _codes(work: Work, user: User) -> list[str]:
    """New recovery codes; the old ones end."""
    work.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(RECOVERY_CODES)]
    work.session.add_all(RecoveryCode(user_id=user.id, digest=_digest(code)) for code in codes)
    return codes


def confirm(work: Work, box: Box, user_id: int, code: str) -> None:
    """The second step of signing in: a code of the app, or a recovery code; each once. Raises Refusal `code_wrong`."""
    user = work.session.get_one(User, user_id)
    step = _step(work, box.opened(user), code) if user.totp_sealed is not None else None
    if step is None:
        spent = sa.update(RecoveryCode).where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.digest == _digest(code.strip().lower()),
            RecoveryCode.used_at.is_(None),
        )
        if not _rows(work, spent.values(used_at=work.now)):
            raise Refusal("code_wrong", pointer="/code")
        work.note("recovery_code", "user", user.id)
        return
    later = sa.or_(User.totp_step.is_(None), User.totp_step < step)
    if not _rows(work, sa.update(User).where(User.id == user.id, later).values(totp_step=step)):
        raise Refusal("code_wrong", pointer="/code")


def _step(work: Work, secret: str, code: str) -> int | None:
    """The time step whose code this is, one step early or late; None where it is none."""
    digits, now = "".join(code.split()), work.now // 1_000_000
    totp = pyotp.TOTP(secret)
    for step in (now // _STEP_S, now // _STEP_S - 1, now // _STEP_S + 1):
        if secrets.compare_digest(totp.at(step * _STEP_S).encode(), digits.encode()):
            return step
    return None


def _rows(work: Work, statement: Any) -> int:
    work.session.flush()
    done: Any = work.session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
