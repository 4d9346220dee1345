"""What the office sees of scans: counts by day, week, lot, product, verdict and region, never a person (rule R10).

Days that are over come from the tallies; only the scans since are counted here. A place with few scans is shown as one
of the others.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Text
from app.domain.permissions import Action
from app.models.lots import Lot
from app.models.products import Product
from app.models.scans import LotTally, PlaceTally, Scan, ScanTally
from app.services import lots, products, regions, tallies
from app.services.tallies import ALL, FEWEST, UNUSUAL
from app.services.work import Work

_DAY_US = 86_400 * 1_000_000
_LOCAL_US = 7 * 3_600_000_000
_EPOCH = date(1970, 1, 1)
WEEK, STORY_DAYS, STORY_WEEKS, MONTH_DAYS = 7, 14, 12, 28
MOST_LOTS = 100


@dataclass(frozen=True, slots=True)
class About:
    """Whose scans: of one product, of one lot, or of all that the actor may see."""

    product: Product | None = None
    lot: Lot | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """The scans of a day, or of the week that begins with it: how many, the first of their stamp, and unusual ones."""

    on: date
    scans: int
    firsts: int
    unusual: int


@dataclass(frozen=True, slots=True)
class LotScans:
    """The consumers' scans of one lot: how many, how many of them unusual, and the last day."""

    lot: Lot
    scans: int
    unusual: int
    last_on: date


@dataclass(frozen=True, slots=True)
class Where:
    """So many scans in a commune or around a town."""

    name: Text
    province: str
    scans: int


@dataclass(frozen=True, slots=True)
class Story:
    """Twelve weeks in numbers, the oldest first: by day for the last two, this week and the one before, the best lot.

    `verdicts`, `places` and `goods` (scans of each product) are of the last four weeks.
    """

    days: tuple[Count, ...]
    weeks: tuple[Count, ...]
    week: int
    before: int
    unusual: int
    best: tuple[Lot, int] | None
    verdicts: tuple[tuple[str, int], ...]
    places: tuple[Where, ...]
    goods: tuple[tuple[Product, int], ...]
    lots: tuple[LotScans, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """A count of one day, lot and verdict."""

    day: date
    lot: int
    verdict: str
    scans: int
    firsts: int


def about(work: Work, product: UUID | None = None, lot: UUID | None = None) -> About:
    """What is asked for by public id. Raises Refusal `not_found`."""
    return About(
        products.get(work, product) if product is not None else None, lots.get(work, lot) if lot is not None else None
    )


def story(work: Work, asked: About = About()) -> Story:
    """What buyers did lately with the goods the actor may see, or with these."""
    since = tallies.week_of(work.today) - timedelta(weeks=STORY_WEEKS - 1)
    fresh = _fresh(work, asked)
    rows = [*_counted(work, asked, since), *(row for row in fresh if row.day >= since)]
    days, weeks = _by(rows, lambda day: day), _by(rows, tallies.week_of)
    first, week_from = work.today - timedelta(days=STORY_DAYS - 1), work.today - timedelta(days=WEEK - 1)
    line = tuple(_count(first + timedelta(days=at), days) for at in range(STORY_DAYS))
    recent = [row for row in rows if row.day > work.today - timedelta(days=MONTH_DAYS)]
    verdicts: Counter[str] = Counter()
    for row in recent:
        verdicts[row.verdict] += row.scans
    best, goods = _goods(work, asked, fresh)
    week = sum(one.scans for one in line if one.on >= week_from)
    return Story(
        days=line,
        weeks=tuple(_count(since + timedelta(weeks=at), weeks) for at in range(STORY_WEEKS)),
        week=week,
        before=sum(one.scans for one in line) - week,
        unusual=sum(one.unusual for one in line if one.on >= week_from),
        best=best,
        verdicts=tuple(verdicts.most_common()),
        places=tuple(_places(work, asked)),
        goods=goods,
        lots=tuple(_lots(work, asked, fresh)),
    )


def _by(rows: Sequence[_Row], period: Any) -> Mapping[date, Counter[str]]:
    found: dict[date, Counter[str]] = defaultdict(Counter)
    for row in rows:
        odd = row.scans if row.verdict in UNUSUAL else 0
        found[period(row.day)].update(scans=row.scans, firsts=row.firsts, unusual=odd)
    return found


def _count(on: date, found: Mapping[date, Counter[str]]) -> Count:
    one = found.get(on, Counter())
    return Count(on, one["scans"], one["firsts"], one["unusual"])


def _whole(work: Work, asked: About) -> bool:
    """Whether all scans are asked for, so that the counts of all together will do."""
    return asked == About() and work.sees_all(Action.READ_SCANS)


def _of(work: Work, asked: About, column: Any) -> sa.ColumnElement[bool]:
    """The lots asked for, as a condition on a column that holds a lot's key."""
    if asked.lot is not None:
        return sa.and_(column == asked.lot.id, work.visible(Action.READ_SCANS, sa.literal(asked.lot.organisation_id)))
    seen = sa.select(Lot.id).where(work.visible(Action.READ_SCANS, Lot.organisation_id))
    if asked.product is not None:
        seen = seen.where(Lot.product_id == asked.product.id)
    found: sa.ColumnElement[bool] = column.in_(seen)
    return found


def _counted(work: Work, asked: About, since: date) -> list[_Row]:
    """The counts of days that are over."""
    mine = ScanTally.lot_id == ALL if _whole(work, asked) else _of(work, asked, ScanTally.lot_id)
    sums = (sa.func.sum(ScanTally.scans), sa.func.sum(ScanTally.firsts))
    statement = sa.select(ScanTally.day, ScanTally.verdict, *sums).where(
        mine, ScanTally.day >= since, ScanTally.role == "consumer"
    )
    rows = work.session.execute(statement.group_by(ScanTally.day, ScanTally.verdict))
    return [_Row(day, ALL, verdict, int(scans), int(firsts)) for day, verdict, scans, firsts in rows]


def _fresh(work: Work, asked: About) -> list[_Row]:
    """The scans that no tally holds yet: today's, where the worker keeps up."""
    since = tallies.key_at(tallies.counted_until(work))
    mine = Scan.lot_id.is_not(None) if _whole(work, asked) else _of(work, asked, Scan.lot_id)
    number = ((Scan.at + _LOCAL_US) // _DAY_US).label("day")
    columns = (number, Scan.lot_id, Scan.verdict)
    firsts = sa.func.sum(sa.case((Scan.n == 1, 1), else_=0))
    statement = sa.select(*columns, sa.func.count(), firsts).where(Scan.id >= since, Scan.role == "consumer", mine)
    rows = work.session.execute(statement.group_by(*columns))
    return [
        _Row(_EPOCH + timedelta(days=int(day)), lot, verdict, scans, int(new)) for day, lot, verdict, scans, new in rows
    ]


def _goods(
    work: Work, asked: About, fresh: Sequence[_Row]
) -> tuple[tuple[Lot, int] | None, tuple[tuple[Product, int], ...]]:
    """The lot that was scanned most this week, and the scans of each product; neither for all goods together."""
    if _whole(work, asked) or asked.lot is not None:
        return None, ()
    week_from, month_from = (work.today - timedelta(days=count - 1) for count in (WEEK, MONTH_DAYS))
    mine = _of(work, asked, ScanTally.lot_id)
    this_week = sa.func.sum(sa.case((ScanTally.day >= week_from, ScanTally.scans), else_=0))
    statement = sa.select(ScanTally.lot_id, sa.func.sum(ScanTally.scans), this_week).where(
        mine, ScanTally.day >= month_from, ScanTally.role == "consumer"
    )
    month: Counter[int] = Counter()
    week: Counter[int] = Counter()
    for lot, scans, lately in work.session.execute(statement.group_by(ScanTally.lot_id)):
        month[lot] += int(scans)
        week[lot] += int(lately)
    for row in fresh:
        month[row.lot] += row.scans if row.day >= month_from else 0
        week[row.lot] += row.scans if row.day >= week_from else 0
    rows = work.session.execute(
        sa.select(Lot, Product).join(Product, Product.id == Lot.product_id).where(Lot.id.in_([*month]))
    ).all()
    (top, most), by_product = (*week.most_common(1), (0, 0))[0], Counter[int]()
    for lot, product in rows:
        by_product[product.id] += month[lot.id]
    named = {product.id: product for _, product in rows}
    best = next((lot for lot, _ in rows if lot.id == top and most), None)
    goods = tuple((named[key], scans) for key, scans in by_product.most_common(MOST_LOTS) if scans)
    return (best, most) if best is not None else None, goods


def _places(work: Work, asked: About) -> list[Where]:
    """Where the scans of the last four weeks were, as far as it is known; few at one place are among the others."""
    since = tallies.week_of(work.today) - timedelta(weeks=3)
    mine = PlaceTally.lot_id == ALL if _whole(work, asked) else _of(work, asked, PlaceTally.lot_id)
    statement = sa.select(PlaceTally.place, sa.func.sum(PlaceTally.scans)).where(mine, PlaceTally.week >= since)
    counts: Counter[str] = Counter()
    for place, scans in work.session.execute(statement.group_by(PlaceTally.place)):
        known = place == regions.UNKNOWN_KEY or int(scans) >= FEWEST
        counts[place if known else regions.ELSEWHERE_KEY] += int(scans)
    last = (regions.ELSEWHERE_KEY, regions.UNKNOWN_KEY)
    ordered = sorted(counts, key=lambda key: (last.index(key) + 1 if key in last else 0, -counts[key], key))
    return [Where(*regions.called(key), counts[key]) for key in ordered]


def _lots(work: Work, asked: About, fresh: Sequence[_Row]) -> list[LotScans]:
    """The lots asked for that were ever scanned, the latest first."""
    mine = sa.true() if _whole(work, asked) else _of(work, asked, LotTally.lot_id)
    latest = sa.select(LotTally).where(mine).order_by(LotTally.last_on.desc(), LotTally.lot_id.desc()).limit(MOST_LOTS)
    found = {row.lot_id: (row.scans, row.unusual, row.last_on) for row in work.session.scalars(latest)}
    unseen = {row.lot for row in fresh} - found.keys()
    more = sa.select(LotTally).where(LotTally.lot_id.in_(sorted(unseen, reverse=True)[:MOST_LOTS]))
    if unseen:
        found |= {row.lot_id: (row.scans, row.unusual, row.last_on) for row in work.session.scalars(more)}
    for row in fresh:
        scans, unusual, last = found.get(row.lot, (0, 0, row.day))
        odd = row.scans if row.verdict in UNUSUAL else 0
        found[row.lot] = scans + row.scans, unusual + odd, max(last, row.day)
    newest = sorted(found, key=lambda key: (found[key][2], key), reverse=True)[:MOST_LOTS]
    rows = {row.id: row for row in work.session.scalars(sa.select(Lot).where(Lot.id.in_(newest)))}
    return [LotScans(rows[key], *found[key]) for key in newest if key in rows]
