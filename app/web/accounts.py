"""Signing in and out, and accounts."""

import json
from typing import Any
from urllib.parse import urlsplit

from flask import redirect, render_template, request, session, url_for
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response

from app.auth import Person, desk, for_anybody, needs, reading
from app.domain.errors import Refusal, Text
from app.domain.permissions import SYSTEM, Action, RoleName
from app.extensions import limiter
from app.services import organisations
from app.services import units as unit_service
from app.services import users as user_service
from app.services.users import NewUser
from app.web import Line, Page, done, listing, said, submitted, web
from app.web.forms import Form, asked, choices, optional


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
            lang = session.get("lang")
            session.clear()
            session["lang"] = lang or user.locale
            login_user(Person(user))
            if kept and resume:
                return render_template("resume.html", kept=kept, resume=back(resume))
            return redirect(back(request.args.get("next")), 303)
    page = render_template("sign_in.html", error=error, kept=kept, resume=resume)
    return page, 200 if error is None else 422


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
        rows = [
            Line((row.name, row.email or row.phone, ", ".join(role.name for role in row.roles)))
            for row in user_service.every(work)
        ]
    new = (url_for("web.new_user"), Text("Thêm tài khoản", "New account"))
    heads = (("Tên", "Name"), ("Đăng nhập", "Signs in as"), ("Vai trò", "Roles"))
    return listing(Text("Tài khoản", "Accounts"), heads, rows, Text("Chưa có tài khoản.", "No accounts."), new)


@web.route("/users/new", methods=["GET", "POST"])
@needs(Action.MANAGE_USERS)
def new_user() -> Page:
    """Make an account."""
    with reading() as work:
        owners = [(str(row.id), Text(row.name, row.name)) for row in organisations.every(work)]
        areas = [(str(row.id), Text(row.name, row.name)) for row in unit_service.on(work.session, work.today)]
    form = Form(
        NewUser,
        (
            asked("name", "Họ tên", "Name"),
            optional("email", "Thư điện tử", "E-mail", "email"),
            optional("phone", "Điện thoại", "Telephone", "tel"),
            asked("password", "Mật khẩu (ít nhất 10 ký tự)", "Password (10 characters or more)", "password"),
            asked("role", "Vai trò", "Role", "select", options=choices(RoleName)),
            optional("organisation_id", "Chủ thể", "Organisation", "select", options=owners),
            optional("unit_id", "Xã, phường", "Commune", "select", options=areas),
        ),
    )
    roles = [request.form["role"]] if request.form.get("role") else []

    def then(_: Any) -> Response:
        return done("web.users")

    return submitted(form, user_service.create, then, Text("Thêm tài khoản", "New account"), roles=roles)
