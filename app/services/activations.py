"""Activation by the first and the last stamp, and taking it back.

An activation can be undone for ten minutes, by an account of its organisation, and only while no consumer has scanned
one of its stamps since. The check holds against a scan that is being recorded at the same moment: the fact clock has
moved and, on PostgreSQL, `sighting` is locked against writers while it is made, so that scan is judged again.
"""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.lots import LOT, LotEvent, LotState
from app.domain.permissions import Action
from app.models.facts import FactClock
from app.models.lots import Lot
from app.models.scans import Scan
from app.models.stamps import Batch, RangeEvent, StampRange
from app.services import codes, stamps
from app.services.codes import Reader
from app.services.stamps import Positions
from app.services.work import Work
from stamp_engine.lifecycle import StampEvent, StampState

UNDO_US = 10 * 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """Stamps of one roll, first to last, both included and counted from 1."""

    batch: Batch
    positions: Positions

    @property
    def count(self) -> int:
        """How many they are."""
        return self.positions.last - self.positions.first + 1


@dataclass(frozen=True, slots=True)
class Undoable:
    """An activation that may still be taken back, until when (UTC microseconds)."""

    event: RangeEvent
    batch: Batch
    lot: Lot
    until: int

    @property
    def positions(self) -> Positions:
        """Its stamps."""
        return Positions(self.event.lo - self.batch.lo + 1, self.event.hi - self.batch.lo)


def span(work: Work, reader: Reader, first: str, last: str, *, roll: Batch | None = None) -> Span:
    """The stamps from one to the other of the same roll, in whichever order they were given. Raises Refusal."""
    one = codes.locate(work, reader, first, pointer="/first", roll=roll)
    other = codes.locate(work, reader, last, pointer="/last", roll=roll)
    for place, pointer in ((one, "/first"), (other, "/last")):
        _seen(work, place.batch, pointer)
        if roll is not None and place.batch.id != roll.id:
            raise Refusal("other_roll", pointer=pointer)
    if one.batch.id != other.batch.id:
        raise Refusal("other_roll", pointer="/last")
    low, high = sorted((one.position, other.position))
    return Span(one.batch, Positions(low, high))


def _seen(work: Work, batch: Batch, pointer: str) -> None:
    """A code of somebody else's roll is told from one that was never issued by nobody. Raises Refusal."""
    try:
        work.may(Action.READ_STAMPS, organisation_id=batch.organisation_id)
    except Refusal:
        raise Refusal("code_not_issued", pointer=pointer) from None


def latest(work: Work, roll: Batch) -> RangeEvent:
    """The last thing that happened to stamps of a roll."""
    events = sa.select(RangeEvent).where(RangeEvent.batch_id == roll.id).order_by(RangeEvent.id.desc()).limit(1)
    return work.session.scalars(events).one()


def undoable(work: Work, *, limit: int = 5) -> list[Undoable]:
    """The actor's organisation's activations of the last ten minutes that were not taken back, the newest first."""
    recent = RangeEvent.at > work.now - UNDO_US
    statement = (
        sa.select(RangeEvent, Batch, Lot)
        .join(Batch, Batch.id == RangeEvent.batch_id)
        .join(Lot, Lot.id == RangeEvent.lot_id)
        .where(RangeEvent.event == StampEvent.ACTIVATE, recent, Batch.organisation_id == work.actor.organisation_id)
        .order_by(RangeEvent.id.desc())
        .limit(limit)
    )
    found = [Undoable(event, batch, lot, event.at + UNDO_US) for event, batch, lot in work.session.execute(statement)]
    return [one for one in found if _whole(work, one.event)]


def undo(work: Work, uid: UUID) -> RangeEvent:
    """Take an activation back: its stamps are in stock again. Raises Refusal."""
    event = work.find(RangeEvent, uid, "activation")
    roll = work.session.get_one(Batch, event.batch_id)
    work.may(Action.ACTIVATE_STAMPS, organisation_id=roll.organisation_id, what="activation")
    work.locked(roll)
    if event.event is not StampEvent.ACTIVATE or not _whole(work, event):
        raise Refusal("undo_changed")
    if work.now - event.at > UNDO_US:
        raise Refusal("undo_late")
    stamps.change(work, roll, (event.lo, event.hi), StampEvent.UNDO)
    _alone(work)
    if _scanned(work, event):
        raise Refusal("undo_scanned")
    _unstamp(work, event.lot_id)
    return event


def _whole(work: Work, event: RangeEvent) -> bool:
    """Whether every stamp of an activation is still active for its lot."""
    overlap = sa.and_(StampRange.batch_id == event.batch_id, StampRange.lo < event.hi, StampRange.hi > event.lo)
    tiles = work.session.execute(sa.select(StampRange.state, StampRange.lot_id).where(overlap)).all()
    return all(state is StampState.ACTIVE and lot == event.lot_id for state, lot in tiles)


def _alone(work: Work) -> None:
    """From here to the end of this work no scan is recorded that was judged before it."""
    work.session.execute(sa.update(FactClock).values(value=FactClock.value + 1))
    if work.session.get_bind().dialect.name == "postgresql":
        work.session.execute(sa.text("LOCK TABLE sighting IN SHARE MODE"))


def _scanned(work: Work, event: RangeEvent) -> bool:
    since = UUID(int=(event.at // 1000) << 80)
    within = sa.and_(Scan.id >= since, Scan.stamp >= event.lo, Scan.stamp < event.hi, Scan.role == "consumer")
    return work.session.scalar(sa.select(Scan.id).where(within, Scan.scanned_at >= event.at).limit(1)) is not None


def _unstamp(work: Work, lot_id: int | None) -> None:
    """A lot without a stamp is merely released again."""
    lot = work.session.get(Lot, lot_id) if lot_id is not None else None
    if lot is not None and lot.state is LotState.STAMPED and not stamps.active_in(work, lot.id):
        work.transition(lot, LOT, LotEvent.UNSTAMP)
