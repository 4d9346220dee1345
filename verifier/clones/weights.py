"""What evidence weighs: log-odds of "this code is on several packs" against honest explanations. Pure.

The weight is a sum of small tables, one a pair of counters, fitted so that it is the log-odds of several packs against
the honest stamps of a market as they come: ordinary packs, packs that many people see in one place (a display unit, an
office), forwarded links. Codes that were published are left out of that: a shared photo says so (`published`) and is a
warning of its own, while a weight that had to tell copies from it would find few of either. Two more sets of tables
hold the same counters against packs seen by many, and against codes that were passed around.

The numbers, where they come from, and the threshold are in `weights.json`, fitted by `bench.fit`.
"""

import json
from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from operator import getitem
from typing import NamedTuple

from verifier.clones.evidence import Evidence

UNIT = 256  # a weight is kept in 1/256 nat
_LARGEST = 30.0
_CELL_UNIT = 64  # a cell is kept in 1/64 nat


class Null(StrEnum):
    """The honest explanations."""

    HONEST = "honest"
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
HOURS = (6, 24, 72, 168, 336, 720, 1440)
# In the order of the fields of `Evidence`.
AXES = {
    axis.name: axis
    for axis in (
        Axis("voices", _MANY),
        Axis("days", _steps(2, 3, 4, 5, 6, 8, 11, 15, 21)),
        Axis("placed", _SOME),
        Axis("same", _SOME),
        Axis("aside", _SOME),
        Axis("span", tuple(min(value, len(HOURS)) for value in range(256))),
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
    ("voices", "placed", Ground.DEVICES),
    ("aside", "voices", Ground.DEVICES),
    ("owners", "voices", Ground.DEVICES),
    ("owners", "span", Ground.DEVICES),
    ("owners", "days", Ground.DEVICES),
    ("same", "voices", Ground.DEVICES),
    ("voices", "planned", Ground.DEVICES),
    ("voices", "span", Ground.TIME),
    ("weeks", "days", Ground.TIME),
    ("days", "span", Ground.TIME),
    ("after_claim", "weeks", Ground.TIME),
    ("after_claim", "span", Ground.TIME),
    ("placed", "span", Ground.TIME),
    ("towns", "placed", Ground.PLACES),
    ("towns", "days", Ground.PLACES),
    ("towns", "span", Ground.PLACES),
    ("towns", "switches", Ground.PLACES),
    ("switches", "placed", Ground.PLACES),
    ("switches", "span", Ground.PLACES),
    ("off_plan", "towns", Ground.PLACES),
    ("off_plan", "planned", Ground.PLACES),
    ("off_plan", "placed", Ground.PLACES),
    ("off_plan", "voices", Ground.PLACES),
    ("off_plan", "days", Ground.PLACES),
    ("off_plan", "span", Ground.PLACES),
    ("hubs", "voices", Ground.PLACES),
    ("hubs", "off_plan", Ground.PLACES),
    ("hubs", "placed", Ground.PLACES),
    ("hubs", "owners", Ground.PLACES),
    ("hubs", "span", Ground.PLACES),
    ("same", "aside", Ground.PLACES),
    ("same", "switches", Ground.PLACES),
    ("torn", "towns", Ground.PLACES),
    ("after_claim", "towns", Ground.PLACES),
    ("claims", "far_claims", Ground.CLAIMS),
    ("claims", "voices", Ground.CLAIMS),
    ("claims", "towns", Ground.CLAIMS),
    ("claims", "off_plan", Ground.CLAIMS),
    ("claims", "span", Ground.CLAIMS),
    ("claims", "days", Ground.CLAIMS),
    ("claims", "after_claim", Ground.CLAIMS),
    ("claims", "pins", Ground.CLAIMS),
    ("pins", "far_pins", Ground.CLAIMS),
    ("pins", "voices", Ground.CLAIMS),
    ("pins", "span", Ground.CLAIMS),
    ("wrong_pins", "pins", Ground.CLAIMS),
    ("wrong_pins", "voices", Ground.CLAIMS),
    ("wrong_pins", "owners", Ground.CLAIMS),
    ("wrong_pins", "span", Ground.CLAIMS),
    ("stale", "days", Ground.AGE),
    ("stale", "voices", Ground.AGE),
    ("stale", "span", Ground.AGE),
    ("stale", "off_plan", Ground.AGE),
    ("stale", "owners", Ground.AGE),
    ("stale", "claims", Ground.AGE),
    ("stale", "after_claim", Ground.AGE),
    ("old", "stale", Ground.AGE),
    ("old", "voices", Ground.AGE),
    ("old", "span", Ground.AGE),
    ("old", "planned", Ground.AGE),
    ("old", "placed", Ground.AGE),
    ("old", "owners", Ground.AGE),
)
"""Pairs of counters that are weighed together. A table's cell is `bin(first) · size(second) + bin(second)`."""

_NAMES = list(AXES)
_PAIRS = tuple((_NAMES.index(first), _NAMES.index(second), AXES[second].size) for first, second, _ in TABLES)
_BINS = tuple(axis.bins for axis in AXES.values())
_SPAN = _NAMES.index("span")


def counters(e: Evidence) -> tuple[int, ...]:
    """The counters in the order of `AXES`, the hours as their bin."""
    return (*e[:_SPAN], bisect_left(HOURS, e.last_h + 1), *e[_SPAN + 1 : -2])  # type: ignore[arg-type]  # whole numbers


def cells(found: tuple[int, ...]) -> list[int]:
    """The cell of each table that these counters fall into."""
    bins = [row[value] for row, value in zip(_BINS, found, strict=True)]
    return [bins[first] * size + bins[second] for first, second, size in _PAIRS]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The contents of `weights.json`: the tables of each null, in nats, and the thresholds in 1/256 nat.

    `unusual` is the threshold; `mild` so much below it a history is worth a look.
    """

    version: int
    unusual: int
    mild: int
    exposed_voices: int
    exposed_towns: int
    impossible_pairs: int
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
    unusual, mild = (round(raw[name]["value"] * UNIT) for name in ("unusual", "mild"))
    voices, towns, pairs = (int(raw[name]["value"]) for name in ("exposed_voices", "exposed_towns", "impossible_pairs"))
    return Parameters(raw["version"], unusual, mild, voices, towns, pairs, tuple(tables))


PARAMETERS = load(files(__package__).joinpath("weights.json").read_text("utf-8"))


_HONEST, _SEEN_BY_MANY, _PASSED_AROUND = range(len(Null))


def weigh(e: Evidence) -> int:
    """The log-odds of several packs, in 1/256 nat."""
    return _weight(counters(e), _HONEST)


def weigh_displayed(e: Evidence) -> int:
    """The log-odds of several packs for one that is known to be on display, in 1/256 nat: no other excuse counts."""
    return _weight(counters(e), _SEEN_BY_MANY)


@lru_cache(maxsize=65_536)
def _weight(found: tuple[int, ...], null: int) -> int:
    """Most stamps ever seen share a few thousand histories, so most weights are known already."""
    return round(min(max(_sum(PARAMETERS.tables[null], cells(found)), -_LARGEST), _LARGEST) * UNIT)


def _sum(rows: tuple[tuple[float, ...], ...], found: list[int]) -> float:
    return sum(map(getitem, rows, found))


def grounds(e: Evidence) -> list[tuple[Ground, float]]:
    """What speaks for several packs: grounds with their nats, heaviest first."""
    sums = dict.fromkeys(Ground, 0.0)
    for (_, _, ground), row, cell in zip(TABLES, PARAMETERS.tables[_HONEST], cells(counters(e)), strict=True):
        sums[ground] += row[cell]
    return sorted(sums.items(), key=lambda pair: -pair[1])


def published(e: Evidence) -> bool:
    """Whether many strangers in many towns have met this code, and being passed around explains it better."""
    if e.voices < PARAMETERS.exposed_voices or e.towns < PARAMETERS.exposed_towns:
        return False
    return _weight(counters(e), _PASSED_AROUND) < 0
