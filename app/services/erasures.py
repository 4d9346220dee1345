"""Wishes to be forgotten, carried out: a scan or a device loses what is personal; counts and verdicts stay.

One local day of scans at a time, so that scanning never waits long for it; a wish is done once all days are.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.domain.permissions import SYSTEM
from app.models.erasures import Erasure
from app.models.scans import Claim, Report, Scan, ScanPlace, Sighting
from app.services.work import Desk, Work

HASH_BYTES = 16
_DAY_MS = 86_400_000
_TRIES = 20
Forget = Callable[[bytes, int, str], bytes]
"""A stamp's packed history without its memory of a device: (state, stamp, device) → state."""


def carry_out(desk: Desk, forget: Forget) -> int:
    """Carry out every wish that waits; gives how many. May be killed at any time and begun again."""
    with desk.reading(SYSTEM) as work:
        waiting = list(work.session.scalars(sa.select(Erasure).where(Erasure.done_at.is_(None)).order_by(Erasure.id)))
        oldest = work.session.scalar(sa.select(Scan.id).order_by(Scan.id).limit(1)) if waiting else None
    for wish in waiting:
        if wish.scan_id is not None:
            _erase(desk, forget, wish, Scan.id == wish.scan_id)
        elif wish.hashes and oldest is not None:
            hashes = [wish.hashes[at : at + HASH_BYTES] for at in range(0, len(wish.hashes), HASH_BYTES)]
            for lo, hi in _days(oldest, wish.at):
                _erase(desk, forget, wish, Scan.device.in_(hashes), Scan.id >= lo, Scan.id < hi)
    if waiting:
        with desk.work(SYSTEM) as work:
            _settle(work, [wish.id for wish in waiting])
    return len(waiting)


def _days(oldest: UUID, until: int) -> Sequence[tuple[UUID, UUID]]:
    """The ids of each day from the oldest scan to the wish."""
    first, last = (oldest.int >> 80) // _DAY_MS, until // 1000 // _DAY_MS
    return [(UUID(int=day * _DAY_MS << 80), UUID(int=(day + 1) * _DAY_MS << 80)) for day in range(first, last + 1)]


def _erase(desk: Desk, forget: Forget, wish: Erasure, *which: sa.ColumnElement[bool]) -> None:
    with desk.work(SYSTEM) as work:
        found = work.session.execute(sa.select(Scan.id, Scan.stamp).where(*which)).all()
        ids = [row.id for row in found]
        if not ids:
            return
        run = work.session.execute
        run(sa.update(Scan).where(Scan.id.in_(ids)).values(device=None, cell=None, source="none"))
        run(sa.delete(ScanPlace).where(ScanPlace.scan_id.in_(ids)))
        run(sa.update(Claim).where(Claim.scan_id.in_(ids)).values(device=None, cell=None))
        run(sa.update(Report).where(Report.scan_id.in_(ids)).values(contact=None))
        if wish.device:
            for stamp in sorted({row.stamp for row in found}):
                _forget_device(work, forget, stamp, wish.device)
        work.note("erase", "scan", 0, detail=f"{len(ids)} by {wish.id}")


def _forget_device(work: Work, forget: Forget, stamp: int, device: str) -> None:
    """Take a device out of a stamp's own memory, by compare-and-set as the verifier writes it."""
    for _ in range(_TRIES):
        row = work.session.execute(sa.select(Sighting.n, Sighting.state).where(Sighting.stamp == stamp)).first()
        after = forget(row.state, stamp, device) if row is not None else b""
        if row is None or after == row.state:
            return
        change = sa.update(Sighting).where(Sighting.stamp == stamp, Sighting.n == row.n)
        done: Any = work.session.execute(
            change.values(n=row.n + 1, state=after).execution_options(synchronize_session=False)
        )
        if done.rowcount == 1:
            return


def _settle(work: Work, wishes: Sequence[UUID]) -> None:
    """Done: what named the device is forgotten too."""
    change = sa.update(Erasure).where(Erasure.id.in_(wishes)).values(device=None, hashes=None, done_at=work.now)
    work.session.execute(change)
