"""What the watch over the scan table reads and remembers, as statements: each is bound to a page or to one owner."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.models.cases import WatchCount, WatchMark, WatchSign, WatchStamp
from app.models.probes import ProbeAlert
from app.models.scans import Claim, Scan, ScanPlace, Sighting
from app.models.stamps import Batch
from app.services.work import Work

Mark = tuple[int, UUID]
"""How far a stream was read: a time in UTC microseconds and the key of the last row."""
BEGIN: Mark = (0, UUID(int=0))
_AT_ONCE = 200
ALL = 0
"""The owner whose counts are those of all lots, and whose signs are the stamps that were never issued."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """What a stamp says of its lot at a time: its signs, none where it is known to be met by anybody anywhere.

    `odd` says how odd it looks by itself, `telling` whether this can speak against the lot.
    """

    stamp: int
    lot: int
    at: int
    signs: tuple[int, ...] = ()
    odd: int = 0
    telling: bool = False


def mark(work: Work, stream: str) -> Mark:
    """How far this stream was read."""
    row = work.session.get(WatchMark, stream)
    return (row.at, row.row) if row is not None else BEGIN


def move(work: Work, stream: str, before: Mark, after: Mark) -> bool:
    """Note how far it is read now; False where somebody else has read on meanwhile."""
    values = {"at": after[0], "row": after[1]}
    if before == BEGIN and work.session.get(WatchMark, stream) is None:
        work.session.add(WatchMark(stream=stream, **values))
        work.session.flush()
        return True
    same = sa.and_(WatchMark.stream == stream, WatchMark.at == before[0], WatchMark.row == before[1])
    changed: Any = work.session.execute(sa.update(WatchMark).where(same).values(values))
    return bool(changed.rowcount == 1)


def by_key(key: Any, after: Mark, until: int, most: int, *columns: Any) -> sa.Select[Any]:
    """Rows by their time-ordered key alone, whose index is enough."""
    bounds = sa.and_(key > after[1], key < UUID(int=(until // 1000) << 80))
    return sa.select(*columns).where(bounds).order_by(key).limit(most)


def scans(work: Work, after: Mark, until: int, most: int) -> Sequence[Any]:
    """Scans that came after the mark and before a time."""
    columns = (Scan.id, Scan.stamp, Scan.batch_id, Scan.at, Scan.verdict, Scan.role, Scan.cell, Scan.source, Scan.late)
    return work.session.execute(by_key(Scan.id, after, until, most, *columns)).all()


def claims(work: Work, after: Mark, until: int, most: int) -> Sequence[Any]:
    """Claims and scratch codes."""
    return work.session.execute(by_key(Claim.id, after, until, most, Claim.id, Claim.stamp, Claim.at)).all()


def placed(work: Work, after: Mark, until: int, most: int) -> Sequence[Any]:
    """Places given after their scans, with the role of the scan; without an ordered key, by their time."""
    later = sa.tuple_(ScanPlace.at, ScanPlace.scan_id) > sa.tuple_(*after)
    bounds = sa.and_(ScanPlace.at >= after[0], ScanPlace.at < until, later)
    columns = (ScanPlace.scan_id, ScanPlace.stamp, ScanPlace.at, ScanPlace.cell, ScanPlace.source, Scan.role, Scan.late)
    statement = sa.select(*columns).outerjoin(Scan, Scan.id == ScanPlace.scan_id).where(bounds)
    return work.session.execute(statement.order_by(ScanPlace.at, ScanPlace.scan_id).limit(most)).all()


def probes(work: Work, after: Mark, until: int, most: int) -> list[ProbeAlert]:
    """Alerts of people who try codes."""
    return list(work.session.scalars(by_key(ProbeAlert.id, after, until, most, ProbeAlert)))


def histories(work: Work, stamps: Collection[int]) -> dict[int, bytes]:
    """What is remembered of these stamps, packed."""
    rows = work.session.execute(sa.select(Sighting.stamp, Sighting.state).where(Sighting.stamp.in_(stamps)))
    return {stamp: bytes(state) for stamp, state in rows}


def issued(work: Work, stamp: int) -> bool:
    """Whether any batch, whatever its state, holds this stamp."""
    within = sa.and_(Batch.lo <= stamp, Batch.hi > stamp)
    return work.session.scalar(sa.select(Batch.id).where(within)) is not None


def history_of(work: Work, scan: UUID) -> str | None:
    """What a scan was answered with, as its row keeps it."""
    return work.session.scalar(sa.select(Scan.history).where(Scan.id == scan))


def count(work: Work, signs: Iterable[tuple[int, int, int, int]]) -> None:
    """Remember signs (owner, sign, stamp, time), each once."""
    rows = {sign[:3]: sign for sign in signs}
    if rows:
        values = [dict(zip(("owner", "sign", "stamp", "at"), rows[key], strict=True)) for key in sorted(rows)]
        work.session.execute(_insert(work, WatchSign).on_conflict_do_nothing().values(values))


def take(work: Work, said: Iterable[Stamped]) -> set[int]:
    """Put stamps into their states and count them; gives the lots that something may speak against now."""
    rows = {one.stamp: one for one in said}
    mine = sa.select(WatchStamp).where(WatchStamp.stamp.in_(rows)).with_for_update()
    known = {row.stamp: row for row in work.session.scalars(mine)}
    totals: Counter[tuple[int, int]] = Counter()
    stirred = set()
    for stamp, one in sorted(rows.items()):
        row = known.get(stamp)
        before = (row.lot_id, _signs(row)) if row is not None else (one.lot, ())
        if before == (one.lot, one.signs):
            continue
        for (lot, signs), step in ((before, -1), ((one.lot, one.signs), 1)):
            for sign in signs:
                totals[lot, sign] += step
                totals[ALL, sign] += step
        _keep(work, row, one)
        if one.telling:
            stirred.add(one.lot)
    shift(work, totals)
    return stirred


def _signs(row: WatchStamp) -> tuple[int, ...]:
    return (row.sign, row.square) if row.square else (row.sign,)


def _keep(work: Work, row: WatchStamp | None, one: Stamped) -> None:
    if not one.signs:
        work.session.delete(row)
        return
    sign, square = (*one.signs, 0)[:2]
    if row is None:
        work.session.add(WatchStamp(stamp=one.stamp, lot_id=one.lot, sign=sign, square=square, odd=one.odd, at=one.at))
    else:
        row.lot_id, row.sign, row.square, row.odd, row.at = one.lot, sign, square, one.odd, one.at


def shift(work: Work, totals: Mapping[tuple[int, int], int]) -> None:
    """Change counts (by owner and sign) by so much."""
    for (owner, sign), more in sorted(totals.items()):
        if more:
            added = _insert(work, WatchCount).values(owner=owner, sign=sign, stamps=more)
            change = {"stamps": WatchCount.stamps + more}
            work.session.execute(added.on_conflict_do_update(index_elements=["owner", "sign"], set_=change))


def forget_lots(work: Work, before: int, gone: Callable[[Mapping[int, int]], Iterable[tuple[int, int]]]) -> int:
    """Let go of lots that nothing was seen of since a time, some at once; gives how many.

    `gone`: how the counts of all lots change when one with these counts is forgotten.
    """
    idle = sa.select(WatchStamp.lot_id).group_by(WatchStamp.lot_id).having(sa.func.max(WatchStamp.at) < before)
    found = list(work.session.scalars(idle.limit(_AT_ONCE)))
    totals: Counter[tuple[int, int]] = Counter()
    for lot in found:
        for sign, step in gone(counts(work, lot)):
            totals[ALL, sign] += step
    shift(work, totals)
    work.session.execute(sa.delete(WatchStamp).where(WatchStamp.lot_id.in_(found)))
    work.session.execute(sa.delete(WatchCount).where(WatchCount.owner.in_(found)))
    return len(found)


def _insert(work: Work, model: Any) -> Any:
    """An INSERT that knows what to do where the row is there already."""
    dialect = sqlite if work.session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(model)


def counts(work: Work, owner: int) -> dict[int, int]:
    """The counts of a lot, or of all."""
    rows = work.session.execute(sa.select(WatchCount.sign, WatchCount.stamps).where(WatchCount.owner == owner))
    return {row.sign: row.stamps for row in rows}


def signs_since(work: Work, owner: int, since: int, most: int = 1000) -> list[tuple[int, int]]:
    """The stamps of an owner with the signs they have shown first since a time."""
    mine = sa.and_(WatchSign.owner == owner, WatchSign.at >= since)
    rows = work.session.execute(sa.select(WatchSign.stamp, WatchSign.sign).where(mine).limit(most))
    return [(stamp, sign) for stamp, sign in rows]
