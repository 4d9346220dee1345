"""Organisations: list, register, record."""

from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from app.auth import may, needs, reading
from app.domain.errors import Text
from app.domain.organisations import ORGANISATION, OrganisationEvent, OrganisationKind, OrganisationState
from app.domain.permissions import Action
from app.models.organisations import Organisation
from app.models.units import AdminUnit
from app.services import audit
from app.services import organisations as service
from app.services.organisations import NewOrganisation, Profile
from app.services.work import Work
from app.web import Line, Page, asked_page, done, listing, member, state, step, submitted, version_of, web
from app.web.forms import Form, asked, choices, optional
from app.web.pick import COMMUNES, picked

_WORDS = {
    OrganisationEvent.APPROVE: ("Duyệt", "Approve", "main", None),
    OrganisationEvent.REINSTATE: ("Cho hoạt động lại", "Reinstate", "main", None),
    OrganisationEvent.SUSPEND: ("Tạm ngừng", "Suspend", "danger", Text("Lý do", "Reason")),
    OrganisationEvent.CLOSE: ("Đóng", "Close", "danger", Text("Lý do", "Reason")),
}


@web.get("/organisations")
@needs(Action.READ_ORGANISATION)
def organisations() -> str:
    """All organisations in scope."""
    with reading() as work:
        part = service.page(work, asked_page())
    rows = [
        Line((row.name, row.state, row.code, state(row.kind), row.address), url_for(".organisation", uid=row.uid))
        for row in part.rows
    ]
    new = (url_for(".new_organisation"), Text("Đăng ký chủ thể", "Register an organisation"))
    heads = (("Tên", "Name"), ("Trạng thái", "State"), ("Mã", "Code"), ("Loại", "Type"), ("Địa chỉ", "Address"))
    empty = Text("Chưa có chủ thể nào. Hãy đăng ký chủ thể đầu tiên.", "None yet: register the first one.")
    shown = new if may(Action.REGISTER_ORGANISATION) else None
    title = Text("Chủ thể OCOP", "OCOP organisations")
    return listing(title, heads, rows, empty, shown, after=part.next, states=tuple(OrganisationState))


@web.route("/organisations/new", methods=["GET", "POST"])
@needs(Action.REGISTER_ORGANISATION)
def new_organisation() -> Page:
    """Register one."""
    form = Form(
        NewOrganisation,
        (
            asked("name", "Tên chủ thể", "Name"),
            asked("kind", "Loại", "Type", "select", options=choices(OrganisationKind)),
            picked(COMMUNES, "unit", Text("Xã, phường", "Commune")),
            asked("address", "Địa chỉ", "Address"),
            optional("phone", "Điện thoại", "Telephone", "tel"),
            optional("email", "Thư điện tử", "E-mail", "email", most=120),
            optional("registration_no", "Số đăng ký kinh doanh", "Business registration number", most=40),
            optional("registered_on", "Ngày đăng ký", "Registered on", "date"),
            optional("story", "Giới thiệu", "About", "textarea", most=4000),
            optional("prints", "Là nhà in tem", "Is a print house", "checkbox"),
        ),
    )

    def then(made: Any) -> Response:
        return done("web.organisation", uid=made.uid)

    return submitted(form, service.register, then, Text("Đăng ký chủ thể", "Register an organisation"))


@web.route("/organisations/<uuid:uid>/edit", methods=["GET", "POST"])
@needs(Action.EDIT_ORGANISATION)
def edit_organisation(uid: UUID) -> Page:
    """Change the profile, unless somebody else has meanwhile."""
    with reading() as work:
        row = service.get(work, uid)
    form = Form(
        Profile,
        (
            asked("address", "Địa chỉ", "Address"),
            optional("phone", "Điện thoại", "Telephone", "tel"),
            optional("email", "Thư điện tử", "E-mail", "email", most=120),
            optional("representative", "Người đại diện", "Representative", most=120),
            optional("story", "Giới thiệu", "About", "textarea", most=4000),
        ),
    )
    form.given = {one.name: getattr(row, one.name) or "" for one in form.fields} | {"version": str(row.version)}
    version = request.form.get("version")

    def mend(work: Work, command: Profile) -> Organisation:
        return service.update(work, uid, command, version_of(version))

    def then(made: Organisation) -> Response:
        return done("web.organisation", uid=made.uid)

    return submitted(form, mend, then, Text(f"Sửa {row.name}", f"Edit {row.name}"))


@web.get("/organisations/<uuid:uid>")
@needs(Action.READ_ORGANISATION)
def organisation(uid: UUID) -> str:
    """One organisation."""
    with reading() as work:
        row = service.get(work, uid)
        unit = work.session.get_one(AdminUnit, row.unit_id)
        trail = audit.trail(work.session, "organisation", row.id)
    allowed = may(Action.DECIDE_ORGANISATION)
    acts = [(event, *_WORDS[event]) for event in ORGANISATION.table[row.state]] if allowed else []
    return render_template("organisation.html", row=row, unit=unit, acts=acts, trail=trail)


@web.post("/organisations/<uuid:uid>/<event>")
@needs(Action.DECIDE_ORGANISATION)
def decide_organisation(uid: UUID, event: str) -> Response:
    """Approve, suspend, reinstate or close."""
    reason = request.form.get("reason")
    return step(
        lambda work: service.decide(work, uid, member(OrganisationEvent, event), reason), "web.organisation", uid=uid
    )
