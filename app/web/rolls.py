"""Rolls of stamps: their present ranges and their sums."""

from uuid import UUID

import sqlalchemy as sa
from flask import render_template, url_for

from app.auth import needs, reading
from app.domain.errors import Text
from app.domain.permissions import Action
from app.models.lots import Lot
from app.services import activations, audit, products, stamps, sums
from app.web import Line, asked_page, listing, number, web


@web.get("/stamps")
@needs(Action.READ_STAMPS)
def rolls() -> str:
    """The rolls in scope, with what is left of each."""
    with reading() as work:
        part = stamps.page(work, asked_page())
        left = stamps.balances(work, (row.id for row in part.rows))
        names = products.names(work, (row.product_id for row in part.rows))
    rows = [
        Line(
            (
                row.number,
                names.get(row.product_id, ""),
                number(row.hi - row.lo),
                number(left[row.id].stock),
                number(left[row.id].active),
            ),
            url_for(".roll", uid=row.uid),
        )
        for row in part.rows
    ]
    heads = (
        ("Cuộn", "Roll"),
        ("Sản phẩm", "Product"),
        ("Số tem", "#Stamps"),
        ("Còn lại", "#Left"),
        ("Đã kích hoạt", "#Active"),
    )
    empty = Text("Chưa có tem. Hãy đặt tem.", "None yet: order some.")
    new = (url_for("web.sums"), Text("Đối soát tem", "Sums of stamps"))
    return listing(Text("Cuộn tem", "Stamp rolls"), heads, rows, empty, new, after=part.next, states=())


@web.get("/stamps/<uuid:uid>")
@needs(Action.READ_STAMPS)
def roll(uid: UUID) -> str:
    """One roll."""
    with reading() as work:
        row = stamps.get(work, uid)
        tiles = stamps.ranges(work, row.id)
        keys = {tile.lot_id for tile in tiles if tile.lot_id}
        found = {lot.id: lot for lot in work.session.scalars(sa.select(Lot).where(Lot.id.in_(keys)))}
        (line,) = sums.of(work, [row])
        undoable = [one for one in activations.undoable(work) if one.batch.id == row.id]
        trail = audit.trail(work.session, "batch", row.id)
    return render_template("roll.html", row=row, tiles=tiles, lots=found, line=line, undoable=undoable, trail=trail)
