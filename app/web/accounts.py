"""Signing in and out, and accounts."""

import json
from urllib.parse import urlsplit
from uuid import UUID

from flask import redirect, render_template, request, session, url_for
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response

from app.auth import Person, desk, for_anybody, fresh, needs, reading
from app.domain.errors import Refusal, Text
from app.domain.permissions import SYSTEM, Action
from app.extensions import limiter
from app.models.users import User
from app.services import access, audit
from app.services import users as user_service
from app.web import Line, Page, asked_page, listing, said, say, step, web
from app.web.forms import asked, faults
from app.web.words import CHOICES

PASSWORD = asked("password", "Mật khẩu", "The password", most=1024)
_LOGIN = asked("login", "Thư điện tử hoặc số điện thoại", "The e-mail address or telephone number", most=255)
_HALF_US = 10 * 60 * 1_000_000


@web.route("/sign-in", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
@for_anybody
def sign_in() -> Page:
    """Sign in by e-mail or telephone and password."""
    error, errors = None, {}
    if request.method == "POST":
        errors = faults(request.form, _LOGIN, PASSWORD)
    if request.method == "POST" and not errors:
        try:
            with desk().reading(SYSTEM) as work:
                user = user_service.authenticate(work, request.form.get("login", ""), request.form.get("password", ""))
        except Refusal as refusal:
            error = said(refusal.text)
        else:
            return _on_to_code(user) if access.has_second(user) else let_in(user)
    return render_template("sign_in.html", error=error, errors=errors), 422 if error or errors else 200


def _on_to_code(user: User) -> Page:
    """The password was right; the second factor comes next. Nothing else is open until then, and nothing is lost."""
    lang = session.get("lang")
    session.clear()
    session.update(half=user.fs_uniquifier, half_at=desk().clock(), half_next=request.args.get("next"))
    session["lang"] = lang or user.locale
    if _kept():
        return render_template("sign_in_code.html", error=None, user=user)
    return redirect(url_for("web.sign_in_code"), 303)


def half() -> User | None:
    """Who has given the right password a moment ago."""
    if desk().clock() - session.get("half_at", 0) > _HALF_US:
        return None
    with desk().reading(SYSTEM) as work:
        return user_service.by_session(work, session.get("half", ""))


def let_in(user: User) -> Page:
    """Everything was right: what had been typed is shown to be sent, or the person goes where they were going."""
    kept, resume = _kept(), request.form.get("resume")
    wanted = request.args.get("next") or session.get("half_next")
    answer = signed_in(user, wanted)
    return render_template("resume.html", kept=kept, resume=back(resume)) if kept and resume else answer


@web.context_processor
def _what_was_typed() -> dict[str, object]:
    """What the pages of signing in carry along."""
    return {"kept": _kept(), "resume": request.form.get("resume", "")}


def signed_in(user: User, wanted: str | None) -> Response:
    """Begin a session of its own, and go where the person was going."""
    lang = session.get("lang")
    session.clear()
    session["lang"] = lang or user.locale
    session["signed_in_at"] = desk().clock()
    login_user(Person(user))
    return redirect(back(wanted), 303)


def _kept() -> list[tuple[str, str]]:
    """What a form held when its session ended, as the pages of signing in carry it."""
    try:
        pairs = json.loads(request.form.get("kept") or "[]")
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
@needs(Action.INVITE_STAFF)
def users() -> str:
    """The accounts one looks after."""
    with reading() as work:
        part = user_service.page(work, asked_page())
    rows = [
        Line(
            (
                row.name,
                row.email or row.phone,
                ", ".join(said(CHOICES[role.name]) for role in row.roles),
                say("có", "on") if access.has_second(row) else "–",
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
@needs(Action.INVITE_STAFF)
def user(uid: UUID) -> str:
    """One account: what was done with it, the way back in for who lost theirs, and its end."""
    with reading() as work:
        row = user_service.get(work, uid)
        trail = audit.trail(work.session, "user", row.id)
    return render_template(
        "user.html",
        row=row,
        second=access.has_second(row),
        roles=[CHOICES[role.name] for role in row.roles],
        trail=trail,
    )


@web.post("/users/<uuid:uid>/close")
@fresh
@needs(Action.INVITE_STAFF)
def close_user(uid: UUID) -> Response:
    """Close an account."""
    return step(lambda work: access.close(work, uid), "web.user", uid=uid)
