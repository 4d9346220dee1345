"""Signing in and out, and accounts."""

import json
from urllib.parse import urlsplit
from uuid import UUID

from flask import redirect, render_template, request, session, url_for
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response

from app.auth import Person, desk, for_anybody, needs, reading
from app.domain.errors import Refusal, Text
from app.domain.permissions import SYSTEM, Action
from app.extensions import limiter
from app.models.users import User
from app.services import audit
from app.services import users as user_service
from app.web import Line, Page, asked_page, listing, said, say, web
from app.web.words import CHOICES


@web.route("/sign-in", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
@for_anybody
def sign_in() -> Page:
    """Sign in by e-mail or telephone and password."""
    error = None
    kept = _kept(request.form.get("kept"))
    resume = request.form.get("resume")
    if request.method == "POST":
        try:
            with desk().reading(SYSTEM) as work:
                user = user_service.authenticate(work, request.form.get("login", ""), request.form.get("password", ""))
        except Refusal as refusal:
            error = said(refusal.text)
        else:
            if user.totp_sealed is not None:
                return _half(user)
            if kept and resume:
                signed_in(user, None)
                return render_template("resume.html", kept=kept, resume=back(resume))
            return signed_in(user, request.args.get("next"))
    page = render_template("sign_in.html", error=error, kept=kept, resume=resume)
    return page, 200 if error is None else 422


def _half(user: User) -> Response:
    """The password was right; the code comes next. Nothing else is open until then."""
    lang = session.get("lang")
    session.clear()
    session.update(half=user.fs_uniquifier, half_at=desk().clock(), half_next=request.args.get("next"))
    session["lang"] = lang or user.locale
    return redirect(url_for("web.sign_in_code"), 303)


def signed_in(user: User, wanted: str | None) -> Response:
    """Begin a session of its own, and go where the person was going."""
    lang = session.get("lang")
    session.clear()
    session["lang"] = lang or user.locale
    session["signed_in_at"] = desk().clock()
    login_user(Person(user))
    return redirect(back(wanted), 303)


def _kept(raw: str | None) -> list[tuple[str, str]]:
    """What a form held when its session ended, as the sign-in page carries it."""
    try:
        pairs = json.loads(raw or "[]")
        return [(str(name)[:80], str(value)) for name, value in pairs][:200]
    except (ValueError, TypeError):
        return []


def back(wanted: str | None) -> str:
    """Where a sign-in leads: only to a page of ours."""
    parts = urlsplit(wanted or "")
    ours = not parts.scheme and not parts.netloc and parts.path.startswith("/office/")
    return wanted if ours and wanted and "\\" not in wanted else url_for("web.home")


@web.post("/sign-out")
@needs()
def sign_out() -> Response:
    """Sign out."""
    logout_user()
    session.clear()
    return redirect(url_for("web.sign_in"), 303)


@web.get("/users")
@needs(Action.MANAGE_USERS)
def users() -> str:
    """All accounts."""
    with reading() as work:
        part = user_service.page(work, asked_page())
    rows = [
        Line(
            (
                row.name,
                row.email or row.phone,
                ", ".join(said(CHOICES[role.name]) for role in row.roles),
                say("có", "on") if row.totp_sealed else "–",
            ),
            url_for("web.user", uid=row.uid),
        )
        for row in part.rows
    ]
    new = (url_for("web.invite"), Text("Mời người", "Invite somebody"))
    heads = (("Tên", "Name"), ("Đăng nhập", "Signs in as"), ("Vai trò", "Roles"), ("Hai lớp", "Second factor"))
    empty = Text("Chưa có tài khoản.", "No accounts.")
    return listing(Text("Tài khoản", "Accounts"), heads, rows, empty, new, after=part.next, states=())


@web.get("/users/<uuid:uid>")
@needs(Action.MANAGE_USERS)
def user(uid: UUID) -> str:
    """One account: what was done with it, and the way back in for who lost theirs."""
    with reading() as work:
        row = user_service.get(work, uid)
        trail = audit.trail(work.session, "user", row.id)
    return render_template("user.html", row=row, roles=[CHOICES[role.name] for role in row.roles], trail=trail)
