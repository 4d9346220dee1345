"""Organisations: list, register, record."""

from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from app.auth import may, reading
from app.domain.errors import Text
from app.domain.organisations import ORGANISATION, OrganisationEvent, OrganisationKind
from app.domain.permissions import Action
from app.models.units import AdminUnit
from app.services import organisations as service
from app.services import units
from app.services.organisations import NewOrganisation
from app.web import Line, Page, done, listing, member, state, step, submitted, web
from app.web.forms import Form, asked, choices, optional

_WORDS = {
    OrganisationEvent.APPROVE: ("Duyệt", "Approve", "main", None),
    OrganisationEvent.REINSTATE: ("Cho hoạt động lại", "Reinstate", "main", None),
    OrganisationEvent.SUSPEND: ("Tạm ngừng", "Suspend", "danger", Text("Lý do", "Reason")),
    OrganisationEvent.CLOSE: ("Đóng", "Close", "danger", Text("Lý do", "Reason")),
}


@web.get("/organisations")
def organisations() -> str:
    """All organisations in scope."""
    with reading() as work:
        rows = [
            Line((row.name, row.state, row.code, state(row.kind), row.address), url_for(".organisation", uid=row.uid))
            for row in service.every(work)
        ]
    new = (url_for(".new_organisation"), Text("Đăng ký chủ thể", "Register an organisation"))
    heads = (("Tên", "Name"), ("Trạng thái", "State"), ("Mã", "Code"), ("Loại", "Type"), ("Địa chỉ", "Address"))
    empty = Text("Chưa có chủ thể nào. Hãy đăng ký chủ thể đầu tiên.", "None yet: register the first one.")
    shown = new if may(Action.REGISTER_ORGANISATION) else None
    return listing(Text("Chủ thể OCOP", "OCOP organisations"), heads, rows, empty, shown)


@web.route("/organisations/new", methods=["GET", "POST"])
def new_organisation() -> Page:
    """Register one."""
    with reading() as work:
        areas = [(unit.code, Text(unit.name, unit.name)) for unit in units.on(work.session, work.today)]
    form = Form(
        NewOrganisation,
        (
            asked("name", "Tên chủ thể", "Name"),
            asked("kind", "Loại", "Type", "select", options=choices(OrganisationKind)),
            asked("unit", "Xã, phường", "Commune", "select", options=areas),
            asked("address", "Địa chỉ", "Address"),
            optional("phone", "Điện thoại", "Telephone", "tel"),
            optional("email", "Thư điện tử", "E-mail", "email"),
            optional("registration_no", "Số đăng ký kinh doanh", "Business registration number"),
            optional("registered_on", "Ngày đăng ký", "Registered on", "date"),
            optional("story", "Giới thiệu", "About", "textarea"),
            optional("prints", "Là nhà in tem", "Is a print house", "checkbox"),
        ),
    )

    def then(made: Any) -> Response:
        return done("web.organisation", uid=made.uid)

    return submitted(form, service.register, then, Text("Đăng ký chủ thể", "Register an organisation"))


@web.get("/organisations/<uuid:uid>")
def organisation(uid: UUID) -> str:
    """One organisation."""
    with reading() as work:
        row = service.get(work, uid)
        unit = work.session.get_one(AdminUnit, row.unit_id)
    allowed = may(Action.DECIDE_ORGANISATION)
    acts = [(event, *_WORDS[event]) for event in ORGANISATION.table[row.state]] if allowed else []
    return render_template("organisation.html", row=row, unit=unit, acts=acts)


@web.post("/organisations/<uuid:uid>/<event>")
def decide_organisation(uid: UUID, event: str) -> Response:
    """Approve, suspend, reinstate or close."""
    reason = request.form.get("reason")
    return step(
        lambda work: service.decide(work, uid, member(OrganisationEvent, event), reason), "web.organisation", uid=uid
    )
