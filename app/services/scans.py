"""What the office sees of scans: counts by lot and verdict, never a person (rule R10)."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from app.domain.permissions import Action
from app.models.lots import Lot
from app.models.scans import Scan, ScanTally
from app.services.work import Work, local_day


@dataclass(frozen=True, slots=True)
class LotScans:
    """The consumers' scans of one lot: how many, how many of them unusual, and the last day."""

    lot: Lot
    scans: int
    unusual: int
    last_on: date


_UNUSUAL = ("unusual", "suspect_copy")


def by_lot(work: Work) -> list[LotScans]:
    """The lots the actor may see that were scanned, the latest first; old scans count by their tallies."""
    seen = work.visible(Action.READ_SCANS, Lot.organisation_id)
    lots = {row.id: row for row in work.session.scalars(sa.select(Lot).where(seen))}
    fresh = sa.select(Scan.lot_id, Scan.verdict, sa.func.count(), sa.func.max(Scan.at))
    fresh = fresh.where(Scan.role == "consumer", Scan.lot_id.is_not(None)).group_by(Scan.lot_id, Scan.verdict)
    old = sa.select(ScanTally.lot_id, ScanTally.verdict, sa.func.sum(ScanTally.scans), sa.func.max(ScanTally.day))
    old = old.where(ScanTally.role == "consumer").group_by(ScanTally.lot_id, ScanTally.verdict)
    found: dict[int, LotScans] = {}
    for lot_id, verdict, count, last in (*work.session.execute(fresh), *work.session.execute(old)):
        if lot_id not in lots:
            continue
        day = last if isinstance(last, date) else local_day(last)
        before = found.get(lot_id, LotScans(lots[lot_id], 0, 0, day))
        unusual = count if verdict in _UNUSUAL else 0
        found[lot_id] = LotScans(before.lot, before.scans + count, before.unusual + unusual, max(before.last_on, day))
    return sorted(found.values(), key=lambda one: one.last_on, reverse=True)
