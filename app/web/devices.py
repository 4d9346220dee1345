"""Scanning devices of inspectors and producers' staff: enrol, see, revoke."""

from typing import Any
from uuid import UUID

from flask import render_template
from werkzeug.wrappers import Response

from app.auth import may, needs, reading
from app.domain.errors import Text
from app.domain.permissions import Action
from app.services import devices as service
from app.services.devices import NewDevice
from app.web import Page, asked_page, next_page, step, submitted, web
from app.web.forms import Form, asked
from app.web.pick import USERS, picked

_TITLE = Text("Đăng ký thiết bị", "Enrol a device")


@web.get("/devices")
@needs(Action.ENROL_DEVICE)
def devices() -> str:
    """The devices in scope."""
    with reading() as work:
        part = service.page(work, asked_page())
    return render_template("devices.html", rows=part.rows, next_url=next_page(part.next))


@web.route("/devices/new", methods=["GET", "POST"])
@needs(Action.ENROL_DEVICE)
def new_device() -> Page:
    """Enrol a device; its token is shown once, here."""
    hint = Text("Ví dụ: điện thoại của đội kiểm tra số 2", "For example: telephone of inspection team 2")
    fields = [asked("name", "Tên thiết bị", "Name of the device", hint=hint)]
    if may(Action.MANAGE_USERS):
        fields.append(picked(USERS, "user", Text("Người dùng thiết bị", "Whose device"), required=False))
    form = Form(NewDevice, fields)

    def then(made: Any) -> Any:
        return render_template("device.html", device=made.device, token=made.token)

    return submitted(form, service.enrol, then, _TITLE)


@web.post("/devices/<uuid:uid>/revoke")
@needs(Action.ENROL_DEVICE)
def revoke_device(uid: UUID) -> Response:
    """Take a device's right away."""
    return step(lambda work: service.revoke(work, uid), "web.devices")
