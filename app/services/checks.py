"""Checks on single values; each gives the clean value or refuses, naming the field."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import phonenumbers

from app.domain.errors import Refusal
from stamp_engine.errors import Malformed
from stamp_engine.format import check_gtin

MOST = Decimal(10**11)
FIELDS: Mapping[str, str] = {
    "name": "Tên / name",
    "address": "Địa chỉ / address",
    "description": "Mô tả / description",
    "pack": "Quy cách / pack",
    "lot_no": "Số lô / lot number",
    "facility": "Nơi sản xuất / facility",
    "unit": "Đơn vị / unit",
    "quantity": "Số lượng / quantity",
    "packs": "Số gói / packs",
    "reason": "Lý do / reason",
    "email": "Thư điện tử / e-mail",
    "phone": "Điện thoại / telephone",
    "instruction": "Hướng dẫn / instruction",
    "produced_on": "Ngày sản xuất / production date",
    "expires_on": "Hạn sử dụng / expiry date",
    "decision_no": "Số quyết định / decision number",
    "gtin": "GTIN",
}
"""What fields are called in refusals, in both languages."""


def label(name: str) -> str:
    """What a field is called."""
    return FIELDS.get(name, name)


def text(name: str, value: str | None, most: int = 200) -> str:
    """A text that must be there. Raises Refusal."""
    found = optional(name, value, most)
    if found is None:
        raise Refusal("required", pointer=f"/{name}", what=label(name))
    return found


def optional(name: str, value: str | None, most: int = 200) -> str | None:
    """A text that may be missing; blank counts as missing. Raises Refusal."""
    found = (value or "").replace("\0", "").strip()
    if len(found) > most:
        raise Refusal("too_long", pointer=f"/{name}", what=label(name), most=most)
    return found or None


def positive(name: str, value: Decimal) -> Decimal:
    """A quantity above nothing, as large as a column holds. Raises Refusal."""
    if not value.is_finite() or not 0 < value < MOST:
        raise Refusal("not_positive", pointer=f"/{name}", what=label(name))
    return value


def phone(value: str | None, name: str = "phone") -> str | None:
    """A telephone number as E.164; `0912 345 678` and `+84912345678` are the same. Raises Refusal."""
    raw = optional(name, value, 40)
    if raw is None:
        return None
    try:
        parsed = phonenumbers.parse(raw, "VN")
    except phonenumbers.NumberParseException:
        raise Refusal("phone_wrong", pointer=f"/{name}") from None
    if not phonenumbers.is_possible_number(parsed):
        raise Refusal("phone_wrong", pointer=f"/{name}")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def gtin(value: str | None) -> str | None:
    """A GTIN of 8, 12, 13 or 14 digits as GTIN-14. Raises Refusal."""
    raw = optional("gtin", value, 20)
    if raw is None:
        return None
    digits = "".join(raw.split())
    if len(digits) not in {8, 12, 13, 14} or not digits.isascii() or not digits.isdigit():
        raise Refusal("gtin_wrong", pointer="/gtin")
    try:
        return check_gtin(digits.zfill(14))
    except Malformed:
        raise Refusal("gtin_wrong", pointer="/gtin") from None


def ordered(earlier: tuple[str, date], later: tuple[str, date | None]) -> None:
    """Two dates in order; they may be the same day. Raises Refusal at the later one."""
    if later[1] is not None and later[1] < earlier[1]:
        raise Refusal("dates_out_of_order", pointer=f"/{later[0]}", later=label(later[0]), earlier=label(earlier[0]))


def not_future(name: str, value: date, today: date) -> date:
    """A day that has come. Raises Refusal."""
    if value > today:
        raise Refusal("date_in_future", pointer=f"/{name}", what=label(name))
    return value
