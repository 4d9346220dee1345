"""SQLite for the journal: the same checks as on PostgreSQL, under `BEGIN IMMEDIATE`, on the driver's own connection.

A transaction is alone in writing, so counters that were right when it began stay right until it ends. `synchronous` is
FULL: what was committed outlives a power cut.
"""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from verifier.records import SCAN_NAMES, Change, JournalDown, Recalled, Recorded, RowsRefused, ScanRow, Stored

_REFUSED = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, UnicodeError, OverflowError)
_UPSERT = (
    "INSERT INTO sighting (stamp, n, state) VALUES (?, ?, ?)"
    " ON CONFLICT (stamp) DO UPDATE SET n = excluded.n, state = excluded.state"
)
_COLUMNS = ", ".join(SCAN_NAMES)
_INSERT_SCAN = f"INSERT INTO scan ({_COLUMNS}) VALUES ({', '.join('?' * len(SCAN_NAMES))})"  # noqa: S608  constants
_INSERT_NONCE = "INSERT INTO scan_nonce (nonce, stamp, scan_id) VALUES (?, ?, ?)"
_CLOCK = "SELECT value FROM fact_clock"
# SQLite takes at most 32,766 parameters a statement since 3.32, and 999 before.
_MOST = 900


class SqliteStore:
    """See `Store`. Connections come from the engine's pool, with its pragmas."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def recall(self, stamps: Collection[int], nonces: Collection[str]) -> Recalled:
        """See `Store`."""
        with self._transaction("BEGIN") as connection:
            clock = int(connection.execute(_CLOCK).fetchone()[0])
            seen = _in(connection, "SELECT stamp, n, state FROM sighting WHERE stamp IN", list(stamps))
            named = _in(connection, "SELECT nonce, stamp, scan_id FROM scan_nonce WHERE nonce IN", list(nonces))
            return Recalled(
                clock,
                {stamp: Stored(n, state) for stamp, n, state in seen},
                {nonce: (stamp, UUID(scan)) for nonce, stamp, scan in named},
            )

    def record(self, clock: int, changes: Sequence[Change]) -> Recorded:
        """See `Store`."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            now = int(connection.execute(_CLOCK).fetchone()[0])
            if now != clock:
                return Recorded(now, frozenset())
            wanted = [change.stamp for change in changes]
            present = dict(_in(connection, "SELECT stamp, n FROM sighting WHERE stamp IN", wanted))
            winners = [change for change in changes if present.get(change.stamp, 0) == change.prev]
            connection.executemany(_UPSERT, [(one.stamp, one.after.n, one.after.state) for one in winners])
            scans = [(scan.id.hex, *scan[1:]) for one in winners for scan in one.scans]
            connection.executemany(_INSERT_SCAN, scans)
            nonces = [(nonce, one.stamp, scan.hex) for one in winners for nonce, scan in one.nonces]
            connection.executemany(_INSERT_NONCE, nonces)
        return Recorded(now, frozenset(change.stamp for change in winners))

    def find(self, ids: Collection[UUID]) -> dict[UUID, ScanRow]:
        """See `Store`."""
        with self._transaction("BEGIN") as connection:
            query = f"SELECT {_COLUMNS} FROM scan WHERE id IN"  # noqa: S608  constants of this module
            rows = [_scan_row(*row) for row in _in(connection, query, [one.hex for one in ids])]
        return {row.id: row for row in rows}

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """See `Store`."""
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise JournalDown(str(error)) from error

    def close(self) -> None:
        """See `Store`; the pool closes its own."""

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            pooled = self._engine.raw_connection()
            try:
                connection = pooled.driver_connection
                if not isinstance(connection, sqlite3.Connection):
                    raise TypeError("this store is for SQLite")
                connection.execute(begin)
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            finally:
                pooled.close()
        except _REFUSED as error:
            raise RowsRefused(str(error)) from error
        except (sqlite3.Error, sa.exc.SQLAlchemyError) as error:
            raise JournalDown(str(error)) from error


def _in(connection: sqlite3.Connection, query: str, values: Sequence[object]) -> Iterator[Any]:
    for start in range(0, len(values), _MOST):
        some = values[start : start + _MOST]
        yield from connection.execute(f"{query} ({', '.join('?' * len(some))})", some)


def _scan_row(key: str, *rest: Any) -> ScanRow:
    values: list[Any] = [UUID(key), *rest]
    values[-1] = bool(values[-1])
    return ScanRow(*values)
