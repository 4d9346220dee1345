"""The journal: what is remembered of stamps, and the one statement that records a micro-batch of scans.

Recording is a compare-and-set on two things at once: the fact clock the scans were judged with, and the counter `n` of
every stamp's sighting. Scans and nonces are written only for stamps whose counter was as expected, in the same
transaction, so what is answered is what is kept: exactly one first scan under any race (invariant 5), and no verdict
from facts that had changed before the scan was recorded (invariant 6). Nothing is answered before the commit
(invariant 4). PostgreSQL does it in one statement, one round trip (`verifier.postgresql`); SQLite under
`BEGIN IMMEDIATE` with the same checks (`verifier.sqlite`).

Rows go in stamp order, so that two processes that record the same stamps do not wait for each other in a circle.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from uuid import UUID

import sqlalchemy as sa

from verifier.database import PARAMETERS
from verifier.postgresql import PostgresqlStore
from verifier.records import (
    FACT_CLOCK,
    METADATA,
    SIGHTING,
    TABLES,
    UNSEEN,
    Change,
    JournalDown,
    Recalled,
    Recorded,
    RowsRefused,
    ScanRow,
    Store,
    Stored,
)
from verifier.sqlite import SqliteStore

__all__ = [
    "FACT_CLOCK",
    "METADATA",
    "TABLES",
    "UNSEEN",
    "Change",
    "Journal",
    "JournalDown",
    "Recalled",
    "Recorded",
    "ScanRow",
    "Stored",
]


class Journal:
    """Sightings, scans and nonces in one database. Safe to share between threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._store = _store(engine)

    def recall(self, stamps: Collection[int], nonces: Collection[str] = ()) -> Recalled:
        """The sightings of these stamps, the scans behind these nonces, and the fact clock. Raises JournalDown."""
        return self._store.recall(stamps, nonces)

    def clock(self) -> int:
        """The fact clock now. Raises JournalDown."""
        return self.recall(()).clock

    def record(self, clock: int, changes: Sequence[Change]) -> Recorded:
        """Record the changes judged under `clock`; tells which stamps were written. Raises JournalDown.

        Where the database refuses the rows as such, the halves are tried apart until the refused one stands alone.
        """
        return self._recorded(clock, sorted(changes, key=lambda change: change.stamp))

    def _recorded(self, clock: int, changes: Sequence[Change]) -> Recorded:
        try:
            return self._store.record(clock, changes)
        except RowsRefused:
            if len(changes) == 1:
                return Recorded(clock, frozenset(), frozenset({changes[0].stamp}))
        middle = len(changes) // 2
        one, other = self._recorded(clock, changes[:middle]), self._recorded(clock, changes[middle:])
        return Recorded(max(one.clock, other.clock), one.won | other.won, one.refused | other.refused)

    def find(self, ids: Collection[UUID]) -> dict[UUID, ScanRow]:
        """Those of these scans that are recorded. Raises JournalDown."""
        return self._store.find(ids) if ids else {}

    def sighting(self, stamp: int) -> Stored:
        """The sighting of one stamp, UNSEEN where it has none. Raises JournalDown."""
        return self.recall([stamp]).sightings.get(stamp, UNSEEN)

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A connection in autocommit to read many rows with, given up when it is silent. Raises JournalDown."""
        return self._store.reading()

    def close(self) -> None:
        """Let the connection go; the next question opens another."""
        self._store.close()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction, alone in writing on SQLite from its beginning. Raises JournalDown."""
        try:
            if self.engine.dialect.name != "sqlite":
                with self.engine.begin() as connection:
                    yield connection
                return
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.exec_driver_sql("COMMIT")
                except BaseException:
                    connection.exec_driver_sql("ROLLBACK")
                    raise
        except sa.exc.SQLAlchemyError as error:
            raise JournalDown(str(error)) from error

    @staticmethod
    def update_state(connection: sa.Connection, stamp: int, prev: int, state: bytes) -> bool:
        """Set a stamp's packed history where its counter is still `prev`, and move the counter; False where it is not.

        The change joins the connection's transaction.
        """
        statement = (
            sa.update(SIGHTING)
            .where(SIGHTING.c.stamp == stamp, SIGHTING.c.n == prev)
            .values(n=SIGHTING.c.n + 1, state=state)
        )
        return connection.execute(statement).rowcount == 1

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """A connection to read with. Raises JournalDown."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise JournalDown(str(error)) from error


def _store(engine: sa.Engine) -> Store:
    if engine.dialect.name == "sqlite":
        return SqliteStore(engine)
    named = engine.dialect.create_connect_args(engine.url)[1]
    # `context` is how the dialect hands its type adapters to psycopg; libpq knows no such parameter.
    parameters = {name: value for name, value in {**named, **PARAMETERS}.items() if name != "context"}
    return PostgresqlStore(engine.url, parameters)
