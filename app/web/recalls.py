"""Recalls: ask, approve with four eyes, settle each lot, close."""

from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from app.auth import fresh, may, needs, reading
from app.domain.errors import Text
from app.domain.permissions import Action
from app.domain.recalls import RecallEvent, RecallResult, RecallState
from app.services import audit
from app.services import recalls as service
from app.services.recalls import NewRecall
from app.services.work import Work
from app.web import Line, Page, asked_page, done, listing, member, moment, step, submitted, web
from app.web.forms import Field, Form, asked, choices, optional
from app.web.pick import LOTS, picked

PATH = (RecallState.REQUESTED, RecallState.APPROVED, RecallState.OPEN, RecallState.CLOSED)


@dataclass(frozen=True, slots=True)
class Settle:
    """What became of a lot."""

    result: RecallResult
    recovered: Decimal
    note: str | None = None


@web.get("/recalls")
@needs(Action.READ_RECALL)
def recalls() -> str:
    """All recalls in scope."""
    with reading() as work:
        part = service.page(work, asked_page())
    rows = [
        Line((row.number, row.state, row.reason, moment(row.requested_at)), url_for(".recall", uid=row.uid))
        for row in part.rows
    ]
    heads = (("Số", "Number"), ("Trạng thái", "State"), ("Lý do", "Reason"), ("Đề nghị lúc", "Requested"))
    new = (url_for(".new_recall"), Text("Đề nghị thu hồi", "Ask for a recall"))
    empty = Text("Chưa có vụ thu hồi nào.", "No recalls.")
    shown = new if may(Action.REQUEST_RECALL) else None
    return listing(Text("Thu hồi", "Recalls"), heads, rows, empty, shown, after=part.next, states=tuple(RecallState))


@dataclass(frozen=True, slots=True)
class _Wish:
    """A recall as the form asks for it: of one lot."""

    lot: UUID
    reason: str
    instruction: str
    reason_en: str | None = None
    instruction_en: str | None = None


@web.route("/recalls/new", methods=["GET", "POST"])
@needs(Action.REQUEST_RECALL)
def new_recall() -> Page:
    """Ask for the recall of a lot."""
    form = Form(
        _Wish,
        (
            _which_lot(),
            asked("reason", "Lý do thu hồi", "Reason", "textarea", most=2000),
            asked("instruction", "Người mua cần làm gì", "What buyers must do", "textarea", most=2000),
            optional("reason_en", "Lý do (tiếng Anh)", "Reason in English", "textarea", most=2000),
            optional("instruction_en", "Hướng dẫn (tiếng Anh)", "Instruction in English", "textarea", most=2000),
        ),
    )

    form.button = Text("Gửi đề nghị", "Send the request")

    def then(made: Any) -> Response:
        return done("web.recall", uid=made.uid)

    def ask(work: Work, wish: _Wish) -> Any:
        said = {name: value for name, value in asdict(wish).items() if name != "lot"}
        return service.request(work, NewRecall((wish.lot,), **said))

    return submitted(form, ask, then, Text("Đề nghị thu hồi", "Ask for a recall"))


def _which_lot() -> Field:
    """The lot; one that was come from is there already, however old it is."""
    field = picked(LOTS, "lot", Text("Lô", "Lot"))
    known = LOTS.meant(request.args.get("lot", "")) if request.args.get("lot") else []
    options = [*known, *(one for one in field.options if one not in known)]
    return replace(field, options=options) if field.kind == "select" else field


@web.get("/recalls/<uuid:uid>")
@needs(Action.READ_RECALL)
def recall(uid: UUID) -> str:
    """One recall with its lots and results."""
    with reading() as work:
        row = service.get(work, uid)
        covered, results = service.lots_of(work, row), service.results_of(work, row)
        trail = audit.trail(work.session, "recall", row.id)
    return render_template("recall.html", row=row, lots=covered, results=results, path=PATH, trail=trail)


@web.post("/recalls/<uuid:uid>/decide/<event>")
@fresh
@needs(Action.DECIDE_RECALL)
def decide_recall(uid: UUID, event: str) -> Response:
    """Approve or reject."""
    return step(lambda work: service.decide(work, uid, member(RecallEvent, event)), "web.recall", uid=uid)


@web.route("/recalls/<uuid:uid>/lots/<uuid:lot>", methods=["GET", "POST"])
@needs(Action.CLOSE_RECALL)
def settle_recall(uid: UUID, lot: UUID) -> Page:
    """Say what became of one lot."""
    form = Form(
        Settle,
        (
            asked("result", "Kết quả", "Result", "select", options=choices(RecallResult)),
            asked("recovered", "Số lượng thu hồi được", "Quantity recovered", "amount"),
            optional("note", "Ghi chú", "Note", most=255),
        ),
    )

    def act(work: Work, said: Settle) -> Any:
        return service.settle(work, uid, lot, said.result, said.recovered, said.note)

    def then(_: Any) -> Response:
        return done("web.recall", uid=uid)

    return submitted(form, act, then, Text("Kết quả thu hồi", "Result of the recall"))


@web.post("/recalls/<uuid:uid>/close")
@fresh
@needs(Action.CLOSE_RECALL)
def close_recall(uid: UUID) -> Response:
    """Close it."""
    return step(lambda work: service.close(work, uid, request.form.get("reason", "")), "web.recall", uid=uid)
