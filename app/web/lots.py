"""Lots: list, record (or copy the last one), the dossier, release, dispatch, hold."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.auth import may, reading
from app.domain.errors import Refusal, Text
from app.domain.lots import LOT, LotEvent, LotState, StepKind
from app.domain.permissions import Action
from app.models.lots import Dispatch, Lot, LotInput, LotStep, LotTest, RetainedSample
from app.models.products import Product
from app.services import holds, products, stamps
from app.services import lots as service
from app.services.lots import NewDispatch, NewInput, NewLot, NewSample, NewStep, NewTest
from app.services.work import Work
from app.web import Line, Page, day, done, listing, member, number, say, step, submitted, uid_of, web
from app.web.forms import Field, Form, asked, choices, optional

_STEPS = {
    LotEvent.PRODUCE: ("Đã sản xuất xong", "Produced", "main", Action.EDIT_LOT),
    LotEvent.TEST: ("Gửi kiểm nghiệm", "Sent for testing", "", Action.EDIT_LOT),
    LotEvent.RELEASE: ("Cho xuất lô", "Release", "main", Action.RELEASE_LOT),
    LotEvent.CLOSE: ("Đóng lô", "Close", "", Action.EDIT_LOT),
    LotEvent.DISPOSE: ("Huỷ bỏ lô", "Dispose of", "danger", Action.EDIT_LOT),
}
PATH = (
    LotState.DRAFT,
    LotState.PRODUCED,
    LotState.TESTING,
    LotState.RELEASED,
    LotState.STAMPED,
    LotState.DISTRIBUTED,
    LotState.CLOSED,
)


@web.get("/lots")
def lots() -> str:
    """All lots in scope."""
    with reading() as work:
        names = {row.id: row.name for row in products.every(work)}
        rows = [
            Line(
                (row.lot_no, row.state, names.get(row.product_id, ""), day(row.produced_on), number(row.packs)),
                url_for(".lot", uid=row.uid),
            )
            for row in service.every(work)
        ]
    heads = (("Số lô", "Lot"), ("Trạng thái", "State"), ("Sản phẩm", "Product"), ("NSX", "Made"), ("Số gói", "#Packs"))
    new = (url_for(".new_lot"), Text("Ghi lô mới", "Record a lot"))
    empty = Text("Chưa có lô nào. Hãy ghi lô đầu tiên.", "None yet: record the first lot.")
    return listing(Text("Lô hàng", "Lots"), heads, rows, empty, new if may(Action.EDIT_LOT) else None)


@web.route("/lots/new", methods=["GET", "POST"])
def new_lot() -> Page:
    """Record one; what the last lot said stands in the form already."""
    with reading() as work:
        mine = [row for row in products.every(work) if row.organisation_id == current_user.actor.organisation_id]
        last = next(iter(service.every(work)), None) if mine else None
        today = work.today
    if not may(Action.EDIT_LOT):
        raise Refusal("forbidden")
    form = Form(
        NewLot,
        (
            asked(
                "product", "Sản phẩm", "Product", "select", options=[(str(p.uid), Text(p.name, p.name)) for p in mine]
            ),
            asked("lot_no", "Số lô", "Lot number"),
            asked("facility", "Nơi sản xuất", "Made at"),
            asked("produced_on", "Ngày sản xuất", "Produced on", "date"),
            optional("expires_on", "Hạn sử dụng", "Expires on", "date"),
            asked("quantity", "Số lượng", "Quantity", "amount"),
            asked("unit", "Đơn vị (kg, lít…)", "Unit (kg, litre…)"),
            asked("packs", "Số gói", "Packs", "number"),
            optional("note", "Ghi chú", "Note", "textarea"),
        ),
    )
    product = request.form.get("product")

    def record(work: Work, command: NewLot) -> Lot:
        return service.record(work, uid_of(product) or UUID(int=0), command)

    def then(made: Lot) -> Response:
        return done("web.lot", uid=made.uid)

    page = submitted(form, record, then, Text("Ghi lô", "Record a lot"))
    if request.method == "GET":
        form.given = {**_copied(last, mine, today), **request.args.to_dict()}
        return render_template("form.html", form=form, title=say("Ghi lô", "Record a lot"))
    return page


def _copied(last: Lot | None, mine: list[Product], today: date) -> dict[str, str]:
    """The last lot's answers, today's date."""
    if last is None:
        return {"produced_on": today.isoformat()}
    same = next((row for row in mine if row.id == last.product_id), None)
    keeps = (last.expires_on - last.produced_on) if last.expires_on else None
    return {
        "product": str(same.uid) if same else "",
        "facility": last.facility,
        "produced_on": today.isoformat(),
        "expires_on": (today + keeps).isoformat() if keeps else "",
        "unit": last.unit,
        "quantity": number(last.quantity),
        "packs": str(last.packs),
    }


@web.get("/lots/<uuid:uid>")
def lot(uid: UUID) -> str:
    """One lot with its dossier and what it still lacks."""
    with reading() as work:
        row = service.get(work, uid)
        parts = {
            name: work.session.scalars(sa.select(model).where(model.lot_id == row.id)).all()
            for name, model in (
                ("inputs", LotInput),
                ("steps", LotStep),
                ("tests", LotTest),
                ("samples", RetainedSample),
                ("dispatches", Dispatch),
            )
        }
        product = work.session.get_one(Product, row.product_id)
        gaps, held, active = service.missing(work, row), holds.on(work, row.id), stamps.active_in(work, row.id)
    acts = [(event, *_STEPS[event]) for event in LOT.table[row.state] if event in _STEPS and may(_STEPS[event][3])]
    return render_template(
        "lot.html",
        row=row,
        product=product,
        gaps=gaps,
        holds=held,
        active=active,
        acts=acts,
        path=PATH,
        editable=row.state in PATH[:3],
        **parts,
    )


_PARTS: dict[str, tuple[type, Text, tuple[Field, ...]]] = {
    "input": (
        NewInput,
        Text("Nguyên liệu", "Input"),
        (
            asked("material", "Nguyên liệu", "Material"),
            asked("supplier", "Người cung cấp", "Supplier"),
            asked("origin", "Nguồn gốc (vùng trồng, xã…)", "Origin (plot, commune…)"),
            asked("quantity", "Số lượng", "Quantity", "amount"),
            asked("unit", "Đơn vị", "Unit"),
            asked("received_on", "Ngày nhận", "Received on", "date"),
            optional("supplier_lot", "Lô của người cung cấp", "Supplier's lot"),
        ),
    ),
    "step": (
        NewStep,
        Text("Công đoạn", "Stage"),
        (
            asked("kind", "Công đoạn", "Stage", "select", options=choices(StepKind)),
            asked("who", "Ai làm", "Who"),
            asked("place", "Ở đâu", "Where"),
            asked("done_on", "Ngày", "When", "date"),
            optional("why", "Ghi chú", "Why"),
        ),
    ),
    "test": (
        NewTest,
        Text("Phiếu kiểm nghiệm", "Test report"),
        (
            asked("laboratory", "Phòng thử nghiệm", "Laboratory"),
            asked("report_no", "Số phiếu", "Report number"),
            asked("criteria", "Chỉ tiêu", "Criteria", "textarea"),
            asked("sampled_on", "Ngày lấy mẫu", "Sampled on", "date"),
            asked("issued_on", "Ngày cấp", "Issued on", "date"),
            asked("valid_until", "Có giá trị đến", "Valid until", "date"),
            optional("passed", "Đạt", "Passed", "checkbox"),
        ),
    ),
    "sample": (
        NewSample,
        Text("Mẫu lưu", "Retained sample"),
        (
            asked("code", "Mã mẫu", "Code"),
            asked("quantity", "Số lượng", "Quantity", "amount"),
            asked("unit", "Đơn vị", "Unit"),
            asked("taken_on", "Ngày lấy", "Taken on", "date"),
            asked("storage", "Nơi giữ", "Storage"),
            asked("keep_until", "Giữ đến", "Keep until", "date"),
            asked("custodian", "Người giữ", "Custodian"),
        ),
    ),
}


@web.route("/lots/<uuid:uid>/add/<kind>", methods=["GET", "POST"])
def add_part(uid: UUID, kind: str) -> Page:
    """Add a part to the dossier."""
    if kind not in _PARTS:
        raise Refusal("not_found", what="part")
    command, title, fields = _PARTS[kind]
    form: Form[Any] = Form(command, fields)

    def then(_: Any) -> Response:
        return done("web.lot", uid=uid)

    return submitted(form, lambda work, part: service.add(work, uid, part), then, title)


@web.route("/lots/<uuid:uid>/dispatch", methods=["GET", "POST"])
def dispatch(uid: UUID) -> Page:
    """Goods that leave for a buyer."""
    form = Form(
        NewDispatch,
        (
            asked("buyer", "Người mua", "Buyer"),
            asked("address", "Địa chỉ", "Address"),
            asked("quantity", "Số lượng", "Quantity", "amount"),
            asked("packs", "Số gói", "Packs", "number"),
            asked("dispatched_on", "Ngày xuất", "Dispatched on", "date"),
        ),
    )

    def then(_: Any) -> Response:
        return done("web.lot", uid=uid)

    return submitted(form, lambda work, goods: service.dispatch(work, uid, goods), then, Text("Xuất hàng", "Dispatch"))


@web.post("/lots/<uuid:uid>/step/<event>")
def step_lot(uid: UUID, event: str) -> Response:
    """Move the lot along."""
    return step(lambda work: service.step(work, uid, member(LotEvent, event)), "web.lot", uid=uid)


@web.post("/lots/<uuid:uid>/hold")
def hold_lot(uid: UUID) -> Response:
    """Stop the lot."""
    return step(lambda work: holds.on_lot(work, uid, request.form.get("reason", "")), "web.lot", uid=uid)


@web.post("/lots/<uuid:uid>/holds/<uuid:hold>/lift")
def lift_hold(uid: UUID, hold: UUID) -> Response:
    """Lift a hold."""
    return step(lambda work: holds.lift(work, hold), "web.lot", uid=uid)
