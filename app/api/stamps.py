"""Orders, print jobs, rolls, recalls and tokens over the API."""

from decimal import Decimal
from uuid import UUID

from flask import Response, current_app, json
from pydantic import BaseModel, RootModel

from app.api import ById, Reason, answered, api, asked_page, created, given, paged, stepped
from app.auth import needs, reading, working
from app.domain.orders import OrderEvent
from app.domain.permissions import Action
from app.domain.recalls import RecallEvent, RecallResult
from app.services import orders, printing, recalls, stamps, users
from app.services.orders import NewOrder
from app.services.printing import Receipt, Spoilage
from app.services.recalls import NewRecall
from app.services.stamps import Positions
from stamp_engine.lifecycle import StampEvent


class OrderStep(ById):
    """A step of an order's life."""

    event: OrderEvent


class RecallStep(ById):
    """A step of a recall."""

    event: RecallEvent


class RecallLotPath(ById):
    """A lot under recall."""

    lot: UUID


class Activation(BaseModel):
    """Stamps `first` to `last` of a roll (from 1, both included) for a lot."""

    lot: UUID
    first: int
    last: int


class Retirement(BaseModel):
    """Stamps that end early."""

    event: StampEvent
    first: int
    last: int
    reason: str


class Settlement(BaseModel):
    """What became of a recalled lot."""

    result: RecallResult
    recovered: Decimal
    note: str | None = None


class TokenRequest(BaseModel):
    """A token for one's own program."""

    name: str
    scopes: list[Action]


class NewOrderBody(RootModel[NewOrder]):
    """`NewOrder` as the body of a request."""


class NewRecallBody(RootModel[NewRecall]):
    """`NewRecall` as the body of a request."""


class SpoilageBody(RootModel[Spoilage]):
    """`Spoilage` as the body of a request; it may be left out."""


class ReceiptBody(RootModel[Receipt]):
    """`Receipt` as the body of a request."""


@api.get("/orders")
@needs(Action.READ_ORDER)
def list_orders() -> Response:
    """Orders in scope, the newest first."""
    with reading() as work:
        return paged(orders.page(work, asked_page()))


@api.post("/orders")
@needs(Action.PLACE_ORDER)
def place_order(body: NewOrderBody) -> Response:
    """Order stamps."""
    return created("orders", lambda work: orders.place(work, body.root))


@api.get("/orders/<uuid:uid>")
@needs(Action.READ_ORDER)
def get_order(path: ById) -> Response:
    """One order."""
    with reading() as work:
        return answered(orders.get(work, path.uid))


@api.post("/orders/<uuid:uid>/<event>")
@needs(Action.DECIDE_ORDER, Action.PLACE_ORDER)
def step_order(path: OrderStep, body: Reason) -> Response:
    """Approve, reject (somebody else than who asked) or cancel."""
    if path.event is OrderEvent.CANCEL:
        return stepped(lambda work: orders.cancel(work, path.uid), lambda work: orders.get(work, path.uid))
    return stepped(
        lambda work: orders.decide(
            work, path.uid, path.event, body.reason, two_above=current_app.extensions["two_officers_above"]
        ),
        lambda work: orders.get(work, path.uid),
    )


@api.get("/print-jobs")
@needs(Action.READ_PRINT_JOB)
def list_print_jobs() -> Response:
    """Print jobs in scope, the newest first."""
    with reading() as work:
        return paged(printing.page(work, asked_page()))


@api.post("/print-jobs/<uuid:uid>/release")
@needs(Action.RELEASE_PRINT_JOB)
def release_print_job(path: ById) -> Response:
    """Let the print house have the file, or with a reason have it once more."""
    return stepped(lambda work: printing.release(work, path.uid, given(Reason).reason))


@api.post("/print-jobs/<uuid:uid>/printed")
@needs(Action.PRINT_JOB)
def print_job_printed(path: ById) -> Response:
    """The batch is on paper, but for what is named."""
    return stepped(lambda work: printing.printed(work, path.uid, given(SpoilageBody).root))


@api.post("/print-jobs/<uuid:uid>/receive")
@needs(Action.RECEIVE_STAMPS)
def receive_print_job(path: ById, body: ReceiptBody) -> Response:
    """Count a printed roll in."""
    return stepped(lambda work: printing.receive(work, path.uid, body.root))


@api.get("/batches")
@needs(Action.READ_STAMPS)
def list_batches() -> Response:
    """Rolls in scope with the balance of each, the newest first."""
    with reading() as work:
        part = stamps.page(work, asked_page())
        left = stamps.balances(work, (row.id for row in part.rows))
        return paged(part, lambda row: {"size": row.hi - row.lo, "stock": left[row.id].stock})


@api.get("/batches/<uuid:uid>")
@needs(Action.READ_STAMPS)
def get_batch(path: ById) -> Response:
    """One roll."""
    with reading() as work:
        return answered(stamps.get(work, path.uid))


@api.post("/batches/<uuid:uid>/activate")
@needs(Action.ACTIVATE_STAMPS)
def activate_stamps(path: ById, body: Activation) -> Response:
    """Bind stamps to a lot, once and for ever."""
    where = Positions(body.first, body.last)
    return stepped(lambda work: stamps.activate(work, path.uid, body.lot, where))


@api.post("/batches/<uuid:uid>/retire")
@needs(Action.VOID_STAMPS)
def retire_stamps(path: ById, body: Retirement) -> Response:
    """Void stamps, or report them lost or spoiled."""
    where = Positions(body.first, body.last)
    return stepped(lambda work: stamps.retire(work, path.uid, where, body.event, body.reason))


@api.get("/recalls")
@needs(Action.READ_RECALL)
def list_recalls() -> Response:
    """Recalls in scope, the newest first."""
    with reading() as work:
        return paged(recalls.page(work, asked_page()))


@api.post("/recalls")
@needs(Action.REQUEST_RECALL)
def request_recall(body: NewRecallBody) -> Response:
    """Ask for a recall."""
    return created("recalls", lambda work: recalls.request(work, body.root))


@api.get("/recalls/<uuid:uid>")
@needs(Action.READ_RECALL)
def get_recall(path: ById) -> Response:
    """One recall."""
    with reading() as work:
        return answered(recalls.get(work, path.uid))


@api.post("/recalls/<uuid:uid>/lots/<uuid:lot>")
@needs(Action.CLOSE_RECALL)
def settle_recall(path: RecallLotPath, body: Settlement) -> Response:
    """Say what became of a recalled lot."""
    with working() as work:
        recalls.settle(work, path.uid, path.lot, body.result, body.recovered, body.note)
        return answered(recalls.get(work, path.uid))


@api.post("/recalls/<uuid:uid>/close")
@needs(Action.CLOSE_RECALL)
def close_recall(path: ById, body: Reason) -> Response:
    """Close a recall; `reason` is the remedy."""
    return stepped(lambda work: recalls.close(work, path.uid, body.reason or ""))


@api.post("/recalls/<uuid:uid>/<event>")
@needs(Action.DECIDE_RECALL)
def step_recall(path: RecallStep) -> Response:
    """Approve (somebody else than who asked) or reject."""
    return stepped(lambda work: recalls.decide(work, path.uid, path.event), lambda work: recalls.get(work, path.uid))


@api.post("/tokens")
@needs()
def issue_token(body: TokenRequest) -> Response:
    """A bearer token for one's own program, shown once."""
    with working() as work:
        secret = users.issue_token(work, body.name, tuple(body.scopes))
    return Response(json.dumps({"token": secret}), 201, content_type="application/json")
