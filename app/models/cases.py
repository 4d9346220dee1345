"""Alert cases with their evidence, and what the watch over the scan table remembers between two turns."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.cases import CaseKind, CaseState
from app.models.base import BIG, Base, Id, Micros, Uid, Word


class AlertCase(Base):
    """One case. `subject` names what it is about, so that new evidence extends it instead of opening another.

    `level` is the highest that was seen: 1/256 nat for stamps and lots, a count otherwise. `red` says that something
    corroborates it, `marks` are the yes-or-no facts of a stamp's history and `voices` the devices that speak in it.
    `decided_level` is the level an officer knew when deciding; `outcome` is what reporters may read.
    """

    __tablename__ = "alert_case"
    __table_args__ = (sa.Index(None, "state", "last_at"),)

    id: Mapped[Id]
    uid: Mapped[Uid]
    number: Mapped[str] = mapped_column(sa.String(32), unique=True)
    subject: Mapped[str] = mapped_column(sa.String(64), unique=True)
    kind: Mapped[CaseKind] = mapped_column(Word(CaseKind))
    state: Mapped[CaseState] = mapped_column(Word(CaseState))
    organisation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    batch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("batch.id"))
    lot_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lot.id"), index=True)
    stamp: Mapped[int | None] = mapped_column(sa.BigInteger())
    level: Mapped[int] = mapped_column(sa.BigInteger())
    red: Mapped[bool]
    marks: Mapped[int] = mapped_column(default=0)
    voices: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[Micros]
    last_at: Mapped[Micros]
    asked_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    asked_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    hold_id: Mapped[int | None] = mapped_column(sa.ForeignKey("hold.id"))
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    decided_level: Mapped[int | None] = mapped_column(sa.BigInteger())
    reason: Mapped[str | None] = mapped_column(sa.String(255))
    outcome: Mapped[str | None] = mapped_column(sa.Text())
    version: Mapped[int] = mapped_column(default=1)


class AlertEvidence(Base):
    """One piece of evidence in words, as it was last seen (`at`); `source` names it, so that it is there once."""

    __tablename__ = "alert_evidence"
    __table_args__ = (sa.UniqueConstraint("case_id", "source"),)

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("alert_case.id"))
    source: Mapped[str] = mapped_column(sa.String(64))
    since: Mapped[Micros]
    at: Mapped[Micros]
    vi: Mapped[str] = mapped_column(sa.Text())
    en: Mapped[str] = mapped_column(sa.Text())


class WatchMark(Base):
    """How far one stream of rows was read: all up to (`at`, `row`), in that order."""

    __tablename__ = "watch_mark"

    stream: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    at: Mapped[Micros]
    row: Mapped[UUID] = mapped_column(sa.Uuid())


class WatchStamp(Base):
    """What a stamp says of its lot as it was read last, a sign and a square (`verifier.clones.lots.State`).

    `odd` says how odd it looks by itself, 0 where it does not.
    """

    __tablename__ = "watch_stamp"

    stamp: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    lot_id: Mapped[int] = mapped_column(BIG, index=True)
    sign: Mapped[int]
    square: Mapped[int]
    odd: Mapped[int] = mapped_column(sa.SmallInteger())
    at: Mapped[Micros]


class WatchSign(Base):
    """That a stamp was scanned at a square, once: `owner` is minus a roll never activated, or 0 for codes of nobody."""

    __tablename__ = "watch_sign"

    owner: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    sign: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stamp: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    at: Mapped[Micros]


class WatchCount(Base):
    """The distinct stamps of a lot by what they say, and what the lot shows; `owner` 0 counts over all lots."""

    __tablename__ = "watch_count"

    owner: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    sign: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stamps: Mapped[int]
