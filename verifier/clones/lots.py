"""Copies seen at the level of a lot: many stamps that are each a little unusual, and scans where nothing was shipped.

A few copies of many codes leave each stamp's own history nearly ordinary; together they show. Two counts are held
against what all other lots show, as logarithms of likelihood ratios (Poisson, with the rate under copies fitted):

* *excess*: stamps of the lot whose weight has passed a level that few honest stamps ever pass;
* *area*: distinct stamps well located in one square of half a degree outside the lot's plan.

Rates are learned from the market itself, the lot in question left out, with a prior: so a custom that all lots share
(tourists, parcels) makes no lot suspicious. Pure; the worker and a replay use the same class.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from math import log

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


@dataclass(frozen=True, slots=True)
class Area:
    """A square outside the plan: its middle, its distinct stamps, and what speaks for copies there (nats)."""

    lat: float
    lon: float
    stamps: int
    weight: float


@dataclass(frozen=True, slots=True)
class LotDay:
    """What a lot had shown at the end of a local day, by its scans so far."""

    lot: str
    day: date
    suspicion: float
    areas: tuple[Area, ...]
    unusual: int
    stamps: int


@dataclass(slots=True)
class _Lot:
    stamps: set[int] = field(default_factory=set)
    placed: set[int] = field(default_factory=set)
    over: list[set[int]] = field(default_factory=list)
    squares: defaultdict[Square, set[int]] = field(default_factory=lambda: defaultdict(set))
    day: int = 0


def excess(seen: int, expected: float) -> float:
    """The log-likelihood ratio of a count against a smaller expected one; 0 where it is no larger."""
    return seen * log(seen / expected) - (seen - expected) if seen > expected else 0.0


def square_of(lat: float, lon: float) -> Square:
    """The square a place lies in."""
    return round(lat / SQUARE), round(lon / SQUARE)


@dataclass(slots=True)
class LotWatch:
    """Counts by lot, and over all lots; `saw` takes the consumers' events in the order of their record."""

    _lots: dict[str, _Lot] = field(default_factory=dict)
    _stamps: int = 0
    _placed: int = 0
    _off: int = 0
    _over: list[int] = field(default_factory=lambda: [0] * len(PARAMETERS.lot_levels))
    _squares: Counter[Square] = field(default_factory=Counter)
    _closed: list[LotDay] = field(default_factory=list)

    def saw(self, name: str, plan: Plan, stamp: int, at_s: int, after: Sighting, fix: Fix | None) -> None:
        """One consumer's event on a stamp of a lot, with the stamp's history after it."""
        lot = self._lots.get(name)
        if lot is None:
            lot = self._lots[name] = _Lot(over=[set() for _ in PARAMETERS.lot_levels])
        day = (at_s + _EAST_S) // _DAY_S
        if day > lot.day:
            self._close(name, lot)
            lot.day = day
        if stamp not in lot.stamps:
            lot.stamps.add(stamp)
            self._stamps += 1
        for level, (weight, _) in enumerate(PARAMETERS.lot_levels):
            if after.weight >= weight and stamp not in lot.over[level]:
                lot.over[level].add(stamp)
                self._over[level] += 1
        if fix is not None and fix.known >= Known.FAIRLY and plan.areas:
            self._locate(lot, plan, stamp, fix)

    def _locate(self, lot: _Lot, plan: Plan, stamp: int, fix: Fix) -> None:
        if stamp not in lot.placed:
            lot.placed.add(stamp)
            self._placed += 1
        if plan.off_km(fix.lat, fix.lon) - fix.accuracy_km <= OFF_PLAN_KM:
            return
        square = square_of(fix.lat, fix.lon)
        if stamp not in lot.squares[square]:
            lot.squares[square].add(stamp)
            self._squares[square] += 1
            self._off += 1

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
        lot = self._lots[name]
        areas = sorted(self._areas(lot), key=lambda area: -area.weight)[:5]
        many = max(self._excesses(lot), default=0.0)
        suspicion = many + (areas[0].weight if areas else 0.0)
        unusual = len(lot.over[0]) if lot.over else 0
        when = datetime.fromtimestamp(day * _DAY_S, UTC).date()
        return LotDay(name, when, suspicion, tuple(areas), unusual, len(lot.stamps))

    def _excesses(self, lot: _Lot) -> Iterator[float]:
        own = len(lot.stamps)
        for level, (_, share) in enumerate(PARAMETERS.lot_levels):
            seen = len(lot.over[level])
            rate = (self._over[level] - seen + share * _WORTH) / (self._stamps - own + _WORTH)
            yield excess(seen, own * max(rate, share))

    def _areas(self, lot: _Lot) -> Iterator[Area]:
        placed, off = len(lot.placed), sum(map(len, lot.squares.values()))
        leak = (self._off - off + _LEAK * _WORTH) / (self._placed - placed + _WORTH)
        for square, stamps in lot.squares.items():
            seen = len(stamps)
            share = (self._squares[square] - seen + 1.0) / (self._off - off + _SQUARES)
            # Goods that leak go to one or two places of their own, so a lot may always have as many as this there.
            expected = placed * max(leak * share, 0.01) + 0.5
            weight = max(excess(seen, expected) - log(1 + len(lot.squares)), 0.0)
            if weight > 0:
                yield Area(square[0] * SQUARE, square[1] * SQUARE, seen, weight)
