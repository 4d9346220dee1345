"""Facts in process memory: everything a verdict depends on that is not the stamp's own history.

A `Snapshot` is what the facts were at one value of the fact clock; it never changes. `Facts` holds the newest one this
process has seen and makes another when the clock has moved, of which it reads what has changed. It may be behind: that
is why the statement that records a scan names the clock it was judged with, and why a judge's answer can be at most one
reading away from the truth (invariant 6). A batch verifies only with a signed manifest that says the same as its row.
"""

from datetime import date
from threading import Lock

import sqlalchemy as sa

from verifier.dossier import Parts
from verifier.fact_changes import changes_since, kept_up
from verifier.fact_rows import FactRows
from verifier.fact_snapshot import BatchFacts, Snapshot
from verifier.fact_tables import TABLES
from verifier.journal import Journal
from verifier.manifests import Manifests, PublicKey
from verifier.records import FACT_CLOCK

__all__ = ["TABLES", "BatchFacts", "Facts", "PublicKey", "Snapshot", "loaded"]


class Facts:
    """The newest snapshot this process has seen, and the way to a newer one. Safe to share between threads."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = Lock()
        self._snapshot: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """The newest snapshot seen; loads the first one. Raises JournalDown where the database gives none."""
        return self._snapshot or self.refresh()

    def refresh(self, at_least: int = 0) -> Snapshot:
        """The newest snapshot, read again if the clock has moved past it (or it is older than `at_least`).

        Raises JournalDown.
        """
        with self._lock:
            known = self._snapshot
            if known is not None and known.clock >= at_least > 0:
                return known
            with self._journal.reading() as connection:
                self._snapshot = _moved(connection, known)
            return self._snapshot

    def answer_parts(self, batch_id: int | None, lot_id: int | None, day: date) -> Parts:
        """`Snapshot.answer_parts` of the newest snapshot."""
        return self.snapshot().answer_parts(batch_id, lot_id, day)


def _moved(connection: sa.Connection, known: Snapshot | None) -> Snapshot:
    """The snapshot `known` if the clock still says so, else a new one read in one transaction."""
    clock = sa.select(FACT_CLOCK.c.value)
    if known is not None and connection.execute(clock).scalar_one() == known.clock:
        return known
    one_moment = "ISOLATION LEVEL REPEATABLE READ READ ONLY" if connection.dialect.name == "postgresql" else ""
    connection.exec_driver_sql(f"BEGIN {one_moment}")
    try:
        return _read(connection, connection.execute(clock).scalar_one(), known)
    finally:
        connection.exec_driver_sql("ROLLBACK")


def _read(connection: sa.Connection, clock: int, known: Snapshot | None) -> Snapshot:
    rows = FactRows(connection)
    if known is not None:
        changed = changes_since(connection, known.clock, clock)
        new = kept_up(rows, known, clock, changed) if changed is not None else None
        if new is not None:
            return new
    return loaded(rows, clock, known)


def loaded(rows: FactRows, clock: int, known: Snapshot | None = None) -> Snapshot:
    """All facts, read at one moment; of `known`, what was found of manifests."""
    lots, products, keys = rows.lots(), rows.products(), rows.keys()
    manifests = Manifests(keys, known.manifests if known is not None else None)
    batches = dict(sorted(rows.batches(manifests).items(), key=lambda one: one[1].row.lo))
    return Snapshot(
        clock=clock,
        los=tuple(batch.row.lo for batch in batches.values()),
        batches=tuple(batches.values()),
        by_id=batches,
        manifests=manifests,
        keys=keys,
        epochs=rows.epochs(),
        lots=lots,
        lot_holds=rows.lot_holds(),
        batch_holds=rows.batch_holds(),
        recalls=rows.recalls(),
        certificates=rows.certificates(),
        products=products,
        organisations=rows.organisations(),
        images=rows.images(),
        steps=rows.steps(),
        tests=rows.tests(),
        samples=rows.samples(),
        plans=rows.plans(list(lots.values()), products),
        flags=rows.flags(),
    )
