"""Passkeys: one's own, and signing in with one."""

from uuid import UUID

from flask import current_app, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from app.auth import desk, for_anybody, fresh, needs, reading, working
from app.domain.errors import Refusal
from app.domain.permissions import SYSTEM, Actor
from app.extensions import limiter
from app.models.users import User
from app.services import passkeys as service
from app.services.passkeys import Party, Question
from app.web import Page, said, step, web
from app.web.accounts import half, let_in


def party() -> Party:
    """Whom passkeys of this office are bound to."""
    found: Party = current_app.extensions["party"]
    return found


def _asked(question: Question) -> str:
    """What the browser is asked; the session remembers for which challenge an answer may come."""
    session["passkey"] = [question.challenge.hex(), desk().clock()]
    return question.options


def _challenge() -> bytes:
    """The challenge of the page the answer comes from, once, also for who kept the cookie. Raises Refusal."""
    kept, at = session.pop("passkey", ("", 0))
    challenge = bytes.fromhex(kept)
    with desk().work(SYSTEM) as work:
        service.spend(work, challenge, at)
    return challenge


@web.context_processor
def _questions() -> dict[str, object]:
    def passkey_question(user: User | None = None) -> str:
        return _asked(service.question_to_sign_in(party(), user))

    return {"passkey_question": passkey_question}


@web.route("/account/passkeys", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
@fresh
@needs()
def passkeys() -> Page:
    """One's own passkeys, and a form for another."""
    error = None
    if request.method == "POST":
        try:
            challenge = _challenge()
            with working() as work:
                codes = service.enrol(
                    work, party(), challenge, request.form.get("answer", ""), request.form.get("name", "")
                )
            if codes:
                return render_template("recovery_codes.html", codes=codes)
            return redirect(url_for("web.passkeys"), 303)
        except Refusal as refusal:
            error = said(refusal.text)
    with reading() as work:
        rows, options = service.own(work), _asked(service.question_to_enrol(work, party()))
    typed = request.form.get("name", "")[:60]
    page = render_template("passkeys.html", rows=rows, options=options, error=error, typed=typed, origin=party().origin)
    return page, 422 if error else 200


@web.post("/account/passkeys/<uuid:uid>/remove")
@fresh
@needs()
def remove_passkey(uid: UUID) -> Response:
    """Take one away."""
    return step(lambda work: service.remove(work, uid), "web.passkeys")


@web.post("/sign-in/passkey")
@limiter.limit("20 per minute")
@for_anybody
def sign_in_passkey() -> Page:
    """Sign in with a passkey alone, or with one after the password."""
    known = half()
    try:
        challenge = _challenge()
        with desk().work(SYSTEM if known is None else Actor(known.id, frozenset())) as work:
            user = service.confirm(work, party(), challenge, request.form.get("answer", ""), known)
    except Refusal as refusal:
        kept = {"error": said(refusal.text)}
        template = "sign_in.html" if known is None else "sign_in_code.html"
        return render_template(template, user=known, **kept), 422
    return let_in(user)
