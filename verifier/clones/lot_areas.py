"""Where stamps of a lot are met together though nothing of it was shipped there. Pure counts by square and kind.

A stamp counts once, in the square of its first known place. Squares are counted apart by *kind*: met first in the first
week, in the two weeks after it, or later; and each of these near the plan or far from it. Goods that sell out soon
leave few late stamps, and presents and journeys mostly go to towns near by, while copies are on sale for weeks,
anywhere: so the same few stamps say more by kind.

Whoever scans within two days of production, or of the stamp's activation, is where the goods are packed or shipped, for
no copy is on sale so soon: those places count as none.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import log, log1p
from typing import Final, NamedTuple

from verifier.clones.evidence import OFF_PLAN_KM
from verifier.clones.lot_weights import PARAMETERS

SQUARE: Final = 0.25  # degrees; a window is three by three of them, as wide as a town with its errors of location
PLANNED, UNPLANNED = 20_000_000, 60_000_000
"""The first signs of squares: off the plan of a lot that has one, and of lots without."""
ON_PLAN = 3000
"""The first sign of stamps met first on the plan, by when."""
_KIND: Final = 1_600_000
_NORTH, _EAST, _ROW = 400, 1000, 2000
_WINDOWS, _OWN_TOWNS = 3, 3
_LEAST = 2  # stamps in a window: one alone says nothing of a place

Counts = Mapping[int, int]
"""Distinct stamps by sign: of a lot, or of all lots."""

PACKED_DAYS: Final = 2
"""Since production or activation: so long whoever scans is where goods are packed or shipped."""
_WHENS: Final = (7, 21)
KINDS: Final = 2 * (len(_WHENS) + 1)
"""By when, and each near the plan and far from it; what is near has the even numbers."""
FAR_KM: Final = 120.0
BANDS_KM: Final = (OFF_PLAN_KM, FAR_KM, 350.0)


class Area(NamedTuple):
    """A window outside the plan: its middle, its distinct stamps, and what speaks for copies there (nats)."""

    lat: float
    lon: float
    stamps: int
    weight: float


def square_of(lat: float, lon: float) -> tuple[int, int]:
    """The square a place lies in."""
    return round(lat / SQUARE), round(lon / SQUARE)


def sign_of(square: tuple[int, int], first: int = PLANNED, kind: int = 0) -> int:
    """The sign of a square."""
    return first + kind * _KIND + (square[0] + _NORTH) * _ROW + square[1] + _EAST


def where(lat: float, lon: float, off_km: float | None, day: int) -> int:
    """The sign of a place that is so far off the plan (None without one), met first on this day after production."""
    time = bisect_right(_WHENS, day)
    if off_km is None:
        return sign_of(square_of(lat, lon), UNPLANNED, 2 * time)
    if off_km < OFF_PLAN_KM:
        return ON_PLAN + time
    return sign_of(square_of(lat, lon), PLANNED, 2 * time + (off_km >= FAR_KM))


def excess(seen: int, expected: float) -> float:
    """The log-likelihood ratio of a count against a smaller expected one."""
    return seen * log(seen / expected) - (seen - expected) if seen > expected else 0.0


def areas(own: Counts, everywhere: Counts) -> list[Area]:
    """The windows off the plan that most speaks for, at most three."""
    mine, theirs = _squares(own, PLANNED), _squares(own, UNPLANNED)
    off = [Counter(one) for one in mine]
    together: Counter[int] = Counter()
    for all_of, left in zip(off, _beyond_own_towns(theirs), strict=True):
        all_of.update(left)
        together.update(all_of)
    crowded = [square for square in together if sum(together.get(near, 0) for near in _around(square)) >= _LEAST]
    if not crowded:
        return []
    gone = [-sum(of.values()) for of in mine]
    placed = _placed(own, [sum(of.values()) + sum(more.values()) for of, more in zip(mine, theirs, strict=True)])
    for sign, count in everywhere.items():
        if PLANNED <= sign < UNPLANNED:
            gone[(sign - PLANNED) // _KIND] += count
    others = [a - b for a, b in zip(_placed(everywhere, gone), _placed(own, [0] * KINDS), strict=True)]
    worth = PARAMETERS.worth_leak
    expected = [
        many * (leaked + PARAMETERS.leak / 2 * worth) / (other + worth)
        for many, leaked, other in zip(placed, gone, others, strict=True)
    ]
    usual: dict[int, list[float]] = {}
    for square in crowded:
        seen = [1.0, 1.0]
        for kind, of in enumerate(mine):
            for near in _around(square):
                seen[kind % 2] += everywhere.get(PLANNED + kind * _KIND + near, 0) - of.get(near, 0)
        shares = [seen[far] / (sum(gone[far::2]) + PARAMETERS.squares) for far in (0, 1)]
        leaks = [many * shares[kind % 2] for kind, many in enumerate(expected)]
        if not any(mine):  # nothing is near or far of no plan
            leaks = [many + leaks[kind ^ 1] for kind, many in enumerate(leaks)]
        usual[square] = [many + PARAMETERS.always for many in leaks]
    return list(_chosen(off, usual, log1p(len(together))))


def _placed(counts: Counts, off: Sequence[int]) -> list[int]:
    """How many stamps may have been met off the plan, by kind; so many of them were."""
    found = []
    for time in range(KINDS // 2):
        found += [counts.get(ON_PLAN + time, 0) + off[2 * time] + off[2 * time + 1]] * 2
    return found


def _chosen(off: Sequence[Counts], usual: Mapping[int, Sequence[float]], apart: float) -> Iterator[Area]:
    taken: set[int] = set()
    for _ in range(_WINDOWS):
        best, chosen = Area(0.0, 0.0, 0, 0.0), 0
        for square, expected in usual.items():
            if square in taken:
                continue
            window = [near for near in _around(square) if near not in taken]
            seen = [sum(of.get(near, 0) for near in window) for of in off]
            if sum(seen) < _LEAST:
                continue
            weight = sum(map(excess, seen, expected)) - apart
            if weight > best.weight or (weight == best.weight > 0 and square < chosen):
                north, east = divmod(square, _ROW)
                best, chosen = Area((north - _NORTH) * SQUARE, (east - _EAST) * SQUARE, sum(seen), weight), square
        if not best.stamps:
            return
        yield best
        taken.update(_around(chosen))


def _squares(own: Counts, first: int) -> list[dict[int, int]]:
    found: list[dict[int, int]] = [{} for _ in range(KINDS)]
    for sign, count in own.items():
        kind, square = divmod(sign - first, _KIND)
        if 0 <= kind < KINDS and count > 0:
            found[kind][square] = count
    return found


def _around(square: int, reach: int = 1) -> Iterator[int]:
    for north in range(-reach, reach + 1):
        for east in range(-reach, reach + 1):
            yield square + north * _ROW + east


def _beyond_own_towns(squares: list[dict[int, int]]) -> list[dict[int, int]]:
    """What is left of a lot without a plan outside the windows that hold a share of all: the towns it was sent to."""
    together: Counter[int] = Counter()
    for of in squares:
        together.update(of)
    left, stamps = dict(together), together.total()
    for _ in range(_OWN_TOWNS):
        held = {square: sum(left.get(near, 0) for near in _around(square)) for square in left}
        best = max(held, key=lambda square: (held[square], square), default=0)
        if not best or held[best] < max(PARAMETERS.own_town * stamps, 3):
            break
        for near in _around(best, 2):
            left.pop(near, None)
    return [{square: count for square, count in of.items() if square in left} for of in squares]
