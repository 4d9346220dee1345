"""What surrounds an alert case: its scans by place and day, forged samples and reports of the time, and its history."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.domain.cases import CaseKind
from app.models.cases import AlertCase, AlertEvidence, WatchStamp
from app.models.lots import Dispatch, LotArea
from app.models.probes import ProbeSample
from app.models.scans import Scan, ScanPlace
from app.models.stamps import Batch
from app.services import audit, cases, regions
from app.services.audit import Step
from app.services.regions import Spot
from app.services.tallies import FEWEST
from app.services.work import Work, local_day

SCANS, UNUSUAL, FORGED, REPORTS = "scans", "unusual", "forged", "reports"
MOST, MOST_STAMPS = 2000, 40
_BEFORE_US, _AFTER_US = 30 * 86_400 * 1_000_000, 86_400 * 1_000_000
_ODD = ("unusual", "suspect_copy", "unknown", "not_activated")
# Goods that were sent somewhere are sold around it.
DISPATCH_KM = 30.0
Circle = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Scene:
    """A case with all around it.

    `plan` are the circles where its lot is to be sold or was sent (degrees, km);
    `stamps` are those of the lot that look odd by themselves, with their place in their roll.
    """

    spots: list[Spot]
    days: tuple[tuple[date, int], ...]
    plan: tuple[Circle, ...]
    stamps: tuple[tuple[Batch, int], ...]
    trail: list[Step]


def scene(work: Work, case: AlertCase, *, reports: bool) -> Scene:
    """What happened around a case; `reports`: whether the public's reports are among it."""
    rows = _scans(work, case)
    seen = [(place if place is not None else cell, UNUSUAL if odd else SCANS) for _, cell, place, odd in rows]
    seen += [(cell, FORGED) for cell in _forged(work, case)]
    if reports:
        seen += [(cell, REPORTS) for cell in _reported(work, case)]
    days = Counter(local_day(at) for at, _, _, _ in rows)
    # Whoever sells the goods may know who bought the one pack that was scanned in a hamlet.
    fewest = 1 if work.actor.organisation_id is None else FEWEST
    return Scene(
        regions.spots(work, seen, fewest),
        tuple(sorted(days.items())),
        tuple(plan_of(work, case)),
        tuple(_stamps(work, case)),
        audit.trail(work.session, "alert_case", case.id),
    )


def _scans(work: Work, case: AlertCase) -> list[Any]:
    """When, where and with which verdict what the case is about was scanned; the newest, since before it was opened."""
    if case.stamp is not None:
        about = Scan.stamp == case.stamp
    elif case.kind is CaseKind.STOLEN and case.batch_id is not None:
        batch = work.session.get_one(Batch, case.batch_id)
        about = sa.and_(Scan.stamp >= batch.lo, Scan.stamp < batch.hi)
    elif case.lot_id is not None:
        about = Scan.lot_id == case.lot_id
    else:
        return []
    since = UUID(int=max(_begun(work, case) - _BEFORE_US, 0) // 1000 << 80)
    odd = sa.or_(Scan.suspicion > 0, Scan.verdict.in_(_ODD))
    statement = sa.select(Scan.at, Scan.cell, ScanPlace.cell, odd)
    statement = statement.outerjoin(ScanPlace, ScanPlace.scan_id == Scan.id)
    statement = statement.where(about, Scan.id >= since, Scan.role == "consumer").order_by(Scan.id.desc()).limit(MOST)
    return list(work.session.execute(statement))


def _begun(work: Work, case: AlertCase) -> int:
    """When the first evidence was seen."""
    first = sa.select(sa.func.min(AlertEvidence.since)).where(AlertEvidence.case_id == case.id)
    return min(work.session.scalar(first) or case.opened_at, case.opened_at)


def _forged(work: Work, case: AlertCase) -> list[int | None]:
    """The cells of forged and unknown codes that were sampled in the time of the case."""
    time = sa.and_(ProbeSample.at >= _begun(work, case) - _BEFORE_US, ProbeSample.at <= case.last_at + _AFTER_US)
    statement = sa.select(ProbeSample.cell).where(time, ProbeSample.cell.is_not(None))
    return list(work.session.scalars(statement.order_by(ProbeSample.at.desc()).limit(MOST)))


def _reported(work: Work, case: AlertCase) -> list[int | None]:
    """Where the reported stamps of a case had been scanned."""
    keys = [one.report.scan_id for one in cases.reports_of(work, case) if one.report.scan_id is not None]
    statement = sa.select(Scan.cell, ScanPlace.cell).outerjoin(ScanPlace, ScanPlace.scan_id == Scan.id)
    return [
        place if place is not None else cell for cell, place in work.session.execute(statement.where(Scan.id.in_(keys)))
    ]


def _stamps(work: Work, case: AlertCase) -> Iterator[tuple[Batch, int]]:
    """The odd stamps of a lot's case, the oddest first."""
    if case.lot_id is None or case.stamp is not None:
        return
    odd = sa.and_(WatchStamp.lot_id == case.lot_id, WatchStamp.odd > 0)
    within = sa.and_(Batch.lo <= WatchStamp.stamp, WatchStamp.stamp < Batch.hi)
    statement = sa.select(Batch, WatchStamp.stamp).join(WatchStamp, within).where(odd)
    for batch, stamp in work.session.execute(
        statement.order_by(WatchStamp.odd.desc(), WatchStamp.stamp).limit(MOST_STAMPS)
    ):
        yield batch, stamp - batch.lo + 1


def plan_of(work: Work, case: AlertCase) -> Iterator[Circle]:
    """The circles where the lot of a case is to be sold or was sent."""
    if case.lot_id is None:
        return
    areas = work.session.scalars(sa.select(LotArea).where(LotArea.lot_id == case.lot_id))
    yield from ((row.lat, row.lon, row.radius_km) for row in areas)
    sent = sa.select(Dispatch.lat, Dispatch.lon).where(Dispatch.lot_id == case.lot_id, Dispatch.lat.is_not(None))
    yield from ((row.lat, row.lon, DISPATCH_KM) for row in work.session.execute(sent))
