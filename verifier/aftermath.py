"""What people add after a verdict: the place of their scan, by consent, and a report of a suspicious product."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from verifier import places
from verifier.clones import detector
from verifier.clones.evidence import NO_PLAN
from verifier.contract import Place
from verifier.facts import Facts
from verifier.journal import METADATA, Journal, ScanRow
from verifier.sightings import NEVER_SEEN, Fix, Sighting, device_mark
from verifier.verdict import local_day

SCAN_PLACE = sa.Table(
    "scan_place",
    METADATA,
    sa.Column("scan_id", sa.Uuid, primary_key=True),
    sa.Column("stamp", sa.BigInteger),
    sa.Column("cell", sa.BigInteger),
    sa.Column("source", sa.String),
    sa.Column("at", sa.BigInteger),
    sa.Column("n", sa.BigInteger),
)
REPORT = sa.Table(
    "report",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("scan_id", sa.Uuid),
    sa.Column("stamp", sa.BigInteger),
    sa.Column("text", sa.Text),
    sa.Column("place", sa.String),
    sa.Column("contact", sa.String),
    sa.Column("photo_sha256", sa.String),
    sa.Column("at", sa.BigInteger),
)
TABLES = (SCAN_PLACE, REPORT)
_MOST_TRIES = 64


class NoReceipt(Exception):  # noqa: N818  an answer, not a fault
    """There is no scan, or no report, of that id."""


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A suspicious product: what was seen, perhaps where, how to reach the reporter, and the receipt of a scan."""

    text: str
    place: str | None = None
    contact: str | None = None
    receipt: UUID | None = None


class Aftermath:
    """Records places and reports. Safe between threads."""

    def __init__(
        self,
        journal: Journal,
        *,
        clock: Callable[[], int],
        new_id: Callable[[], UUID],
        facts: Facts | None = None,
    ) -> None:
        self._journal = journal
        self._facts = facts
        self._clock = clock
        self._new_id = new_id

    def locate(self, receipt: UUID, place: Place, device: str | None) -> None:
        """Add the place of a scan, once; a repeat changes nothing. Raises NoReceipt, JournalDown."""
        row = self._journal.find([receipt]).get(receipt)
        if row is None:
            raise NoReceipt
        cell = places.cell(place)
        for _ in range(_MOST_TRIES):
            stored = self._journal.sighting(row.stamp)
            before = Sighting.unpack(stored.state) if stored.state else NEVER_SEEN
            # The scan's own time: what counts is where the pack was when it was scanned.
            fix = places.fix(place, row.at, device_mark(device, row.stamp))
            after = self._placed(row, before, fix)
            with self._journal.writing() as connection:
                known = sa.select(SCAN_PLACE.c.scan_id).where(SCAN_PLACE.c.scan_id == receipt)
                if connection.execute(known).first() is not None:
                    return
                if Journal.update_state(connection, row.stamp, stored.n, after.pack()):
                    values = {"scan_id": receipt, "stamp": row.stamp, "cell": cell, "source": place.source.value}
                    connection.execute(sa.insert(SCAN_PLACE), {**values, "at": self._clock(), "n": stored.n + 1})
                    return

    def _placed(self, row: ScanRow, before: Sighting, fix: Fix | None) -> Sighting:
        """The history with the place of a counted scan."""
        if fix is None or row.role != "consumer" or row.late:
            return before
        facts = self._facts.snapshot() if self._facts is not None else None
        plan = facts.standing(row.stamp, local_day(row.at)).plan if facts is not None else NO_PLAN
        return detector.located(before, fix, plan)

    def report(self, request: ReportRequest) -> UUID:
        """Record a report; gives its id, by which its outcome can be asked. Raises NoReceipt, JournalDown."""
        row = None
        if request.receipt is not None:
            row = self._journal.find([request.receipt]).get(request.receipt)
            if row is None:
                raise NoReceipt
        key = self._new_id()
        with self._journal.writing() as connection:
            connection.execute(
                sa.insert(REPORT),
                {
                    "id": key,
                    "scan_id": request.receipt,
                    "stamp": row.stamp if row is not None else None,
                    "text": request.text,
                    "place": request.place,
                    "contact": request.contact,
                    "photo_sha256": None,
                    "at": self._clock(),
                },
            )
        return key

    def reported_at(self, report: UUID) -> int:
        """When a report was received, in UTC microseconds. Raises NoReceipt, JournalDown."""
        with self._journal.writing() as connection:
            at = connection.execute(sa.select(REPORT.c.at).where(REPORT.c.id == report)).scalar_one_or_none()
        if at is None:
            raise NoReceipt
        return int(at)
