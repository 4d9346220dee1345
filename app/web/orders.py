"""Stamp orders and their print jobs."""

from pathlib import Path
from typing import Any
from uuid import UUID

from flask import current_app, flash, redirect, render_template, request, send_file, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.auth import may, reading, working
from app.domain.errors import Refusal, Text
from app.domain.orders import ORDER, OrderEvent, OrderState, PrintJobState
from app.domain.permissions import Action
from app.domain.products import ProductState
from app.models.lots import Lot
from app.models.orders import PrintJob
from app.models.products import Product
from app.models.stamps import Batch
from app.services import lots, organisations, printing, products
from app.services import orders as service
from app.services.orders import NewOrder
from app.services.printing import Receipt
from app.services.stamps import Positions
from app.services.work import Work
from app.web import Line, Page, done, labels, listing, member, number, said, say, step, submitted, web
from app.web.forms import Form, asked, choices, optional
from stamp_engine.format import Profile

PATH = (
    OrderState.SUBMITTED,
    OrderState.APPROVED,
    OrderState.MINTED,
    OrderState.SENT_TO_PRINT,
    OrderState.PRINTED,
    OrderState.DELIVERED,
)


@web.get("/orders")
def orders() -> str:
    """All orders in scope."""
    with reading() as work:
        names = {row.id: row.name for row in products.every(work)}
        rows = [
            Line(
                (row.number, row.state, names.get(row.product_id, ""), number(row.quantity)),
                url_for(".order", uid=row.uid),
            )
            for row in service.every(work)
        ]
    heads = (("Đơn", "Order"), ("Trạng thái", "State"), ("Sản phẩm", "Product"), ("Số tem", "#Stamps"))
    new = (url_for(".new_order"), Text("Đặt tem", "Order stamps"))
    empty = Text("Chưa có đơn tem nào.", "No orders yet.")
    return listing(Text("Đơn tem", "Stamp orders"), heads, rows, empty, new if may(Action.PLACE_ORDER) else None)


@web.route("/orders/new", methods=["GET", "POST"])
def new_order() -> Page:
    """Order stamps; the quantity left is shown before "nộp"."""
    if not may(Action.PLACE_ORDER):
        raise Refusal("forbidden")
    with reading() as work:
        mine = current_user.actor.organisation_id
        goods = [
            row for row in products.every(work) if row.organisation_id == mine and row.state is ProductState.ACTIVE
        ]
        rolls = [
            row for row in lots.every(work) if row.organisation_id == mine and row.state not in {"CLOSED", "DISPOSED"}
        ]
        printers = organisations.printers(work)
        hint = _left(work, goods)
    form = Form(
        NewOrder,
        (
            asked("product", "Sản phẩm", "Product", "select", options=_options(goods, "name"), hint=hint),
            optional("lot", "Cho lô", "For the lot", "select", options=_options(rolls, "lot_no")),
            asked("quantity", "Số tem", "Number of stamps", "number"),
            asked("profile", "Loại tem", "Kind of stamp", "select", options=choices(Profile)),
            asked("layout", "Khổ giấy", "Sheet", "select", options=labels.options()),
            optional("pins", "Có lớp cào", "With a scratch layer", "checkbox"),
            optional("with_gtin", "In mã GTIN trong tem", "With the GTIN in the code", "checkbox"),
            optional("printer", "Nhà in", "Print house", "select", options=_options(printers, "name")),
            optional("note", "Ghi chú", "Note", "textarea"),
        ),
    )

    def then(made: Any) -> Response:
        return done("web.order", uid=made.uid)

    return submitted(form, service.place, then, Text("Đặt tem", "Order stamps"))


def _options(rows: list[Any], name: str) -> list[tuple[str, Text]]:
    return [(str(row.uid), Text(getattr(row, name), getattr(row, name))) for row in rows]


def _left(work: Work, goods: list[Product]) -> Text:
    """How many stamps each product may still have without naming a lot."""
    parts = [
        f"{row.name}: {number(service.quota_left(work, row.uid, None))}"
        for row in goods
        if row.annual_packs is not None
    ]
    told = "; ".join(parts[:6]) or "–"
    return Text(f"Còn đặt được trong năm (khi không chọn lô): {told}", f"Left this year without a lot: {told}")


@web.get("/orders/<uuid:uid>")
def order(uid: UUID) -> str:
    """One order, and where it stands."""
    with reading() as work:
        row = service.get(work, uid)
        product = work.session.get_one(Product, row.product_id)
        lot = work.session.get(Lot, row.lot_id) if row.lot_id else None
        found = printing.of_order(work, row)
    legal = ORDER.table[row.state]
    return render_template(
        "order.html",
        row=row,
        product=product,
        lot=lot,
        batch=found[0] if found else None,
        job=found[1] if found else None,
        path=PATH,
        decidable=OrderEvent.APPROVE in legal and may(Action.DECIDE_ORDER),
        cancellable=OrderEvent.CANCEL in legal and may(Action.PLACE_ORDER),
    )


@web.post("/orders/<uuid:uid>/<event>")
def step_order(uid: UUID, event: str) -> Response:
    """Approve, reject or cancel."""
    wanted = member(OrderEvent, event)
    if wanted is OrderEvent.CANCEL:
        return step(lambda work: service.cancel(work, uid), "web.order", uid=uid)
    return step(lambda work: service.decide(work, uid, wanted, request.form.get("reason")), "web.order", uid=uid)


@web.get("/print-jobs")
def print_jobs() -> str:
    """The print jobs in scope."""
    with reading() as work:
        jobs = [(job, work.session.get_one(Batch, job.batch_id)) for job in printing.every(work)]
    return render_template("print_jobs.html", jobs=jobs, PrintJobState=PrintJobState)


@web.post("/print-jobs/<uuid:uid>/release")
def release(uid: UUID) -> Response:
    """Let the print house have the file."""
    return step(lambda work: printing.release(work, uid), "web.print_jobs")


@web.post("/print-jobs/<uuid:uid>/printed")
def printed(uid: UUID) -> Response:
    """The batch is on paper."""
    return step(lambda work: printing.printed(work, uid), "web.print_jobs")


@web.post("/print-jobs/<uuid:uid>/download")
def download(uid: UUID) -> Response:
    """The print file, once."""
    try:
        with working() as work:
            path = _file_of(printing.download(work, uid))
    except Refusal as refusal:
        flash(said(refusal.text), "error")
        return redirect(url_for("web.print_jobs"), 303)
    return send_file(path, mimetype="application/zip", as_attachment=True, download_name=f"tem-{uid}.zip")


def _file_of(job: PrintJob) -> Path:
    path: Path = current_app.extensions["print_file"](job.sha256)
    if not path.is_file():
        raise Refusal("not_found", what="print file")
    return path


@web.route("/print-jobs/<uuid:uid>/receive", methods=["GET", "POST"])
def receive(uid: UUID) -> Page:
    """Count a printed roll in: good and spoiled add up to what was printed."""
    form = Form(
        Receipt,
        (
            asked("good", "Số tem tốt", "Good stamps", "number"),
            optional(
                "spoiled_at",
                "Vị trí tem hỏng (ví dụ: 3-5, 20)",
                "Positions of spoiled stamps (for example 3-5, 20)",
            ),
        ),
    )
    given = request.form.get("spoiled_at", "")
    try:
        spoiled = positions(given)
    except Refusal as refusal:
        form.given = request.form.to_dict()
        form.errors["spoiled_at"] = refusal.text
        return render_template("form.html", form=form, title=say("Nhận tem", "Receive stamps")), 422

    def then(_: Any) -> Response:
        return done("web.rolls")

    def count_in(work: Work, receipt: Receipt) -> Any:
        return printing.receive(work, uid, Receipt(receipt.good, spoiled))

    return submitted(form, count_in, then, Text("Nhận tem", "Receive stamps"))


def positions(text: str) -> tuple[Positions, ...]:
    """`3-5, 20` as ranges. Raises Refusal."""
    found = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.strip():
            try:
                found.append(Positions(int(first), int(last or first)))
            except ValueError:
                raise Refusal("malformed", pointer="/spoiled_at", what=part.strip()) from None
    return tuple(found)
