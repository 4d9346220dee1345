"""The audit chain: what was done, and whether it holds."""

from flask import render_template, request

from app.auth import needs, reading
from app.domain.permissions import Action
from app.services import audit as service
from app.services.paging import SIZE
from app.services.work import Work
from app.web import next_page, web
from app.web.words import NOUNS


@web.get("/audit")
@needs(Action.READ_AUDIT)
def audit() -> str:
    """The last acts; and whether the chain holds where that is asked for, since every entry of it is read then."""
    before = request.args.get("after", "")[:18]
    with reading() as work:
        work.may(Action.READ_AUDIT, what="audit")
        rows = service.last(work.session, SIZE, int(before) if before.isascii() and before.isdigit() else None)
        state = _checked(work) if "check" in request.args else None
    more = next_page(rows[-1].entry.seq) if len(rows) == SIZE else None
    return render_template("audit.html", rows=rows, nouns=NOUNS, state=state, next_url=more)


def _checked(work: Work) -> tuple[int, str | None]:
    try:
        return service.check(work.session), None
    except service.Broken as error:
        return error.seq, error.why
