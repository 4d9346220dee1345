"""PostgreSQL for the journal, spoken to through libpq itself: one connection, three prepared statements, one deadline.

A micro-batch goes out as one array a column in binary form, packed here, so that neither side parses text and a scan
costs a few microseconds on the way. Each statement is a transaction of its own. Every wait ends at the deadline, also
when the server has stopped without closing the line; the connection is then thrown away, because an answer that comes
later would be taken for the next one's. After a failure nothing is tried for a moment, so that the scans that queued
behind it are told at once.
"""

import select
import struct
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import repeat
from threading import Lock
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
from psycopg import pq
from psycopg.conninfo import make_conninfo

from verifier.line import Breaker, Reader, opened, require
from verifier.records import SCAN_NAMES, Change, JournalDown, Recalled, Recorded, RowsRefused, ScanRow, Stored

_BINARY = pq.Format.BINARY
_ARRAY_HEAD = struct.Struct(">iiIii")
_LENGTH = struct.Struct(">i")
_BIGINT, _SMALLINT, _BOOLEAN = struct.Struct(">iq"), struct.Struct(">ih"), struct.Struct(">i?")
_Q = struct.Struct(">q")
_NULL = _LENGTH.pack(-1)


def _bytes(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


def _text(value: str) -> bytes:
    raw = value.encode()
    return _LENGTH.pack(len(raw)) + raw


def _uuid(value: UUID) -> bytes:
    return b"\0\0\0\x10" + value.bytes


def _bigint(value: int) -> bytes:
    return _BIGINT.pack(8, value)


def _smallint(value: int) -> bytes:
    return _SMALLINT.pack(2, value)


def _boolean(value: object) -> bytes:
    return _BOOLEAN.pack(1, value)


# Type name → its oid in PostgreSQL's catalogue (pg_type.dat, fixed for ever), and how a value is sent.
_KINDS: dict[str, tuple[int, Callable[[Any], bytes]]] = {
    "bigint": (20, _bigint),
    "smallint": (21, _smallint),
    "text": (25, _text),
    "bytea": (17, _bytes),
    "boolean": (16, _boolean),
    "uuid": (2950, _uuid),
}


def _array(kind: str, values: Sequence[object]) -> bytes:
    """A one-dimensional array in PostgreSQL's binary form; None stands for NULL."""
    oid, pack = _KINDS[kind]
    if not values:
        return struct.pack(">iiI", 0, 0, oid)
    head = _ARRAY_HEAD.pack(1, 1, oid, len(values), 1)
    if kind == "bigint" and None not in values:
        # Most columns are numbers that are all there, and no function of ours need be called for each.
        return head + b"".join(map(_BIGINT.pack, repeat(8), values))
    return head + b"".join([_NULL if value is None else pack(value) for value in values])


_CHANGE_TYPES = ("bigint", "bigint", "bigint", "bytea")
_NONCE_TYPES = ("text", "bigint", "uuid")
_SCAN_TYPES = (
    *("uuid", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "text", "smallint", "text", "text", "text"),
    *("bytea", "bigint", "text", "boolean"),
)
_SCAN_COLUMNS = ", ".join(SCAN_NAMES)


def _unnest(first: int, types: Sequence[str]) -> str:
    return ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(types, first))


_RECALL = b"""
    SELECT value, NULL::bigint, NULL::bytea, NULL::text, NULL::uuid FROM fact_clock
    UNION ALL SELECT n, stamp, state, NULL, NULL FROM sighting WHERE stamp = ANY($1::bigint[])
    UNION ALL SELECT NULL, stamp, NULL, nonce, scan_id FROM scan_nonce WHERE nonce = ANY($2::text[])
"""
_FIND = f"SELECT {_SCAN_COLUMNS} FROM scan WHERE id = ANY($1::uuid[])".encode()  # noqa: S608  constants of this module
_RECORD = f"""
    WITH judged AS (SELECT value FROM fact_clock),
    input AS (SELECT * FROM unnest({_unnest(2, _CHANGE_TYPES)}) AS i(stamp, prev, n, state)),
    won AS (
        INSERT INTO sighting AS s (stamp, n, state)
        SELECT i.stamp, i.n, i.state FROM input i, judged
        WHERE judged.value = $1::bigint
          AND (i.prev = 0 OR (SELECT known.n FROM sighting known WHERE known.stamp = i.stamp) = i.prev)
        ORDER BY i.stamp
        ON CONFLICT (stamp) DO UPDATE SET n = excluded.n, state = excluded.state
        WHERE (s.stamp, s.n) IN (SELECT stamp, prev FROM input)
        RETURNING stamp
    ),
    scans AS (
        INSERT INTO scan ({_SCAN_COLUMNS})
        SELECT r.* FROM unnest({_unnest(6, _SCAN_TYPES)}) AS r({_SCAN_COLUMNS}) JOIN won USING (stamp)
    ),
    nonces AS (
        INSERT INTO scan_nonce (nonce, stamp, scan_id)
        SELECT r.* FROM unnest({_unnest(22, _NONCE_TYPES)}) AS r(nonce, stamp, scan_id)
        JOIN won USING (stamp) ORDER BY r.nonce
    )
    SELECT (SELECT value FROM judged), ARRAY(SELECT stamp FROM won)
""".encode()  # noqa: S608  built from this module's own constants

_STATEMENTS = {b"recall": _RECALL, b"find": _FIND, b"record": _RECORD}
# A statement is planned once a line, and by index: a plan that follows statistics may read every sighting there is.
_PLANNING = b"SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off"
# What PostgreSQL says when it refuses a row as such, a trigger's own objection included (SQLSTATE classes).
_REFUSED = (psycopg.DataError, psycopg.IntegrityError, psycopg.InternalError)


class PostgresqlStore:
    """See `Store`. `url` is SQLAlchemy's, `parameters` are libpq's; a lock lets one thread ask at a time."""

    def __init__(
        self, url: sa.URL, parameters: dict[str, Any], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._conninfo = make_conninfo(**parameters).encode()
        self._breaker = Breaker(monotonic)
        self._reader = Reader(url, self._conninfo, self._breaker)
        self._lock = Lock()
        self._line: pq.abc.PGconn | None = None

    def recall(self, stamps: Collection[int], nonces: Collection[str]) -> Recalled:
        """See `Store`."""
        found = self._ask(b"recall", (_array("bigint", list(stamps)), _array("text", list(nonces))))
        clock, sightings, named = 0, {}, {}
        for row in range(found.ntuples):
            n, stamp, state, nonce, scan_id = (found.get_value(row, column) for column in range(5))
            if stamp is None:
                clock = _number(n)
            elif nonce is None:
                sightings[_number(stamp)] = Stored(_number(n), state or b"")
            else:
                named[nonce.decode()] = (_number(stamp), UUID(bytes=scan_id))
        return Recalled(clock, sightings, named)

    def record(self, clock: int, changes: Sequence[Change]) -> Recorded:
        """See `Store`."""
        try:
            packed = _packed(clock, changes)
        except (UnicodeError, struct.error) as error:
            raise RowsRefused(str(error)) from error
        found = self._ask(b"record", packed)
        won = found.get_value(0, 1) or b""
        # An empty array has a head of 12 bytes, any other one of 20.
        return Recorded(_number(found.get_value(0, 0)), frozenset(stamp for _, stamp in _BIGINT.iter_unpack(won[20:])))

    def find(self, ids: Collection[UUID]) -> dict[UUID, ScanRow]:
        """See `Store`."""
        found = self._ask(b"find", (_array("uuid", list(ids)),))
        rows = (_scan_row(found, row) for row in range(found.ntuples))
        return {row.id: row for row in rows}

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """See `Store`."""
        return self._reader.connection()

    def close(self) -> None:
        """See `Store`."""
        with self._lock:
            self._drop()
        self._reader.close()

    def _ask(self, name: bytes, values: Sequence[bytes]) -> pq.abc.PGresult:
        """The answer to a statement, run as one transaction. Raises JournalDown, RowsRefused."""
        with self._lock:
            until = self._breaker.deadline()
            try:
                if self._line is None:
                    self._line = self._opened(until)
                self._line.send_query_prepared(name, values, [_BINARY] * len(values), result_format=_BINARY)
                found = self._answer(self._line, until)
            except (psycopg.Error, OSError) as error:
                fresh = self._line is None
                self._drop()
                if fresh or self._breaker.monotonic() >= until:
                    self._breaker.trip()
                raise JournalDown(str(error)) from error
        if found.status == pq.ExecStatus.TUPLES_OK:
            return found
        return _refuse(found)

    def _answer(self, line: pq.abc.PGconn, until: float) -> pq.abc.PGresult:
        while line.flush():
            self._breaker.wait(line.socket, select.POLLIN | select.POLLOUT, until)
            line.consume_input()
        found: pq.abc.PGresult | None = None
        while True:
            while line.is_busy():
                self._breaker.wait(line.socket, select.POLLIN, until)
                line.consume_input()
            more = line.get_result()
            if more is None:
                if found is None:
                    raise psycopg.OperationalError("the database gave no answer")
                return found
            found = more

    def _opened(self, until: float) -> pq.abc.PGconn:
        """A new connection with its statements prepared."""
        line = opened(self._conninfo, self._breaker, until)
        try:
            line.send_query(_PLANNING)
            require(self._answer(line, until).status == pq.ExecStatus.COMMAND_OK, line)
            for name, statement in _STATEMENTS.items():
                line.send_prepare(name, statement)
                require(self._answer(line, until).status == pq.ExecStatus.COMMAND_OK, line)
        except BaseException:
            line.finish()
            raise
        return line

    def _drop(self) -> None:
        if self._line is not None:
            self._line.finish()
            self._line = None


def _number(raw: bytes | None) -> int:
    if raw is None:
        raise JournalDown("the fact clock is missing; migrate the database")
    return int.from_bytes(raw, "big", signed=True)


def _refuse(found: pq.abc.PGresult) -> pq.abc.PGresult:
    error = psycopg.errors.error_from_result(found)
    if isinstance(error, _REFUSED):
        raise RowsRefused(str(error)) from error
    raise JournalDown(str(error)) from error


def _columns(types: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterable[bytes]:
    columns: Iterable[Sequence[object]] = zip(*rows, strict=True) if rows else ((),) * len(types)
    return map(_array, types, columns)


def _packed(clock: int, changes: Sequence[Change]) -> tuple[bytes, ...]:
    """A micro-batch as the parameters of `_RECORD`."""
    return (
        _Q.pack(clock),
        *_columns(_CHANGE_TYPES, [(one.stamp, one.prev, one.after.n, one.after.state) for one in changes]),
        *_columns(_SCAN_TYPES, [scan for one in changes for scan in one.scans]),
        *_columns(_NONCE_TYPES, [(nonce, one.stamp, scan) for one in changes for nonce, scan in one.nonces]),
    )


_READ: dict[str, Callable[[bytes], object]] = {
    "bigint": lambda raw: int.from_bytes(raw, "big", signed=True),
    "smallint": lambda raw: int.from_bytes(raw, "big", signed=True),
    "text": bytes.decode,
    "bytea": bytes,
    "boolean": lambda raw: raw != b"\0",
    "uuid": lambda raw: UUID(bytes=raw),
}


def _scan_row(found: pq.abc.PGresult, row: int) -> ScanRow:
    values: list[Any] = []
    for column, kind in enumerate(_SCAN_TYPES):
        raw = found.get_value(row, column)
        values.append(None if raw is None else _READ[kind](raw))
    return ScanRow(*values)
