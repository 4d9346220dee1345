"""What people add after a verdict: the place of their scan, by consent."""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa

from verifier import clones, places
from verifier.contract import Place
from verifier.journal import METADATA, Journal
from verifier.sightings import NEVER_SEEN, Sighting, device_mark

SCAN_PLACE = sa.Table(
    "scan_place",
    METADATA,
    sa.Column("scan_id", sa.Uuid, primary_key=True),
    sa.Column("stamp", sa.BigInteger),
    sa.Column("cell", sa.BigInteger),
    sa.Column("source", sa.String),
    sa.Column("at", sa.BigInteger),
)
TABLES = (SCAN_PLACE,)
_MOST_TRIES = 64


class NoReceipt(Exception):  # noqa: N818  an answer, not a fault
    """There is no scan, or no report, of that id."""


class Aftermath:
    """Records places. Safe between threads."""

    def __init__(self, journal: Journal, *, clock: Callable[[], int]) -> None:
        self._journal = journal
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
            after = clones.observe(before, fix) if row.role == "consumer" and not row.late else before
            with self._journal.writing() as connection:
                known = sa.select(SCAN_PLACE.c.scan_id).where(SCAN_PLACE.c.scan_id == receipt)
                if connection.execute(known).first() is not None:
                    return
                if Journal.update_state(connection, row.stamp, stored.n, after.pack()):
                    values = {"scan_id": receipt, "stamp": row.stamp, "cell": cell, "source": place.source.value}
                    connection.execute(sa.insert(SCAN_PLACE), {**values, "at": self._clock()})
                    return
