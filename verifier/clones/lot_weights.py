"""What the lot level knows beforehand: how honest and copied stamps are spread over the states, and its thresholds.

The numbers, and where each comes from, are in `lots.json`; `bench.lots` fits and calibrates them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

AGES: Final = 3
"""Met before half of the sales life, before its end, after it."""
CLASSES: Final = 5
"""First met nowhere that is known, on the plan (or anywhere, without one), off it by up to 120 km, 350 km, or more."""
LEVELS: Final = 8
GROUPS: Final = 2 * AGES + 2
"""Lots without a plan and with one by age, then both again: stamps met where goods are packed, on the first days."""
GRID: Final = (0.005, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4)
"""Shares of a lot's stamps that may be copied."""
_UNIT = 256  # a weight is kept in 1/256 nat
_SPARSE = 0.002  # a group that was hardly seen is spread as all of them are
_NEVER = 1e-7


@dataclass(frozen=True, slots=True)
class Odds:
    """Of each state and class (group · CLASSES + class): its share among honest and among copied stamps.

    `honest` and `copied` are shares of a level within its class, `…_class` of a class within its group.
    `share_of_class` says, for each share of copies in `GRID`, which share of a class they make.
    """

    honest: tuple[float, ...]
    copied: tuple[float, ...]
    honest_class: tuple[float, ...]
    copied_class: tuple[float, ...]
    share_of_class: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The contents of `lots.json`; `alarm` is passed by one honest lot in 1,000, `look` by one in 100."""

    version: int
    levels: tuple[int, ...]
    odds: Odds
    worth: float
    leak: float
    worth_leak: float
    squares: float
    always: float
    own_town: float
    scales: tuple[float, ...]
    least_scale: float
    worth_lots: float
    bends: tuple[float, ...]
    look: float
    alarm: float


_NUMBERS = (
    "worth",
    "leak",
    "worth_leak",
    "squares",
    "always",
    "own_town",
    "least_scale",
    "worth_lots",
    "look",
    "alarm",
)


def load(raw: dict[str, Any]) -> Parameters:
    """Parameters from their file's contents. Raises KeyError and ValueError where some are missing."""
    numbers = {name: float(raw[name]["value"]) for name in _NUMBERS}
    levels = tuple(round(one * _UNIT) for one in raw["levels"]["value"])
    scales, bends = (tuple(map(float, raw[name]["value"])) for name in ("scales", "bends"))
    if len(levels) != LEVELS - 1 or len(scales) != 3 or len(bends) != 3:
        raise ValueError("there are seven edges between levels, and three parts")
    odds = odds_of(raw["honest"]["value"], raw["copied"]["value"])
    return Parameters(raw["version"], levels, odds, scales=scales, bends=bends, **numbers)


def odds_of(honest: Sequence[float], copied: Sequence[float]) -> Odds:
    """The odds by how honest and copied stamps are spread over the states, in any unit."""
    cells, classes = GROUPS * CLASSES * LEVELS, GROUPS * CLASSES
    if len(honest) != cells or len(copied) != cells:
        raise ValueError(f"there are {cells} states")
    spread = [_smooth(honest), _smooth(copied)]
    of_class = [[sum(one[met * LEVELS : met * LEVELS + LEVELS]) for met in range(classes)] for one in spread]
    of_level = [
        tuple(cell / sums[sign // LEVELS] for sign, cell in enumerate(one))
        for one, sums in zip(spread, of_class, strict=True)
    ]
    plain, bad = (
        tuple(one / sum(sums[met // CLASSES * CLASSES :][:CLASSES]) for met, one in enumerate(sums))
        for sums in of_class
    )
    shares = tuple(
        tuple(share * b / ((1 - share) * p + share * b) for p, b in zip(plain, bad, strict=True)) for share in GRID
    )
    return Odds(of_level[0], of_level[1], plain, bad, shares)


def _smooth(cells: Sequence[float]) -> list[float]:
    total, group = sum(cells), CLASSES * LEVELS
    pooled = [sum(cells[place::group]) / total for place in range(group)]
    return [cell / total + _SPARSE * pooled[place % group] + _NEVER for place, cell in enumerate(cells)]


PARAMETERS = load(json.loads(files(__package__).joinpath("lots.json").read_text("utf-8")))
