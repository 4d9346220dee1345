"""A lot's dossier: inputs, stages, tests with their file, samples, photos, sales areas, and goods that leave."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response

from app.auth import needs, reading
from app.domain.errors import Refusal, Text
from app.domain.lots import StepKind
from app.domain.markets import MARKETS
from app.domain.permissions import Action
from app.models.lots import LotInput, LotStep, LotTest, RetainedSample
from app.services import activations, lots
from app.services import dossiers as service
from app.services.lots import NewArea, NewDispatch, NewInput, NewSample, NewStep, NewTest, PartRow
from app.services.work import Work
from app.web import Page, done, number, step, submitted, web
from app.web.activations import reader
from app.web.forms import Field, Form, asked, choices, optional
from app.web.uploads import store, upload


@dataclass(frozen=True, slots=True)
class Area:
    """A sales area by its name in the table of markets."""

    market: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of part: its command, what it is called, its questions, and the table that remembers the last one."""

    command: type
    title: Text
    fields: tuple[Field, ...]
    model: type[PartRow] | None = None


KINDS: dict[str, Kind] = {
    "input": Kind(
        NewInput,
        Text("Nguyên liệu", "Input"),
        (
            asked("material", "Nguyên liệu", "Material"),
            asked("supplier", "Người cung cấp", "Supplier"),
            asked("origin", "Nguồn gốc (vùng trồng, xã…)", "Origin (plot, commune…)"),
            asked("quantity", "Số lượng", "Quantity", "amount", most=18),
            asked("unit", "Đơn vị", "Unit", most=16),
            asked("received_on", "Ngày nhận", "Received on", "date"),
            optional("supplier_lot", "Lô của người cung cấp", "Supplier's lot", most=40),
        ),
        LotInput,
    ),
    "step": Kind(
        NewStep,
        Text("Công đoạn", "Stage"),
        (
            asked("kind", "Công đoạn", "Stage", "select", options=choices(StepKind)),
            asked("who", "Ai làm", "Who"),
            asked("place", "Ở đâu", "Where"),
            asked("done_on", "Ngày", "When", "date"),
            optional("why", "Để làm gì", "Why"),
        ),
        LotStep,
    ),
    "test": Kind(
        NewTest,
        Text("Phiếu kiểm nghiệm", "Test report"),
        (
            asked("laboratory", "Phòng thử nghiệm", "Laboratory"),
            asked("report_no", "Số phiếu", "Report number", most=60),
            asked("criteria", "Chỉ tiêu", "Criteria", "textarea", most=2000),
            asked("sampled_on", "Ngày lấy mẫu", "Sampled on", "date"),
            asked("issued_on", "Ngày cấp", "Issued on", "date"),
            asked("valid_until", "Có giá trị đến", "Valid until", "date"),
            optional("passed", "Đạt", "Passed", "checkbox"),
            optional("file", "Ảnh chụp hoặc PDF của phiếu", "Photo or PDF of the report", "file"),
        ),
        LotTest,
    ),
    "sample": Kind(
        NewSample,
        Text("Mẫu lưu", "Retained sample"),
        (
            asked("code", "Mã mẫu", "Code", most=40),
            asked("quantity", "Số lượng", "Quantity", "amount", most=18),
            asked("unit", "Đơn vị", "Unit", most=16),
            asked("taken_on", "Ngày lấy", "Taken on", "date"),
            asked("storage", "Nơi giữ", "Storage"),
            asked("keep_until", "Giữ đến", "Keep until", "date"),
            asked("custodian", "Người giữ", "Custodian"),
        ),
        RetainedSample,
    ),
    "area": Kind(
        Area,
        Text("Nơi bán dự kiến", "Planned sales area"),
        (
            asked(
                "market",
                "Nơi bán",
                "Where",
                "select",
                options=[(key, Text(one.name, one.name)) for key, one in MARKETS.items()],
            ),
        ),
    ),
}


@web.route("/lots/<uuid:uid>/add/<kind>", methods=["GET", "POST"])
@needs(Action.EDIT_LOT)
def add_part(uid: UUID, kind: str) -> Page:
    """Add a part to the dossier; what the last lot said stands there already."""
    found = KINDS.get(kind)
    if found is None:
        raise Refusal("not_found", what="part")
    with reading() as work:
        lot = lots.get(work, uid)
        work.may(Action.EDIT_LOT, organisation_id=lot.organisation_id, what="lot")
        last = service.before(work, lot.product_id, found.model) if found.model else None
        today = work.today
    form: Form[Any] = Form(found.command, found.fields)
    form.given = _like(found, last, today)

    def then(_: Any) -> Response:
        return done("web.lot", uid=uid)

    return submitted(form, _adder(uid, kind), then, found.title)


def _adder(uid: UUID, kind: str) -> Callable[[Work, Any], Any]:
    """How a part of this kind is added."""
    if kind == "test":
        file = upload("file")
        return lambda work, part: service.add_test(work, store(), uid, part, file)
    if kind == "area":
        return lambda work, part: lots.add(work, uid, _area(part))
    return lambda work, part: lots.add(work, uid, part)


def _area(part: Area) -> NewArea:
    market = MARKETS.get(part.market)
    if market is None:
        raise Refusal("malformed", pointer="/market", what="market")
    return NewArea(market.name, market.lat, market.lon, market.radius_km)


def _like(kind: Kind, last: PartRow | None, today: date) -> dict[str, str]:
    """The last part's answers, with today for its days; what must be read off a paper is left open."""
    given: dict[str, str] = {}
    for one in kind.fields:
        value = getattr(last, one.name, None) if last is not None else None
        if one.kind == "date":
            if one.name not in {"valid_until", "keep_until"}:
                given[one.name] = today.isoformat()
        elif value is not None and one.name not in {"report_no", "passed", "code"}:
            given[one.name] = number(value) if isinstance(value, Decimal) else str(getattr(value, "value", value))
    return given


@web.post("/lots/<uuid:uid>/remove")
@needs(Action.EDIT_LOT)
def remove_part(uid: UUID) -> Response:
    """Take a part out again."""
    return step(lambda work: service.remove(work, uid, request.form.get("part", "")), "web.lot", uid=uid)


@web.post("/lots/<uuid:uid>/photo")
@needs(Action.EDIT_LOT)
def add_photo(uid: UUID) -> Response:
    """Add a photo from the phone."""
    content = upload("picture")
    return step(lambda work: service.add_photo(work, store(), uid, content), "web.lot", uid=uid)


@dataclass(frozen=True, slots=True)
class Goods:
    """Goods that leave, and the first and last stamp on them where they are known."""

    buyer: str
    address: str
    quantity: Decimal
    packs: int
    dispatched_on: date
    first: str | None = None
    last: str | None = None


@web.route("/lots/<uuid:uid>/dispatch", methods=["GET", "POST"])
@needs(Action.EDIT_LOT)
def dispatch(uid: UUID) -> Page:
    """Goods that leave for a buyer: one step forward."""
    with reading() as work:
        lot = lots.get(work, uid)
        work.may(Action.EDIT_LOT, organisation_id=lot.organisation_id, what="lot")
        past = service.of(work, lot).dispatches
        today = work.today
    form = Form(
        Goods,
        (
            asked("buyer", "Người mua", "Buyer"),
            asked("address", "Địa chỉ", "Address"),
            asked("quantity", f"Số lượng ({lot.unit})", f"Quantity ({lot.unit})", "amount", most=18),
            asked("packs", "Số gói", "Packs", "number", most=9),
            asked("dispatched_on", "Ngày xuất", "Dispatched on", "date"),
            optional("first", "Tem đầu tiên trên hàng", "First stamp on the goods", "code", most=512),
            optional("last", "Tem cuối cùng", "Last stamp", "code", most=512),
        ),
    )
    form.given = {"dispatched_on": today.isoformat()}
    if past:
        form.given = {**form.given, "buyer": past[-1].buyer, "address": past[-1].address}

    def then(_: Any) -> Response:
        return done("web.lot", uid=uid)

    def act(work: Work, goods: Goods) -> Any:
        asked_for = NewDispatch(goods.buyer, goods.address, goods.quantity, goods.packs, goods.dispatched_on)
        if goods.first or goods.last:
            one = goods.first or goods.last or ""
            span = activations.span(work, reader(), one, goods.last or one)
            lo, positions = span.batch.lo - 1, span.positions
            asked_for = replace(asked_for, stamps=(lo + positions.first, lo + positions.last + 1))
        return lots.dispatch(work, uid, asked_for)

    return submitted(form, act, then, Text("Xuất hàng", "Dispatch"))
