"""The audit chain: each entry carries the hash of the one before it."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Micros


class AuditEntry(Base):
    """Who did what to which object, ids only; `hash` covers `previous` and every column (see `app.services.audit`)."""

    __tablename__ = "audit_entry"
    __table_args__ = (sa.Index(None, "noun", "object_id"),)

    seq: Mapped[int] = mapped_column(sa.BigInteger(), primary_key=True, autoincrement=False)
    at: Mapped[Micros]
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger())
    action: Mapped[str] = mapped_column(sa.String(64))
    noun: Mapped[str] = mapped_column(sa.String(32))
    object_id: Mapped[int] = mapped_column(sa.BigInteger())
    before: Mapped[str | None] = mapped_column(sa.String(32))
    after: Mapped[str | None] = mapped_column(sa.String(32))
    detail: Mapped[str] = mapped_column(sa.Text())
    previous: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)


class AuditHead(Base):
    """One row: the last sequence number and hash; taking it for update is what keeps the chain single."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(sa.BigInteger())
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
