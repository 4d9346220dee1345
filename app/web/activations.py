"""Activation and the early end of stamps: the first and the last stamp, a sentence to confirm, and a way back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.auth import fresh, needs, reading, working
from app.domain.errors import Refusal, Text
from app.domain.permissions import Action
from app.models.products import Product
from app.models.stamps import Batch
from app.services import activations as service
from app.services import lots, products, stamps, tasks
from app.services.activations import Span
from app.services.codes import Reader
from app.services.work import Work
from app.web import Page, number, said, say, shown, state, step, web
from app.web.forms import Field, Form, asked, choices
from app.web.moves import Activate, Retire, Sideways
from app.web.pick import LIVE_LOTS, picked

_CODE = Text(
    "Quét mã rồi dán vào đây, hoặc gõ 17 ký tự in trên tem.",
    "Scan and paste the code here, or type the 17 characters on the stamp.",
)
_PLACE = Text(
    "Mã, 17 ký tự in trên tem, hoặc số thứ tự trong cuộn.",
    "The code, the 17 characters on the stamp, or its place in the roll.",
)


def reader() -> Reader:
    """How this application reads codes."""
    found: Reader = current_app.extensions["codes"]
    return found


def _ends(*, in_roll: bool) -> tuple[Field, Field]:
    hint = _PLACE if in_roll else _CODE
    return (
        asked("first", "Tem đầu tiên", "First stamp", "code", hint=hint, most=512),
        asked("last", "Tem cuối cùng", "Last stamp", "code", most=512),
    )


def _roll(work: Work, uid: UUID | None) -> Batch | None:
    return stamps.get(work, uid) if uid else None


@web.route("/activate", methods=["GET", "POST"], defaults={"uid": None})
@web.route("/stamps/<uuid:uid>/activate", methods=["GET", "POST"])
@needs(Action.ACTIVATE_STAMPS)
def activate(uid: UUID | None) -> Page:
    """Bind stamps to a lot: given, shown in one sentence, confirmed."""
    with reading() as work:
        roll = _roll(work, uid)
        product = work.session.get_one(Product, roll.product_id) if roll is not None else None
        rolls = tasks.stocked_rolls(work) if roll is None else []
        undoable = service.undoable(work)
    fit = replace(LIVE_LOTS, of=product.uid) if product is not None else LIVE_LOTS
    which = picked(fit, "lot", Text("Cho lô", "For the lot"))
    form = Form(Activate, (which, *_ends(in_roll=bool(uid))))
    title = Text("Kích hoạt tem", "Activate stamps")
    form.button = Text("Xem lại", "Review")
    if request.method == "GET":
        form.given = request.args.to_dict()
        return render_template("activate.html", form=form, title=said(title), rolls=rolls, undoable=undoable, roll=roll)

    def act(work: Work, command: Activate, span: Span) -> Any:
        return stamps.activate(work, span.batch.uid, command.lot, span.positions)

    def sentence(work: Work, command: Activate, span: Span) -> Text:
        lot = lots.get(work, command.lot)
        name = products.names(work, [lot.product_id]).get(lot.product_id, "")
        return Text(
            f"{_span(span)[0]} cho lô {lot.lot_no} – {name}?", f"{_span(span)[1]} for lot {lot.lot_no} – {name}?"
        )

    return _confirmed(form, uid, title, act, sentence, Text("Kích hoạt", "Activate"))


@web.route("/retire", methods=["GET", "POST"], defaults={"uid": None})
@web.route("/stamps/<uuid:uid>/retire", methods=["GET", "POST"])
@fresh
@needs(Action.VOID_STAMPS)
def retire(uid: UUID | None) -> Page:
    """Void stamps, report them lost or spoiled; there is no way back, so it is confirmed."""
    with reading() as work:
        _roll(work, uid)
    fields = (
        asked("event", "Việc", "What", "select", options=choices(Sideways)),
        *_ends(in_roll=bool(uid)),
        asked("reason", "Lý do", "Reason", most=255),
    )
    form = Form(Retire, fields)
    form.button = Text("Xem lại", "Review")
    title = Text("Huỷ, mất, hỏng", "Void, lost, spoiled")
    if request.method == "GET":
        form.given = request.args.to_dict()
        return shown(form, title)

    def act(work: Work, command: Retire, span: Span) -> Any:
        return stamps.retire(work, span.batch.uid, span.positions, command.stamp_event, command.reason)

    def sentence(_: Work, command: Retire, span: Span) -> Text:
        what = state(command.event)
        vi, en = _span(span)
        return Text(f"{what}: {vi}. Không hoàn tác được.", f"{what}: {en}. This cannot be undone.")

    return _confirmed(form, uid, title, act, sentence, title)


def _span(span: Span) -> tuple[str, str]:
    first, last = number(span.positions.first), number(span.positions.last)
    count, name = number(span.count), span.batch.number
    return (
        f"{count} tem, từ số {first} đến số {last} của cuộn {name}",
        f"{count} stamps, number {first} to {last} of roll {name}",
    )


def _confirmed(
    form: Form[Any],
    uid: UUID | None,
    title: Text,
    act: Callable[[Work, Any, Span], Any],
    sentence: Callable[[Work, Any, Span], Text],
    button: Text,
) -> Page:
    """The sentence to confirm; once confirmed, the act. What is wrong stands in the form."""
    command = form.read(request.form)
    if command is None:
        return shown(form, title)
    try:
        span, words = _tried(uid, command, act, sentence)
    except Refusal as refusal:
        form.refuse(refusal)
        return shown(form, title)
    if "confirmed" not in request.form:
        return render_template(
            "confirm.html", title=said(title), sentence=said(words), form=form, button=said(button), span=span
        )
    flash(say(f"Đã xong: {number(span.count)} tem.", f"Done: {number(span.count)} stamps."))
    return redirect(url_for("web.roll", uid=span.batch.uid), 303)


def _tried(
    uid: UUID | None,
    command: Any,
    act: Callable[[Work, Any, Span], Any],
    sentence: Callable[[Work, Any, Span], Text],
) -> tuple[Span, Text]:
    """Do it, or where it is not confirmed yet rehearse it: nobody confirms what would be refused. Raises Refusal."""
    found: tuple[Span, Text] | None = None
    try:
        with working() as work:
            span = service.span(work, reader(), command.first, command.last, roll=_roll(work, uid))
            found = span, sentence(work, command, span)
            act(work, command, span)
            _unless("confirmed" in request.form)
    except _Rehearsal:
        pass
    if found is None:
        raise Refusal("not_found", what="stamp")
    return found


class _Rehearsal(Exception):
    """Raised to leave a piece of work without writing it."""


def _unless(confirmed: bool) -> None:  # noqa: FBT001  the one thing it asks
    if not confirmed:
        raise _Rehearsal


@web.post("/activations/<uuid:uid>/undo")
@needs(Action.ACTIVATE_STAMPS)
def undo(uid: UUID) -> Response:
    """Take an activation back while that is still possible."""
    return step(lambda work: service.undo(work, uid), "web.activate")
