"""Places as they are kept: the H3 cell around a point, never the point (invariant 11)."""

from math import ceil

import h3

from verifier.contract import Place, PlaceSource
from verifier.sightings import Fix

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
    if place is None or place.source in {PlaceSource.NONE, PlaceSource.MOBILE_IP}:
        return None
    lat, lon = h3.cell_to_latlng(h3.latlng_to_cell(place.lat, place.lon, RESOLUTION))
    return Fix(round(lat, 2), round(lon, 2), ceil(place.accuracy_m / 1000 + _CELL_KM), at // 1_000_000, device)
