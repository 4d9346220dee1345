"""The sums of rolls (R17): what happened to them, replayed, beside what their present ranges say."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from app.domain.permissions import Action
from app.domain.sums import Past, Sums, replay
from app.models.products import Product
from app.models.stamps import Batch, RangeEvent, StampRange
from app.services import paging
from app.services.paging import Ask, Part
from app.services.work import Work
from stamp_engine.lifecycle import StampState


@dataclass(frozen=True, slots=True)
class Line:
    """One roll and its sums; `good` is False where they do not close or the two counts differ."""

    batch: Batch
    product: str
    sums: Sums
    good: bool


def page(work: Work, ask: Ask = paging.FIRST) -> tuple[list[Line], Part[Batch]]:
    """The rolls the actor may see, a page at a time."""
    seen = work.visible(Action.READ_STAMPS, Batch.organisation_id)
    found = paging.part(work, Batch, sa.select(Batch).where(seen), ask)
    return of(work, found.rows), found


def of(work: Work, batches: Iterable[Batch]) -> list[Line]:
    """The sums of these rolls in three statements, however many they are."""
    rows = list(batches)
    keys = [row.id for row in rows]
    pasts: dict[int, list[Past]] = defaultdict(list)
    events = sa.select(RangeEvent.batch_id, RangeEvent.lo, RangeEvent.hi, RangeEvent.event)
    for batch, lo, hi, event in work.session.execute(
        events.where(RangeEvent.batch_id.in_(keys)).order_by(RangeEvent.id)
    ):
        pasts[batch].append(Past(lo, hi, event))
    present: dict[int, dict[StampState, int]] = defaultdict(dict)
    size = sa.func.sum(StampRange.hi - StampRange.lo)
    tiles = sa.select(StampRange.batch_id, StampRange.state, size).where(StampRange.batch_id.in_(keys))
    for batch, state, count in work.session.execute(tiles.group_by(StampRange.batch_id, StampRange.state)):
        present[batch][state] = int(count)
    wanted = {row.product_id for row in rows}
    names = dict(work.session.execute(sa.select(Product.id, Product.name).where(Product.id.in_(wanted))).all())
    lines = []
    for row in rows:
        sums = replay(row.lo, row.hi, pasts[row.id])
        minted = row.id in present
        good = sums.closes and not (minted and sums.disagrees(present[row.id]))
        lines.append(Line(row, names.get(row.product_id, ""), sums, good))
    return lines


def total(lines: Iterable[Line]) -> Sums:
    """All of them together."""
    return sum((line.sums for line in lines), Sums(0))
