"""Registered facts about single stamps, and known sellers: all of them matter in a verdict."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.flags import FlagKind, SellerKind
from app.models.base import Base, Id, Micros, Name, Uid, Word


class StampFlag(Base):
    """One fact about one stamp until it is ended. `words`: where it is on display, or where its code was published.

    `weight`, `marks` and `voices` are the history an officer knew when clearing it; more than that speaks again.
    """

    __tablename__ = "stamp_flag"
    __table_args__ = (sa.Index(None, "stamp", "ended_at"),)

    id: Mapped[Id]
    uid: Mapped[Uid]
    stamp: Mapped[int] = mapped_column(sa.BigInteger())
    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("batch.id"), index=True)
    kind: Mapped[FlagKind] = mapped_column(Word(FlagKind))
    words: Mapped[str | None] = mapped_column(sa.String(200))
    weight: Mapped[int | None]
    marks: Mapped[int | None]
    voices: Mapped[int | None]
    case_id: Mapped[int | None] = mapped_column(sa.ForeignKey("alert_case.id"), index=True)
    placed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    placed_at: Mapped[Micros]
    ended_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    ended_at: Mapped[int | None] = mapped_column(sa.BigInteger())


class KnownSeller(Base):
    """Who is known to sell an organisation's goods, until that ends; a shop has a place, an online one an address."""

    __tablename__ = "known_seller"

    id: Mapped[Id]
    uid: Mapped[Uid]
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    kind: Mapped[SellerKind] = mapped_column(Word(SellerKind))
    name: Mapped[Name]
    address: Mapped[Name]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    radius_km: Mapped[float]
    added_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    added_at: Mapped[Micros]
    ended_at: Mapped[int | None] = mapped_column(sa.BigInteger())
