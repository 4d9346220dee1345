"""All that is remembered of one stamp ever scanned: at most 80 bytes, packed, versioned, and rebuilt from its scans.

What counts: a consumer's scan, made online, while the stamp is active. Only such a scan can be the first, and only such
scans are in the counts people are shown; the scans of staff, inspectors, offline phones and of stamps that are not yet
active are recorded in full and leave the counts alone.

Devices are remembered as 32-bit marks, made from the device id and the stamp together, so that marks of two stamps say
nothing about each other. The six devices seen last keep a count of their own, which is what "seen by you" reads.

Times never run backwards: a scan that is judged with an older clock than the one before it takes the older scan's time.
"""

import struct
from dataclasses import dataclass, replace
from enum import IntFlag
from hashlib import blake2b

VERSION = 1
SLOTS = 6
MAX_BYTES = 80

_SECOND = 1_000_000
_HEAD = struct.Struct("<BBHIqqIIhhBIIH")
_SLOT = struct.Struct("<IB")
_DEGREE = 100  # places are kept in hundredths of a degree, about a kilometre: finer than the cell they come from

_U8, _U16, _U32 = 0xFF, 0xFFFF, 0xFFFF_FFFF


class Mark(IntFlag):
    """The yes-or-no facts of a stamp's history; none is ever taken back by a scan."""

    NONE = 0
    FIRST_USED = 1
    PIN_CONFIRMED = 2
    PIN_REUSED = 4
    IMPOSSIBLE_TRAVEL = 8
    PLACED = 16
    CLAIMED = 32


@dataclass(frozen=True, slots=True)
class Fix:
    """A well-located scan: its cell's centre in degrees, accuracy in km, time in seconds, and the device's mark."""

    lat: float
    lon: float
    accuracy_km: int
    at_s: int
    device: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """The history of one stamp. Times are UTC microseconds, 0 before the first counted scan."""

    marks: Mark = Mark.NONE
    scans: int = 0
    devices: int = 0
    first_at: int = 0
    last_at: int = 0
    pin_device: int = 0
    pin_at_s: int = 0
    fix: Fix | None = None
    apart_km: int = 0
    seen: tuple[tuple[int, int], ...] = ()

    def by(self, device: int) -> int:
        """How many counted scans the device with this mark made, as far as the six slots remember; 0 for no device."""
        return next((count for mark, count in self.seen if mark == device), 0) if device else 0

    def has(self, mark: Mark) -> bool:
        """Whether this fact is in the history."""
        return mark in self.marks

    def counted(self, at: int, device: int) -> "Sighting":
        """The history after one more counted scan at `at` by the device with this mark (0 where it is not known)."""
        at = max(at, self.last_at)
        known = self.by(device)
        return replace(
            self,
            marks=self.marks | Mark.FIRST_USED,
            scans=min(self.scans + 1, _U32),
            devices=min(self.devices + (1 if device and not known else 0), _U16),
            first_at=self.first_at or at,
            last_at=at,
            seen=self._touched(device, known) if device else self.seen,
        )

    def _touched(self, device: int, known: int) -> tuple[tuple[int, int], ...]:
        """The slots with this device in front; the one not seen for the longest time falls out."""
        others = tuple(slot for slot in self.seen if slot[0] != device)
        return ((device, min(known + 1, _U8)), *others)[:SLOTS]

    def placed(self, fix: Fix) -> "Sighting":
        """The history with `fix` as the last well-located scan."""
        return replace(self, marks=self.marks | Mark.PLACED, fix=fix)

    def torn_apart(self, km: int) -> "Sighting":
        """The history with an impossible pair of places `km` apart; the widest pair stays."""
        return replace(self, marks=self.marks | Mark.IMPOSSIBLE_TRAVEL, apart_km=min(max(km, self.apart_km), _U16))

    def pin_confirmed(self, device: int, at: int) -> "Sighting":
        """The history after the first right PIN, entered at `at` (microseconds) on the device with this mark."""
        return replace(self, marks=self.marks | Mark.PIN_CONFIRMED, pin_device=device, pin_at_s=at // _SECOND)

    def pin_reused(self) -> "Sighting":
        """The history after the right PIN came again from another device."""
        return replace(self, marks=self.marks | Mark.PIN_REUSED)

    def claimed(self) -> "Sighting":
        """The history after somebody said "I bought this"."""
        return replace(self, marks=self.marks | Mark.CLAIMED)

    def pack(self) -> bytes:
        """The packed history, at most 80 bytes; equal histories pack to equal bytes."""
        fix = self.fix or Fix(0.0, 0.0, 0, 0, 0)
        head = _HEAD.pack(
            VERSION,
            self.marks,
            self.devices,
            self.scans,
            self.first_at,
            self.last_at,
            self.pin_device,
            self.pin_at_s,
            round(fix.lat * _DEGREE),
            round(fix.lon * _DEGREE),
            min(fix.accuracy_km, _U8),
            fix.at_s,
            fix.device,
            self.apart_km,
        )
        return head + b"".join(_SLOT.pack(*slot) for slot in self.seen)

    @classmethod
    def unpack(cls, packed: bytes) -> "Sighting":
        """The history in `packed`; raises ValueError where it is damaged or of a version this code does not know."""
        slots, rest = divmod(len(packed) - _HEAD.size, _SLOT.size)
        if not 0 <= slots <= SLOTS or rest or packed[0] != VERSION:
            raise ValueError(
                f"a sighting of {len(packed)} bytes, version {packed[:1].hex() or 'none'}, is not readable"
            )
        (_, marks, devices, scans, first_at, last_at, pin_device, pin_at_s, lat, lon, km, at_s, device, apart) = (
            _HEAD.unpack_from(packed)
        )
        placed = Mark.PLACED in Mark(marks)
        return cls(
            marks=Mark(marks),
            scans=scans,
            devices=devices,
            first_at=first_at,
            last_at=last_at,
            pin_device=pin_device,
            pin_at_s=pin_at_s,
            fix=Fix(lat / _DEGREE, lon / _DEGREE, km, at_s, device) if placed else None,
            apart_km=apart,
            seen=tuple(_SLOT.iter_unpack(packed[_HEAD.size :])),
        )


NEVER_SEEN = Sighting()


def device_mark(device: str | None, stamp: int) -> int:
    """The mark of a device on one stamp, 1 … 2³²-1; 0 where no device is known. The same device differs per stamp."""
    if not device:
        return 0
    digest = blake2b(device.encode(), digest_size=4, salt=stamp.to_bytes(16, "big"), person=b"estamp-sighting").digest()
    return int.from_bytes(digest, "big") or 1
