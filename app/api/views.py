"""What the API shows of each noun: named columns, public ids only."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.models import Base
from app.models.certificates import Certificate
from app.models.devices import EnrolledDevice
from app.models.lots import Dispatch, Lot
from app.models.orders import PrintJob, StampOrder
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.recalls import Recall
from app.models.stamps import Batch, Hold, StampRange

_SHOWN: Mapping[type[Base], tuple[str, ...]] = {
    Organisation: ("uid", "code", "name", "kind", "state", "address", "phone", "prints", "example", "version"),
    Product: ("uid", "code", "gtin", "name", "name_en", "group", "state", "pack", "standard", "stampable", "version"),
    Certificate: ("uid", "decision_no", "stars", "points_a", "points_b", "points_c", "issued_on", "expires_on"),
    Lot: ("uid", "lot_no", "state", "facility", "produced_on", "expires_on", "quantity", "unit", "packs", "version"),
    Dispatch: ("uid", "buyer", "address", "quantity", "packs", "dispatched_on"),
    StampOrder: ("uid", "number", "state", "quantity", "profile", "with_gtin", "pins", "layout", "version"),
    PrintJob: ("uid", "state", "sha256", "size", "good", "spoiled"),
    Batch: ("uid", "number", "state", "profile", "gtin", "host", "pins", "layout", "version"),
    StampRange: ("state", "reason"),
    Hold: ("uid", "reason", "placed_at", "lifted_at"),
    EnrolledDevice: ("uid", "name", "role", "enrolled_at", "revoked_at"),
    Recall: ("uid", "number", "state", "reason", "instruction", "requested_at", "opened_at", "closed_at", "version"),
}


def view(row: Base) -> dict[str, Any]:
    """A row as JSON."""
    return {name: plain(name, getattr(row, name)) for name in _SHOWN[type(row)]}


def plain(name: str, value: object) -> Any:
    """A value as JSON: times as RFC 3339, quantities as text."""
    if name.endswith("_at") and isinstance(value, int):
        return datetime.fromtimestamp(value / 1_000_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    match value:
        case StrEnum():
            return value.value
        case UUID() | Decimal():
            return str(value)
        case date():
            return value.isoformat()
        case _:
            return value
