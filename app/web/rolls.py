"""Rolls of stamps: their present ranges, the balance, activation, and stamps that are void, lost or spoiled."""

from typing import Any
from uuid import UUID

from flask import render_template, url_for
from werkzeug.wrappers import Response

from app.auth import reading
from app.domain.errors import Text
from app.domain.lots import LotState
from app.models.lots import Lot
from app.models.products import Product
from app.services import lots, stamps
from app.services.work import Work
from app.web import Line, Page, done, listing, number, submitted, web
from app.web.forms import Form, asked, choices
from app.web.moves import Activate, Retire, Sideways

_BINDABLE = frozenset({LotState.RELEASED, LotState.STAMPED, LotState.DISTRIBUTED})


@web.get("/stamps")
def rolls() -> str:
    """All rolls in scope, with what is left of each."""
    with reading() as work:
        rows = []
        for row in stamps.every(work):
            sums = stamps.balance(work, [row.id])
            rows.append(
                Line(
                    (
                        row.number,
                        work.session.get_one(Product, row.product_id).name,
                        number(row.hi - row.lo),
                        number(sums.stock),
                        number(sums.active),
                    ),
                    url_for(".roll", uid=row.uid),
                )
            )
    heads = (
        ("Cuộn", "Roll"),
        ("Sản phẩm", "Product"),
        ("Số tem", "#Stamps"),
        ("Còn lại", "#Left"),
        ("Đã kích hoạt", "#Active"),
    )
    return listing(Text("Cuộn tem", "Stamp rolls"), heads, rows, Text("Chưa có tem. Hãy đặt tem.", "None yet: order."))


@web.get("/stamps/<uuid:uid>")
def roll(uid: UUID) -> str:
    """One roll."""
    with reading() as work:
        row = stamps.get(work, uid)
        tiles = stamps.ranges(work, row.id)
        names = {tile.lot_id: work.session.get_one(Lot, tile.lot_id) for tile in tiles if tile.lot_id}
        sums = stamps.balance(work, [row.id])
        product = work.session.get_one(Product, row.product_id)
    return render_template("roll.html", row=row, tiles=tiles, lots=names, sums=sums, product=product)


@web.route("/stamps/<uuid:uid>/activate", methods=["GET", "POST"])
def activate(uid: UUID) -> Page:
    """Bind stamps first to last to a lot."""
    with reading() as work:
        row = stamps.get(work, uid)
        fit = [one for one in lots.every(work) if one.product_id == row.product_id and one.state in _BINDABLE]
    form = Form(
        Activate,
        (
            asked(
                "lot", "Cho lô", "For the lot", "select", options=[(str(o.uid), Text(o.lot_no, o.lot_no)) for o in fit]
            ),
            asked("first", "Tem đầu tiên (số thứ tự trong cuộn)", "First stamp (its place in the roll)", "number"),
            asked("last", "Tem cuối cùng", "Last stamp", "number"),
        ),
    )

    def act(work: Work, command: Activate) -> Any:
        return stamps.activate(work, uid, command.lot, command.positions)

    def then(_: Any) -> Response:
        return done("web.roll", uid=uid)

    return submitted(form, act, then, Text("Kích hoạt tem", "Activate stamps"))


@web.route("/stamps/<uuid:uid>/retire", methods=["GET", "POST"])
def retire(uid: UUID) -> Page:
    """Void stamps, report them lost or spoiled."""
    form = Form(
        Retire,
        (
            asked("event", "Việc", "What", "select", options=choices(Sideways)),
            asked("first", "Tem đầu tiên", "First stamp", "number"),
            asked("last", "Tem cuối cùng", "Last stamp", "number"),
            asked("reason", "Lý do", "Reason"),
        ),
    )

    def act(work: Work, command: Retire) -> Any:
        return stamps.retire(work, uid, command.positions, command.stamp_event, command.reason)

    def then(_: Any) -> Response:
        return done("web.roll", uid=uid)

    return submitted(form, act, then, Text("Huỷ, mất, hỏng", "Void, lost, spoiled"))
