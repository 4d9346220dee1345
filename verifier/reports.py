"""Reports of suspicious products, by anyone: what was seen, perhaps a photo, and what became of it.

The photo goes into quarantine as it came: this side can put it there and cannot take it out again. Nobody is shown it
before the worker has drawn it again. What officers decide stands in a table that this side only reads.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from verifier.aftermath import NoReceipt
from verifier.journal import METADATA, Journal, JournalDown

REPORT = sa.Table(
    "report",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("scan_id", sa.Uuid),
    sa.Column("stamp", sa.BigInteger),
    sa.Column("text", sa.Text),
    sa.Column("place", sa.String),
    sa.Column("contact", sa.String),
    sa.Column("photo", sa.String),
    sa.Column("at", sa.BigInteger),
)
REPORT_PHOTO = sa.Table(
    "report_photo",
    METADATA,
    sa.Column("report_id", sa.Uuid, primary_key=True),
    sa.Column("content", sa.LargeBinary),
    sa.Column("at", sa.BigInteger),
)
REPORT_CASE = sa.Table(
    "report_case",
    METADATA,
    sa.Column("report_id", sa.Uuid),
    sa.Column("state", sa.String),
    sa.Column("outcome", sa.Text),
    sa.Column("decided_at", sa.BigInteger),
)
TABLES = (REPORT, REPORT_PHOTO, REPORT_CASE)

LARGEST_PHOTO: Final = 8 * 1024 * 1024
_PICTURES: Final[Mapping[str, Callable[[bytes], bool]]] = {
    "image/jpeg": lambda head: head.startswith(b"\xff\xd8\xff"),
    "image/png": lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
    "image/webp": lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP",
}


class KeyReused(Exception):
    """The idempotency key was used for another report before. Nothing was recorded."""


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A suspicious product: what was seen, perhaps where, how to reach the reporter, a scan's receipt, a photo."""

    text: str
    place: str | None = None
    contact: str | None = None
    receipt: UUID | None = None
    photo: bytes | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a report. `state` is in lower case, `outcome` the officers' words; times in UTC microseconds."""

    state: str
    received_at: int
    photo: str | None
    outcome: str | None
    decided_at: int | None


def is_picture(content: bytes) -> bool:
    """Whether this begins as a JPEG, PNG or WebP does; the worker looks at the rest."""
    return any(begins(content[:16]) for begins in _PICTURES.values())


class Reports:
    """Records reports and tells what became of them. Safe between threads."""

    def __init__(self, journal: Journal, *, clock: Callable[[], int], new_id: Callable[[], UUID]) -> None:
        self._journal = journal
        self._clock = clock
        self._new_id = new_id

    def report(self, request: ReportRequest, key: str | None = None) -> UUID:
        """Record a report; gives its id. The same idempotency key gives the same id and records nothing twice.

        Raises NoReceipt, KeyReused, JournalDown.
        """
        row = None
        if request.receipt is not None:
            row = self._journal.find([request.receipt]).get(request.receipt)
            if row is None:
                raise NoReceipt
        report = _named(key) if key else self._new_id()
        at = self._clock()
        values = {
            "id": report,
            "scan_id": request.receipt,
            "stamp": row.stamp if row is not None else None,
            "text": request.text,
            "place": request.place,
            "contact": request.contact,
            "photo": "waiting" if request.photo is not None else None,
            "at": at,
        }
        try:
            self._insert(values, request.photo)
        except JournalDown as error:
            # Somebody used this key first, perhaps this very moment.
            if not isinstance(error.__cause__, sa.exc.IntegrityError):
                raise
            if not self._same(report, request):
                raise KeyReused from None
        return report

    def _insert(self, values: Mapping[str, object], photo: bytes | None) -> None:
        with self._journal.writing() as connection:
            connection.execute(sa.insert(REPORT), values)
            if photo is not None:
                row = {"report_id": values["id"], "content": photo, "at": values["at"]}
                connection.execute(sa.insert(REPORT_PHOTO), row)

    def _same(self, report: UUID, request: ReportRequest) -> bool:
        with self._journal.connected() as connection:
            row = connection.execute(sa.select(REPORT.c.text, REPORT.c.scan_id).where(REPORT.c.id == report)).first()
        return row is not None and (row.text, row.scan_id) == (request.text, request.receipt)

    def outcome(self, report: UUID) -> Outcome:
        """What became of a report, by its own number or by the receipt of the scan it was about (then the newest).

        Raises NoReceipt, JournalDown.
        """
        told = sa.select(
            REPORT.c.at, REPORT.c.photo, REPORT_CASE.c.state, REPORT_CASE.c.outcome, REPORT_CASE.c.decided_at
        )
        joined = told.outerjoin(REPORT_CASE, REPORT_CASE.c.report_id == REPORT.c.id)
        by_number = joined.where(REPORT.c.id == report)
        by_scan = joined.where(REPORT.c.scan_id == report).order_by(REPORT.c.at.desc()).limit(1)
        with self._journal.connected() as connection:
            row = connection.execute(by_number).first() or connection.execute(by_scan).first()
        if row is None:
            raise NoReceipt
        state = (row.state or "RECEIVED").lower()
        return Outcome(state, row.at, row.photo, row.outcome, row.decided_at)


def _named(key: str) -> UUID:
    """The id that an idempotency key stands for (RFC 9562, version 8)."""
    digest = blake2b(key.encode(), digest_size=16, person=b"estamp-report").digest()
    whole = int.from_bytes(digest, "big")
    return UUID(int=whole & ~(0xF << 76) & ~(3 << 62) | 8 << 76 | 2 << 62)
