"""Stamps as ranges: batches, their current ranges, the events that moved them, and holds.

Minting N stamps writes a constant number of rows (invariant 1). `stamp_range` holds the present as disjoint ranges that
tile their batch; `range_event` holds the past and is only appended to.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.minting import Phase
from app.domain.stamps import BatchState
from app.models.base import BIG, Base, Id, Index, Micros, Uid, Word
from stamp_engine.format import Profile
from stamp_engine.lifecycle import StampEvent, StampState


class Batch(Base):
    """A block of indices minted alike; profile, GTIN, host, key ids and symbol template are frozen at mint."""

    __tablename__ = "batch"
    __table_args__ = (sa.CheckConstraint("lo >= 0 AND hi > lo", "range"),)

    id: Mapped[Id]
    uid: Mapped[Uid]
    number: Mapped[str] = mapped_column(sa.String(32), unique=True)
    order_id: Mapped[int] = mapped_column(sa.ForeignKey("stamp_order.id"), unique=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    state: Mapped[BatchState] = mapped_column(Word(BatchState), index=True)
    lo: Mapped[int] = mapped_column(BIG, unique=True)
    hi: Mapped[int] = mapped_column(BIG, unique=True)
    profile: Mapped[Profile] = mapped_column(Word(Profile))
    gtin: Mapped[str | None] = mapped_column(sa.String(14))
    host: Mapped[str] = mapped_column(sa.String(64))
    symbol_version: Mapped[int]
    ecc: Mapped[str] = mapped_column(sa.String(1))
    mask: Mapped[int]
    epoch: Mapped[int]
    kid: Mapped[str | None] = mapped_column(sa.String(64))
    pins: Mapped[bool]
    layout: Mapped[str] = mapped_column(sa.String(40))
    manifest: Mapped[str | None] = mapped_column(sa.Text())
    created_at: Mapped[Micros]
    minted_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    version: Mapped[int] = mapped_column(default=1)


class MintProgress(Base):
    """How far the worker is with a batch that is being minted; `at` is when it last said so. No part of any record."""

    __tablename__ = "mint_progress"

    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("batch.id"), primary_key=True, autoincrement=False)
    phase: Mapped[Phase] = mapped_column(Word(Phase))
    done: Mapped[int] = mapped_column(sa.BigInteger())
    of: Mapped[int] = mapped_column(sa.BigInteger())
    tries: Mapped[int]
    at: Mapped[Micros]


class StampRange(Base):
    """What the stamps lo ≤ index < hi of a batch are now; an ACTIVE range names its lot for ever."""

    __tablename__ = "stamp_range"
    __table_args__ = (
        sa.UniqueConstraint("batch_id", "lo"),
        sa.CheckConstraint("hi > lo", "range"),
    )

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("batch.id"))
    lo: Mapped[Index]
    hi: Mapped[Index]
    state: Mapped[StampState] = mapped_column(Word(StampState))
    lot_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lot.id"), index=True)
    reason: Mapped[str | None] = mapped_column(sa.String(255))
    changed_at: Mapped[Micros]


class RangeEvent(Base):
    """Something that happened to a range of stamps: what, when, who, why."""

    __tablename__ = "range_event"

    id: Mapped[Id]
    uid: Mapped[Uid]
    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("batch.id"), index=True)
    lo: Mapped[Index]
    hi: Mapped[Index]
    event: Mapped[StampEvent] = mapped_column(Word(StampEvent))
    lot_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lot.id"))
    actor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    reason: Mapped[str | None] = mapped_column(sa.String(255))
    at: Mapped[Micros]


class Hold(Base):
    """A stop put on a lot, or on a range of stamps, until lifted; states stay as they were."""

    __tablename__ = "hold"
    __table_args__ = (sa.CheckConstraint("(lot_id IS NULL) <> (batch_id IS NULL)", "one_target"),)

    id: Mapped[Id]
    uid: Mapped[Uid]
    lot_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lot.id"), index=True)
    batch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("batch.id"), index=True)
    lo: Mapped[int | None] = mapped_column(sa.BigInteger())
    hi: Mapped[int | None] = mapped_column(sa.BigInteger())
    reason: Mapped[str] = mapped_column(sa.String(255))
    placed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    placed_at: Mapped[Micros]
    lifted_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    lifted_at: Mapped[int | None] = mapped_column(sa.BigInteger())
