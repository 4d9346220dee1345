"""Copies seen at the level of a lot: many stamps that are each a little unusual, and scans where nothing was shipped.

A few copies of many codes leave each stamp's own history nearly ordinary; together they show. What an event of a stamp
says of its lot is a *sign*; the distinct stamps behind each sign are counted by lot and over all lots, and two counts
are held against what all other lots show, as logarithms of likelihood ratios (Poisson, with the rate under copies
fitted):

* *excess*: stamps of the lot whose weight has passed a level that few honest stamps ever pass;
* *area*: distinct stamps well located in one square of half a degree outside the lot's plan.

Rates are learned from the market itself, the lot in question left out, with a prior: so a custom that all lots share
(tourists, parcels) makes no lot suspicious. Pure: the worker keeps the counts in the database, a replay in memory.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from math import log
from typing import Final

from verifier.clones.distance import Fix, Known
from verifier.clones.evidence import OFF_PLAN_KM, Plan
from verifier.clones.weights import PARAMETERS
from verifier.sightings import Sighting

SQUARE = 0.5  # degrees
_DAY_S = 86_400
_EAST_S = 7 * 3600  # local days, Vietnam
# The prior: how many stamps' worth of it, the share of located stamps off plan, and the squares they are spread over.
_WORTH, _LEAK, _SQUARES = 2000.0, 0.12, 60.0

Square = tuple[int, int]

SEEN: Final = 0
PLACED: Final = 1
LEVEL: Final = 2
"""Signs: the stamp was scanned; its place is well known; it passed a level (`LEVEL` and those after it)."""
FIRST_SQUARE: Final = 1000
_NORTH, _EAST, _ROW = 180, 360, 1000


@dataclass(frozen=True, slots=True)
class Area:
    """A square outside the plan: its middle, its distinct stamps, and what speaks for copies there (nats)."""

    lat: float
    lon: float
    stamps: int
    weight: float


@dataclass(frozen=True, slots=True)
class Shown:
    """What a lot shows: nats for copies, by many stamps (`excess`) and by its worst area; stamps past the first level.

    `suspicion` is the sum of both.
    """

    excess: float
    areas: tuple[Area, ...]
    unusual: int
    stamps: int

    @property
    def suspicion(self) -> float:
        """All that speaks for copies, in nats."""
        return self.excess + (self.areas[0].weight if self.areas else 0.0)


@dataclass(frozen=True, slots=True)
class LotDay:
    """What a lot had shown at the end of a local day, by its scans so far."""

    lot: str
    day: date
    suspicion: float
    areas: tuple[Area, ...]
    unusual: int
    stamps: int


def excess(seen: int, expected: float) -> float:
    """The log-likelihood ratio of a count against a smaller expected one; 0 where it is no larger."""
    return seen * log(seen / expected) - (seen - expected) if seen > expected else 0.0


def square_of(lat: float, lon: float) -> Square:
    """The square a place lies in."""
    return round(lat / SQUARE), round(lon / SQUARE)


def sign_of(square: Square) -> int:
    """The sign of a square."""
    return FIRST_SQUARE + (square[0] + _NORTH) * _ROW + square[1] + _EAST


def _square(sign: int) -> Square:
    north, east = divmod(sign - FIRST_SQUARE, _ROW)
    return north - _NORTH, east - _EAST


def signs(plan: Plan, weight: int, fix: Fix | None) -> Iterator[int]:
    """What a consumer's event on a stamp with this weight says of its lot."""
    yield SEEN
    for level, (least, _) in enumerate(PARAMETERS.lot_levels):
        if weight >= least:
            yield LEVEL + level
    if fix is not None and fix.known >= Known.FAIRLY and plan.areas:
        yield PLACED
        if plan.off_km(fix.lat, fix.lon) - fix.accuracy_km > OFF_PLAN_KM:
            yield sign_of(square_of(fix.lat, fix.lon))


def judged(own: Mapping[int, int], everywhere: Mapping[int, int]) -> Shown:
    """What a lot shows by its distinct stamps behind each sign, against those of all lots, its own among them."""
    areas = sorted(_areas(own, everywhere), key=lambda area: -area.weight)[:5]
    many = max(_excesses(own, everywhere), default=0.0)
    return Shown(many, tuple(areas), own.get(LEVEL, 0), own.get(SEEN, 0))


def _excesses(own: Mapping[int, int], everywhere: Mapping[int, int]) -> Iterator[float]:
    stamps = own.get(SEEN, 0)
    for level, (_, share) in enumerate(PARAMETERS.lot_levels):
        seen = own.get(LEVEL + level, 0)
        others = everywhere.get(LEVEL + level, 0) - seen
        rate = (others + share * _WORTH) / (everywhere.get(SEEN, 0) - stamps + _WORTH)
        yield excess(seen, stamps * max(rate, share))


def _areas(own: Mapping[int, int], everywhere: Mapping[int, int]) -> Iterator[Area]:
    placed, squares = own.get(PLACED, 0), {sign: count for sign, count in own.items() if sign >= FIRST_SQUARE}
    off = sum(count for sign, count in everywhere.items() if sign >= FIRST_SQUARE) - sum(squares.values())
    leak = (off + _LEAK * _WORTH) / (everywhere.get(PLACED, 0) - placed + _WORTH)
    for sign, seen in squares.items():
        share = (everywhere.get(sign, 0) - seen + 1.0) / (off + _SQUARES)
        # Goods that leak go to one or two places of their own, so a lot may always have as many as this there.
        expected = placed * max(leak * share, 0.01) + 0.5
        weight = max(excess(seen, expected) - log(1 + len(squares)), 0.0)
        if weight > 0:
            north, east = _square(sign)
            yield Area(north * SQUARE, east * SQUARE, seen, weight)


@dataclass(slots=True)
class _Lot:
    signs: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    day: int = 0


@dataclass(slots=True)
class LotWatch:
    """Counts by lot, and over all lots, in memory; `saw` takes the consumers' events in the order of their record."""

    _lots: dict[str, _Lot] = field(default_factory=dict)
    _everywhere: Counter[int] = field(default_factory=Counter)
    _closed: list[LotDay] = field(default_factory=list)

    def saw(self, name: str, plan: Plan, stamp: int, at_s: int, after: Sighting, fix: Fix | None) -> None:
        """One consumer's event on a stamp of a lot, with the stamp's history after it."""
        lot = self._lots.get(name)
        if lot is None:
            lot = self._lots[name] = _Lot()
        day = (at_s + _EAST_S) // _DAY_S
        if day > lot.day:
            self._close(name, lot)
            lot.day = day
        for sign in signs(plan, after.weight, fix):
            if stamp not in lot.signs[sign]:
                lot.signs[sign].add(stamp)
                self._everywhere[sign] += 1

    def days(self) -> Iterator[LotDay]:
        """What every lot had shown on each day with an event, the days that ended first."""
        for name, lot in self._lots.items():
            self._close(name, lot)
            lot.day = 0
        yield from sorted(self._closed, key=lambda one: (one.day, one.lot))

    def _close(self, name: str, lot: _Lot) -> None:
        if lot.day:
            self._closed.append(self.of(name, lot.day))

    def of(self, name: str, day: int = 0) -> LotDay:
        """What a lot has shown so far; `day` is a local day's number since 1970."""
        own = {sign: len(stamps) for sign, stamps in self._lots[name].signs.items()}
        shown = judged(own, self._everywhere)
        when = datetime.fromtimestamp(day * _DAY_S, UTC).date()
        return LotDay(name, when, shown.suspicion, shown.areas, shown.unusual, shown.stamps)
