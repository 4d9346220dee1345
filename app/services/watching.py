"""What the watch over the scan table reads and remembers, as statements: each is bound to a page or to one owner."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.models.cases import WatchCount, WatchMark, WatchSign
from app.models.probes import ProbeAlert
from app.models.scans import Claim, Scan, ScanPlace, Sighting
from app.models.stamps import Batch
from app.services.work import Work

Mark = tuple[int, UUID]
"""How far a stream was read: a time in UTC microseconds and the key of the last row."""
BEGIN: Mark = (0, UUID(int=0))
LEVELS = range(2, 1000)
"""The signs that say how odd a stamp looks by itself."""
ALL = 0
"""The owner whose counts are those of all lots, and whose signs are the stamps that were never issued."""


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


def count(work: Work, signs: Iterable[tuple[int, int, int, int]]) -> set[tuple[int, int]]:
    """Remember signs (owner, sign, stamp, time), each once, and count the new ones; gives the owners' new signs."""
    rows = {sign[:3]: sign for sign in signs}
    if not rows:
        return set()
    values = [dict(zip(("owner", "sign", "stamp", "at"), rows[key], strict=True)) for key in sorted(rows)]
    statement = _insert(work, WatchSign).on_conflict_do_nothing().returning(WatchSign.owner, WatchSign.sign)
    fresh = [tuple(row) for row in work.session.execute(statement.values(values))]
    totals: dict[tuple[int, int], int] = {}
    for owner, sign in fresh:
        if owner > ALL:
            for key in ((owner, sign), (ALL, sign)):
                totals[key] = totals.get(key, 0) + 1
    for (owner, sign), more in sorted(totals.items()):
        added = _insert(work, WatchCount).values(owner=owner, sign=sign, stamps=more)
        change = {"stamps": WatchCount.stamps + more}
        work.session.execute(added.on_conflict_do_update(index_elements=["owner", "sign"], set_=change))
    return {(owner, sign) for owner, sign in fresh}


def _insert(work: Work, model: Any) -> Any:
    """An INSERT that knows what to do where the row is there already."""
    dialect = sqlite if work.session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(model)


def counts(work: Work, owner: int) -> dict[int, int]:
    """The distinct stamps of a lot, or of all, behind each sign."""
    rows = work.session.execute(sa.select(WatchCount.sign, WatchCount.stamps).where(WatchCount.owner == owner))
    return {row.sign: row.stamps for row in rows}


def signs_since(work: Work, owner: int, since: int, most: int = 1000) -> list[tuple[int, int]]:
    """The stamps of an owner with the signs they have shown first since a time."""
    mine = sa.and_(WatchSign.owner == owner, WatchSign.at >= since)
    rows = work.session.execute(sa.select(WatchSign.stamp, WatchSign.sign).where(mine).limit(most))
    return [(stamp, sign) for stamp, sign in rows]
