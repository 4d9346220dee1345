"""Activation and the early end of stamps by code, serial or place, and taking an activation back."""

from uuid import UUID

from flask import Response, current_app
from pydantic import BaseModel, Field

from app.api import ById, api, created, plainly, stepped
from app.api.views import jsonable, views
from app.auth import needs, reading
from app.domain.permissions import Action
from app.models.stamps import RangeEvent
from app.services import activations, stamps
from app.services.codes import Reader
from app.services.work import Work
from stamp_engine.lifecycle import StampEvent


class Ends(BaseModel):
    """The first and the last stamp, each a code, a typed serial or, where `roll` is named, a place in it."""

    first: str = Field(max_length=512)
    last: str = Field(max_length=512)
    roll: UUID | None = None


class ActivationByCode(Ends):
    """Stamps for a lot."""

    lot: UUID


class RetirementByCode(Ends):
    """Stamps that end early."""

    event: StampEvent
    reason: str


class Code(BaseModel):
    """What a symbol says, or a typed serial."""

    code: str = Field(max_length=512)


def reader() -> Reader:
    """How this application reads codes."""
    found: Reader = current_app.extensions["codes"]
    return found


def _span(work: Work, ends: Ends) -> activations.Span:
    roll = stamps.get(work, ends.roll) if ends.roll else None
    return activations.span(work, reader(), ends.first, ends.last, roll=roll)


@api.get("/activations")
@needs(Action.ACTIVATE_STAMPS)
def list_activations() -> Response:
    """Activations of one's own that may still be taken back, and until when."""
    with reading() as work:
        found = activations.undoable(work)
        shown = views(work, [one.event for one in found])
    more = ({"positions": one.positions, "until_at": one.until} for one in found)
    return plainly({"items": [{**view, **jsonable(extra)} for view, extra in zip(shown, more, strict=True)]})


@api.post("/activations")
@needs(Action.ACTIVATE_STAMPS)
def activate_by_code(body: ActivationByCode) -> Response:
    """Bind the stamps from one to the other of the same roll to a lot."""

    def act(work: Work) -> RangeEvent:
        span = _span(work, body)
        stamps.activate(work, span.batch.uid, body.lot, span.positions)
        return activations.latest(work, span.batch)

    return created("activations", act)


@api.post("/activations/<uuid:uid>/undo")
@needs(Action.ACTIVATE_STAMPS)
def undo_activation(path: ById) -> Response:
    """Take an activation back, for ten minutes and while no consumer has scanned it."""
    return stepped(lambda work: activations.undo(work, path.uid))


@api.post("/retirements")
@needs(Action.VOID_STAMPS)
def retire_by_code(body: RetirementByCode) -> Response:
    """Void the stamps from one to the other of the same roll, or report them lost or spoiled."""

    def act(work: Work) -> RangeEvent:
        span = _span(work, body)
        stamps.retire(work, span.batch.uid, span.positions, body.event, body.reason)
        return activations.latest(work, span.batch)

    return stepped(act)


@api.get("/stamps")
@needs(Action.READ_STAMPS)
def find_stamp(query: Code) -> Response:
    """The roll and the place of one stamp: `code` is what its symbol says, or its serial."""
    with reading() as work:
        span = activations.span(work, reader(), query.code, query.code)
        return plainly({"batch": span.batch.uid, "number": span.batch.number, "position": span.positions.first})
