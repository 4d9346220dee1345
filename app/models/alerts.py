"""Alert cases, what was seen in each, what became of reports, and what offices note of single stamps and sellers."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.alerts import AlertKind, AlertState, Decision, NoteKind, ReportOutcome
from app.models.base import BIG, Base, Day, Id, Index, Long, Micros, Name, Uid, Word


class AlertCase(Base):
    """One case: what is suspected, of which lot, roll or stamp, and what was decided. Four eyes hold a lot.

    `key` names the matter, so that what is seen again joins its open case. `suspicion` is in nats.
    """

    __tablename__ = "alert_case"

    id: Mapped[Id]
    uid: Mapped[Uid]
    number: Mapped[str] = mapped_column(sa.String(32), unique=True)
    key: Mapped[str] = mapped_column(sa.String(80), index=True)
    kind: Mapped[AlertKind] = mapped_column(Word(AlertKind))
    state: Mapped[AlertState] = mapped_column(Word(AlertState))
    organisation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    lot_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lot.id"), index=True)
    batch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("batch.id"), index=True)
    stamp: Mapped[int | None] = mapped_column(BIG, index=True)
    suspicion: Mapped[float]
    opened_at: Mapped[Micros]
    seen_at: Mapped[Micros]
    decision: Mapped[Decision | None] = mapped_column(Word(Decision))
    note: Mapped[str | None] = mapped_column(sa.Text())
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    approved_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    approved_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    told_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    version: Mapped[int] = mapped_column(default=1)


class AlertSign(Base):
    """One thing seen in a case, on a local day: its evidence as JSON, as the detector gave it."""

    __tablename__ = "alert_sign"
    __table_args__ = (sa.UniqueConstraint("case_id", "day", "kind"),)

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("alert_case.id"), index=True)
    day: Mapped[Day]
    kind: Mapped[AlertKind] = mapped_column(Word(AlertKind))
    suspicion: Mapped[float]
    evidence: Mapped[Long]
    at: Mapped[Micros]


class ReportResult(Base):
    """What became of a consumer's report: read by its id on the public side."""

    __tablename__ = "report_result"

    report_id: Mapped[UUID] = mapped_column(sa.Uuid(), primary_key=True)
    case_id: Mapped[int | None] = mapped_column(sa.ForeignKey("alert_case.id"), index=True)
    outcome: Mapped[ReportOutcome] = mapped_column(Word(ReportOutcome))
    at: Mapped[Micros]


class StampNote(Base):
    """What an office has put on record of one stamp: on display, exposed, copied, or looked into and cleared."""

    __tablename__ = "stamp_note"

    id: Mapped[Id]
    uid: Mapped[Uid]
    stamp: Mapped[Index]
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    kind: Mapped[NoteKind] = mapped_column(Word(NoteKind))
    weight: Mapped[int | None]
    noted_on: Mapped[date] = mapped_column(sa.Date())
    reason: Mapped[str] = mapped_column(sa.String(255))
    case_id: Mapped[int | None] = mapped_column(sa.ForeignKey("alert_case.id"), index=True)
    noted_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    noted_at: Mapped[Micros]
    lifted_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    lifted_at: Mapped[int | None] = mapped_column(sa.BigInteger())


class Seller(Base):
    """A known seller of a producer's goods: a circle in which its lots are no surprise."""

    __tablename__ = "seller"

    id: Mapped[Id]
    uid: Mapped[Uid]
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    name: Mapped[Name]
    lat: Mapped[float]
    lon: Mapped[float]
    radius_km: Mapped[float]
    added_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    added_at: Mapped[Micros]
    ended_at: Mapped[int | None] = mapped_column(sa.BigInteger())
