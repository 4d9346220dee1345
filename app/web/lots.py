"""Lots: list, record, repeat the last one, mend, release, dispatch, hold."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.auth import may, needs, reading, working
from app.domain.errors import Refusal, Text
from app.domain.lots import LOT, LotEvent, LotState
from app.domain.permissions import Action
from app.models.lots import Lot
from app.models.products import Product
from app.services import audit, cases, checks, dossiers, holds, products, stamps
from app.services import lots as service
from app.services.lots import NewLot
from app.services.work import Work
from app.web import (
    Line,
    Page,
    asked_page,
    day,
    done,
    listing,
    member,
    number,
    step,
    submitted,
    version_of,
    web,
)
from app.web.forms import Field, Form, asked, optional
from app.web.pick import PRODUCTS, picked
from app.web.uploads import store, upload

_STEPS = {
    LotEvent.PRODUCE: ("Đã sản xuất xong", "Produced", "main", Action.EDIT_LOT),
    LotEvent.TEST: ("Gửi kiểm nghiệm", "Sent for testing", "", Action.EDIT_LOT),
    LotEvent.RELEASE: ("Cho xuất lô", "Release", "main", Action.RELEASE_LOT),
    LotEvent.CLOSE: ("Đóng lô", "Close", "", Action.EDIT_LOT),
    LotEvent.DISPOSE: ("Huỷ bỏ lô", "Dispose of", "danger", Action.EDIT_LOT),
}
PATH = (LotState.DRAFT, LotState.PRODUCED, LotState.RELEASED, LotState.STAMPED, LotState.DISTRIBUTED, LotState.CLOSED)
_TITLE = Text("Ghi lô", "Record a lot")


@web.get("/lots")
@needs(Action.READ_LOT)
def lots() -> str:
    """The lots in scope."""
    with reading() as work:
        part = service.page(work, asked_page())
        names = products.names(work, (row.product_id for row in part.rows))
    rows = [
        Line(
            (row.lot_no, row.state, names.get(row.product_id, ""), day(row.produced_on), number(row.packs)),
            url_for(".lot", uid=row.uid),
        )
        for row in part.rows
    ]
    heads = (("Số lô", "Lot"), ("Trạng thái", "State"), ("Sản phẩm", "Product"), ("NSX", "Made"), ("Số gói", "#Packs"))
    new = (url_for(".start_lot"), _TITLE) if may(Action.EDIT_LOT) else None
    empty = Text("Chưa có lô nào. Hãy ghi lô đầu tiên.", "None yet: record the first lot.")
    return listing(Text("Lô hàng", "Lots"), heads, rows, empty, new, after=part.next, states=tuple(LotState))


@web.get("/lots/start")
@needs(Action.EDIT_LOT)
def start_lot() -> Response:
    """The shortest way to the next lot: a repeat of the last one, or the first lot."""
    with reading() as work:
        last = next(iter(service.own(work, most=1)), None)
    return redirect(url_for(".repeat_lot", uid=last.uid) if last else url_for(".new_lot"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstLot(NewLot):
    """What declares a lot that is like no other, and what it is of."""

    product: UUID


@web.route("/lots/new", methods=["GET", "POST"])
@needs(Action.EDIT_LOT)
def new_lot() -> Page:
    """Record one from nothing."""
    with reading() as work:
        today = work.today
    form = Form(FirstLot, (picked(PRODUCTS, "product", Text("Sản phẩm", "Product")), *_FIELDS))
    form.given = {"produced_on": today.isoformat()}

    def record(work: Work, command: FirstLot) -> Lot:
        return service.record(work, command.product, command)

    return submitted(form, record, _to_lot, _TITLE)


_FIELDS: tuple[Field, ...] = (
    asked("lot_no", "Số lô", "Lot number", most=40),
    asked("facility", "Nơi sản xuất", "Made at"),
    asked("produced_on", "Ngày sản xuất", "Produced on", "date"),
    optional("expires_on", "Hạn sử dụng", "Expires on", "date"),
    asked("quantity", "Số lượng", "Quantity", "amount", most=18),
    asked("unit", "Đơn vị (kg, lít…)", "Unit (kg, litre…)", most=16),
    asked("packs", "Số gói", "Packs", "number", most=9),
    optional("note", "Ghi chú", "Note", "textarea", most=4000),
)


def _to_lot(made: Lot) -> Response:
    return done("web.lot", uid=made.uid)


@web.route("/lots/<uuid:uid>/edit", methods=["GET", "POST"])
@needs(Action.EDIT_LOT)
def edit_lot(uid: UUID) -> Page:
    """Mend what a lot declares, unless somebody else has meanwhile."""
    with reading() as work:
        row = service.get(work, uid)
    form = Form(NewLot, _FIELDS)
    form.given = {**_said(row), "version": str(row.version)}
    version = request.form.get("version")

    def mend(work: Work, command: NewLot) -> Lot:
        return service.update(work, uid, command, version_of(version))

    return submitted(form, mend, _to_lot, Text(f"Sửa lô {row.lot_no}", f"Edit lot {row.lot_no}"))


def _said(row: Lot) -> dict[str, str]:
    """What a lot declares, as its form shows it."""
    return {
        "lot_no": row.lot_no,
        "facility": row.facility,
        "produced_on": row.produced_on.isoformat(),
        "expires_on": row.expires_on.isoformat() if row.expires_on else "",
        "quantity": number(row.quantity),
        "unit": row.unit,
        "packs": str(row.packs),
        "note": row.note or "",
    }


@dataclass(frozen=True, slots=True)
class Repeat:
    """What changes from one lot to the next."""

    lot_no: str
    produced_on: date
    packs: int


@web.route("/lots/<uuid:uid>/repeat", methods=["GET", "POST"])
@needs(Action.EDIT_LOT)
def repeat_lot(uid: UUID) -> Page:
    """The next lot like this one: three answers, one photo, and what stays the same ticked line by line."""
    with reading() as work:
        last = service.get(work, uid)
        work.may(Action.EDIT_LOT, organisation_id=last.organisation_id, what="lot")
        product = work.session.get_one(Product, last.product_id)
        next_one, parts = dossiers.suggestion(work, last), dossiers.repeatable(work, last)
        others = _lasts(service.own(work), last)
        names = products.names(work, (one.product_id for one in others))
    form = Form(
        Repeat,
        (
            asked("lot_no", "Số lô mới", "New lot number", most=40),
            asked("produced_on", "Ngày sản xuất", "Produced on", "date"),
            asked("packs", "Số gói", "Packs", "number", most=9),
        ),
    )
    form.given = {
        "lot_no": next_one.lot_no,
        "produced_on": next_one.produced_on.isoformat(),
        "packs": str(last.packs),
    }
    keep = request.form.getlist("keep") if request.method == "POST" else [dossiers.key_of(row) for row in parts]
    made = _repeated(form, last, next_one, keep) if request.method == "POST" else None
    if made is not None:
        return _to_lot(made)
    page = render_template(
        "repeat.html",
        form=form,
        last=last,
        product=product,
        parts=parts,
        keep=keep,
        key_of=dossiers.key_of,
        others=[(one.uid, one.lot_no, names.get(one.product_id, "")) for one in others],
    )
    return page, form.status


def _lasts(own: list[Lot], last: Lot) -> list[Lot]:
    """The newest lot of each other product."""
    found: dict[int, Lot] = {}
    for one in own:
        if one.product_id != last.product_id:
            found.setdefault(one.product_id, one)
    return list(found.values())[:6]


def _repeated(form: Form[Repeat], last: Lot, like: NewLot, keep: list[str]) -> Lot | None:
    """The new lot, released at once where that was asked for; None with what is wrong in the form."""
    command = form.read(request.form)
    if command is None:
        return None
    if not 0 < command.packs < 10**9:
        form.refuse(Refusal("not_positive", pointer="/packs", what=checks.label("packs")))
        return None
    keeps = (last.expires_on - last.produced_on) if last.expires_on else None
    asked_for = NewLot(
        lot_no=command.lot_no,
        facility=like.facility,
        produced_on=command.produced_on,
        quantity=(last.quantity * Decimal(command.packs) / last.packs).quantize(Decimal("0.001")),
        unit=like.unit,
        packs=command.packs,
        expires_on=command.produced_on + keeps if keeps is not None else None,
    )
    try:
        photo = upload("picture")
        with working() as work:
            made = dossiers.repeat(work, last.uid, asked_for, keep)
            if photo:
                dossiers.add_photo(work, store(), made.uid, photo)
            if "release" in request.form:
                service.step(work, made.uid, LotEvent.PRODUCE)
                service.step(work, made.uid, LotEvent.RELEASE)
    except Refusal as refusal:
        form.refuse(refusal)
        return None
    return made


@web.get("/lots/<uuid:uid>")
@needs(Action.READ_LOT)
def lot(uid: UUID) -> str:
    """One lot with its dossier and what it still lacks."""
    with reading() as work:
        row = service.get(work, uid)
        dossier = dossiers.of(work, row)
        product = work.session.get_one(Product, row.product_id)
        gaps, held, active = service.missing(work, row), holds.on(work, row.id), stamps.active_in(work, row.id)
        trail, today = audit.trail(work.session, "lot", row.id), work.today
        asked_hold = cases.asked_hold(work, row) if may(Action.DECIDE_CASE) else None
    acts = [(event, *_STEPS[event]) for event in LOT.table[row.state] if event in _STEPS and may(_STEPS[event][3])]
    return render_template(
        "lot.html",
        row=row,
        product=product,
        gaps=gaps,
        holds=held,
        asked_hold=asked_hold,
        active=active,
        acts=acts,
        path=PATH,
        trail=trail,
        today=today,
        editable=row.state in service.OPEN and may(Action.EDIT_LOT),
        live=row.state in service.LIVE,
        dossier=dossier,
        key_of=dossiers.key_of,
        warn=dossiers.WARN_DAYS,
    )


@web.post("/lots/<uuid:uid>/step/<event>")
@needs(Action.EDIT_LOT, Action.RELEASE_LOT)
def step_lot(uid: UUID, event: str) -> Response:
    """Move the lot along."""
    return step(lambda work: service.step(work, uid, member(LotEvent, event)), "web.lot", uid=uid)


@web.post("/lots/<uuid:uid>/hold")
@needs(Action.PLACE_HOLD)
def hold_lot(uid: UUID) -> Response:
    """Ask for a hold on the lot."""
    return step(lambda work: cases.ask_hold(work, uid, request.form.get("reason", "")), "web.lot", uid=uid)


@web.post("/lots/<uuid:uid>/holds/<uuid:hold>/lift")
@needs(Action.LIFT_HOLD)
def lift_hold(uid: UUID, hold: UUID) -> Response:
    """Lift a hold."""
    return step(lambda work: holds.lift(work, hold), "web.lot", uid=uid)
