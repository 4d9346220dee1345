"""What the API shows of each noun: named columns, and links by public id, looked up once for all rows of a kind."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.models import Base
from app.models.cases import AlertCase
from app.models.certificates import Certificate
from app.models.devices import EnrolledDevice
from app.models.files import StoredFile
from app.models.flags import KnownSeller, StampFlag
from app.models.lots import Dispatch, Lot, LotArea, LotInput, LotStep, LotTest, RetainedSample
from app.models.notices import Notice, Webhook
from app.models.orders import PrintJob, StampOrder
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.recalls import Recall, RecallLot
from app.models.stamps import Batch, Hold, RangeEvent, StampRange
from app.models.units import AdminUnit
from app.models.users import ApiToken, User
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class _Link:
    """A column that holds another row's key, and what of that row is shown."""

    column: str
    model: type[Base]
    shown: str = "uid"


def _shape(columns: str, **links: _Link) -> tuple[tuple[str, ...], Mapping[str, _Link]]:
    return tuple(columns.split()), links


_ORGANISATION = _Link("organisation_id", Organisation)
_PRODUCT = _Link("product_id", Product)
_LOT = _Link("lot_id", Lot)
_BATCH = _Link("batch_id", Batch)
_UNIT = _Link("unit_id", AdminUnit, "code")
_PRINTER = _Link("printer_id", Organisation)

_SHOWN: Mapping[type[Base], tuple[tuple[str, ...], Mapping[str, _Link]]] = {
    AdminUnit: _shape("code kind name valid_from valid_to"),
    Organisation: _shape(
        "uid code name kind state address phone email registration_no registered_on representative story gln prints "
        "example version",
        unit=_UNIT,
    ),
    Product: _shape(
        "uid code gtin name name_en group state brand standard description description_en ingredients usage warnings "
        "pack shelf_life_days annual_packs stampable tests_required version",
        organisation=_ORGANISATION,
    ),
    Certificate: _shape(
        "uid decision_no issuer stars points_a points_b points_c issued_on expires_on revoked_on", product=_PRODUCT
    ),
    Lot: _shape(
        "uid lot_no state facility produced_on expires_on quantity unit packs note version",
        product=_PRODUCT,
        organisation=_ORGANISATION,
    ),
    LotInput: _shape("material supplier origin supplier_lot quantity unit received_on"),
    LotStep: _shape("kind who place location_code done_on why"),
    LotTest: _shape(
        "laboratory report_no criteria sampled_on issued_on valid_until passed mandatory",
        file=_Link("file_id", StoredFile),
    ),
    RetainedSample: _shape("code quantity unit taken_on storage keep_until custodian"),
    LotArea: _shape("name lat lon radius_km"),
    StoredFile: _shape("uid name media_type size sha256"),
    Dispatch: _shape("uid buyer address quantity packs dispatched_on", lot=_LOT),
    StampOrder: _shape(
        "uid number state quantity profile with_gtin pins layout note decision_note submitted_at version",
        organisation=_ORGANISATION,
        product=_PRODUCT,
        lot=_LOT,
        printer=_PRINTER,
    ),
    PrintJob: _shape(
        "uid state sha256 size read_back strip_read good spoiled unprinted received returned lost released_at "
        "downloaded_at printed_at received_at",
        batch=_BATCH,
        printer=_PRINTER,
    ),
    Batch: _shape(
        "uid number state profile gtin host pins layout minted_at version",
        order=_Link("order_id", StampOrder),
        product=_PRODUCT,
        organisation=_ORGANISATION,
    ),
    StampRange: _shape("state reason changed_at", batch=_BATCH, lot=_LOT),
    RangeEvent: _shape("uid event reason at", batch=_BATCH, lot=_LOT),
    Notice: _shape("uid event thing name channel state at read_at"),
    Webhook: _shape("uid url created_at ended_at", organisation=_ORGANISATION),
    EnrolledDevice: _shape("uid name role enrolled_at revoked_at"),
    User: _shape("uid name email phone active created_at", organisation=_ORGANISATION, unit=_UNIT),
    ApiToken: _shape("uid name created_at expires_at revoked_at"),
    Hold: _shape("uid reason placed_at lifted_at", lot=_LOT, batch=_BATCH),
    Recall: _shape(
        "uid number state reason instruction remedy requested_at opened_at closed_at version",
        organisation=_ORGANISATION,
    ),
    AlertCase: _shape(
        "uid number kind state red opened_at last_at asked_at decided_at outcome version",
        organisation=_ORGANISATION,
        lot=_LOT,
        batch=_BATCH,
        hold=_Link("hold_id", Hold),
    ),
    StampFlag: _shape("uid kind words placed_at ended_at", batch=_BATCH),
    KnownSeller: _shape("uid kind name address lat lon radius_km added_at ended_at", organisation=_ORGANISATION),
    RecallLot: _shape("recovered result note", lot=_LOT),
}


def views(work: Work, rows: Sequence[Base]) -> list[dict[str, Any]]:
    """Rows of one kind as JSON, with one statement for each link that they have."""
    if not rows:
        return []
    columns, links = _SHOWN[type(rows[0])]
    found = {name: _linked(work, link, rows) for name, link in links.items()}
    return [
        {
            **{name: plain(name, getattr(row, name)) for name in columns},
            **{name: found[name].get(getattr(row, link.column)) for name, link in links.items()},
        }
        for row in rows
    ]


def _linked(work: Work, link: _Link, rows: Sequence[Base]) -> dict[int | None, str]:
    keys = {getattr(row, link.column) for row in rows} - {None}
    if not keys:
        return {}
    table: Any = link.model
    shown = getattr(table, link.shown)
    return {
        key: str(value) for key, value in work.session.execute(sa.select(table.id, shown).where(table.id.in_(keys)))
    }


def plain(name: str, value: object) -> Any:
    """A value as JSON: times as RFC 3339, quantities as text."""
    if isinstance(value, int) and (name.endswith("_at") or name == "at"):
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


def jsonable(value: Any, name: str = "") -> Any:
    """Records, mappings and sequences of plain values as JSON."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {key: jsonable(one, key) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(one) for one in value]
    return plain(name, value)
