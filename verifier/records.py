"""What the journal keeps, as tables and as values: sightings, scans, nonces, and what comes of recording them."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol
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
SCAN_NAMES = tuple(column.name for column in SCAN.columns)


class JournalDown(Exception):
    """The database could not be reached or gave no answer; a record that was on its way may or may not be committed."""


class Stored(NamedTuple):
    """A stamp's sighting as it is kept: its counter and its packed history. `n` is 0 where there is none yet."""

    n: int = 0
    state: bytes = b""


UNSEEN = Stored()


class ScanRow(NamedTuple):
    """One row of `scan`, in the order of its columns: a tuple, for many are made.

    Times are UTC microseconds; `id` is the receipt.
    """

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


class Change(NamedTuple):
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


class RowsRefused(Exception):
    """The database, or the way to it, refuses these rows as such; nothing of them was written."""


class Store(Protocol):
    """One kind of database under the journal. Every method raises JournalDown; `record` raises RowsRefused too."""

    def recall(self, stamps: Collection[int], nonces: Collection[str]) -> Recalled:
        """The sightings of these stamps, the scans behind these nonces, and the fact clock, at one moment."""

    def record(self, clock: int, changes: Sequence[Change]) -> Recorded:
        """Record these changes, in stamp order, in one transaction; what lost is left out of `won`."""

    def find(self, ids: Collection[UUID]) -> dict[UUID, ScanRow]:
        """Those of these scans that are recorded."""

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A connection in autocommit to read many rows with."""

    def close(self) -> None:
        """Let the connection go; the next question opens another."""
