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


def spots(work: Work, seen: Iterable[tuple[int | None, str]]) -> list[Spot]:
    """What happened where, by cell and kind: the places with most of it first, the unknown one last."""
    near = communes(work)
    found: dict[str, Spot] = {}
    for cell, kind in seen:
        spot = _spot(near, cell)
        found.setdefault(spot.name.vi, spot).counts[kind] += 1
    return sorted(found.values(), key=lambda spot: (spot.lat is None, -spot.counts.total(), spot.name.vi))


def _spot(near: Places, cell: int | None) -> Spot:
    if cell is None:
        return Spot(UNKNOWN, "", None, None, commune=False)
    lat, lon = middle(cell)
    commune = _nearest(near, lat, lon, COMMUNE_KM)
    if commune is not None:
        return Spot(Text(commune, commune), "Sơn La", *near[commune], commune=True)
    town = _nearest({name: one[:2] for name, one in TOWNS.items()}, lat, lon, TOWN_KM)
    if town is not None:
        known = TOWNS[town]
        return Spot(Text(f"Quanh {town}", f"Around {town}"), known.province, known.lat, known.lon, commune=False)
    return Spot(ELSEWHERE, "", None, None, commune=False)


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
