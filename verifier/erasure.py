"""Wishes to be forgotten: asked for here, carried out by the worker, because the public side may change no scan.

By a receipt, which is a capability, one scan is forgotten; by a device's signed cookie, all of its scans.
"""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa

from verifier.aftermath import NoReceipt
from verifier.devices import device_hash, device_hashes
from verifier.journal import METADATA, Journal
from verifier.sightings import Sighting, device_mark

ERASURE = sa.Table(
    "erasure",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("scan_id", sa.Uuid),
    sa.Column("device", sa.String),
    sa.Column("hashes", sa.LargeBinary),
    sa.Column("at", sa.BigInteger),
)
TABLES = (ERASURE,)


class Erasures:
    """Records wishes. Safe between threads."""

    def __init__(
        self, journal: Journal, secret: bytes, *, clock: Callable[[], int], new_id: Callable[[], UUID]
    ) -> None:
        self._journal = journal
        self._secret = secret
        self._clock = clock
        self._new_id = new_id

    def of_scan(self, receipt: UUID, device: str | None) -> UUID:
        """Ask for one scan to be forgotten; gives the wish's id. Raises NoReceipt, JournalDown.

        Where `device` made the scan, the stamp's own memory of that device goes too.
        """
        row = self._journal.find([receipt]).get(receipt)
        if row is None:
            raise NoReceipt
        own = device is not None and row.device == device_hash(self._secret, device, row.at)
        return self._ask(scan_id=receipt, device=device if own else None, hashes=None)

    def of_device(self, device: str) -> UUID:
        """Ask for all scans of a device to be forgotten; gives the wish's id. Raises JournalDown."""
        return self._ask(scan_id=None, device=device, hashes=device_hashes(self._secret, device, self._clock()))

    def _ask(self, **values: object) -> UUID:
        key = self._new_id()
        with self._journal.writing() as connection:
            connection.execute(sa.insert(ERASURE), {"id": key, "at": self._clock(), **values})
        return key


def forgotten(state: bytes, stamp: int, device: str) -> bytes:
    """A stamp's packed history without its memory of a device; counts stay. Raises ValueError where it is damaged."""
    sighting, mark = Sighting.unpack(state), device_mark(device, stamp)
    fix = sighting.fix
    return sighting._replace(
        seen=tuple(slot for slot in sighting.seen if slot[0] != mark),
        pin_device=0 if sighting.pin_device == mark else sighting.pin_device,
        fix=fix._replace(device=0) if fix is not None and fix.device == mark else fix,
    ).pack()
