"""Places as they are kept: the H3 cell around a point, never the point (invariant 11); and a town to say near which."""

from math import ceil, cos, hypot, radians
from typing import Final

import h3

from verifier.clones.distance import Fix, how_known
from verifier.contract import TOWNS, Place, PlaceSource, Words

RESOLUTION = 6
# Average edge of an H3 cell of resolution 6 (h3geo.org, table of cell statistics): how far a point may lie from the
# centre that stands for it.
_CELL_KM = 3.7


def cell(place: Place | None) -> int | None:
    """The cell of a place, about 36 km²; None without one."""
    if place is None or place.source is PlaceSource.NONE:
        return None
    return int(h3.str_to_int(h3.latlng_to_cell(place.lat, place.lon, RESOLUTION)))


def fix(place: Place | None, at: int, device: int) -> Fix | None:
    """What the detector may know of a place: the cell's centre, and how wrong it can be. `at` in UTC microseconds."""
    found = cell(place)
    return None if place is None or found is None else _fix(found, place.source, place.accuracy_m / 1000, at, device)


def fix_of_cell(found: int | None, source: str, at: int, device: int) -> Fix | None:
    """The same from what a scan's row keeps of a place; its accuracy is no longer known and taken for the cell's."""
    return None if found is None else _fix(found, source, 0.0, at, device)


def _fix(found: int, source: str, accuracy_km: float, at: int, device: int) -> Fix:
    lat, lon = h3.cell_to_latlng(h3.int_to_str(found))
    km = ceil(accuracy_km + _CELL_KM)
    return Fix(round(lat, 2), round(lon, 2), km, at // 1_000_000, device, how_known(source, accuracy_km))


_NEAR_KM: Final = 120.0
_DEGREE_KM: Final = 111.2


def near(cell: int | None) -> Words | None:
    """The town nearest to a cell, in words; None without a cell, or where none is near."""
    if cell is None:
        return None
    lat, lon = h3.cell_to_latlng(h3.int_to_str(cell))

    def away(town: str) -> float:
        north, east, _ = TOWNS[town]
        return hypot(north - lat, (east - lon) * cos(radians(lat))) * _DEGREE_KM

    town = min(TOWNS, key=away)
    return Words(f"gần {town}", f"near {town}") if away(town) < _NEAR_KM else None
