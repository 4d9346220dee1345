"""What the office sees of scans: counts by lot and verdict, never a person (rule R10)."""

from dataclasses import dataclass

import sqlalchemy as sa

from app.domain.permissions import Action
from app.models.lots import Lot
from app.models.scans import Scan
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class LotScans:
    """The consumers' scans of one lot: how many, of how many stamps, how many unusual, the last one's time."""

    lot: Lot
    scans: int
    stamps: int
    unusual: int
    last_at: int


_UNUSUAL = ("unusual", "suspect_copy")


def by_lot(work: Work) -> list[LotScans]:
    """The lots the actor may see that were scanned, the latest first."""
    seen = work.visible(Action.READ_SCANS, Lot.organisation_id)
    unusual = sa.func.sum(sa.case((Scan.verdict.in_(_UNUSUAL), 1), else_=0))
    statement = (
        sa.select(Lot, sa.func.count(), sa.func.count(sa.distinct(Scan.stamp)), unusual, sa.func.max(Scan.at))
        .join(Scan, Scan.lot_id == Lot.id)
        .where(seen, Scan.role == "consumer")
        .group_by(*Lot.__table__.columns)
        .order_by(sa.func.max(Scan.at).desc())
    )
    return [LotScans(lot, *(int(value) for value in rest)) for lot, *rest in work.session.execute(statement)]
