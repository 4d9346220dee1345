"""Towns that people know, to a tenth of a degree: enough to say "near", or to put a mark on a small map. Pure data.

The towns are no administrative units, so no reform moves them; `province` is the one they lie in since 2025-07-01
(resolution 202/2025/QH15).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Town(NamedTuple):
    """A town: degrees north and east, and its province."""

    lat: float
    lon: float
    province: str


TOWNS: Final[Mapping[str, Town]] = {
    "Hà Nội": Town(21.0, 105.8, "Hà Nội"),
    "Hải Phòng": Town(20.9, 106.7, "Hải Phòng"),
    "Hạ Long": Town(21.0, 107.1, "Quảng Ninh"),
    "Móng Cái": Town(21.5, 108.0, "Quảng Ninh"),
    "Bắc Giang": Town(21.3, 106.2, "Bắc Ninh"),
    "Lạng Sơn": Town(21.8, 106.8, "Lạng Sơn"),
    "Cao Bằng": Town(22.7, 106.3, "Cao Bằng"),
    "Thái Nguyên": Town(21.6, 105.8, "Thái Nguyên"),
    "Tuyên Quang": Town(21.8, 105.2, "Tuyên Quang"),
    "Hà Giang": Town(22.8, 105.0, "Tuyên Quang"),
    "Lào Cai": Town(22.5, 104.0, "Lào Cai"),
    "Yên Bái": Town(21.7, 104.9, "Lào Cai"),
    "Lai Châu": Town(22.4, 103.5, "Lai Châu"),
    "Điện Biên Phủ": Town(21.4, 103.0, "Điện Biên"),
    "Sơn La": Town(21.3, 103.9, "Sơn La"),
    "Mộc Châu": Town(20.8, 104.6, "Sơn La"),
    "Hòa Bình": Town(20.8, 105.3, "Phú Thọ"),
    "Việt Trì": Town(21.3, 105.4, "Phú Thọ"),
    "Nam Định": Town(20.4, 106.2, "Ninh Bình"),
    "Thanh Hóa": Town(19.8, 105.8, "Thanh Hóa"),
    "Vinh": Town(18.7, 105.7, "Nghệ An"),
    "Hà Tĩnh": Town(18.3, 105.9, "Hà Tĩnh"),
    "Đồng Hới": Town(17.5, 106.6, "Quảng Trị"),
    "Huế": Town(16.5, 107.6, "Huế"),
    "Đà Nẵng": Town(16.1, 108.2, "Đà Nẵng"),
    "Quảng Ngãi": Town(15.1, 108.8, "Quảng Ngãi"),
    "Quy Nhơn": Town(13.8, 109.2, "Gia Lai"),
    "Pleiku": Town(14.0, 108.0, "Gia Lai"),
    "Buôn Ma Thuột": Town(12.7, 108.1, "Đắk Lắk"),
    "Nha Trang": Town(12.2, 109.2, "Khánh Hòa"),
    "Đà Lạt": Town(11.9, 108.4, "Lâm Đồng"),
    "Phan Thiết": Town(10.9, 108.1, "Lâm Đồng"),
    "Biên Hòa": Town(10.9, 106.8, "Đồng Nai"),
    "Thành phố Hồ Chí Minh": Town(10.8, 106.7, "Thành phố Hồ Chí Minh"),
    "Vũng Tàu": Town(10.4, 107.1, "Thành phố Hồ Chí Minh"),
    "Tây Ninh": Town(11.3, 106.1, "Tây Ninh"),
    "Mỹ Tho": Town(10.4, 106.4, "Đồng Tháp"),
    "Cần Thơ": Town(10.0, 105.8, "Cần Thơ"),
    "Rạch Giá": Town(10.0, 105.1, "An Giang"),
    "Cà Mau": Town(9.2, 105.2, "Cà Mau"),
}
