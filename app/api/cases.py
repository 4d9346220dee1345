"""Alert cases over the API: the list, one case with its evidence and places, the steps, and decisions as labels."""

from typing import Any

from flask import Response
from pydantic import RootModel

from app.api import ById, Paging, api, created, given, paged, plainly, stepped
from app.api.activations import reader
from app.api.views import views
from app.auth import may, needs, reading
from app.domain.cases import CaseEvent, CaseKind
from app.domain.permissions import Action
from app.services import cases, casework, flags, labels, pins, sellers
from app.services.cases import Said
from app.services.flags import NewFlag
from app.services.paging import Part
from app.services.pins import Reopening
from app.services.sellers import NewSeller


class CasePaging(Paging):
    """A page of cases, perhaps of one kind."""

    kind: CaseKind | None = None


class CaseStep(ById):
    """A step of a case."""

    event: CaseEvent


class SaidBody(RootModel[Said]):
    """`Said` as the body of a request."""


class ReopeningBody(RootModel[Reopening]):
    """A locked stamp and why it is opened again."""


class NewFlagBody(RootModel[NewFlag]):
    """`NewFlag` as the body of a request."""


class NewSellerBody(RootModel[NewSeller]):
    """`NewSeller` as the body of a request."""


@api.get("/cases")
@needs(Action.READ_CASE)
def list_cases(query: CasePaging) -> Response:
    """Alert cases in scope, the newest first."""
    with reading() as work:
        return paged(work, cases.page(work, query.ask(), query.kind))


@api.get("/cases/<uuid:uid>")
@needs(Action.READ_CASE)
def get_case(path: ById) -> Response:
    """One case with its evidence in words, the steps that are possible, and what happened where."""
    with reading() as work:
        row = cases.get(work, path.uid)
        scene = casework.scene(work, row, reports=may(Action.READ_REPORT))
        content: dict[str, Any] = {
            **views(work, [row])[0],
            "evidence": [
                {"since_at": one.since, "at": one.at, "vi": one.vi, "en": one.en} for one in cases.evidence(work, row)
            ],
            "steps": [event for event, _ in cases.possible(work, row)],
            "places": [
                {"name": spot.name, "province": spot.province, "lat": spot.lat, "lon": spot.lon, **spot.counts}
                for spot in scene.spots
            ],
            "days": [{"on": on, "scans": count} for on, count in scene.days],
        }
    return plainly(content)


@api.post("/cases/<uuid:uid>/<event>")
@needs(Action.DECIDE_CASE, Action.APPROVE_HOLD)
def step_case(path: CaseStep) -> Response:
    """Watch, hold with four eyes, confirm, call a false alarm, reopen; `outcome` is told to reporters."""
    said = given(SaidBody).root
    return stepped(lambda work: cases.step(work, path.uid, path.event, said), lambda work: cases.get(work, path.uid))


@api.get("/case-labels")
@needs(Action.DECIDE_CASE)
def list_labels() -> Response:
    """Decided cases as JSON lines: events of their stamps and what officers found, as `estamp replay` reads them."""
    with reading() as work:
        text = "".join(f"{line}\n" for line in labels.lines(work))
    return Response(text, content_type="application/x-ndjson")


@api.get("/stamp-flags")
@needs(Action.FLAG_STAMPS)
def list_flags(query: Paging) -> Response:
    """Stamps registered as on display or published."""
    with reading() as work:
        found = flags.page(work, query.ask())
        places = {one.flag.uid: one.position for one in found.rows}
        part = Part([one.flag for one in found.rows], found.next)
        return paged(work, part, lambda row: {"position": places[row.uid]})


@api.post("/stamp-flags")
@needs(Action.FLAG_STAMPS)
def add_flag(body: NewFlagBody) -> Response:
    """Register a stamp as on display (`display`) or its code as published (`exposed`)."""
    return created("stamp-flags", lambda work: flags.register(work, reader(), body.root))


@api.post("/stamp-flags/<uuid:uid>/end")
@needs(Action.FLAG_STAMPS)
def end_flag(path: ById) -> Response:
    """It is no longer so."""
    return stepped(lambda work: flags.end(work, path.uid))


@api.post("/scratch-codes/reopen")
@needs(Action.REOPEN_PIN)
def reopen_pin(body: ReopeningBody) -> Response:
    """Let the scratch code of a stamp answer again that was locked by wrong tries; gives its roll."""
    return stepped(lambda work: pins.reopen(work, reader(), body.root))


@api.get("/sellers")
@needs(Action.FLAG_STAMPS)
def list_sellers(query: Paging) -> Response:
    """Known sellers in scope."""
    with reading() as work:
        found = sellers.page(work, query.ask())
        return paged(work, Part([seller for seller, _ in found.rows], found.next))


@api.post("/organisations/<uuid:uid>/sellers")
@needs(Action.FLAG_STAMPS)
def add_seller(path: ById, body: NewSellerBody) -> Response:
    """Register a shop (with its place) or an online seller of an organisation's goods."""
    return created("sellers", lambda work: sellers.add(work, path.uid, body.root))


@api.post("/sellers/<uuid:uid>/end")
@needs(Action.FLAG_STAMPS)
def end_seller(path: ById) -> Response:
    """They sell it no more."""
    return stepped(lambda work: sellers.end(work, path.uid))
