"""The way in, the home page of each role, accounts, the scans and the audit."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import redirect, render_template, request, session, url_for
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from app.auth import Person, desk, may, reading
from app.domain.errors import Refusal, Text
from app.domain.orders import OrderState, PrintJobState
from app.domain.organisations import OrganisationState
from app.domain.permissions import SYSTEM, Action, RoleName
from app.domain.products import ProductState
from app.domain.recalls import RecallState
from app.extensions import limiter
from app.services import audit as audit_service
from app.services import lots, orders, organisations, printing, products, recalls, stamps
from app.services import scans as scan_service
from app.services import units as unit_service
from app.services import users as user_service
from app.services.users import NewUser
from app.services.work import Work
from app.web import Line, Page, day, done, listing, number, said, submitted, web
from app.web.forms import Form, asked, choices, optional

Due = tuple[Text, str]


@web.route("/sign-in", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
def sign_in() -> Page:
    """Sign in by e-mail or telephone and password."""
    error = None
    if request.method == "POST":
        try:
            with desk().reading(SYSTEM) as work:
                user = user_service.authenticate(work, request.form.get("login", ""), request.form.get("password", ""))
        except Refusal as refusal:
            error = said(refusal.text)
        else:
            kept = session.get("lang")
            session.clear()
            session["lang"] = kept or user.locale
            login_user(Person(user))
            return redirect(_back(request.args.get("next")), 303)
    return render_template("sign_in.html", error=error), 200 if error is None else 422


def _back(wanted: str | None) -> str:
    """Where a sign-in leads: only to a page of ours."""
    parts = urlsplit(wanted or "")
    ours = not parts.scheme and not parts.netloc and parts.path.startswith("/office")
    return wanted if ours and wanted else url_for("web.home")


@web.post("/sign-out")
def sign_out() -> Response:
    """Sign out."""
    logout_user()
    session.clear()
    return redirect(url_for("web.sign_in"), 303)


@web.get("/")
def home() -> str:
    """What is due, above four big buttons for a producer."""
    actor = current_user.actor
    with reading() as work:
        due = [*_producer_due(work), *_officer_due(work), *_printer_due(work)]
    producer = bool({RoleName.PRODUCER_OWNER, RoleName.PRODUCER_STAFF} & actor.roles)
    return render_template("home.html", due=due, producer=producer)


def _producer_due(work: Work) -> list[Due]:
    organisation = work.actor.organisation_id
    if organisation is None or not may(Action.RECEIVE_STAMPS):
        return []
    due: list[Due] = []
    for job in printing.waiting_for(work, organisation):
        words = Text("Nhận cuộn tem đã in", "Receive a printed roll")
        due.append((words, url_for("web.receive", uid=job.uid)))
    for lot in lots.every(work):
        if lot.state in {"DRAFT", "PRODUCED", "TESTING"}:
            words = Text(f"Hoàn thiện hồ sơ lô {lot.lot_no}", f"Complete the dossier of lot {lot.lot_no}")
            due.append((words, url_for("web.lot", uid=lot.uid)))
    stock = [batch for batch in stamps.every(work) if stamps.balance(work, [batch.id]).stock]
    for batch in stock[:5]:
        words = Text(f"Kích hoạt tem của cuộn {batch.number}", f"Activate stamps of roll {batch.number}")
        due.append((words, url_for("web.roll", uid=batch.uid)))
    return due[:8]


def _officer_due(work: Work) -> list[Due]:
    due: list[Due] = []
    for action, find in _OFFICER:
        if may(action):
            due += find(work)
    return due[:12]


def _orders_due(work: Work) -> list[Due]:
    found = [order for order in orders.every(work) if order.state is OrderState.SUBMITTED]
    return [
        (
            Text(
                f"Duyệt đơn {order.number}: {number(order.quantity)} tem",
                f"Decide order {order.number}: {number(order.quantity)} stamps",
            ),
            url_for("web.order", uid=order.uid),
        )
        for order in found
    ]


def _prints_due(work: Work) -> list[Due]:
    ready = [job for job in printing.every(work) if job.state is PrintJobState.READY]
    return [(Text("Phát hành tệp in", "Release a print file"), url_for("web.print_jobs")) for _ in ready[:1]]


def _organisations_due(work: Work) -> list[Due]:
    return [
        (Text(f"Duyệt chủ thể {row.name}", f"Decide organisation {row.name}"), url_for("web.organisation", uid=row.uid))
        for row in organisations.every(work)
        if row.state is OrganisationState.PENDING
    ]


def _products_due(work: Work) -> list[Due]:
    return [
        (Text(f"Duyệt sản phẩm {row.name}", f"Decide product {row.name}"), url_for("web.product", uid=row.uid))
        for row in products.every(work)
        if row.state is ProductState.SUBMITTED
    ]


def _recalls_due(work: Work) -> list[Due]:
    return [
        (Text(f"Thu hồi {row.number}", f"Recall {row.number}"), url_for("web.recall", uid=row.uid))
        for row in recalls.every(work)
        if row.state in {RecallState.REQUESTED, RecallState.OPEN}
    ]


_OFFICER: tuple[tuple[Action, Callable[[Work], list[Due]]], ...] = (
    (Action.DECIDE_RECALL, _recalls_due),
    (Action.DECIDE_ORDER, _orders_due),
    (Action.RELEASE_PRINT_JOB, _prints_due),
    (Action.DECIDE_ORGANISATION, _organisations_due),
    (Action.DECIDE_PRODUCT, _products_due),
)


def _printer_due(work: Work) -> list[Due]:
    if not may(Action.PRINT_JOB):
        return []
    waiting = [job for job in printing.every(work) if job.state in {PrintJobState.RELEASED, PrintJobState.DOWNLOADED}]
    return [(Text("Có tệp in đang chờ", "A print file is waiting"), url_for("web.print_jobs")) for _ in waiting[:1]]


@web.get("/scans")
def scans() -> str:
    """The scans of each lot."""
    with reading() as work:
        rows = [
            Line(
                (one.lot.lot_no, number(one.scans), number(one.unusual), day(one.last_on)),
                url_for("web.lot", uid=one.lot.uid),
            )
            for one in scan_service.by_lot(work)
        ]
    heads = (
        ("Lô", "Lot"),
        ("Lượt quét", "#Scans"),
        ("Bất thường", "#Unusual"),
        ("Lần cuối", "Last"),
    )
    empty = Text("Chưa có lượt quét nào. Hãy dán tem và bán hàng.", "No scans yet: put stamps on packs and sell.")
    return listing(Text("Lượt quét", "Scans"), heads, rows, empty)


@web.get("/users")
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


@web.get("/audit")
def audit() -> str:
    """The last acts, and whether the chain holds."""
    with reading() as work:
        work.may(Action.READ_AUDIT, what="audit")
        try:
            length, broken = audit_service.check(work.session), None
        except audit_service.Broken as error:
            length, broken = error.seq, error.why
        rows = audit_service.last(work.session, 100)
    return render_template("audit.html", rows=rows, length=length, broken=broken)
