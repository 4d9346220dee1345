"""The journal: what is remembered of stamps, and the one statement that records a micro-batch of scans.

Recording is a compare-and-set on two things at once: the fact clock the scans were judged with, and the counter `n` of
every stamp's sighting. Scans and nonces are written only for stamps whose counter was as expected, in the same
transaction, so what is answered is what is kept: exactly one first scan under any race (invariant 5), and no verdict
from facts that had changed before the scan was recorded (invariant 6). Nothing is answered before the commit
(invariant 4). PostgreSQL does it in one statement, one round trip; SQLite under `BEGIN IMMEDIATE` with the same checks.

Rows go in stamp order, so that two processes that record the same stamps do not wait for each other in a circle.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import UUID

import sqlalchemy as sa

METADATA = sa.MetaData()

FACT_CLOCK = sa.Table(
    "fact_clock", METADATA, sa.Column("id", sa.Integer, primary_key=True), sa.Column("value", sa.BigInteger)
)
SIGHTING = sa.Table(
    "sighting",
    METADATA,
    sa.Column("stamp", sa.BigInteger, primary_key=True),
    sa.Column("n", sa.BigInteger),
    sa.Column("state", sa.LargeBinary),
)
SCAN = sa.Table(
    "scan",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("stamp", sa.BigInteger),
    sa.Column("batch_id", sa.BigInteger),
    sa.Column("lot_id", sa.BigInteger),
    sa.Column("n", sa.BigInteger),
    sa.Column("at", sa.BigInteger),
    sa.Column("scanned_at", sa.BigInteger),
    sa.Column("verdict", sa.String),
    sa.Column("suspicion", sa.SmallInteger),
    sa.Column("history", sa.Text),
    sa.Column("role", sa.String),
    sa.Column("channel", sa.String),
    sa.Column("device", sa.LargeBinary),
    sa.Column("cell", sa.BigInteger),
    sa.Column("source", sa.String),
    sa.Column("late", sa.Boolean),
)
SCAN_NONCE = sa.Table(
    "scan_nonce",
    METADATA,
    sa.Column("nonce", sa.String, primary_key=True),
    sa.Column("stamp", sa.BigInteger),
    sa.Column("scan_id", sa.Uuid),
)
TABLES = (FACT_CLOCK, SIGHTING, SCAN, SCAN_NONCE)

# What psycopg must be told of the arrays a micro-batch is sent in; in the order of the columns of `scan`.
_SCAN_TYPES = (
    "uuid",
    "bigint",
    "bigint",
    "bigint",
    "bigint",
    "bigint",
    "bigint",
    "text",
    "smallint",
    "text",
    "text",
    "text",
    "bytea",
    "bigint",
    "text",
    "boolean",
)


# What a database says when it refuses a row as such, a trigger's own objection included.
_ROW_REFUSED = (sa.exc.DataError, sa.exc.IntegrityError, sa.exc.InternalError, UnicodeError, OverflowError)


class JournalDown(Exception):  # noqa: N818  the word every caller uses for it
    """The database could not be reached or gave no answer; a record that was on its way may or may not be committed."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A stamp's sighting as it is kept: its counter and its packed history. `n` is 0 where there is none yet."""

    n: int = 0
    state: bytes = b""


UNSEEN = Stored()


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One row of `scan`, in the order of its columns. Times are UTC microseconds; `id` is the receipt."""

    id: UUID
    stamp: int
    batch_id: int | None
    lot_id: int | None
    n: int
    at: int
    scanned_at: int
    verdict: str
    suspicion: int
    history: str
    role: str
    channel: str
    device: bytes | None
    cell: int | None
    source: str
    late: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What one micro-batch does to one stamp: from counter `prev` to the new state, with the scans that led there."""

    stamp: int
    prev: int
    after: Stored
    scans: tuple[ScanRow, ...]
    nonces: tuple[tuple[str, UUID], ...] = ()


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the database knows of some stamps and nonces, and the fact clock, at one moment."""

    clock: int
    sightings: dict[int, Stored]
    nonces: dict[str, tuple[int, UUID]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a record: the clock then, the stamps that were written and those the database refused as such."""

    clock: int
    won: frozenset[int]
    refused: frozenset[int] = frozenset()


class Journal:
    """Sightings, scans and nonces in one database. Safe to share between threads; holds no state but the engine."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._write: Callable[[int, Sequence[Change]], Recorded] = (
            self._write_sqlite if engine.dialect.name == "sqlite" else self._write_postgresql
        )

    def recall(self, stamps: Collection[int], nonces: Collection[str] = ()) -> Recalled:
        """The sightings of these stamps, the scans behind these nonces, and the fact clock. Raises JournalDown."""
        seen, named = SIGHTING.c, SCAN_NONCE.c
        no_stamp, no_state, no_nonce, no_scan = (
            sa.cast(sa.null(), column.type) for column in (seen.stamp, seen.state, named.nonce, named.scan_id)
        )
        parts: list[sa.Select[Any]] = [sa.select(FACT_CLOCK.c.value, no_stamp, no_state, no_nonce, no_scan)]
        if stamps:
            known = sa.select(seen.n, seen.stamp, seen.state, no_nonce, no_scan)
            parts.append(known.where(seen.stamp.in_(stamps)))
        if nonces:
            used = sa.select(no_stamp, named.stamp, no_state, named.nonce, named.scan_id)
            parts.append(used.where(named.nonce.in_(nonces)))
        with self.connected() as connection:
            return _recalled(connection.execute(sa.union_all(*parts)).all())

    def clock(self) -> int:
        """The fact clock now. Raises JournalDown."""
        return self.recall(()).clock

    def record(self, clock: int, changes: Sequence[Change]) -> Recorded:
        """Record the changes judged under `clock`; tells which stamps were written. Raises JournalDown.

        Where the database refuses the rows as such, the halves are tried apart until the refused one stands alone.
        """
        changes = sorted(changes, key=lambda change: change.stamp)
        try:
            with _translated():
                return self._write(clock, changes)
        except _ROW_REFUSED:
            if len(changes) == 1:
                return Recorded(clock, frozenset(), frozenset({changes[0].stamp}))
        middle = len(changes) // 2
        one, other = self.record(clock, changes[:middle]), self.record(clock, changes[middle:])
        return Recorded(max(one.clock, other.clock), one.won | other.won, one.refused | other.refused)

    def find(self, ids: Collection[UUID]) -> dict[UUID, ScanRow]:
        """Those of these scans that are recorded. Raises JournalDown."""
        if not ids:
            return {}
        with self.connected() as connection:
            rows = connection.execute(sa.select(SCAN).where(SCAN.c.id.in_(ids))).all()
        return {row.id: ScanRow(*row) for row in rows}

    def sighting(self, stamp: int) -> Stored:
        """The sighting of one stamp, UNSEEN where it has none. Raises JournalDown."""
        return self.recall([stamp]).sightings.get(stamp, UNSEEN)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction, alone in writing on SQLite from its beginning. Raises JournalDown."""
        with _translated():
            if self.engine.dialect.name != "sqlite":
                with self.engine.begin() as connection:
                    yield connection
                return
            with self._autocommit() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.exec_driver_sql("COMMIT")
                except BaseException:
                    connection.exec_driver_sql("ROLLBACK")
                    raise

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
        with _translated(), self.engine.connect() as connection:
            yield connection

    def _write_postgresql(self, clock: int, changes: Sequence[Change]) -> Recorded:
        with self._autocommit() as connection:
            now, won = connection.execute(_POSTGRESQL, _arrays(clock, changes)).one()
        return Recorded(now, frozenset(won))

    def _write_sqlite(self, clock: int, changes: Sequence[Change]) -> Recorded:
        with self.writing() as connection:
            return _write_unraced(connection, clock, changes)

    @contextmanager
    def _autocommit(self) -> Iterator[sa.Connection]:
        """A connection on which a statement is a transaction of its own, unless one is begun by hand."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the driver says of a lost, busy or half-migrated database into JournalDown; refused rows pass."""
    try:
        yield
    except _ROW_REFUSED as error:
        if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
            raise JournalDown(str(error)) from error
        raise
    except sa.exc.SQLAlchemyError as error:
        raise JournalDown(str(error)) from error


def _recalled(rows: Sequence[Any]) -> Recalled:
    clock, sightings, nonces = 0, {}, {}
    for n, stamp, state, nonce, scan_id in rows:
        if nonce is not None:
            nonces[nonce] = (stamp, scan_id)
        elif stamp is not None:
            sightings[stamp] = Stored(n, bytes(state))
        else:
            clock = n
    return Recalled(clock, sightings, nonces)


def _write_unraced(connection: sa.Connection, clock: int, changes: Sequence[Change]) -> Recorded:
    """The same checks as `_POSTGRESQL`, for a transaction that is alone in writing."""
    now = connection.execute(sa.select(FACT_CLOCK.c.value)).scalar_one()
    if now != clock:
        return Recorded(now, frozenset())
    wanted = [change.stamp for change in changes]
    counters = connection.execute(sa.select(SIGHTING.c.stamp, SIGHTING.c.n).where(SIGHTING.c.stamp.in_(wanted)))
    present = {stamp: n for stamp, n in counters}  # noqa: C416  rows unpack to pairs, for mypy too
    winners = [change for change in changes if present.get(change.stamp, 0) == change.prev]
    sightings = [{"stamp": change.stamp, "n": change.after.n, "state": change.after.state} for change in winners]
    scans = [dict(zip(_SCAN_NAMES, _of_scan(scan), strict=True)) for change in winners for scan in change.scans]
    nonces = [
        {"nonce": nonce, "stamp": change.stamp, "scan_id": scan_id}
        for change in winners
        for nonce, scan_id in change.nonces
    ]
    for statement, rows in ((_UPSERT_SIGHTING, sightings), (sa.insert(SCAN), scans), (sa.insert(SCAN_NONCE), nonces)):
        if rows:
            connection.execute(statement, rows)
    return Recorded(now, frozenset(change.stamp for change in winners))


_SCAN_NAMES = tuple(column.name for column in SCAN.columns)
_of_scan = attrgetter(*_SCAN_NAMES)
_UPSERT_SIGHTING = sa.text(
    "INSERT INTO sighting (stamp, n, state) VALUES (:stamp, :n, :state)"
    " ON CONFLICT (stamp) DO UPDATE SET n = excluded.n, state = excluded.state"
)


def _unnest(prefix: str, types: Sequence[str]) -> str:
    return ", ".join(f"CAST(:{prefix}{place} AS {kind}[])" for place, kind in enumerate(types))


_SCAN_COLUMNS = ", ".join(_SCAN_NAMES)
_POSTGRESQL = sa.text(
    f"""
    WITH judged AS (SELECT value FROM fact_clock),
    input AS (
        SELECT * FROM unnest({_unnest("g", ("bigint", "bigint", "bigint", "bytea"))}) AS i(stamp, prev, n, state)
    ),
    won AS (
        INSERT INTO sighting AS s (stamp, n, state)
        SELECT i.stamp, i.n, i.state FROM input i, judged
        WHERE judged.value = :clock
          AND (i.prev = 0 OR EXISTS (SELECT 1 FROM sighting known WHERE known.stamp = i.stamp))
        ORDER BY i.stamp
        ON CONFLICT (stamp) DO UPDATE SET n = excluded.n, state = excluded.state
        WHERE (s.stamp, s.n) IN (SELECT stamp, prev FROM input)
        RETURNING stamp
    ),
    scans AS (
        INSERT INTO scan ({_SCAN_COLUMNS})
        SELECT r.* FROM unnest({_unnest("c", _SCAN_TYPES)}) AS r({_SCAN_COLUMNS}) JOIN won USING (stamp)
    ),
    nonces AS (
        INSERT INTO scan_nonce (nonce, stamp, scan_id)
        SELECT r.* FROM unnest({_unnest("o", ("text", "bigint", "uuid"))}) AS r(nonce, stamp, scan_id)
        JOIN won USING (stamp) ORDER BY r.nonce
    )
    SELECT (SELECT value FROM judged), ARRAY(SELECT stamp FROM won)
    """  # noqa: S608  built from this module's own constants
)


def _arrays(clock: int, changes: Sequence[Change]) -> dict[str, object]:
    """A micro-batch as one array a column."""
    relations: dict[str, tuple[int, list[tuple[object, ...]]]] = {
        "g": (4, [(change.stamp, change.prev, change.after.n, change.after.state) for change in changes]),
        "c": (len(_SCAN_TYPES), [_of_scan(scan) for change in changes for scan in change.scans]),
        "o": (3, [(nonce, change.stamp, scan) for change in changes for nonce, scan in change.nonces]),
    }
    parameters: dict[str, object] = {"clock": clock}
    for prefix, (width, rows) in relations.items():
        for place in range(width):
            parameters[f"{prefix}{place}"] = [row[place] for row in rows]
    return parameters
