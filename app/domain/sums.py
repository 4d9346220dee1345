"""The sums of a roll that must close (R17), worked out from what happened to it; pure.

    ordered   = good + spoiled + unprinted
    good      = delivered + returned + lost on the way + still on the way
    delivered = active + void + lost + stock

The history of a roll is replayed as ranges, so that a million stamps cost no more than ten. What the present ranges
say is counted separately and must agree.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stamp_engine.lifecycle import StampEvent, StampState


@dataclass(frozen=True, slots=True)
class Past:
    """Something that happened to the stamps lo ≤ index < hi."""

    lo: int
    hi: int
    event: StampEvent


@dataclass(frozen=True, slots=True)
class Sums:
    """A roll in numbers; `void` counts what was voided or spoiled after delivery."""

    ordered: int
    good: int = 0
    spoiled: int = 0
    unprinted: int = 0
    delivered: int = 0
    returned: int = 0
    lost_on_way: int = 0
    on_way: int = 0
    active: int = 0
    void: int = 0
    lost: int = 0
    stock: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        """Two rolls together."""
        return Sums(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def closes(self) -> bool:
        """Whether all three sums hold."""
        return (
            self.ordered == self.good + self.spoiled + self.unprinted
            and self.good == self.delivered + self.returned + self.lost_on_way + self.on_way
            and self.delivered == self.active + self.void + self.lost + self.stock
        )

    def disagrees(self, present: Mapping[StampState, int]) -> bool:
        """Whether the present ranges say something else than the history."""
        ended = self.unprinted + self.spoiled + self.returned + self.lost_on_way + self.void + self.lost
        told = {
            StampState.DELIVERED: self.stock,
            StampState.ACTIVE: self.active,
            StampState.PRINTED: self.on_way,
        }
        rest = sum(count for state, count in present.items() if state not in told)
        return rest != ended or any(present.get(state, 0) != count for state, count in told.items())


# Where a stamp is counted, and where it is counted after each event; an event that is not named changes nothing.
_START = "unprinted"
_NEXT: Mapping[tuple[str, StampEvent], str] = {
    ("unprinted", StampEvent.PRINT): "on_way",
    ("unprinted", StampEvent.SPOIL): "spoiled",
    ("on_way", StampEvent.SPOIL): "spoiled",
    ("on_way", StampEvent.RETURN): "returned",
    ("on_way", StampEvent.VOID): "returned",
    ("on_way", StampEvent.LOSE): "lost_on_way",
    ("on_way", StampEvent.DELIVER): "stock",
    ("stock", StampEvent.ACTIVATE): "active",
    ("active", StampEvent.UNDO): "stock",
    ("stock", StampEvent.VOID): "void",
    ("stock", StampEvent.SPOIL): "void",
    ("active", StampEvent.VOID): "void",
    ("stock", StampEvent.LOSE): "lost",
    ("active", StampEvent.LOSE): "lost",
}
_DELIVERED = ("active", "void", "lost", "stock")
_GOOD = (*_DELIVERED, "returned", "lost_on_way", "on_way")


def replay(lo: int, hi: int, events: Iterable[Past]) -> Sums:
    """The sums of the roll lo ≤ index < hi after these events, in their order."""
    parts: list[tuple[int, int, str]] = [(lo, hi, _START)]
    for past in events:
        parts = [piece for part in parts for piece in _after(part, past)]
    counts: Counter[str] = Counter()
    for first, end, place in parts:
        counts[place] += end - first
    return Sums(
        ordered=hi - lo,
        good=sum(counts[place] for place in _GOOD),
        delivered=sum(counts[place] for place in _DELIVERED),
        **{place: counts[place] for place in ("spoiled", "unprinted", *_GOOD)},
    )


def _after(part: tuple[int, int, str], past: Past) -> list[tuple[int, int, str]]:
    first, end, place = part
    lo, hi = max(first, past.lo), min(end, past.hi)
    after = _NEXT.get((place, past.event), place)
    if lo >= hi or after == place:
        return [part]
    pieces = [(first, lo, place), (lo, hi, after), (hi, end, place)]
    return [piece for piece in pieces if piece[0] < piece[1]]
