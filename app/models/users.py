"""People who sign in, their roles and scope, and the tokens of their programs."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Id, Micros, Name, Uid


class Role(Base):
    """A role by its name; what it may do is `app.domain.permissions`."""

    __tablename__ = "role"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(sa.String(32), unique=True)
    description: Mapped[str | None] = mapped_column(sa.String(200))


user_role = sa.Table(
    "user_role",
    Base.metadata,
    sa.Column("user_id", sa.ForeignKey("user_account.id"), primary_key=True),
    sa.Column("role_id", sa.ForeignKey("role.id"), primary_key=True),
)


class Passkey(Base):
    """A WebAuthn credential of an account: its id, its public key (COSE) and how often it has signed."""

    __tablename__ = "passkey"

    id: Mapped[Id]
    uid: Mapped[Uid]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    name: Mapped[Name]
    credential_id: Mapped[bytes] = mapped_column(sa.LargeBinary(1023), unique=True)
    public_key: Mapped[bytes] = mapped_column(sa.LargeBinary())
    sign_count: Mapped[int] = mapped_column(sa.BigInteger())
    created_at: Mapped[Micros]
    last_used_at: Mapped[int | None] = mapped_column(sa.BigInteger())


class SpentChallenge(Base):
    """A challenge that was answered, by its SHA-256; kept as long as it could be answered again."""

    __tablename__ = "spent_challenge"

    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    at: Mapped[Micros] = mapped_column(sa.BigInteger(), index=True)


class User(Base):
    """One account: signs in by e-mail or phone; acts within one organisation, one unit, or the province."""

    __tablename__ = "user_account"

    id: Mapped[Id]
    uid: Mapped[Uid]
    email: Mapped[str | None] = mapped_column(sa.String(255), unique=True)
    phone: Mapped[str | None] = mapped_column(sa.String(20), unique=True)
    password: Mapped[str | None] = mapped_column(sa.String(255))
    name: Mapped[Name]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(sa.String(64), unique=True)
    organisation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("admin_unit.id"))
    locale: Mapped[str] = mapped_column(sa.String(8), default="vi")
    example: Mapped[bool] = mapped_column(default=False)
    totp_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary())
    totp_step: Mapped[int | None] = mapped_column(sa.BigInteger())
    created_at: Mapped[Micros]
    roles: Mapped[list[Role]] = relationship(secondary=user_role, lazy="selectin")
    passkeys: Mapped[list[Passkey]] = relationship(lazy="selectin", order_by=Passkey.id, viewonly=True)


class AccessLink(Base):
    """A link that lets its account choose a password, once: an invitation or a recovery; only its SHA-256 is kept."""

    __tablename__ = "access_link"

    id: Mapped[Id]
    uid: Mapped[Uid]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    created_at: Mapped[Micros]
    expires_at: Mapped[int] = mapped_column(sa.BigInteger())
    used_at: Mapped[int | None] = mapped_column(sa.BigInteger())


class RecoveryCode(Base):
    """A code that stands in for a lost telephone, once; only its SHA-256 is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    used_at: Mapped[int | None] = mapped_column(sa.BigInteger())


class ApiToken(Base):
    """A scoped bearer token of a program; only its SHA-256 is kept."""

    __tablename__ = "api_token"

    id: Mapped[Id]
    uid: Mapped[Uid]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    name: Mapped[Name]
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    scopes: Mapped[str] = mapped_column(sa.Text())
    created_at: Mapped[Micros]
    expires_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    revoked_at: Mapped[int | None] = mapped_column(sa.BigInteger())


class IdempotencyKey(Base):
    """The first answer to a creating request, replayed for its repeats; written in the effect's transaction."""

    __tablename__ = "idempotency_key"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    request_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    status: Mapped[int]
    location: Mapped[str | None] = mapped_column(sa.String(255))
    body: Mapped[str] = mapped_column(sa.Text())
    created_at: Mapped[Micros] = mapped_column(sa.BigInteger(), index=True)
