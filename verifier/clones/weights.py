"""What evidence weighs: log-odds of "this code is on several packs" against three honest explanations. Pure.

The honest explanations ("nulls") are an ordinary pack, a pack that many people see in one place (a display unit, an
office), and a code that was passed around (a forwarded link, a public photo). For each there is a sum of small tables,
one a pair of counters; a cell is the logarithm of how many more times stamps on several packs than stamps with that
explanation come by there. All must be rejected: the weight is the log-odds against their mixture,

    weight = −ln Σ share(n) · exp(−Σ table(n, cell))

so that a rare explanation counts for little where the evidence against the common one is weak, and stands in the way
where it is strong. The numbers, where they come from, and the threshold are in `weights.json`, fitted by `bench.fit`.
"""

import json
from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from math import exp, log
from operator import getitem
from typing import NamedTuple

from verifier.clones.evidence import Evidence

UNIT = 256  # a weight is kept in 1/256 nat
_LARGEST = 30.0
_CELL_UNIT = 64  # a cell is kept in 1/64 nat


class Null(StrEnum):
    """The honest explanations."""

    ORDINARY = "ordinary"
    SHOWN = "shown"
    SHARED = "shared"


class Ground(StrEnum):
    """What a table is about, in the words of the reasons."""

    DEVICES = "devices"
    TIME = "time"
    PLACES = "places"
    CLAIMS = "claims"
    AGE = "age"


def _steps(*edges: int) -> tuple[int, ...]:
    """For each value of a byte, how many edges lie at or below it."""
    return tuple(sum(edge <= value for edge in edges) for value in range(256))


class Axis(NamedTuple):
    """One counter and how it is cut: a value's bin is `bins[value]`."""

    name: str
    bins: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many bins there are."""
        return self.bins[-1] + 1


_FEW = _steps(1, 2, 3, 4, 5, 7)
_MANY = _steps(1, 2, 3, 4, 5, 6, 8, 11, 15, 21, 31, 51)
_SOME = _steps(1, 2, 3, 5, 9, 17)
_HOURS = (6, 24, 72, 168, 336, 720, 1440)
# In the order of the fields of `Evidence`.
AXES = {
    axis.name: axis
    for axis in (
        Axis("voices", _MANY),
        Axis("days", _steps(2, 3, 4, 5, 6, 8, 11, 15, 21)),
        Axis("placed", _SOME),
        Axis("same", _SOME),
        Axis("aside", _SOME),
        Axis("span", tuple(min(value, len(_HOURS)) for value in range(256))),
        Axis("weeks", _FEW),
        Axis("after_claim", _FEW),
        Axis("towns", _FEW),
        Axis("switches", _FEW),
        Axis("off_plan", _FEW),
        Axis("hubs", _FEW),
        Axis("old", _FEW),
        Axis("stale", _FEW),
        Axis("owners", _FEW),
        Axis("claims", _FEW),
        Axis("far_claims", _steps(1, 2, 3)),
        Axis("wrong_pins", _steps(1, 2, 3)),
        Axis("pins", _steps(1, 2, 3)),
        Axis("far_pins", _steps(1, 2)),
        Axis("torn", _steps(1, 2)),
        Axis("planned", _steps(1)),
    )
}
TABLES: tuple[tuple[str, str, Ground], ...] = (
    ("voices", "days", Ground.DEVICES),
    ("voices", "span", Ground.TIME),
    ("weeks", "days", Ground.TIME),
    ("voices", "placed", Ground.DEVICES),
    ("towns", "placed", Ground.PLACES),
    ("towns", "days", Ground.PLACES),
    ("towns", "span", Ground.PLACES),
    ("towns", "switches", Ground.PLACES),
    ("switches", "placed", Ground.PLACES),
    ("off_plan", "towns", Ground.PLACES),
    ("off_plan", "planned", Ground.PLACES),
    ("hubs", "voices", Ground.PLACES),
    ("same", "aside", Ground.PLACES),
    ("aside", "voices", Ground.DEVICES),
    ("torn", "towns", Ground.PLACES),
    ("claims", "far_claims", Ground.CLAIMS),
    ("claims", "voices", Ground.CLAIMS),
    ("claims", "towns", Ground.CLAIMS),
    ("after_claim", "weeks", Ground.TIME),
    ("after_claim", "towns", Ground.TIME),
    ("owners", "voices", Ground.DEVICES),
    ("stale", "days", Ground.AGE),
    ("old", "stale", Ground.AGE),
    ("old", "voices", Ground.AGE),
    ("pins", "far_pins", Ground.CLAIMS),
    ("wrong_pins", "pins", Ground.CLAIMS),
)
"""Pairs of counters that are weighed together. A table's cell is `bin(first) · size(second) + bin(second)`."""

_PAIRS = tuple((list(AXES).index(first), list(AXES).index(second), AXES[second].size) for first, second, _ in TABLES)
_BINS = tuple(axis.bins for axis in AXES.values())
_SPAN = list(AXES).index("span")


def cells(e: Evidence) -> list[int]:
    """The cell of each table that this evidence falls into."""
    counters: tuple[int, ...] = e[:-2]
    bins = [row[value] for row, value in zip(_BINS[:_SPAN], counters[:_SPAN], strict=True)]
    bins.append(bisect_left(_HOURS, e.last_h + 1))
    bins += [row[value] for row, value in zip(_BINS[_SPAN + 1 :], counters[_SPAN + 1 :], strict=True)]
    return [bins[first] * size + bins[second] for first, second, size in _PAIRS]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The contents of `weights.json`: shares and tables of each null, in nats, and the thresholds in 1/256 nat.

    `unusual` is the threshold; `mild` so much below it a history is worth a look; `lot_levels` are weights and the
    share of honest stamps that ever pass them; `lot_unusual` is the threshold of a lot.
    """

    version: int
    unusual: int
    mild: int
    exposed_voices: int
    exposed_towns: int
    impossible_pairs: int
    lot_unusual: int
    lot_levels: tuple[tuple[int, float], ...]
    logs: tuple[float, ...]
    tables: tuple[tuple[tuple[float, ...], ...], ...]


def load(text: str) -> Parameters:
    """Parameters from their file. Raises ValueError where a table is missing or has another size."""
    raw = json.loads(text)
    tables = []
    for null in Null:
        rows = [raw["tables"][null.value][f"{first} × {second}"] for first, second, _ in TABLES]
        if any(len(row) != AXES[a].size * AXES[b].size for row, (a, b, _) in zip(rows, TABLES, strict=True)):
            raise ValueError(f"a table of {null.value} has another size than its axes")
        tables.append(tuple(tuple(cell / _CELL_UNIT for cell in row) for row in rows))
    logs = tuple(log(raw["shares"][null.value]["value"]) for null in Null)
    unusual, mild, lot = (round(raw[name]["value"] * UNIT) for name in ("unusual", "mild", "lot_unusual"))
    voices, towns, pairs = (int(raw[name]["value"]) for name in ("exposed_voices", "exposed_towns", "impossible_pairs"))
    levels = tuple((round(one["weight"] * UNIT), one["share"]) for one in raw["lot_levels"]["value"])
    return Parameters(raw["version"], unusual, mild, voices, towns, pairs, lot, levels, logs, tuple(tables))


PARAMETERS = load(files(__package__).joinpath("weights.json").read_text("utf-8"))


def weigh(e: Evidence, parameters: Parameters = PARAMETERS) -> int:
    """The log-odds of several packs, in 1/256 nat."""
    found = cells(e)
    ordinary = _sum(parameters.tables[0], found)
    if ordinary <= 0:
        return round(max(ordinary, -_LARGEST) * UNIT)  # an ordinary pack explains it: nothing else is asked
    odds = [ordinary, *[_sum(rows, found) for rows in parameters.tables[1:]]]
    honest = [exp(share - min(max(one, -_LARGEST), _LARGEST)) for one, share in zip(odds, parameters.logs, strict=True)]
    return round(-log(sum(honest)) * UNIT)


_SEEN_BY_MANY = tuple(Null).index(Null.SHOWN)


def weigh_displayed(e: Evidence, parameters: Parameters = PARAMETERS) -> int:
    """The log-odds of several packs for one that is known to be on display, in 1/256 nat: no other excuse counts."""
    return round(max(_sum(parameters.tables[_SEEN_BY_MANY], cells(e)), -_LARGEST) * UNIT)


def against(found: list[int], parameters: Parameters = PARAMETERS) -> list[float]:
    """The log-odds against each honest explanation, in the order of `Null`, in nats."""
    return [_sum(rows, found) for rows in parameters.tables]


def _sum(rows: tuple[tuple[float, ...], ...], found: list[int]) -> float:
    return sum(map(getitem, rows, found))


def grounds(e: Evidence, parameters: Parameters = PARAMETERS) -> list[tuple[Ground, float]]:
    """What speaks against the honest explanation that holds best: grounds with their nats, heaviest first."""
    found = cells(e)
    best = _best(found, parameters)
    sums = dict.fromkeys(Ground, 0.0)
    for (_, _, ground), row, cell in zip(TABLES, parameters.tables[best], found, strict=True):
        sums[ground] += row[cell]
    return sorted(sums.items(), key=lambda pair: -pair[1])


def published(e: Evidence, parameters: Parameters = PARAMETERS) -> bool:
    """Whether many strangers in many towns have met this code, and a code passed around explains it best."""
    if e.voices < parameters.exposed_voices or e.towns < parameters.exposed_towns:
        return False
    return tuple(Null)[_best(cells(e), parameters)] is Null.SHARED


def _best(found: list[int], parameters: Parameters) -> int:
    """The place in `Null` of the honest explanation that holds best."""
    odds = against(found, parameters)
    return max(range(len(odds)), key=lambda n: parameters.logs[n] - odds[n])
