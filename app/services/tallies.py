"""Scans counted once, when their local day is over, so that no page counts them again (rule R10: never a person).

A day is counted some minutes after its end: a row's key is older than its commit. The counts, the sums of each lot and
the mark of how far was counted are one transaction, so a worker that was killed counts nothing twice.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.models import Base
from app.models.scans import LotTally, PlaceTally, Scan, ScanPlace, ScanTally, TallyMark
from app.services import regions
from app.services.work import LOCAL, Work, local_day

ALL, NO_LOT = -1, 0
UNUSUAL = ("unusual", "suspect_copy")
FEWEST = 5
"""A place with fewer scans than this is never shown by itself: it could be one person's."""
_LAG_US = 10 * 60 * 1_000_000
_DAY = timedelta(days=1)


def begin_of(day: date) -> int:
    """The first moment of a local day in UTC microseconds."""
    return int(datetime.combine(day, datetime.min.time(), LOCAL).timestamp()) * 1_000_000


def key_at(moment: int) -> UUID:
    """The smallest key of a scan at that moment (UTC microseconds)."""
    return UUID(int=(moment // 1000) << 80)


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def counted_until(work: Work) -> int:
    """Before when scans are in the tallies (UTC microseconds); 0 where nothing was counted yet."""
    return work.session.scalar(sa.select(TallyMark.until)) or 0


def count_day(work: Work) -> bool:
    """Count the next day that is over; False where none is."""
    mark = work.session.get(TallyMark, 1, with_for_update=True)
    lo = mark.until if mark is not None else _oldest(work)
    if lo is None:
        return False
    day = local_day(lo)
    hi = begin_of(day + _DAY)
    if hi + _LAG_US > work.now:
        return False
    within = sa.and_(Scan.id >= key_at(lo), Scan.id < key_at(hi))
    _count(work, day, within)
    _places(work, week_of(day), within)
    if mark is None:
        work.session.add(TallyMark(id=1, until=hi))
    else:
        mark.until = hi
    return True


def _oldest(work: Work) -> int | None:
    first = work.session.scalar(sa.select(Scan.at).order_by(Scan.id).limit(1))
    return begin_of(local_day(first)) if first is not None else None


def _count(work: Work, day: date, within: sa.ColumnElement[bool]) -> None:
    lot = sa.func.coalesce(Scan.lot_id, NO_LOT)
    columns = (lot, Scan.verdict, Scan.role)
    firsts = sa.func.sum(sa.case((Scan.n == 1, 1), else_=0))
    found = work.session.execute(sa.select(*columns, sa.func.count(), firsts).where(within).group_by(*columns)).all()
    together: Counter[tuple[str, str]] = Counter()
    first: Counter[tuple[str, str]] = Counter()
    sums: dict[int, Counter[str]] = {}
    for lot_id, verdict, role, scans, new in found:
        if lot_id == NO_LOT:
            continue
        together[verdict, role] += scans
        first[verdict, role] += int(new)
        if role == "consumer":
            mine = sums.setdefault(lot_id, Counter())
            mine.update(scans=scans, firsts=int(new), unusual=scans if verdict in UNUSUAL else 0)
    rows = [(lot_id, verdict, role, scans, int(new)) for lot_id, verdict, role, scans, new in found]
    rows += [(ALL, *key, scans, first[key]) for key, scans in together.items()]
    names = ("lot_id", "verdict", "role", "scans", "firsts")
    _add(work, ScanTally, [{"day": day, **dict(zip(names, row, strict=True))} for row in rows], ("scans", "firsts"))
    lots = [{"lot_id": key, "last_on": day, **{name: mine[name] for name in _SUMS}} for key, mine in sums.items()]
    _add(work, LotTally, lots, _SUMS, latest="last_on")


_SUMS = ("scans", "unusual", "firsts")


def _places(work: Work, week: date, within: sa.ColumnElement[bool]) -> None:
    cell = sa.func.coalesce(ScanPlace.cell, Scan.cell)
    statement = sa.select(Scan.lot_id, cell, sa.func.count()).outerjoin(ScanPlace, ScanPlace.scan_id == Scan.id)
    ours = sa.and_(within, Scan.role == "consumer", Scan.lot_id.is_not(None))
    statement = statement.where(ours).group_by(Scan.lot_id, cell)
    counts: Counter[tuple[int, str]] = Counter()
    found = work.session.execute(statement).all()
    places = regions.keys(work, {row[1] for row in found})
    for lot_id, where, scans in found:
        for key in (ALL, lot_id or NO_LOT):
            counts[key, places[where]] += scans
    rows = [{"week": week, "lot_id": key[0], "place": key[1], "scans": scans} for key, scans in counts.items()]
    _add(work, PlaceTally, rows, ("scans",))


def merge_few(work: Work, before: date) -> None:
    """In the weeks before, whose raw scans are gone, make places with few scans one with the others."""
    few = sa.and_(
        PlaceTally.week < week_of(before),
        PlaceTally.scans < FEWEST,
        PlaceTally.place.not_in((regions.UNKNOWN_KEY, regions.ELSEWHERE_KEY)),
    )
    rows = work.session.execute(
        sa.select(PlaceTally.week, PlaceTally.lot_id, sa.func.sum(PlaceTally.scans))
        .where(few)
        .group_by(PlaceTally.week, PlaceTally.lot_id)
    ).all()
    work.session.execute(sa.delete(PlaceTally).where(few))
    merged = [
        {"week": week, "lot_id": lot, "place": regions.ELSEWHERE_KEY, "scans": int(scans)} for week, lot, scans in rows
    ]
    _add(work, PlaceTally, merged, ("scans",))


def _add(
    work: Work, model: type[Base], rows: Sequence[dict[str, Any]], sums: Iterable[str], latest: str | None = None
) -> None:
    """Insert counts, or add them to those that are there."""
    if not rows:
        return
    dialect: Any = sqlite if work.session.get_bind().dialect.name == "sqlite" else postgresql
    table: Any = model.__table__
    insert = dialect.insert(table)
    change: dict[str, Any] = {name: table.columns[name] + insert.excluded[name] for name in sums}
    if latest is not None:
        change[latest] = insert.excluded[latest]
    keys = list(table.primary_key.columns)
    work.session.execute(insert.on_conflict_do_update(index_elements=keys, set_=change), rows)
