"""What happens to ranges of stamps: bound to a lot once and for ever, voided, lost, spoiled (R5, R6).

A batch is tiled by its present ranges without gap or overlap; every change locks the batch, splits at its borders,
moves each part along the one table of stamp states, and joins neighbours that became alike. Positions are 1-based and
inclusive at the border, half-open indices inside.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.lots import LOT, LotEvent
from app.domain.permissions import Action
from app.models.lots import Lot
from app.models.stamps import Batch, Hold, RangeEvent, StampRange
from app.services import checks, lots, organisations, paging
from app.services.paging import Ask, Part
from app.services.work import Work
from stamp_engine.lifecycle import STAMP, IllegalTransition, StampEvent, StampState


@dataclass(frozen=True, slots=True)
class Positions:
    """Stamps `first` to `last` of a roll, both included, counted from 1."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Balance:
    """A batch in numbers: its stamps by their present state."""

    minted: int
    printed: int
    stock: int
    active: int
    void: int
    lost: int
    spoiled: int


def activate(work: Work, batch: UUID, lot: UUID, positions: Positions) -> StampRange:
    """Bind stamps of one's own delivered roll to a lot that may be sold. Raises Refusal."""
    roll, bound = get(work, batch), lots.get(work, lot)
    work.may(Action.ACTIVATE_STAMPS, organisation_id=roll.organisation_id, what="batch")
    if bound.organisation_id != roll.organisation_id:
        raise Refusal("other_organisation", pointer="/lot", what="lot")
    organisations.active(work, roll.organisation_id)
    work.locked(bound)
    _sellable(work, bound)
    if bound.product_id != roll.product_id:
        raise Refusal("lot_other_product", pointer="/lot")
    lo, hi = _block(roll, positions)
    active = active_in(work, bound.id)
    if active + hi - lo > bound.packs:
        raise Refusal("stamps_over_packs", pointer="/last", packs=bound.packs, active=active, left=bound.packs - active)
    made = change(work, roll, (lo, hi), StampEvent.ACTIVATE, lot_id=bound.id)
    if LOT.allows(bound.state, LotEvent.STAMP):
        work.transition(bound, LOT, LotEvent.STAMP)
    return made


def _sellable(work: Work, lot: Lot) -> None:
    if lot.state not in lots.LIVE:
        raise Refusal("lot_not_released", pointer="/lot", lot=lot.lot_no)
    held = sa.select(Hold.id).where(Hold.lot_id == lot.id, Hold.lifted_at.is_(None)).limit(1)
    if work.session.scalar(held):
        raise Refusal("lot_on_hold", pointer="/lot", lot=lot.lot_no)
    if lot.expires_on is not None and lot.expires_on < work.today:
        raise Refusal("lot_expired", pointer="/lot", lot=lot.lot_no, day=f"{lot.expires_on:%d/%m/%Y}")
    lots.require_complete(work, lot)


def active_in(work: Work, lot_id: int) -> int:
    """How many stamps are active for a lot."""
    size = sa.func.coalesce(sa.func.sum(StampRange.hi - StampRange.lo), 0)
    statement = sa.select(size).where(StampRange.lot_id == lot_id, StampRange.state == StampState.ACTIVE)
    return work.session.scalar(statement) or 0


_SIDEWAYS = frozenset({StampEvent.VOID, StampEvent.LOSE, StampEvent.SPOIL})


def retire(work: Work, batch: UUID, positions: Positions, event: StampEvent, reason: str) -> StampRange:
    """Void stamps, report them lost, or spoiled; there is no way back. Raises Refusal."""
    roll = get(work, batch)
    work.may(Action.VOID_STAMPS, organisation_id=roll.organisation_id, what="batch")
    if event not in _SIDEWAYS:
        raise Refusal("illegal_step", event=event.value, state="")
    if not reason.strip():
        raise Refusal("reason_required", pointer="/reason")
    why = checks.text("reason", reason, 255)
    return change(work, roll, _block(roll, positions), event, reason=why)


def _block(roll: Batch, positions: Positions) -> tuple[int, int]:
    size = roll.hi - roll.lo
    if not 1 <= positions.first <= positions.last <= size:
        raise Refusal("range_out_of_batch", pointer="/first", size=size)
    return roll.lo + positions.first - 1, roll.lo + positions.last


def change(
    work: Work,
    roll: Batch,
    block: tuple[int, int],
    event: StampEvent,
    *,
    lot_id: int | None = None,
    reason: str | None = None,
) -> StampRange:
    """Move the stamps lo ≤ index < hi of a roll along the table; all of them or none. Raises Refusal."""
    work.locked(roll)
    lo, hi = block
    tiles = _tiles(work, roll, lo, hi)
    for tile in tiles:
        _may_follow(roll, tile, (max(lo, tile.lo), min(hi, tile.hi)), event, lot_id)
    after = STAMP.next(tiles[0].state, event)
    for tile in tiles:
        _cut(work, tile, lo, hi)
    work.session.flush()
    for piece in _tiles(work, roll, lo, hi):
        # An ACTIVE range keeps its lot when it is voided, so that a recall still finds it.
        bound = piece.lot_id if lot_id is None else lot_id
        piece.lot_id = None if event is StampEvent.UNDO else bound
        piece.state, piece.reason, piece.changed_at = after, reason, work.now
    work.session.flush()
    _join(work, roll)
    work.session.add(
        RangeEvent(
            uid=work.new_id(),
            batch_id=roll.id,
            lo=lo,
            hi=hi,
            event=event,
            lot_id=lot_id,
            actor_id=work.actor.user_id,
            reason=reason,
            at=work.now,
        )
    )
    work.note(event.value, "batch", roll.id, after=after.value, detail=f"{lo}-{hi}")
    return next(tile for tile in _tiles(work, roll, lo, hi))


def _tiles(work: Work, roll: Batch, lo: int, hi: int) -> list[StampRange]:
    overlap = sa.and_(StampRange.batch_id == roll.id, StampRange.lo < hi, StampRange.hi > lo)
    return list(work.session.scalars(sa.select(StampRange).where(overlap).order_by(StampRange.lo)))


def _may_follow(roll: Batch, tile: StampRange, part: tuple[int, int], event: StampEvent, lot_id: int | None) -> None:
    first, last = part[0] - roll.lo + 1, part[1] - roll.lo
    if event is StampEvent.ACTIVATE and tile.state is StampState.ACTIVE and tile.lot_id != lot_id:
        raise Refusal("range_active_elsewhere", pointer="/first", first=first, last=last)
    try:
        STAMP.next(tile.state, event)
    except IllegalTransition:
        state, name = tile.state.value, event.value
        raise Refusal("range_not_ready", pointer="/first", first=first, last=last, state=state, event=name) from None


def _cut(work: Work, tile: StampRange, lo: int, hi: int) -> None:
    """Cut a tile at the borders of lo..hi."""
    for border in (lo, hi):
        if tile.lo < border < tile.hi:
            rest = StampRange(
                batch_id=tile.batch_id,
                lo=border,
                hi=tile.hi,
                state=tile.state,
                lot_id=tile.lot_id,
                reason=tile.reason,
                changed_at=tile.changed_at,
            )
            tile.hi = border
            work.session.add(rest)
            tile = rest


def _join(work: Work, roll: Batch) -> None:
    """Join neighbours that say the same."""
    before: StampRange | None = None
    for tile in _tiles(work, roll, roll.lo, roll.hi):
        if before is not None and _said(before) == _said(tile):
            before.hi = tile.hi
            work.session.delete(tile)
        else:
            before = tile
    work.session.flush()


def _said(tile: StampRange) -> tuple[StampState, int | None, str | None]:
    return tile.state, tile.lot_id, tile.reason


def get(work: Work, uid: UUID) -> Batch:
    """One batch the actor may see. Raises Refusal `not_found`."""
    row = work.find(Batch, uid, "batch")
    work.may(Action.READ_STAMPS, organisation_id=row.organisation_id, what="batch")
    return row


def page(work: Work, ask: Ask = paging.FIRST) -> Part[Batch]:
    """The rolls the actor may see, the newest first."""
    seen = work.visible(Action.READ_STAMPS, Batch.organisation_id)
    return paging.part(work, Batch, sa.select(Batch).where(seen, paging.containing(ask, Batch.number)), ask)


def ranges(work: Work, batch_id: int) -> list[StampRange]:
    """The present ranges of a batch, in order."""
    return list(
        work.session.scalars(sa.select(StampRange).where(StampRange.batch_id == batch_id).order_by(StampRange.lo))
    )


def balances(work: Work, batches: Iterable[int]) -> dict[int, Balance]:
    """The stamps of each of these batches by state, in one statement."""
    keys = list(batches)
    size = sa.func.sum(StampRange.hi - StampRange.lo)
    statement = sa.select(StampRange.batch_id, StampRange.state, size).where(StampRange.batch_id.in_(keys))
    found: dict[int, dict[StampState, int]] = {key: {} for key in keys}
    for key, state, count in work.session.execute(statement.group_by(StampRange.batch_id, StampRange.state)):
        found[key][state] = int(count)
    return {key: _balance(counts) for key, counts in found.items()}


def balance(work: Work, batch: int) -> Balance:
    """The stamps of one batch by state."""
    return balances(work, [batch])[batch]


def _balance(found: Mapping[StampState, int]) -> Balance:
    return Balance(
        minted=sum(found.values()),
        printed=found.get(StampState.PRINTED, 0),
        stock=found.get(StampState.DELIVERED, 0),
        active=found.get(StampState.ACTIVE, 0),
        void=found.get(StampState.VOID, 0),
        lost=found.get(StampState.LOST, 0),
        spoiled=found.get(StampState.SPOILED, 0),
    )
