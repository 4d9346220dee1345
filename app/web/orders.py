"""Stamp orders: three steps to place one, decided by officers, followed from "nộp" to "nhận"."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import current_app, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.auth import desk, may, needs, reading
from app.domain.errors import Refusal, Text
from app.domain.orders import ORDER, OrderEvent, OrderState
from app.domain.permissions import Action
from app.domain.products import ProductState
from app.models.lots import Lot
from app.models.orders import StampOrder
from app.models.organisations import Organisation
from app.models.products import Product
from app.services import audit, printing, products, progress
from app.services import orders as service
from app.services.orders import NewOrder
from app.services.work import Work
from app.web import (
    Line,
    Page,
    asked_page,
    done,
    labels,
    listing,
    member,
    number,
    step,
    submitted,
    uid_of,
    version_of,
    web,
)
from app.web.forms import Field, Form, answer_of, asked, choices, optional
from app.web.pick import ACTIVE_PRODUCTS, OPEN_LOTS, PRINTERS, picked
from stamp_engine.format import Profile
from stamp_engine.layouts import DEFAULT

PATH = (
    OrderState.SUBMITTED,
    OrderState.APPROVED,
    OrderState.MINTED,
    OrderState.SENT_TO_PRINT,
    OrderState.PRINTED,
    OrderState.DELIVERED,
)
TWO_OFFICERS = (PATH[0], OrderState.ENDORSED, *PATH[1:])
LAST = 3
_TITLE = Text("Đặt tem", "Order stamps")


def two_above() -> int:
    """From how many stamps on an order takes two officers."""
    found: int = current_app.extensions["two_officers_above"]
    return found


@web.get("/orders")
@needs(Action.READ_ORDER)
def orders() -> str:
    """The orders in scope."""
    with reading() as work:
        part = service.page(work, asked_page())
        names = products.names(work, (row.product_id for row in part.rows))
    rows = [
        Line(
            (row.number, row.state, names.get(row.product_id, ""), number(row.quantity)), url_for(".order", uid=row.uid)
        )
        for row in part.rows
    ]
    heads = (("Đơn", "Order"), ("Trạng thái", "State"), ("Sản phẩm", "Product"), ("Số tem", "#Stamps"))
    new = (url_for(".new_order"), _TITLE) if may(Action.PLACE_ORDER) else None
    empty = Text("Chưa có đơn tem nào.", "No orders yet.")
    title = Text("Đơn tem", "Stamp orders")
    return listing(title, heads, rows, empty, new, after=part.next, states=tuple(OrderState))


Steps = tuple[tuple[Field, ...], ...]


def _first_step() -> Field:
    return picked(ACTIVE_PRODUCTS, "product", Text("Sản phẩm", "Product"))


def _product(first: Field, answer: str) -> Product | None:
    """The product that was chosen, or the only one there is."""
    if not answer and len(first.options) == 1:
        answer = first.options[0][0]
    meant = ACTIVE_PRODUCTS.meant(answer) if answer else []
    if len(meant) != 1:
        return None
    with reading() as work:
        found = products.get(work, UUID(meant[0][0]))
    return found if found.state is ProductState.ACTIVE else None


def _steps(first: Field, product: Product | None) -> Steps:
    """The questions of each of the three steps; the lots are the product's."""
    of = replace(OPEN_LOTS, of=product.uid) if product is not None else None
    label = Text("Cho lô", "For the lot")
    return (
        (first,),
        (
            picked(of, "lot", label, required=False) if of is not None else Field("lot", label, "select"),
            asked("quantity", "Số tem", "Number of stamps", "number", most=9),
            asked("profile", "Loại tem", "Kind of stamp", "select", options=choices(Profile)),
            asked("layout", "Khổ giấy", "Sheet", "select", options=labels.options()),
            optional("pins", "Có lớp cào", "With a scratch layer", "checkbox"),
            optional("with_gtin", "In mã GTIN trong tem", "With the GTIN in the code", "checkbox"),
        ),
        (
            picked(PRINTERS, "printer", Text("Nhà in", "Print house"), required=False),
            optional("note", "Ghi chú", "Note", "textarea", most=2000),
        ),
    )


@web.route("/orders/new", methods=["GET", "POST"])
@needs(Action.PLACE_ORDER)
def new_order() -> Page:
    """Order stamps in three steps; the address carries what was chosen, so that going back loses nothing."""
    first = _first_step()
    product = _product(first, answer_of(request.values, "product"))
    steps = _steps(first, product)
    form = Form(NewOrder, tuple(field for fields in steps for field in fields))
    if request.method == "POST":

        def then(made: StampOrder) -> Response:
            return done("web.order", Text("Đã nộp đơn.", "The order is submitted."), uid=made.uid)

        page = submitted(form, service.place, then, _TITLE)
        return _wizard(form, steps, product, LAST) if isinstance(page, tuple) else page
    usual = {"profile": Profile.COMPACT.value, "layout": DEFAULT}
    form.given = usual | {name: answer_of(request.args, name) for name in request.args}
    if product is not None:
        form.given = {**form.given, "product": str(product.uid)}
    # A button that says where to go stands after the step that comes next.
    wanted = ["", *request.args.getlist("step")][-1]
    at = int(wanted) if wanted in {"2", "3"} else 1
    if at > 1:
        _answered(form, steps, at)
    return _wizard(form, steps, product, at)


def _answered(form: Form[NewOrder], steps: Steps, at: int) -> None:
    """What is wrong with the steps before this one; the last is asked only where the order would be taken so far."""
    command = form.so_far(MultiDict(form.given), (field for fields in steps[: at - 1] for field in fields))
    if command is not None and at == LAST:
        try:
            with reading() as work:
                service.rehearse(work, command)
        except Refusal as refusal:
            form.refuse(refusal)


def _wizard(form: Form[NewOrder], steps: Steps, product: Product | None, at: int) -> Page:
    """A step: the first with something wrong, or else the one that is asked for."""
    at = next((place for place, fields in enumerate(steps, 1) if any(f.name in form.errors for f in fields)), at)
    lot = form.given.get("lot", "")
    carried = [(name, value) for name, value in form.given.items() if _carries(name, steps, at)]
    page = render_template(
        "order_new.html",
        form=form,
        fields=steps[at - 1],
        at=at,
        carried=carried,
        product=product,
        none=not steps[0][0].options and steps[0][0].source is None,
        left=_quota(product, lot) if product is not None else None,
        preview=_preview(form, product) if at > 1 else None,
        lot=OPEN_LOTS.label(lot) if lot else None,
        two_above=two_above(),
    )
    return page, form.status


def _carries(name: str, steps: Steps, at: int) -> bool:
    return any(field.name == name for place, fields in enumerate(steps, 1) if place != at for field in fields)


def _quota(product: Product, lot: str | None) -> int | None:
    """How many stamps may still be ordered, None where neither a lot nor a year's output says so."""
    try:
        with reading() as work:
            return service.quota_left(work, product.uid, uid_of(lot))
    except Refusal:
        return None


def _preview(form: Form[NewOrder], product: Product | None) -> dict[str, Any] | None:
    """One label as it will be printed, and the size of its symbol; or why it cannot be printed like that."""
    press = desk().press
    layout = press.layouts.get(form.given.get("layout") or DEFAULT)
    profile = Profile.SEALED if form.given.get("profile") == Profile.SEALED else Profile.COMPACT
    if layout is None or product is None:
        return None
    pins, gtin = bool(form.given.get("pins")), bool(form.given.get("with_gtin") and product.gtin)
    try:
        printed = press.printed(layout.name, press.template(profile, product.gtin if gtin else None), pins=pins)
    except Refusal as refusal:
        return {"layout": layout, "why_not": refusal.text}
    wish: dict[str, Any] = {"product": product.uid, "profile": profile.value}
    wish |= {name: "1" for name, asked_for in (("gtin", gtin), ("pins", pins)) if asked_for}
    return {"layout": layout, "printed": printed, "url": url_for(".label", name=layout.name, **wish)}


@web.route("/orders/<uuid:uid>/edit", methods=["GET", "POST"])
@needs(Action.PLACE_ORDER)
def edit_order(uid: UUID) -> Page:
    """Mend a returned order: the same questions, answered as before."""
    with reading() as work:
        row = service.get(work, uid)
        work.may(Action.PLACE_ORDER, organisation_id=row.organisation_id, what="order")
        product = work.session.get_one(Product, row.product_id)
        lot = work.session.get(Lot, row.lot_id) if row.lot_id else None
        printer = work.session.get(Organisation, row.printer_id) if row.printer_id else None
    first = _first_step()
    steps = _steps(first, _product(first, answer_of(request.form, "product")) or product)
    form = Form(NewOrder, tuple(field for fields in steps for field in fields))
    form.given = {
        "product": str(product.uid),
        "lot": str(lot.uid) if lot else "",
        "quantity": str(row.quantity),
        "profile": row.profile.value,
        "layout": row.layout,
        "printer": str(printer.uid) if printer else "",
        "note": row.note or "",
        "version": str(row.version),
        **({"pins": "on"} if row.pins else {}),
        **({"with_gtin": "on"} if row.with_gtin else {}),
    }
    form.button = Text("Nộp lại", "Submit again")
    version = request.form.get("version")

    def mend(work: Work, command: NewOrder) -> StampOrder:
        return service.revise(work, uid, command, version_of(version))

    def then(made: StampOrder) -> Response:
        return done("web.order", uid=made.uid)

    return submitted(form, mend, then, Text(f"Sửa đơn {row.number}", f"Edit order {row.number}"))


@web.get("/orders/<uuid:uid>")
@needs(Action.READ_ORDER)
def order(uid: UUID) -> str:
    """One order, and where it stands."""
    with reading() as work:
        row = service.get(work, uid)
        product = work.session.get_one(Product, row.product_id)
        owner = work.session.get_one(Organisation, row.organisation_id)
        lot = work.session.get(Lot, row.lot_id) if row.lot_id else None
        found = printing.of_order(work, row)
        trail = audit.trail(work.session, "order", row.id)
        endorsed = row.state is OrderState.ENDORSED and row.endorsed_by_id == work.actor.user_id
        own, minting = row.requested_by_id == work.actor.user_id, progress.of(work, row)
    legal = ORDER.table[row.state]
    return render_template(
        "order.html",
        row=row,
        product=product,
        owner=owner,
        lot=lot,
        batch=found[0] if found else None,
        job=found[1] if found else None,
        path=TWO_OFFICERS if row.quantity > two_above() or row.endorsed_at else PATH,
        trail=trail,
        minting=minting,
        own=own,
        endorsed=endorsed,
        second=row.state is OrderState.SUBMITTED and row.quantity > two_above(),
        decidable=OrderEvent.APPROVE in legal and may(Action.DECIDE_ORDER),
        cancellable=OrderEvent.CANCEL in legal and may(Action.PLACE_ORDER),
        mendable=row.state is OrderState.DRAFT and may(Action.PLACE_ORDER),
    )


@web.post("/orders/<uuid:uid>/<event>")
@needs(Action.DECIDE_ORDER, Action.PLACE_ORDER)
def step_order(uid: UUID, event: str) -> Response:
    """Approve, return, reject or cancel."""
    wanted = member(OrderEvent, event)
    reason = request.form.get("reason")
    if wanted is OrderEvent.CANCEL:
        return step(lambda work: service.cancel(work, uid), "web.order", uid=uid)
    return step(lambda work: service.decide(work, uid, wanted, reason, two_above=two_above()), "web.order", uid=uid)
