"""What people add after a verdict: the place of their scan, by consent."""

from collections.abc import Callable
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
TABLES = (SCAN_PLACE,)
_MOST_TRIES = 64


class NoReceipt(Exception):
    """There is no scan, or no report, of that id."""


class Aftermath:
    """Records places. Safe between threads."""

    def __init__(self, journal: Journal, *, clock: Callable[[], int], facts: Facts | None = None) -> None:
        self._journal = journal
        self._facts = facts
        self._clock = clock

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
