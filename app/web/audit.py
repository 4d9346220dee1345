"""The audit chain: the last acts, and whether it holds."""

from flask import render_template

from app.auth import needs, reading
from app.domain.permissions import Action
from app.services import audit as service
from app.web import web


@web.get("/audit")
@needs(Action.READ_AUDIT)
def audit() -> str:
    """The last acts, and whether the chain holds."""
    with reading() as work:
        work.may(Action.READ_AUDIT, what="audit")
        try:
            length, broken = service.check(work.session), None
        except service.Broken as error:
            length, broken = error.seq, error.why
        rows = service.last(work.session, 100)
    return render_template("audit.html", rows=rows, length=length, broken=broken)
