"""The offline pack as it is handed out: the last signed head, and what has changed since a number. Holds no key.

The worker signs the head and keeps the lines; the signature covers all of them, so what is left out here, or a line
that somebody changed, is found by whoever checks (`stamp_engine.snapshot`, `docs/spec/snapshot.md`).
"""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import sqlalchemy as sa

from stamp_engine.snapshot import text
from verifier.journal import METADATA, Journal

HEAD = sa.Table(
    "snapshot_head",
    METADATA,
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("clock", sa.BigInteger),
    sa.Column("issued_at", sa.BigInteger),
    sa.Column("body", sa.Text),
    sa.Column("kid", sa.String),
    sa.Column("signature", sa.LargeBinary),
)
LINE = sa.Table(
    "snapshot_line",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("line", sa.Text),
    sa.Column("changed", sa.BigInteger),
)
TABLES = (HEAD, LINE)


class NoSnapshot(Exception):
    """No pack has been signed yet; the worker does it within a minute of the first start."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as JSON, plain and gzipped: what changed from `since` (0: everything) to `number`."""

    number: int
    since: int
    issued_at: int
    plain: bytes
    packed: bytes


class Snapshots:
    """Hands packs out, and keeps the last whole one. Safe between threads."""

    def __init__(self, journal: Journal, clock: Callable[[], int]) -> None:
        self._journal = journal
        self._clock = clock
        self._lock = Lock()
        self._whole: Pack | None = None

    def age_s(self, pack: Pack) -> int:
        """Seconds since the pack was signed."""
        return max(0, (self._clock() - pack.issued_at) // 1_000_000)

    def since(self, number: int) -> Pack:
        """The pack that leads from the state of that number to the present one. Raises NoSnapshot, JournalDown.

        A number that was never signed here leads nowhere: the whole pack is given.
        """
        whole = self._whole
        # Both tables at one moment: a pack signed between two looks would not fit its own head.
        with self._journal.connected() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            head = connection.execute(sa.select(HEAD).order_by(HEAD.c.number.desc()).limit(1)).first()
            if head is None:
                raise NoSnapshot
            since = number if 0 < number <= head.number else 0
            if not since and whole is not None and whole.number == head.number:
                return whole
            changed = sa.select(LINE.c.key, LINE.c.line).where(LINE.c.changed > since).order_by(LINE.c.key)
            rows = connection.execute(changed).all()
        lines = [row.line for row in rows if row.line is not None]
        removed = [row.key for row in rows if row.line is None] if since else []
        plain = text(head.body.encode(), head.kid, bytes(head.signature), since, lines, removed)
        pack = Pack(head.number, since, head.issued_at, plain, gzip.compress(plain, 6, mtime=0))
        if not since:
            with self._lock:
                self._whole = pack
        return pack
