"""Places as they are kept: the H3 cell around a point, never the point (invariant 11); and a town to say near which."""

from collections.abc import Mapping
from math import ceil, cos, hypot, radians
from typing import Final

import h3

from verifier.clones.distance import Fix, how_known
from verifier.contract import Place, PlaceSource, Words

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


# Towns that people know, in degrees north and east, to a tenth: enough to say "near". They are no administrative units,
# so no reform changes them.
_TOWNS: Final[Mapping[str, tuple[float, float]]] = {
    "Hà Nội": (21.0, 105.8),
    "Hải Phòng": (20.9, 106.7),
    "Hạ Long": (21.0, 107.1),
    "Móng Cái": (21.5, 108.0),
    "Bắc Giang": (21.3, 106.2),
    "Lạng Sơn": (21.8, 106.8),
    "Cao Bằng": (22.7, 106.3),
    "Thái Nguyên": (21.6, 105.8),
    "Tuyên Quang": (21.8, 105.2),
    "Hà Giang": (22.8, 105.0),
    "Lào Cai": (22.5, 104.0),
    "Yên Bái": (21.7, 104.9),
    "Lai Châu": (22.4, 103.5),
    "Điện Biên Phủ": (21.4, 103.0),
    "Sơn La": (21.3, 103.9),
    "Mộc Châu": (20.8, 104.6),
    "Hòa Bình": (20.8, 105.3),
    "Việt Trì": (21.3, 105.4),
    "Nam Định": (20.4, 106.2),
    "Thanh Hóa": (19.8, 105.8),
    "Vinh": (18.7, 105.7),
    "Hà Tĩnh": (18.3, 105.9),
    "Đồng Hới": (17.5, 106.6),
    "Huế": (16.5, 107.6),
    "Đà Nẵng": (16.1, 108.2),
    "Quảng Ngãi": (15.1, 108.8),
    "Quy Nhơn": (13.8, 109.2),
    "Pleiku": (14.0, 108.0),
    "Buôn Ma Thuột": (12.7, 108.1),
    "Nha Trang": (12.2, 109.2),
    "Đà Lạt": (11.9, 108.4),
    "Phan Thiết": (10.9, 108.1),
    "Biên Hòa": (10.9, 106.8),
    "Thành phố Hồ Chí Minh": (10.8, 106.7),
    "Vũng Tàu": (10.4, 107.1),
    "Tây Ninh": (11.3, 106.1),
    "Mỹ Tho": (10.4, 106.4),
    "Cần Thơ": (10.0, 105.8),
    "Rạch Giá": (10.0, 105.1),
    "Cà Mau": (9.2, 105.2),
}
_NEAR_KM: Final = 120.0
_DEGREE_KM: Final = 111.2


def near(cell: int | None) -> Words | None:
    """The town nearest to a cell, in words; None without a cell, or where none is near."""
    if cell is None:
        return None
    lat, lon = h3.cell_to_latlng(h3.int_to_str(cell))

    def away(town: str) -> float:
        north, east = _TOWNS[town]
        return hypot(north - lat, (east - lon) * cos(radians(lat))) * _DEGREE_KM

    town = min(_TOWNS, key=away)
    return Words(f"gần {town}", f"near {town}") if away(town) < _NEAR_KM else None
