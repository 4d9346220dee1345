"""The scans of one's own goods: plain sentences first, charts second; by verdict, place, product and lot below."""

from flask import render_template, request, url_for

from app.auth import may, needs, reading
from app.domain.errors import Text
from app.domain.permissions import Action
from app.services import cases
from app.services import scans as service
from app.services.paging import Ask
from app.services.scans import About, Story
from app.web import number, said, uid_of, web
from app.web.cases import KINDS
from verifier.contract import VERDICTS, Verdict

_CASES = Ask(size=8)


@web.get("/scans")
@needs(Action.READ_SCANS)
def scans() -> str:
    """What buyers did lately: with all goods in scope, with one product, or with one lot."""
    with reading() as work:
        asked = service.about(work, uid_of(request.args.get("product")), uid_of(request.args.get("lot")))
        told = service.story(work, asked)
        shown = may(Action.READ_CASE) and asked == About()
        alerts = cases.page(work, _CASES).rows if shown else []
    return render_template(
        "scans.html",
        about=asked,
        story=told,
        sentences=[said(text) for text in _sentences(told)],
        verdicts=[(said(_verdict(word)), count) for word, count in told.verdicts],
        cases=[(row, said(KINDS[row.kind]), url_for(".case", uid=row.uid)) for row in alerts],
        told_cases=shown,
    )


def _verdict(word: str) -> Text:
    """What those who scanned have read; a word of an earlier version stands for itself."""
    known = VERDICTS[Verdict(word)].headline if word in set(Verdict) else None
    return Text(known.vi, known.en) if known is not None else Text(word, word)


def _sentences(told: Story) -> list[Text]:
    """The numbers as somebody would say them."""
    week, before = number(told.week), number(told.before)
    if not told.week and not told.before:
        return [Text("Hai tuần qua chưa có ai quét tem.", "Nobody has scanned in the last two weeks.")]
    new = sum(one.firsts for one in told.days[-service.WEEK :])
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
    if told.week:
        found.append(
            Text(
                f"Trong đó {number(new)} lượt là lần quét đầu tiên của tem, {number(told.week - new)} lượt quét lại.",
                f"{number(new)} of them were the first scan of their stamp, {number(told.week - new)} a repeat.",
            )
        )
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
