"""Copies seen at the level of a lot: many stamps that are each a little unusual, and scans where nothing was shipped.

A few copies of many codes leave each stamp's own history nearly ordinary; together they show. Each scanned stamp of a
lot is in one *state*: how far into its sales life it was met, whether its first known place lies on the lot's plan or
how far off it, how much its own history weighs; and the square of that first place. A lot is the counts of its stamps
by state, held against the counts of all other lots, as logarithms of likelihood ratios:

* *weights*: stamps that met people at the same places weigh more than such stamps of other lots do;
* *classes*: more stamps than in other lots were first met off the plan, or nowhere that is known;
* *areas*: stamps first met off the plan lie together in up to three places, where those of other lots do not.

The age of the goods is a condition and no evidence: a lot that sells late has old stamps, and is honest. A lot without
a plan is taken to be sold where a share of its stamps is met first.

Honest lots differ by far more than chance: one leaks to a town of its own, another to ten. So each of the three is
divided by how large it gets on the other lots of this market, with a prior, and bent, so that no single oddity makes an
alarm. Rates are learned from the market itself, the lot in question left out: a custom that all lots share (tourists,
parcels) makes none suspicious. What cannot be learned there is in `lots.json`, fitted by `bench.lots`. Pure: the worker
keeps the counts in the database, a replay in memory.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import log, log1p
from typing import Final, NamedTuple

from verifier.clones.evidence import OFF_PLAN_KM, Plan
from verifier.clones.lot_weights import AGES, CLASSES, GRID, LEVELS, PARAMETERS, Odds
from verifier.sightings import Mark, Sighting

Counts = Mapping[int, int]
"""Distinct stamps by sign: of a lot, or of all lots."""

SQUARE: Final = 0.25  # degrees; a window is three by three of them, as wide as a town with its errors of location
_DEGREE: Final = 100  # places are in hundredths of a degree
_BANDS_KM: Final = (OFF_PLAN_KM, 120.0, 350.0)
_STATES: Final = 2 * AGES * CLASSES * LEVELS
PLANNED, UNPLANNED = 10_000, 10_000_000
"""The first signs of squares: off the plan of a lot that has one, and of lots without."""
_NORTH, _EAST, _ROW = 400, 1000, 2000
SCORES, HEIGHTS = 1000, 2000
"""The signs of a lot's own three heights, each a step counted from 1, and of how many lots stand on which step."""
_STEP, _STEPS = 0.25, 200  # nats
_WINDOWS, _OWN_TOWNS = 3, 3
ODD: Final = 3
"""A stamp of this level looks odd by itself."""


class State(NamedTuple):
    """What a stamp says of its lot: a sign of 0 to 239, and the sign of a square or 0."""

    sign: int
    square: int = 0


class Area(NamedTuple):
    """A window outside the plan: its middle, its distinct stamps, and what speaks for copies there (nats)."""

    lat: float
    lon: float
    stamps: int
    weight: float


@dataclass(frozen=True, slots=True)
class Shown:
    """What a lot shows: nats by weights, classes and areas, each of them in terms of other lots; and all as one.

    `unusual` of its `stamps` look odd by themselves.
    """

    heights: tuple[float, float, float]
    parts: tuple[float, float, float]
    areas: tuple[Area, ...]
    unusual: int
    stamps: int

    @property
    def suspicion(self) -> float:
        """All that speaks for copies; see `lots.json` for what honest lots reach."""
        return sum(self.parts)

    @property
    def placed(self) -> bool:
        """Whether places speak louder than the stamps' own histories."""
        return self.parts[2] > self.parts[0]


NOTHING: Final = Shown((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (), 0, 0)


def excess(seen: int, expected: float, shape: float) -> float:
    """The log-likelihood ratio of a count against a smaller expected one that itself varies (gamma of that shape)."""
    if seen <= expected:
        return 0.0
    return seen * log(seen / expected) - (seen + shape) * log((seen + shape) / (expected + shape))


def square_of(lat: float, lon: float) -> tuple[int, int]:
    """The square a place lies in."""
    return round(lat / SQUARE), round(lon / SQUARE)


def sign_of(square: tuple[int, int], first: int = PLANNED) -> int:
    """The sign of a square."""
    return first + (square[0] + _NORTH) * _ROW + square[1] + _EAST


def state(plan: Plan, sighting: Sighting) -> State | None:
    """What a stamp with this history says of its lot; None before a buyer's first scan."""
    if not sighting.has(Mark.FIRST_USED):
        return None
    e = sighting.evidence
    age = 0 if not e.old else 1 if not e.stale else 2
    level = bisect_right(PARAMETERS.levels, sighting.weight)
    if not e.places:
        return State(_sign(plan, age, 0, level))
    lat, lon = e.places[0][0] / _DEGREE, e.places[0][1] / _DEGREE
    if not plan.areas:
        return State(_sign(plan, age, 1, level), sign_of(square_of(lat, lon), UNPLANNED))
    off = plan.off_km(lat, lon)
    band = bisect_right(_BANDS_KM, off)
    return State(_sign(plan, age, 1 + band, level), sign_of(square_of(lat, lon)) if band else 0)


def _sign(plan: Plan, age: int, met: int, level: int) -> int:
    return ((bool(plan.areas) * AGES + age) * CLASSES + met) * LEVELS + level


def level_of(sign: int) -> int:
    """How odd a stamp in this state looks by itself, 0 to 7."""
    return sign % LEVELS


def signs(of: State | None) -> tuple[int, ...]:
    """What of it is counted."""
    return () if of is None else of if of.square else of[:1]


def height_sign(part: int, step: int) -> int:
    """The sign of the lots whose height in this part stands on this step."""
    return HEIGHTS + part * _STEPS + step


def telling(of: State) -> bool:
    """Whether this state can speak against its lot."""
    return bool(of.square) or level_of(of.sign) >= ODD - 1


def judged(own: Counts, everywhere: Counts) -> Shown:
    """What a lot shows by its stamps in each state, against those of all lots, its own among them."""
    table = _Table.of(own, everywhere)
    weights, classes = _by_state(table)
    areas = tuple(_areas(own, everywhere, table))
    heights = (weights, classes, sum(area.weight for area in areas))
    parts = [_bent(height, _scale(n, own, everywhere), n) for n, height in enumerate(heights)]
    odd = sum(count for sign, count in table.own.items() if level_of(sign) >= ODD)
    return Shown(heights, (parts[0], parts[1], parts[2]), areas, odd, sum(table.own.values()))


def _bent(height: float, scale: float, part: int) -> float:
    most = PARAMETERS.bends[part]
    return most * log1p(height / scale / most)


def step_of(height: float) -> int:
    """The step that a height stands on, counted from 1."""
    return 1 + min(int(height / _STEP), _STEPS - 1)


def moves(own: Counts, shown: Shown) -> Iterator[tuple[bool, int, int]]:
    """How the counts change when a lot shows this: whether of all lots, the sign, by how much."""
    for part, height in enumerate(shown.heights):
        before, now = own.get(SCORES + part, 0), step_of(height)
        if before != now:
            yield False, SCORES + part, now - before
            yield True, height_sign(part, now), 1
            if before:
                yield True, height_sign(part, before), -1


def gone(own: Counts) -> Iterator[tuple[int, int]]:
    """How the counts of all lots change when a lot is forgotten."""
    for sign, count in own.items():
        if SCORES <= sign < HEIGHTS:
            yield height_sign(sign - SCORES, count), -1
        else:
            yield sign, -count


def _scale(part: int, own: Counts, everywhere: Counts) -> float:
    """How large this part gets on other lots, in the scale of an exponential: by its 95 % quantile, with a prior."""
    mine = own.get(SCORES + part, 0)
    steps = [everywhere.get(height_sign(part, step), 0) - (step == mine) for step in range(1, _STEPS + 1)]
    lots = sum(steps)
    over, step = 0, _STEPS
    while step > 1 and over + steps[step - 1] <= lots / 20:
        over += steps[step - 1]
        step -= 1
    seen = (step - 1) * _STEP / log(20)
    worth = PARAMETERS.worth_lots
    return max((lots * seen + worth * PARAMETERS.scale) / (lots + worth), PARAMETERS.least_scale)


@dataclass(slots=True)
class _Table:
    """The states of a lot, and of the other lots: by sign, and by group (plan and age) and class."""

    own: dict[int, int]
    others: list[int]

    @classmethod
    def of(cls, own: Counts, everywhere: Counts) -> "_Table":
        mine = {sign: count for sign, count in own.items() if sign < _STATES and count > 0}
        return cls(mine, [everywhere.get(sign, 0) - own.get(sign, 0) for sign in range(_STATES)])

    def met(self, counts: Iterable[tuple[int, int]], least: int, *, planned: bool) -> int:
        """How many stamps of lots with a plan, or of all, are of this class or a later one."""
        first = AGES * CLASSES * LEVELS if planned else 0
        return sum(n for sign, n in counts if sign >= first and sign // LEVELS % CLASSES >= least)


def _by_state(table: _Table) -> tuple[float, float]:
    """What the stamps' weights and what their classes say, each at the share of copies that explains most."""
    odds: Odds = PARAMETERS.odds
    cells = []
    classes: Counter[int] = Counter()
    for sign, count in table.own.items():
        met = sign // LEVELS
        classes[met] += count
        first = met * LEVELS
        others, worth = table.others[first : first + LEVELS], PARAMETERS.worth * odds.honest_class[met]
        honest = (table.others[sign] + worth * odds.honest[sign]) / (sum(others) + worth)
        cells.append((met, count, odds.copied[sign] / honest))
    ratios = []
    for met, count in classes.items():
        first = met // CLASSES * CLASSES * LEVELS
        group = sum(table.others[first : first + CLASSES * LEVELS])
        same = sum(table.others[met * LEVELS : met * LEVELS + LEVELS])
        honest = (same + PARAMETERS.worth * odds.honest_class[met]) / (group + PARAMETERS.worth)
        ratios.append((count, odds.copied_class[met] / honest))
    weights = max(
        sum(count * log1p(share[met] * (ratio - 1)) for met, count, ratio in cells) for share in odds.share_of_class
    )
    return max(weights, 0.0), max(
        0.0, *(sum(count * log1p(share * (ratio - 1)) for count, ratio in ratios) for share in GRID)
    )


def _squares(own: Counts, first: int) -> dict[int, int]:
    return {sign: n for sign, n in own.items() if first <= sign < first + 2 * _NORTH * _ROW and n > 0}


def _around(sign: int, reach: int = 1) -> Iterator[int]:
    for north in range(-reach, reach + 1):
        for east in range(-reach, reach + 1):
            yield sign + north * _ROW + east


def _areas(own: Counts, everywhere: Counts, table: _Table) -> Iterator[Area]:
    """The windows off the plan that most speaks for, at most three."""
    mine = _squares(own, PLANNED)
    theirs = _squares(own, UNPLANNED)
    off = {**mine, **{sign - UNPLANNED + PLANNED: n for sign, n in _beyond_own_towns(theirs).items()}}
    if not off:
        return
    others = list(enumerate(table.others))
    gone, placed = table.met(others, 2, planned=True), table.met(others, 1, planned=True)
    leak = (gone + PARAMETERS.leak * PARAMETERS.worth_leak) / (placed + PARAMETERS.worth_leak)
    expected = leak * table.met(table.own.items(), 1, planned=False)
    apart = log1p(len(off))
    for _ in range(_WINDOWS):
        best = Area(0.0, 0.0, 0, 0.0)
        chosen = 0
        for sign in off:
            window = list(_around(sign))
            seen = sum(off.get(one, 0) for one in window)
            if seen < _LEAST:
                continue
            usual = sum(everywhere.get(one, 0) - mine.get(one, 0) for one in window)
            share = (usual + 1.0) / (gone + PARAMETERS.squares)
            weight = excess(seen, expected * share + PARAMETERS.always, PARAMETERS.shape) - apart
            if weight > best.weight:
                north, east = divmod(sign - PLANNED, _ROW)
                best, chosen = Area((north - _NORTH) * SQUARE, (east - _EAST) * SQUARE, seen, weight), sign
        if not best.stamps:
            return
        yield best
        for one in _around(chosen):
            off.pop(one, None)


_LEAST = 2  # stamps in a window: one alone says nothing of a place


def _beyond_own_towns(squares: Mapping[int, int]) -> dict[int, int]:
    """What is left of a lot without a plan outside the windows that hold a share of all: the towns it was sent to."""
    left, stamps = dict(squares), sum(squares.values())
    for _ in range(_OWN_TOWNS):
        held = {sign: sum(left.get(one, 0) for one in _around(sign)) for sign in left}
        best = max(held, key=lambda sign: held[sign], default=0)
        if not best or held[best] < max(PARAMETERS.own_town * stamps, 3):
            break
        for one in _around(best, 2):
            left.pop(one, None)
    return left
