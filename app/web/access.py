"""Getting in: the second step of signing in, turning it on, links that let an account choose a password, and tokens."""

from collections.abc import Mapping
from uuid import UUID

import segno
from flask import current_app, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.auth import desk, for_anybody, fresh, may, needs, reading, working
from app.domain.errors import Refusal, Text
from app.domain.permissions import SYSTEM, Action, Actor, RoleName, Scope, scopes
from app.extensions import limiter
from app.models.users import User
from app.services import access as service
from app.services import users
from app.services.access import Box, Invitation
from app.web import Page, member, said, step, web
from app.web.accounts import PASSWORD, half, let_in, signed_in
from app.web.forms import Field, Form, asked, choices, faults, optional
from app.web.pick import COMMUNES, ORGANISATIONS, picked
from app.web.words import RIGHTS


def box() -> Box:
    """What seals the second factors of this office."""
    found: Box = current_app.extensions["box"]
    return found


@web.route("/sign-in/code", methods=["GET", "POST"])
@limiter.limit("6 per minute; 60 per day", methods=["POST"], key_func=lambda: f"code:{session.get('half', '')}")
@for_anybody
def sign_in_code() -> Page:
    """The second step: the code of the authenticator app, or a recovery code."""
    user, error = half(), None
    if user is None:
        return redirect(url_for("web.sign_in"), 303)
    errors = faults(request.form, _CODE) if request.method == "POST" else {}
    if request.method == "POST" and not errors:
        try:
            with desk().work(Actor(user.id, frozenset())) as work:
                service.confirm(work, box(), user.id, request.form.get("code", "")[:64])
        except Refusal as refusal:
            error = said(refusal.text)
        else:
            return let_in(user)
    page = render_template("sign_in_code.html", error=error, errors=errors, user=user)
    return page, 422 if error or errors else 200


@web.route("/account/second-factor", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
@fresh
@needs()
def second_factor() -> Page:
    """Turn the second factor on: scan the secret with an app, type its code, keep the recovery codes."""
    error, person = None, current_user.actor.user_id
    with reading() as work:
        user = work.session.get_one(User, person)
    errors = faults(request.form, _CODE) if request.method == "POST" else {}
    if request.method == "POST" and not errors:
        try:
            with working() as work:
                codes = service.enrol(work, box(), person, session.get("totp", ""), request.form.get("code", "")[:64])
            session.pop("totp", None)
            return render_template("recovery_codes.html", codes=codes)
        except Refusal as refusal:
            error = said(refusal.text)
    # The secret waits in the session's signed cookie, which its own owner alone holds.
    secret = session.setdefault("totp", service.new_secret())
    picture = segno.make(service.address(user, secret), error="m").svg_data_uri(scale=5, border=4)
    on = user.totp_sealed is not None
    page = render_template("second_factor.html", secret=secret, picture=picture, error=error, errors=errors, on=on)
    return page, 422 if error or errors else 200


@web.route("/join", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
@for_anybody
def join() -> Page:
    """A link of an invitation or a recovery: choose a password and be signed in."""
    key, error = request.values.get("key", "")[:200], None
    try:
        with desk().reading(SYSTEM) as work:
            user = service.owner_of(work, key)
    except Refusal as refusal:
        return render_template("message.html", detail={"vi": refusal.text.vi, "en": refusal.text.en}), 404
    errors = faults(request.form, PASSWORD) if request.method == "POST" else {}
    if request.method == "POST" and not errors:
        try:
            with desk().work(Actor(user.id, frozenset())) as work:
                user = service.choose_password(work, key, request.form.get("password", ""))
            return signed_in(user, None)
        except Refusal as refusal:
            error = said(refusal.text)
    page = render_template("join.html", key=key, user=user, error=error, errors=errors)
    return page, 422 if error or errors else 200


_CODE = asked("code", "Mã", "The code")
_TITLE = Text("Mời người", "Invite somebody")


@web.route("/users/invite", methods=["GET", "POST"])
@fresh
@needs(Action.INVITE_STAFF)
def invite() -> Page:
    """Make an account for somebody, and the link to hand over; no password is ever told."""
    with reading() as work:
        anybody = Scope.ALL in scopes(work.actor, Action.INVITE_STAFF)
        form = Form(Invitation, _questions(anybody=anybody))
    form.button = Text("Tạo liên kết mời", "Make the link")
    if request.method == "POST":
        command = form.read(request.form, **({} if anybody else {"role": RoleName.PRODUCER_STAFF}))
        if command is not None:
            try:
                with working() as work:
                    user, secret = service.invite(work, service.placed(work, command))
                return _handed(user, secret)
            except Refusal as refusal:
                form.refuse(refusal)
    return render_template("form.html", form=form, title=said(_TITLE)), form.status


def _questions(*, anybody: bool) -> tuple[Field, ...]:
    who = (
        asked("name", "Họ tên", "Name"),
        optional("phone", "Điện thoại", "Telephone", "tel"),
        optional("email", "Thư điện tử", "E-mail", "email"),
    )
    if not anybody:
        return who
    return (
        *who,
        asked("role", "Vai trò", "Role", "select", options=choices(RoleName)),
        picked(ORGANISATIONS, "organisation", Text("Chủ thể", "Organisation"), required=False),
        picked(COMMUNES, "unit", Text("Xã, phường", "Commune"), required=False),
    )


def _handed(user: User, secret: str) -> str:
    """The link, shown once, with words ready for a message."""
    link = current_app.extensions["public_url"] + url_for("web.join", key=secret)
    words = Text(
        f"Mời {user.name} vào Tem điện tử Sơn La. Mở liên kết này trong 7 ngày để chọn mật khẩu: {link}",
        f"{user.name} is invited to the Sơn La e-stamp office. Open within 7 days to choose a password: {link}",
    )
    return render_template("invited.html", user=user, words=words)


@web.post("/users/<uuid:uid>/recover")
@fresh
@needs(Action.MANAGE_USERS)
def recover(uid: UUID) -> str:
    """A link to a new password for somebody who lost theirs."""
    with working() as work:
        secret = service.recover(work, uid)
        user = work.find(User, uid, "user")
    return _handed(user, secret)


@web.get("/account/tokens")
@needs()
def tokens() -> Page:
    """One's own tokens, and a form for another."""
    return _tokens()


_PROGRAM = asked("name", "Tên chương trình", "The name of the program")
_RIGHTS = asked("action", "Việc được làm", "What it may do")


def _tokens(secret: str | None = None, errors: Mapping[str, Text] | None = None) -> Page:
    """The page of tokens: with a new one's secret, or with what is wrong in the form and what was chosen in it."""
    with reading() as work:
        rows = [
            (token, ", ".join(said(RIGHTS[Action(one)]) for one in token.scopes.split()))
            for token in users.tokens(work)
        ]
    page = render_template(
        "tokens.html",
        rows=rows,
        rights={action: words for action, words in RIGHTS.items() if may(action)},
        secret=secret,
        errors=errors,
        typed=request.form.get("name", "") if errors else "",
        ticked=request.form.getlist("action") if errors else (),
    )
    return page, 422 if errors else 200


@web.post("/account/tokens")
@fresh
@needs()
def new_token() -> Page:
    """A token for a program, limited to some actions; shown once."""
    errors = faults(request.form, _PROGRAM, _RIGHTS)
    if errors:
        return _tokens(errors=errors)
    try:
        with working() as work:
            secret = users.issue_token(work, request.form["name"], _wanted(request.form.getlist("action")))
    except Refusal as refusal:
        return _tokens(errors={"action" if refusal.pointer == "/action" else "name": refusal.text})
    return _tokens(secret)


def _wanted(raw: list[str]) -> tuple[Action, ...]:
    """The actions a token is for: none that its owner may not take. Raises Refusal."""
    wanted = tuple(member(Action, one) for one in raw)
    for action in wanted:
        if not may(action):
            raise Refusal("token_scope", pointer="/action", scope=action.value)
    return wanted


@web.post("/account/tokens/<uuid:uid>/revoke")
@needs()
def revoke_token(uid: UUID) -> Response:
    """End a token."""
    return step(lambda work: users.revoke_token(work, uid), "web.tokens")
