"""What is read and never written: search, sums, scans, supply, labels, communes, and what was done to each thing."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Response
from pydantic import BaseModel, Field

from app.api import ById, Paging, api, plainly
from app.api.activations import reader
from app.api.views import views
from app.auth import needs, reading
from app.domain.permissions import Action
from app.services import audit, scans, search, sums, supply, trails, units
from app.services.trails import Noun
from stamp_engine.format import Profile


class Words(BaseModel):
    """What is looked for."""

    q: str = Field("", max_length=512)


class TrailPath(ById):
    """A thing: its noun and public id."""

    noun: Noun


@api.get("/search")
@needs()
def find(query: Words) -> Response:
    """Whatever `q` names within what one may see: a serial, a code, a lot, product, order, roll or organisation."""
    with reading() as work:
        return plainly({"items": search.find(work, reader(), query.q)})


@api.get("/trails/<noun>/<uuid:uid>")
@needs(
    Action.READ_ORGANISATION,
    Action.READ_PRODUCT,
    Action.READ_LOT,
    Action.READ_ORDER,
    Action.READ_PRINT_JOB,
    Action.READ_STAMPS,
    Action.READ_RECALL,
    Action.READ_CASE,
)
def get_trail(path: TrailPath) -> Response:
    """What was done to one thing and by whom, the newest first."""
    with reading() as work:
        return plainly({"items": trails.of(work, path.noun, path.uid)})


class Checking(BaseModel):
    """Whether every entry is read again."""

    check: bool = False


@api.get("/audit")
@needs(Action.READ_AUDIT)
def get_audit(query: Checking) -> Response:
    """How long the audit chain is; with `check=true`, whether every link holds and where it breaks (seconds)."""
    with reading() as work:
        work.may(Action.READ_AUDIT, what="audit")
        if not query.check:
            return plainly({"length": audit.length(work.session)})
        try:
            return plainly({"holds": True, "length": audit.check(work.session)})
        except audit.Broken as error:
            return plainly({"holds": False, "broken_at": error.seq, "why": error.why})


@api.get("/sums")
@needs(Action.READ_STAMPS)
def get_sums(query: Paging) -> Response:
    """The three sums of each roll, and whether they close."""
    with reading() as work:
        lines, part = sums.page(work, query.ask())
    items = [
        {"batch": line.batch.uid, "number": line.batch.number, "product": line.product, "closes": line.good}
        | asdict(line.sums)
        for line in lines
    ]
    return plainly({"items": items, "next": part.next})


@api.get("/supply")
@needs(Action.READ_STAMPS)
def get_supply() -> Response:
    """For each product of one's own: stamps in stock, used in thirty days, ordered, and for how many days they last."""
    with reading() as work:
        found = supply.of_own(work)
    return plainly({"items": [{**asdict(one), "days": one.days, "low": one.low} for one in found]})


class Scanned(BaseModel):
    """Whose scans: of one product, of one lot, or of all in scope."""

    product: UUID | None = None
    lot: UUID | None = None


@api.get("/scans/summary")
@needs(Action.READ_SCANS)
def get_scans(query: Scanned) -> Response:
    """Buyers' scans by day, week, verdict, place and product, and the lots that were ever scanned."""
    with reading() as work:
        told = scans.story(work, scans.about(work, query.product, query.lot))
    content: dict[str, Any] = {
        "days": [asdict(one) for one in told.days],
        "weeks": [asdict(one) for one in told.weeks],
        "week": told.week,
        "week_before": told.before,
        "unusual": told.unusual,
        "verdicts": dict(told.verdicts),
        "places": [{"place": asdict(one.name), "province": one.province, "scans": one.scans} for one in told.places],
        "products": [{"product": row.uid, "name": row.name, "scans": count} for row, count in told.goods],
        "lots": [
            {
                "lot": one.lot.uid,
                "lot_no": one.lot.lot_no,
                "scans": one.scans,
                "unusual": one.unusual,
                "on": one.last_on,
            }
            for one in told.lots
        ],
    }
    return plainly(content)


@api.get("/layouts")
@needs(Action.READ_ORDER)
def list_layouts() -> Response:
    """The kinds of labels that an order may name."""
    with reading() as work:
        found = [{"name": one.name, "vi": one.vi, "en": one.en, "dpi": one.dpi} for one in work.press.layouts.values()]
    return plainly({"items": found, "profiles": list(Profile)})


@api.get("/communes")
@needs()
def list_communes() -> Response:
    """The communes in force today, whose codes register an organisation."""
    with reading() as work:
        return plainly({"items": views(work, units.on(work.session, work.today))})
