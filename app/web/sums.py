"""Sums that close: every stamp ordered, printed, delivered and used."""

from flask import render_template, url_for

from app.auth import needs, reading
from app.domain.permissions import Action
from app.services import sums as service
from app.web import asked_page, web


@web.get("/sums")
@needs(Action.READ_STAMPS)
def sums() -> str:
    """The three sums of each roll, and of all on the page."""
    with reading() as work:
        lines, part = service.page(work, asked_page())
    following = url_for("web.sums", after=part.next) if part.next else None
    return render_template("sums.html", lines=lines, total=service.total(lines), next_url=following)
