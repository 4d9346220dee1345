"""Recalls and the lots they cover."""

from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.recalls import RecallResult, RecallState
from app.models.base import Base, Id, Long, Micros, Uid, Word


class Recall(Base):
    """One recall case: its notice names reason and remedy, in Vietnamese and, where given, English."""

    __tablename__ = "recall"

    id: Mapped[Id]
    uid: Mapped[Uid]
    number: Mapped[str] = mapped_column(sa.String(32), unique=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    state: Mapped[RecallState] = mapped_column(Word(RecallState))
    reason: Mapped[Long]
    reason_en: Mapped[str | None] = mapped_column(sa.Text())
    instruction: Mapped[Long]
    instruction_en: Mapped[str | None] = mapped_column(sa.Text())
    requested_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    requested_at: Mapped[Micros]
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    opened_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    closed_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    remedy: Mapped[str | None] = mapped_column(sa.Text())
    version: Mapped[int] = mapped_column(default=1)


class RecallLot(Base):
    """A lot under recall and what became of it."""

    __tablename__ = "recall_lot"

    recall_id: Mapped[int] = mapped_column(sa.ForeignKey("recall.id"), primary_key=True)
    lot_id: Mapped[int] = mapped_column(sa.ForeignKey("lot.id"), primary_key=True, index=True)
    recovered: Mapped[Decimal | None] = mapped_column(sa.Numeric(14, 3))
    result: Mapped[RecallResult | None] = mapped_column(Word(RecallResult))
    note: Mapped[str | None] = mapped_column(sa.String(255))
