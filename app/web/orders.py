"""Stamp orders: three steps to place one, decided by officers, followed from "nộp" to "nhận"."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import current_app, render_template, request, url_for
from werkzeug.wrappers import Response

from app.auth import desk, may, needs, reading
from app.domain.errors import Refusal, Text
from app.domain.lots import LotState
from app.domain.orders import ORDER, OrderEvent, OrderState
from app.domain.permissions import Action
from app.domain.products import ProductState
from app.models.lots import Lot
from app.models.orders import StampOrder
from app.models.organisations import Organisation
from app.models.products import Product
from app.services import audit, lots, organisations, printing, products, progress
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
from app.web.forms import Field, Form, asked, choices, optional
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
_TITLE = Text("Đặt tem", "Order stamps")
_TAKES_STAMPS = tuple(state for state in LotState if state not in {"CLOSED", "DISPOSED", "RECALLING", "RECALLED"})


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


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a producer may choose from."""

    goods: list[Product]
    rolls: list[Lot]
    printers: list[Organisation]


def _choice(work: Work, product: str | None) -> _Choice:
    goods = products.own(work, ProductState.ACTIVE)
    chosen = next((row for row in goods if str(row.uid) == product), goods[0] if len(goods) == 1 else None)
    rolls = lots.own(work, *_TAKES_STAMPS, product_id=chosen.id) if chosen is not None else []
    return _Choice(goods, rolls, organisations.printers(work))


def _fields(choice: _Choice) -> tuple[tuple[Field, ...], ...]:
    """The questions of each of the three steps."""
    return (
        (asked("product", "Sản phẩm", "Product", "select", options=_options(choice.goods, "name")),),
        (
            optional("lot", "Cho lô", "For the lot", "select", options=_options(choice.rolls, "lot_no")),
            asked("quantity", "Số tem", "Number of stamps", "number", most=9),
            asked("profile", "Loại tem", "Kind of stamp", "select", options=choices(Profile)),
            asked("layout", "Khổ giấy", "Sheet", "select", options=labels.options()),
            optional("pins", "Có lớp cào", "With a scratch layer", "checkbox"),
            optional("with_gtin", "In mã GTIN trong tem", "With the GTIN in the code", "checkbox"),
        ),
        (
            optional("printer", "Nhà in", "Print house", "select", options=_options(choice.printers, "name")),
            optional("note", "Ghi chú", "Note", "textarea", most=2000),
        ),
    )


def _options(rows: list[Any], name: str) -> list[tuple[str, Text]]:
    return [(str(row.uid), Text(getattr(row, name), getattr(row, name))) for row in rows]


@web.route("/orders/new", methods=["GET", "POST"])
@needs(Action.PLACE_ORDER)
def new_order() -> Page:
    """Order stamps in three steps; the address carries what was chosen, so that going back loses nothing."""
    with reading() as work:
        choice = _choice(work, request.values.get("product"))
    steps = _fields(choice)
    form = Form(NewOrder, tuple(field for fields in steps for field in fields))
    if request.method == "POST":

        def then(made: StampOrder) -> Response:
            return done("web.order", Text("Đã nộp đơn.", "The order is submitted."), uid=made.uid)

        page = submitted(form, service.place, then, _TITLE)
        if not isinstance(page, tuple):
            return page
        at = next((place for place, fields in enumerate(steps, 1) if any(f.name in form.errors for f in fields)), 3)
        return _wizard(form, steps, choice, at)
    usual = {"quantity": "", "profile": Profile.COMPACT.value, "layout": DEFAULT}
    form.given = {**usual, **request.args.to_dict()}
    return _wizard(form, steps, choice, _step_asked(form))


def _step_asked(form: Form[NewOrder]) -> int:
    """The step that is asked for, as far as the ones before it are answered; a lone product is chosen already."""
    wanted = form.given.get("step", "1")
    at = int(wanted) if wanted in {"1", "2", "3"} else 1
    if at > 1 and not form.given.get("product"):
        return 1
    return 2 if at == 3 and not form.given.get("quantity") else at


def _wizard(form: Form[NewOrder], steps: tuple[tuple[Field, ...], ...], choice: _Choice, at: int) -> Page:
    product = next((row for row in choice.goods if str(row.uid) == form.given.get("product")), None)
    if product is None and len(choice.goods) == 1:
        product = choice.goods[0]
        form.given = {**form.given, "product": str(product.uid)}
    at = at if product is not None else 1
    rolls = choice.rolls
    asked_now = steps[at - 1]
    if at == 2:
        asked_now = (
            optional("lot", "Cho lô", "For the lot", "select", options=_options(rolls, "lot_no")),
            *asked_now[1:],
        )
    carried = [(name, value) for name, value in form.given.items() if _carries(name, steps, at)]
    page = render_template(
        "order_new.html",
        form=form,
        fields=asked_now,
        at=at,
        carried=carried,
        product=product,
        left=_quota(product, form.given.get("lot")) if product is not None else None,
        preview=_preview(form, product) if at > 1 else None,
        lot=next((row for row in rolls if str(row.uid) == form.given.get("lot")), None),
        two_above=two_above(),
    )
    return page, form.status


def _carries(name: str, steps: tuple[tuple[Field, ...], ...], at: int) -> bool:
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
        choice = _choice(work, request.form.get("product") or str(product.uid))
        lot = work.session.get(Lot, row.lot_id) if row.lot_id else None
        printer = work.session.get(Organisation, row.printer_id) if row.printer_id else None
    form = Form(NewOrder, tuple(field for fields in _fields(choice) for field in fields))
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
