"""All that is remembered of one stamp ever scanned: at most 80 bytes, packed, versioned, and rebuilt from its scans.

What counts: a consumer's scan, made online, while the stamp is active. Only such a scan can be the first, and only such
scans are in the counts people are shown; the scans of staff, inspectors, offline phones and of stamps that are not yet
active are recorded in full and leave the counts alone.

Devices are remembered as 17-bit marks, made from the device id and the stamp together, so that marks of two stamps say
nothing about each other. The six devices seen last keep a count of their own, which is what "seen by you" reads; a
stranger is taken for one of them once in 20,000 times.

Times are whole seconds and never run backwards: a scan that is judged with an older clock than the one before it takes
the older scan's time.
"""

import struct
from enum import IntEnum
from hashlib import blake2b
from typing import NamedTuple

from verifier.clones import evidence as clone_evidence
from verifier.clones.distance import Fix, Known
from verifier.clones.evidence import NO_EVIDENCE, Evidence

__all__ = ["MAX_BYTES", "NEVER_SEEN", "Deed", "Fix", "Mark", "Sighting", "device_mark"]

VERSION = 2
SLOTS = 6
MAX_BYTES = 80
MOST_BY_ONE, MOST_DEVICES, MOST_SCANS = 15, 0xFFFF, 0xFF_FFFF

_SECOND = 1_000_000
_HEAD = struct.Struct("<BBHBHII6sIhhIBh")
_SLOT = 3  # bytes
_DEGREE = 100  # places are kept in hundredths of a degree, about a kilometre: finer than the cell they come from
_APART_KM = 50  # the widest pair of places is kept in steps of this
_MARK_BITS = 17

_U8, _U16 = 0xFF, 0xFFFF


class Mark(IntEnum):
    """The yes-or-no facts of a stamp's history; none is ever taken back by a scan."""

    FIRST_USED = 1
    PIN_CONFIRMED = 2
    PIN_REUSED = 4
    IMPOSSIBLE_TRAVEL = 8
    PLACED = 16
    CLAIMED = 32
    PIN_FAR = 64
    VOUCHED_APART = 128


class Deed(IntEnum):
    """What one device has done on a stamp, beside scanning it."""

    CLAIMED = 1
    PLACED = 2
    MISTYPED = 4


Slot = tuple[int, int, int]
_NO_SLOT: Slot = (0, 0, 0)


class Sighting(NamedTuple):
    """The history of one stamp. Times are UTC microseconds, 0 before the first counted scan; `marks` are `Mark`s.

    `seen` are the last devices: mark, counted scans, deeds. `weight` is the highest log-odds of copies so far, in 1/256
    nat.
    """

    marks: int = 0
    scans: int = 0
    devices: int = 0
    first_at: int = 0
    last_at: int = 0
    pin_device: int = 0
    pin_at_s: int = 0
    fix: Fix | None = None
    apart_km: int = 0
    seen: tuple[Slot, ...] = ()
    evidence: Evidence = NO_EVIDENCE
    weight: int = 0

    def slot(self, device: int) -> Slot:
        """What the device with this mark did, as far as the six slots remember."""
        if device:
            for slot in self.seen:
                if slot[0] == device:
                    return slot
        return _NO_SLOT

    def by(self, device: int) -> int:
        """How many counted scans the device with this mark made, 15 at most; 0 for no device."""
        return self.slot(device)[1]

    def has(self, mark: Mark) -> bool:
        """Whether this fact is in the history."""
        return bool(self.marks & mark)

    def touched(self, slot: Slot) -> tuple[Slot, ...]:
        """The devices with this one in front; the one not seen for the longest time falls out."""
        if not self.seen:
            return (slot,)
        return (slot, *[other for other in self.seen if other[0] != slot[0]])[:SLOTS]

    def did(self, device: int, deed: Deed) -> "Sighting":
        """The history with a deed of a device on record."""
        _, known, deeds = self.slot(device)
        return self._replace(seen=self.touched((device, known, deeds | deed))) if device else self

    def placed(self, fix: Fix) -> "Sighting":
        """The history with `fix` as the last well-located scan."""
        return self._replace(marks=self.marks | Mark.PLACED, fix=fix)

    def torn_apart(self, km: int) -> "Sighting":
        """The history with an impossible pair of places `km` apart; the widest pair stays."""
        apart = min(max(km, self.apart_km) // _APART_KM, _U8) * _APART_KM
        return self._replace(marks=self.marks | Mark.IMPOSSIBLE_TRAVEL, apart_km=apart)

    def pin_confirmed(self, device: int, at: int) -> "Sighting":
        """The history after the first right PIN, entered at `at` (microseconds) on the device with this mark."""
        return self._replace(marks=self.marks | Mark.PIN_CONFIRMED, pin_device=device, pin_at_s=at // _SECOND)

    def pin_reused(self) -> "Sighting":
        """The history after the right PIN came again from another device."""
        return self._replace(marks=self.marks | Mark.PIN_REUSED)

    def claimed(self) -> "Sighting":
        """The history after somebody said "I bought this"."""
        return self._replace(marks=self.marks | Mark.CLAIMED)

    def marked(self, mark: Mark) -> "Sighting":
        """The history with one more fact."""
        return self._replace(marks=self.marks | mark)

    def judged(self, evidence: Evidence, weight: int) -> "Sighting":
        """The history with new evidence and what it weighs."""
        return self._replace(evidence=evidence, weight=weight)

    def pack(self) -> bytes:
        """The packed history, at most 80 bytes; equal histories pack to equal bytes."""
        fix = self.fix or _NO_FIX
        pair = (
            self.pin_device
            | fix.device << _MARK_BITS
            | fix.accuracy_km << 2 * _MARK_BITS
            | fix.known << 40
            | fix.vouched << 42
        )
        return b"".join(
            (
                _HEAD.pack(
                    VERSION,
                    self.marks,
                    self.scans & _U16,
                    self.scans >> 16,
                    self.devices,
                    self.first_at // _SECOND,
                    self.last_at // _SECOND,
                    pair.to_bytes(6, "little"),
                    self.pin_at_s,
                    round(fix.lat * _DEGREE),
                    round(fix.lon * _DEGREE),
                    fix.at_s,
                    self.apart_km // _APART_KM,
                    self.weight,
                ),
                self.evidence.pack(),
                *[(mark | count << _MARK_BITS | deeds << 21).to_bytes(3, "little") for mark, count, deeds in self.seen],
            )
        )

    @classmethod
    def unpack(cls, packed: bytes) -> "Sighting":
        """The history in `packed`; raises ValueError where it is damaged or of a version this code does not know."""
        slots, rest = divmod(len(packed) - _FIXED, _SLOT)
        if not 0 <= slots <= SLOTS or rest or packed[0] != VERSION:
            raise ValueError(
                f"a sighting of {len(packed)} bytes, version {packed[:1].hex() or 'none'}, is not readable"
            )
        (_, marks, low, high, devices, first, last, pair, pin_at_s, lat, lon, at_s, apart, weight) = _HEAD.unpack_from(
            packed
        )
        whole = int.from_bytes(pair, "little")
        fix = None
        if marks & Mark.PLACED:
            known, sure = Known(whole >> 40 & 3), bool(whole >> 42)
            device, km = whole >> _MARK_BITS & _MARKS, whole >> 2 * _MARK_BITS & 63
            fix = Fix(lat / _DEGREE, lon / _DEGREE, km, at_s, device, known, sure)
        return cls(
            marks,
            low | high << 16,
            devices,
            first * _SECOND,
            last * _SECOND,
            whole & _MARKS,
            pin_at_s,
            fix,
            apart * _APART_KM,
            tuple(_slot(packed, _FIXED + _SLOT * n) for n in range(slots)),
            Evidence.unpack(packed, _HEAD.size),
            weight,
        )


_FIXED = _HEAD.size + clone_evidence.SIZE
_MARKS = (1 << _MARK_BITS) - 1
_NO_FIX = Fix(0.0, 0.0, 0, 0, 0)
NEVER_SEEN = Sighting()


def _slot(packed: bytes, start: int) -> Slot:
    whole = int.from_bytes(packed[start : start + _SLOT], "little")
    return whole & _MARKS, whole >> _MARK_BITS & 15, whole >> 21


def device_mark(device: str | None, stamp: int) -> int:
    """The mark of a device on one stamp, 1 … 2¹⁷-1; 0 where no device is known. The same device differs per stamp."""
    if not device:
        return 0
    digest = blake2b(device.encode(), digest_size=4, salt=stamp.to_bytes(16, "big"), person=b"estamp-sighting").digest()
    return int.from_bytes(digest, "big") % _MARKS + 1
