"""Where goods of the province are sold: names with a circle each (degrees, kilometres), to choose a sales area from.

The circles are coarse on purpose: an area says where a lot is meant to be, not where a shop stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Market:
    """A named circle."""

    name: str
    lat: float
    lon: float
    radius_km: float


MARKETS: Mapping[str, Market] = {
    key: Market(*values)
    for key, values in {
        "son-la": ("Sơn La", 21.25, 104.0, 110.0),
        "dien-bien": ("Điện Biên", 21.6, 103.1, 80.0),
        "lao-cai": ("Lào Cai", 22.1, 104.3, 90.0),
        "phu-tho": ("Phú Thọ", 21.1, 105.3, 80.0),
        "ha-noi": ("Hà Nội", 21.03, 105.85, 45.0),
        "hai-phong": ("Hải Phòng", 20.86, 106.6, 45.0),
        "quang-ninh": ("Quảng Ninh", 21.2, 107.2, 90.0),
        "ninh-binh": ("Ninh Bình", 20.3, 106.0, 50.0),
        "thanh-hoa": ("Thanh Hoá", 20.0, 105.4, 90.0),
        "nghe-an": ("Nghệ An", 19.2, 104.9, 120.0),
        "hue": ("Huế", 16.4, 107.6, 60.0),
        "da-nang": ("Đà Nẵng", 15.9, 108.1, 80.0),
        "khanh-hoa": ("Khánh Hoà", 12.2, 109.1, 90.0),
        "lam-dong": ("Lâm Đồng", 11.7, 108.1, 110.0),
        "tp-hcm": ("Thành phố Hồ Chí Minh", 10.8, 106.7, 60.0),
        "can-tho": ("Cần Thơ", 10.0, 105.8, 60.0),
        "viet-nam": ("Cả nước", 16.2, 106.4, 900.0),
    }.items()
}
