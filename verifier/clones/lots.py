"""Copies seen at the level of a lot: many stamps that are each a little unusual, and scans where nothing was shipped.

A few copies of many codes leave each stamp's own history nearly ordinary; together they show. Each scanned stamp of a
lot is in one *state*: how far into its sales life it was met, whether its first known place lies on the lot's plan or
how far off it, how much its own history weighs; and the square of that first place. A lot is the counts of its stamps
by state, held against the counts of all other lots, as logarithms of likelihood ratios:

* *weights*: stamps that met people at the same places weigh more than such stamps of other lots do;
* *classes*: more stamps than in other lots were first met off the plan, or nowhere that is known;
* *areas*: stamps first met off the plan lie together in up to three places, where those of other lots do not, counted
  apart by when they were met and how far off that is (`lot_areas`).

Stamps met in the first two days are met where goods are packed and shipped: a group of their own, without a place.
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
from collections.abc import Iterator
from dataclasses import dataclass
from math import log, log1p
from typing import Final, NamedTuple

from verifier.clones import lot_areas
from verifier.clones.evidence import Plan
from verifier.clones.lot_areas import BANDS_KM, PACKED_DAYS, PLANNED, Area, Counts
from verifier.clones.lot_weights import AGES, CLASSES, GRID, GROUPS, LEVELS, PARAMETERS, Odds
from verifier.sightings import Mark, Sighting

_DEGREE: Final = 100  # places are in hundredths of a degree
_STATES: Final = GROUPS * CLASSES * LEVELS
_SECOND, _DAY_S = 1_000_000, 86_400
SCORES, HEIGHTS = 1000, 2000
"""The signs of a lot's own three heights, each a step counted from 1, and of how many lots stand on which step."""
_STEP, _STEPS = 0.25, 200  # nats
ODD: Final = 3
"""A stamp of this level looks odd by itself."""


class State(NamedTuple):
    """What a stamp says of its lot: a sign of 0 to 319, and one of where and when it was met, or 0."""

    sign: int
    square: int = 0


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


def state(plan: Plan, sighting: Sighting, active_since: int = 0) -> State | None:
    """What a stamp with this history says of its lot; None before a buyer's first scan.

    `active_since` (UTC microseconds) is when the stamp was activated, where that is known: goods that are packed weeks
    after they were made are scanned by their packers then.
    """
    if not sighting.has(Mark.FIRST_USED):
        return None
    e, planned = sighting.evidence, bool(plan.areas)
    level = bisect_right(PARAMETERS.levels, sighting.weight)
    day = (sighting.first_at // _SECOND - max(plan.since_s, active_since // _SECOND)) // _DAY_S
    if 0 <= day < PACKED_DAYS:
        return State(_sign(2 * AGES + planned, bool(e.places), level))
    group = planned * AGES + (0 if not e.old else 1 if not e.stale else 2)
    if not e.places:
        return State(_sign(group, 0, level))
    lat, lon = e.places[0][0] / _DEGREE, e.places[0][1] / _DEGREE
    off_km = plan.off_km(lat, lon) if planned else None
    band = bisect_right(BANDS_KM, off_km) if off_km is not None else 0
    return State(_sign(group, 1 + band, level), lot_areas.where(lat, lon, off_km, day))


def _sign(group: int, met: int, level: int) -> int:
    return (group * CLASSES + met) * LEVELS + level


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
    return of.square >= PLANNED or level_of(of.sign) >= ODD - 1


def judged(own: Counts, everywhere: Counts) -> Shown:
    """What a lot shows by its stamps in each state, against those of all lots, its own among them."""
    table = _Table.of(own, everywhere)
    weights, classes = _by_state(table)
    areas = tuple(lot_areas.areas(own, everywhere))
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
    return max((lots * seen + worth * PARAMETERS.scales[part]) / (lots + worth), PARAMETERS.least_scale)


@dataclass(slots=True)
class _Table:
    """The states of a lot, and of the other lots: by sign, and by group (plan and age) and class."""

    own: dict[int, int]
    others: list[int]

    @classmethod
    def of(cls, own: Counts, everywhere: Counts) -> "_Table":
        mine = {sign: count for sign, count in own.items() if sign < _STATES and count > 0}
        return cls(mine, [everywhere.get(sign, 0) - own.get(sign, 0) for sign in range(_STATES)])


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
