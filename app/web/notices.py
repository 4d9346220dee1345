"""One's notices, and where an organisation's programs are told."""

from uuid import UUID

from flask import render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.auth import needs, reading, working
from app.domain.errors import Refusal
from app.domain.permissions import Action
from app.models.organisations import Organisation
from app.services import notices as service
from app.services import webhooks
from app.web import Page, asked_page, next_page, said, step, web
from app.web.forms import asked, faults

# The page of each thing that a notice is about.
_PAGES = {
    "organisation": "web.organisation",
    "product": "web.product",
    "order": "web.order",
    "print_job": "web.print_job",
    "hold": "web.lot",
    "recall": "web.recall",
    "alert_case": "web.case",
}


@web.get("/notices")
@needs()
def notices() -> str:
    """What happened to one's things, the newest first."""
    with reading() as work:
        part = service.page(work, asked_page())
    shown = [
        (row, said(service.words(row)), url_for(_PAGES[row.event.partition(".")[0]], uid=row.thing))
        for row in part.rows
    ]
    return render_template("notices.html", rows=shown, next_url=next_page(part.next))


@web.post("/notices/read")
@needs()
def read_notices() -> Response:
    """Mark them all as read."""
    return step(service.read, "web.notices")


@web.route("/webhooks", methods=["GET", "POST"])
@needs(Action.EDIT_ORGANISATION)
def hooks() -> Page:
    """The webhooks of one's own organisation; a new one's secret is shown once, on the answer to its form."""
    secret, errors = None, {}
    with reading() as work:
        owner = work.session.get(Organisation, current_user.actor.organisation_id or 0)
    if owner is None:
        raise Refusal("not_found", what="organisation")
    if request.method == "POST":
        errors = faults(request.form, asked("url", "Địa chỉ", "The address", most=500))
    if request.method == "POST" and not errors:
        try:
            with working() as work:
                secret = webhooks.add(work, owner.uid, request.form.get("url", "").strip()).secret
        except Refusal as refusal:
            errors = {"url": refusal.text}
    with reading() as work:
        rows = webhooks.every(work, owner.uid)
    typed = request.form.get("url", "") if errors else ""
    page = render_template("webhooks.html", rows=rows, secret=secret, errors=errors, typed=typed)
    return page, 422 if errors else 200


@web.post("/webhooks/<uuid:uid>/end")
@needs(Action.EDIT_ORGANISATION)
def end_hook(uid: UUID) -> Response:
    """Tell it nothing more."""
    return step(lambda work: webhooks.end(work, uid), "web.hooks")
