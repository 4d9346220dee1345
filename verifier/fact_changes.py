"""A snapshot kept up: of what has changed since the last one, only that is read, and the rest is shared with it.

The database notes every change of a fact by itself (`fact_change`, decision 0023): which part of the facts, and whose,
under the value that the fact clock took with it. Between two values of the clock the notes are complete when every
value has one; where they are not, or say too much, all is read again.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

import sqlalchemy as sa

from verifier.dossier import Row
from verifier.fact_rows import FactRows
from verifier.fact_snapshot import BatchFacts, Snapshot
from verifier.fact_tables import FACT_CHANGE

# Above this a reading of everything is as fast.
MOST_CHANGES = 1000
# More than this that was worked out is not carried over: days go by, and what was made for them is of no use.
MOST_MADE = 50_000
PARTS = frozenset(
    {
        *("batch", "batch_hold", "lot", "lot_hold", "plan", "step", "test", "sample", "recall", "recalled"),
        *("product", "image", "file", "certificate", "organisation", "flag", "seller"),
    }
)
"""What is kept up key by key; all else that changes is read whole: keys and epochs, which matter to every batch."""
PLANNED_BY = ("product_id", "produced_on", "expires_on")
Changes = Mapping[str, Collection[int]]
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def changes_since(connection: sa.Connection, known: int, clock: int) -> Changes | None:
    """The keys of each part that changed after `known`, up to `clock`; None where that is not known, or too much."""
    if not 0 < clock - known <= MOST_CHANGES:
        return None
    # What nobody moved the clock for is in the rows that are read now, so it counts as well.
    since = sa.or_(FACT_CHANGE.c.clock > known, FACT_CHANGE.c.clock.is_(None))
    query = sa.select(FACT_CHANGE).where(since).limit(MOST_CHANGES + 1)
    rows = connection.execute(query).all()
    told = {row.clock for row in rows if row.clock is not None}
    if len(rows) > MOST_CHANGES or len(told) != clock - known:
        return None
    found: defaultdict[str, set[int]] = defaultdict(set)
    for row in rows:
        if row.part not in PARTS or row.key is None:
            return None
        found[row.part].add(row.key)
    return found


def kept_up(rows: FactRows, old: Snapshot, clock: int, changed: Changes) -> Snapshot | None:
    """The facts at `clock`, from those of `old` and what changed since; None where that is too much."""

    def keys(part: str) -> Collection[int]:
        return changed.get(part, ())

    lots = _merged(old.lots, rows.lots(keys("lot")), keys("lot"))
    products = _merged(old.products, rows.products(keys("product")), keys("product"))
    replan = {*keys("plan"), *_redated(keys("lot"), old.lots, lots), *_resold(changed, old.products, products, lots)}
    if len(replan) > MOST_CHANGES:
        return None
    plans = rows.plans([lots[key] for key in replan if key in lots], products, replan)
    recalled = {*keys("recalled"), *rows.recalled(keys("recall"))}
    pictured = {*keys("image"), *rows.pictured(keys("file"))}
    of_lots = {*keys("lot"), *keys("lot_hold"), *keys("step"), *keys("test"), *keys("sample"), *recalled, *replan}
    batched = _rebatched(rows, old, keys("batch"))
    goods, makers = {*keys("product"), *keys("certificate"), *pictured}, frozenset(keys("organisation"))
    of_batches = {*keys("batch"), *keys("batch_hold"), *_made_of(batched.batches, goods, makers)}
    crowded = len(old.parts_made) + len(old.standings_made) > MOST_MADE
    return replace(
        batched,
        clock=clock,
        lots=lots,
        products=products,
        lot_holds=_merged(old.lot_holds, rows.lot_holds(keys("lot_hold")), keys("lot_hold")),
        batch_holds=_merged(old.batch_holds, rows.batch_holds(keys("batch_hold")), keys("batch_hold")),
        recalls=_merged(old.recalls, rows.recalls(recalled), recalled),
        certificates=_merged(old.certificates, rows.certificates(keys("certificate")), keys("certificate")),
        organisations=_merged(old.organisations, rows.organisations(keys("organisation")), keys("organisation")),
        images=_merged(old.images, rows.images(pictured), pictured),
        steps=_merged(old.steps, rows.steps(keys("step")), keys("step")),
        tests=_merged(old.tests, rows.tests(keys("test")), keys("test")),
        samples=_merged(old.samples, rows.samples(keys("sample")), keys("sample")),
        plans=_merged(old.plans, plans, replan),
        flags=_merged(old.flags, rows.flags(keys("flag")), keys("flag")),
        parts_made={} if crowded else old.parts_made,
        standings_made={} if crowded else old.standings_made,
        lots_since={**old.lots_since, **dict.fromkeys(of_lots, clock)},
        batches_since={**old.batches_since, **dict.fromkeys(of_batches, clock)},
    )


def _merged(old: Mapping[K, V], fresh: Mapping[K, V], keys: Collection[K]) -> Mapping[K, V]:
    """`old` with what these keys have now; itself where there are none."""
    if not keys:
        return old
    found = dict(old)
    for key in keys:
        found.pop(key, None)
    found.update(fresh)
    return found


def _redated(keys: Iterable[int], old: Mapping[int, Row], new: Mapping[int, Row]) -> Iterator[int]:
    """Those of these lots of which something changed that a plan is made from."""
    for key in keys:
        before, now = old.get(key), new.get(key)
        same = before is not None and now is not None and all(getattr(before, a) == getattr(now, a) for a in PLANNED_BY)
        if not same:
            yield key


def _resold(changed: Changes, old: Mapping[int, Row], new: Mapping[int, Row], lots: Mapping[int, Row]) -> Iterator[int]:
    """The lots whose goods have another owner, or whose owner has other sellers."""
    passed = {key for key in changed.get("product", ()) if _owner(old.get(key)) != _owner(new.get(key))}
    resold = frozenset(changed.get("seller", ()))
    if passed or resold:
        for lot in lots.values():
            if lot.product_id in passed or _owner(new.get(lot.product_id)) in resold:
                yield lot.id


def _owner(product: Row | None) -> int | None:
    return None if product is None else product.organisation_id


def _rebatched(rows: FactRows, old: Snapshot, keys: Collection[int]) -> Snapshot:
    """The old snapshot with these batches as they are now, each at its place."""
    if not keys:
        return old
    fresh = rows.batches(old.manifests, keys)
    los, batches = list(old.los), list(old.batches)
    for key in keys:
        before, now = old.by_id.get(key), fresh.get(key)
        if before is not None:
            place = bisect_left(los, before.row.lo)
            del los[place], batches[place]
        if now is not None:
            place = bisect_left(los, now.row.lo)
            los.insert(place, now.row.lo)
            batches.insert(place, now)
    return replace(old, los=tuple(los), batches=tuple(batches), by_id=_merged(old.by_id, fresh, keys))


def _made_of(batches: Iterable[BatchFacts], goods: Collection[int], makers: Collection[int]) -> Iterator[int]:
    """The batches of these products, or of these organisations."""
    if goods or makers:
        for batch in batches:
            if batch.row.product_id in goods or batch.row.organisation_id in makers:
                yield batch.row.id
