"""Where things happened, by commune in the province and by town beyond it: counts only, never a person (rule R10).

A place is kept as a cell of 36 km², so a commune is the one whose middle is nearest, and a province that of the nearest
town: enough to see where to look, not to prove where somebody stood.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import cos, hypot, radians
from typing import Final

import h3

from app.domain.errors import Text
from app.domain.units import UnitLevel
from app.models.units import AdminUnit
from app.services import units
from app.services.work import Work
from verifier.contract import TOWNS

COMMUNE_KM: Final = 14.0
TOWN_KM: Final = 120.0
_DEGREE_KM: Final = 111.2
Places = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Spot:
    """One commune or town with what happened there, by kind; without coordinates where it is not known."""

    name: Text
    province: str
    lat: float | None
    lon: float | None
    commune: bool
    counts: Counter[str] = field(default_factory=Counter)


UNKNOWN: Final = Text("Không rõ nơi", "Place not known")
ELSEWHERE: Final = Text("Nơi khác", "Elsewhere")


def communes(work: Work) -> dict[str, tuple[float, float]]:
    """The middle of each commune in force today."""
    rows: list[AdminUnit] = [row for row in units.on(work.session, work.today) if row.level is UnitLevel.COMMUNE]
    return {row.name: (row.lat, row.lon) for row in rows if row.lat is not None and row.lon is not None}


def places(work: Work) -> dict[str, tuple[float, float]]:
    """The middle of each commune of the province, and of each town that is known elsewhere."""
    return {name: (one.lat, one.lon) for name, one in TOWNS.items()} | communes(work)


def spots(work: Work, seen: Iterable[tuple[int | None, str]], fewest: int = 1) -> list[Spot]:
    """What happened where, by cell and kind: the places with most of it first, the unknown one last.

    Places with fewer than `fewest` of all kinds are one, elsewhere.
    """
    near = communes(work)
    found: dict[str, Spot] = {}
    for cell, kind in seen:
        spot = _spot(near, cell)
        found.setdefault(spot.name.vi, spot).counts[kind] += 1
    for name in [name for name, spot in found.items() if spot.lat is not None and spot.counts.total() < fewest]:
        elsewhere = found.setdefault(ELSEWHERE.vi, Spot(ELSEWHERE, "", None, None, commune=False))
        elsewhere.counts.update(found.pop(name).counts)
    return sorted(found.values(), key=lambda spot: (spot.lat is None, -spot.counts.total(), spot.name.vi))


UNKNOWN_KEY, ELSEWHERE_KEY = "?", "-"
_TOWN = "~"


def keys(work: Work, cells: Iterable[int | None]) -> dict[int | None, str]:
    """What the place of each cell is kept as in counts: a commune's name, or a town's behind a tilde."""
    near = communes(work)
    found: dict[int | None, str] = {}
    for cell in cells:
        name = _place(near, cell)
        found[cell] = name if name in {UNKNOWN_KEY, ELSEWHERE_KEY} or name in near else f"{_TOWN}{name}"
    return found


def called(key: str) -> tuple[Text, str]:
    """The name of a place by its key, and the province it is in, as far as it is known."""
    if key in _NAMES:
        return _NAMES[key], ""
    town = TOWNS.get(key.removeprefix(_TOWN)) if key.startswith(_TOWN) else None
    if town is not None:
        name = key.removeprefix(_TOWN)
        return Text(f"Quanh {name}", f"Around {name}"), town.province
    return Text(key, key), "Sơn La"


_NAMES: Mapping[str, Text] = {UNKNOWN_KEY: UNKNOWN, ELSEWHERE_KEY: ELSEWHERE}


def _place(near: Places, cell: int | None) -> str:
    """The commune or the town that a cell is nearest to."""
    if cell is None or not h3.is_valid_cell(h3.int_to_str(cell)):
        return UNKNOWN_KEY
    lat, lon = middle(cell)
    found = _nearest(near, lat, lon, COMMUNE_KM)
    return found or _nearest({name: one[:2] for name, one in TOWNS.items()}, lat, lon, TOWN_KM) or ELSEWHERE_KEY


def _spot(near: Places, cell: int | None) -> Spot:
    place = _place(near, cell)
    if place in near:
        return Spot(Text(place, place), "Sơn La", *near[place], commune=True)
    if place in TOWNS:
        name, province = called(f"{_TOWN}{place}")
        return Spot(name, province, TOWNS[place].lat, TOWNS[place].lon, commune=False)
    return Spot(_NAMES[place], "", None, None, commune=False)


@lru_cache(maxsize=4096)
def middle(cell: int) -> tuple[float, float]:
    """The middle of a cell, in degrees."""
    lat, lon = h3.cell_to_latlng(h3.int_to_str(cell))
    return lat, lon


def _nearest(places: Places, lat: float, lon: float, most_km: float) -> str | None:
    def away(name: str) -> float:
        north, east = places[name]
        return hypot(north - lat, (east - lon) * cos(radians(lat))) * _DEGREE_KM

    best = min(places, key=away, default=None)
    return best if best is not None and away(best) <= most_km else None
