"""Administrative units: levels and kinds of an effective-dated tree.

Sơn La had 12 districts and 204 communes in 2019, 200 communes from 2025-02-01, and since 2025-07-01
(resolution 1681/NQ-UBTVQH15) 75 communes and no district level. Codes and names are re-used, so a unit is
known by (code, valid_from).
"""

from enum import StrEnum


class UnitLevel(StrEnum):
    """How high a unit stands in the tree."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


class UnitKind(StrEnum):
    """What a unit calls itself; the Vietnamese word is its label."""

    TINH = "tinh"
    THANH_PHO = "thanh_pho"
    THI_XA = "thi_xa"
    HUYEN = "huyen"
    XA = "xa"
    PHUONG = "phuong"
    THI_TRAN = "thi_tran"
