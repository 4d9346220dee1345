"""What the office sees of scans: counts by lot, day and verdict, never a person (rule R10)."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.domain.permissions import Action
from app.models.lots import Lot
from app.models.scans import Scan, ScanTally
from app.services.work import Work, local_day

_UNUSUAL = ("unusual", "suspect_copy")
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_LOCAL_US = 7 * _HOUR_US
WEEK, STORY_DAYS = 7, 14
MOST_LOTS = 100


@dataclass(frozen=True, slots=True)
class LotScans:
    """The consumers' scans of one lot: how many, how many of them unusual, and the last day."""

    lot: Lot
    scans: int
    unusual: int
    last_on: date


@dataclass(frozen=True, slots=True)
class Story:
    """Two weeks in numbers: scans by day (the oldest first), this week, the week before, unusual ones, the best lot."""

    days: tuple[tuple[date, int], ...]
    week: int
    before: int
    unusual: int
    best: tuple[Lot, int] | None


def by_lot(work: Work) -> list[LotScans]:
    """The lots the actor may see that were scanned, the latest first; old scans count by their tallies."""
    seen = sa.select(Lot.id).where(work.visible(Action.READ_SCANS, Lot.organisation_id))
    fresh = sa.select(Scan.lot_id, Scan.verdict, sa.func.count(), sa.func.max(Scan.at))
    fresh = fresh.where(Scan.role == "consumer", Scan.lot_id.in_(seen)).group_by(Scan.lot_id, Scan.verdict)
    old = sa.select(ScanTally.lot_id, ScanTally.verdict, sa.func.sum(ScanTally.scans), sa.func.max(ScanTally.day))
    old = old.where(ScanTally.role == "consumer", ScanTally.lot_id.in_(seen))
    old = old.group_by(ScanTally.lot_id, ScanTally.verdict)
    found: dict[int, tuple[int, int, date]] = {}
    for lot_id, verdict, count, last in (*work.session.execute(fresh), *work.session.execute(old)):
        day = last if isinstance(last, date) else local_day(last)
        scans, unusual, latest = found.get(lot_id, (0, 0, day))
        found[lot_id] = (scans + count, unusual + (count if verdict in _UNUSUAL else 0), max(latest, day))
    newest = sorted(found, key=lambda key: found[key][2], reverse=True)[:MOST_LOTS]
    lots = {row.id: row for row in work.session.scalars(sa.select(Lot).where(Lot.id.in_(newest)))}
    return [LotScans(lots[key], *found[key]) for key in newest]


def story(work: Work) -> Story:
    """The last two weeks of the lots the actor may see."""
    seen = sa.select(Lot.id).where(work.visible(Action.READ_SCANS, Lot.organisation_id))
    first = work.today - timedelta(days=STORY_DAYS - 1)
    start = (first - date(1970, 1, 1)).days * _DAY_US - _LOCAL_US
    number = ((Scan.at + _LOCAL_US) // _DAY_US).label("day")
    statement = sa.select(number, sa.func.coalesce(Scan.lot_id, 0), Scan.verdict, sa.func.count())
    within = sa.and_(Scan.id >= UUID(int=(start // 1000) << 80), Scan.role == "consumer", Scan.lot_id.in_(seen))
    rows = work.session.execute(statement.where(within).group_by(number, Scan.lot_id, Scan.verdict))
    days: dict[date, int] = defaultdict(int)
    lots: dict[int, int] = defaultdict(int)
    unusual, week_from = 0, work.today - timedelta(days=WEEK - 1)
    for number_of, lot_id, verdict, count in rows:
        day = date(1970, 1, 1) + timedelta(days=int(number_of))
        days[day] += count
        if day >= week_from:
            lots[lot_id] += count
            unusual += count if verdict in _UNUSUAL else 0
    line = tuple((first + timedelta(days=at), days[first + timedelta(days=at)]) for at in range(STORY_DAYS))
    top = max(lots, key=lambda key: lots[key], default=None)
    best = (work.session.get_one(Lot, top), lots[top]) if top is not None else None
    week = sum(count for day, count in line if day >= week_from)
    return Story(line, week, sum(count for _, count in line) - week, unusual, best)
