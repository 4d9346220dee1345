"""The scans of one's own goods: plain sentences first, the chart second, lot by lot below."""

from flask import render_template, url_for

from app.auth import needs, reading
from app.domain.errors import Text
from app.domain.permissions import Action
from app.services import scans as service
from app.services.scans import Story
from app.web import Line, day, number, said, web


@web.get("/scans")
@needs(Action.READ_SCANS)
def scans() -> str:
    """What buyers did in the last two weeks, and every lot that was ever scanned."""
    with reading() as work:
        told, lots = service.story(work), service.by_lot(work)
    rows = [
        Line(
            (one.lot.lot_no, number(one.scans), number(one.unusual), day(one.last_on)), url_for(".lot", uid=one.lot.uid)
        )
        for one in lots
    ]
    return render_template("scans.html", story=told, sentences=[said(text) for text in _sentences(told)], rows=rows)


def _sentences(told: Story) -> list[Text]:
    """The numbers as somebody would say them."""
    week, before = number(told.week), number(told.before)
    if not told.week and not told.before:
        return [Text("Hai tuần qua chưa có ai quét tem.", "Nobody has scanned in the last two weeks.")]
    trend = (
        Text("nhiều hơn tuần trước", "more than the week before")
        if told.week > told.before
        else Text("ít hơn tuần trước", "fewer than the week before")
        if told.week < told.before
        else Text("bằng tuần trước", "as many as the week before")
    )
    found = [
        Text(
            f"7 ngày qua người mua quét {week} lượt, {trend.vi} ({before} lượt).",
            f"Buyers scanned {week} times in the last 7 days, {trend.en} ({before}).",
        )
    ]
    if told.best is not None:
        lot, count = told.best
        found.append(
            Text(
                f"Lô {lot.lot_no} được quét nhiều nhất: {number(count)} lượt.",
                f"Lot {lot.lot_no} was scanned most: {number(count)} times.",
            )
        )
    found.append(
        Text(
            f"Có {number(told.unusual)} lượt bất thường: hãy xem lô đó và báo cán bộ nếu thấy hàng lạ."
            if told.unusual
            else "Không có lượt nào bất thường.",
            f"{number(told.unusual)} scans were unusual: look at that lot and tell an officer of strange goods."
            if told.unusual
            else "None of them was unusual.",
        )
    )
    return found
