"""Holds: a stop put on a lot or on a range of stamps, shown on the next scan, until it is lifted.

A lot is held by two officers: one asks in an alert case, another approves there (`cases`), and that places the hold.
"""

from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.permissions import Action
from app.models.lots import Lot
from app.models.stamps import Batch, Hold
from app.services import checks, lots, stamps
from app.services.stamps import Positions
from app.services.work import Work


def on_lot(work: Work, lot: UUID, reason: str) -> Hold:
    """Stop a lot, once two officers agree. Raises Refusal."""
    row = lots.get(work, lot)
    work.may(Action.PLACE_HOLD, organisation_id=row.organisation_id, what="lot")
    return _place(work, reason, lot_id=row.id)


def on_stamps(work: Work, batch: UUID, positions: Positions, reason: str) -> Hold:
    """Stop a range of stamps. Raises Refusal."""
    roll = stamps.get(work, batch)
    work.may(Action.PLACE_HOLD, organisation_id=roll.organisation_id, what="batch")
    if not 1 <= positions.first <= positions.last <= roll.hi - roll.lo:
        raise Refusal("range_out_of_batch", pointer="/first", size=roll.hi - roll.lo)
    return _place(work, reason, batch_id=roll.id, lo=roll.lo + positions.first - 1, hi=roll.lo + positions.last)


def _place(
    work: Work,
    reason: str,
    *,
    lot_id: int | None = None,
    batch_id: int | None = None,
    lo: int | None = None,
    hi: int | None = None,
) -> Hold:
    row = Hold(
        uid=work.new_id(),
        lot_id=lot_id,
        batch_id=batch_id,
        lo=lo,
        hi=hi,
        reason=checks.text("reason", reason, 255),
        placed_by_id=work.actor.user_id,
        placed_at=work.now,
    )
    return work.add(row, "hold", "place")


def lift(work: Work, uid: UUID) -> Hold:
    """Lift a hold. Raises Refusal."""
    row = work.find(Hold, uid, "hold")
    work.may(Action.LIFT_HOLD, organisation_id=_owner(work, row), what="hold")
    work.locked(row)
    if row.lifted_at is not None:
        raise Refusal("hold_lifted")
    row.lifted_by_id, row.lifted_at = work.actor.user_id, work.now
    work.note("lift", "hold", row.id)
    return row


def on(work: Work, lot_id: int) -> list[Hold]:
    """The holds on a lot that are in force."""
    statement = sa.select(Hold).where(Hold.lot_id == lot_id, Hold.lifted_at.is_(None)).order_by(Hold.id)
    return list(work.session.scalars(statement))


def _owner(work: Work, hold: Hold) -> int:
    if hold.lot_id is not None:
        return work.session.get_one(Lot, hold.lot_id).organisation_id
    return work.session.get_one(Batch, hold.batch_id).organisation_id
