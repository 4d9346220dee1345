"""People who sign in, and the tokens of their programs. Passwords are Argon2id; a token is kept as its SHA-256 only."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from uuid import UUID

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from app.domain.errors import Refusal
from app.domain.permissions import Action, Actor, RoleName, Scope, scopes
from app.models.users import ApiToken, Role, User
from app.services import checks, paging
from app.services.paging import Ask, Part
from app.services.work import Work

SHORTEST_PASSWORD = 10
_HASHER = PasswordHasher()


@cache
def _nobody() -> str:
    """Checked when there is no such account, so that the time taken does not tell which accounts exist."""
    return _HASHER.hash(secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account; it signs in by e-mail or telephone."""

    name: str
    password: str | None
    roles: tuple[RoleName, ...]
    email: str | None = None
    phone: str | None = None
    organisation_id: int | None = None
    unit_id: int | None = None
    example: bool = False


def create(work: Work, asked: NewUser) -> User:
    """A new account. Raises Refusal."""
    work.may(Action.MANAGE_USERS, what="user")
    return add(work, asked)


def hashed(password: str) -> str:
    """A password as it is kept. Raises Refusal `password_weak`."""
    if len(password) < SHORTEST_PASSWORD:
        raise Refusal("password_weak", pointer="/password")
    return _HASHER.hash(password[:1024])


def add(work: Work, asked: NewUser) -> User:
    """An account that the caller has allowed; without a password nobody can sign in as it yet. Raises Refusal."""
    password = None if asked.password is None else hashed(asked.password)
    email = checks.optional("email", (asked.email or "").lower(), 255)
    phone = checks.phone(asked.phone)
    if email is None and phone is None:
        raise Refusal("required", pointer="/email", what=checks.label("email"))
    for name, column, value in (("email", User.email, email), ("phone", User.phone, phone)):
        if value and work.session.scalar(sa.select(User.id).where(column == value)):
            raise Refusal("already_used", pointer=f"/{name}", what=checks.label(name))
    uid = work.new_id()
    row = User(
        uid=uid,
        email=email,
        phone=phone,
        password=password,
        name=checks.text("name", asked.name),
        active=True,
        fs_uniquifier=secrets.token_hex(32),
        organisation_id=asked.organisation_id,
        unit_id=asked.unit_id,
        locale="vi",
        example=asked.example,
        created_at=work.now,
        roles=_roles(work, asked.roles),
    )
    return work.add(row, "user")


def _roles(work: Work, names: Iterable[RoleName]) -> list[Role]:
    return list(work.session.scalars(sa.select(Role).where(Role.name.in_([name.value for name in names]))))


def authenticate(work: Work, login: str, password: str) -> User:
    """The account behind an e-mail or telephone and its password. Raises Refusal `sign_in_failed`."""
    login = login.replace("\0", "").strip().lower()[:255]
    row = work.session.scalar(sa.select(User).where(User.email == login)) or _by_phone(work, login)
    try:
        _HASHER.verify(row.password if row and row.password else _nobody(), password[:1024])
    except (Argon2Error, InvalidHashError):
        raise Refusal("sign_in_failed") from None
    if row is None or not row.active:
        raise Refusal("sign_in_failed")
    return row


def _by_phone(work: Work, login: str) -> User | None:
    try:
        number = checks.phone(login)
    except Refusal:
        return None
    return work.session.scalar(sa.select(User).where(User.phone == number)) if number else None


def by_session(work: Work, uniquifier: str) -> User | None:
    """The active account of a session."""
    return work.session.scalar(sa.select(User).where(User.fs_uniquifier == uniquifier, User.active.is_(True)))


def actor_of(user: User) -> Actor:
    """For whom services act when this person asks."""
    roles = frozenset(RoleName(role.name) for role in user.roles)
    return Actor(user.id, roles, user.organisation_id, user.unit_id)


def issue_token(work: Work, name: str, actions: tuple[Action, ...]) -> str:
    """A bearer token for one's own program, limited to some actions; shown once. Raises Refusal."""
    if work.actor.user_id is None:
        raise Refusal("forbidden")
    for action in actions:
        if work.actor.only is not None and action not in work.actor.only:
            raise Refusal("token_scope", pointer="/scopes", scope=action.value)
    secret = secrets.token_urlsafe(32)
    work.add(
        ApiToken(
            uid=work.new_id(),
            user_id=work.actor.user_id,
            name=checks.text("name", name),
            digest=hashlib.sha256(secret.encode()).digest(),
            scopes=" ".join(sorted(action.value for action in actions)),
            created_at=work.now,
        ),
        "token",
        "issue",
    )
    return secret


def tokens(work: Work) -> list[ApiToken]:
    """One's own tokens that still work, the newest first."""
    own = sa.and_(ApiToken.user_id == work.actor.user_id, ApiToken.revoked_at.is_(None))
    return list(work.session.scalars(sa.select(ApiToken).where(own).order_by(ApiToken.id.desc())))


def revoke_token(work: Work, uid: UUID) -> ApiToken:
    """End a token of one's own. Raises Refusal."""
    row = work.find(ApiToken, uid, "token")
    if row.user_id != work.actor.user_id:
        raise Refusal("not_found", what="token")
    row.revoked_at = work.now
    work.note("revoke", "token", row.id)
    return row


def by_token(work: Work, secret: str) -> tuple[User, frozenset[Action]] | None:
    """The account behind a bearer token and the actions it may take."""
    digest = hashlib.sha256(secret.encode()).digest()
    live = sa.or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > work.now)
    statement = sa.select(ApiToken).where(ApiToken.digest == digest, ApiToken.revoked_at.is_(None), live)
    token = work.session.scalar(statement)
    user = work.session.get(User, token.user_id) if token else None
    if token is None or user is None or not user.active:
        return None
    return user, frozenset(Action(scope) for scope in token.scopes.split())


def get(work: Work, uid: UUID) -> User:
    """One account that the actor looks after. Raises Refusal."""
    found = work.session.scalar(sa.select(User).where(User.uid == uid, _looked_after(work)))
    if found is None:
        raise Refusal("not_found", what="user")
    return found


def page(work: Work, ask: Ask = paging.FIRST) -> Part[User]:
    """The accounts that the actor looks after, the newest first. Raises Refusal."""
    named = paging.containing(ask, User.name, User.email, User.phone)
    return paging.part(work, User, sa.select(User).where(_looked_after(work), named), ask)


def _looked_after(work: Work) -> sa.ColumnElement[bool]:
    """All accounts, or those of one's own organisation: officers are of none. Raises Refusal `forbidden`."""
    allowed = scopes(work.actor, Action.INVITE_STAFF)
    if not allowed and work.actor.user_id is not None:
        raise Refusal("forbidden")
    visible = work.visible(Action.INVITE_STAFF, User.organisation_id)
    everywhere = work.actor.user_id is None or Scope.ALL in allowed
    return visible if everywhere else sa.and_(visible, User.organisation_id.is_not(None))
