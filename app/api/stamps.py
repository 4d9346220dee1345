"""Orders, rolls and recalls over the API."""

from decimal import Decimal
from uuid import UUID

from flask import Response, current_app
from pydantic import BaseModel, RootModel

from app.api import ById, Paging, Reason, answered, api, created, edited, paged, plainly, stepped
from app.api.views import views
from app.auth import needs, reading
from app.domain.orders import OrderEvent
from app.domain.permissions import Action
from app.domain.recalls import RecallEvent, RecallResult
from app.models.recalls import Recall
from app.services import orders, progress, recalls, stamps
from app.services.orders import NewOrder
from app.services.recalls import NewRecall
from app.services.stamps import Positions
from app.services.work import Work
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


class NewOrderBody(RootModel[NewOrder]):
    """`NewOrder` as the body of a request."""


class NewRecallBody(RootModel[NewRecall]):
    """`NewRecall` as the body of a request."""


@api.get("/orders")
@needs(Action.READ_ORDER)
def list_orders(query: Paging) -> Response:
    """Orders in scope, the newest first."""
    with reading() as work:
        return paged(work, orders.page(work, query.ask()))


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
        return answered(work, orders.get(work, path.uid))


@api.get("/orders/<uuid:uid>/minting")
@needs(Action.READ_ORDER)
def get_minting(path: ById) -> Response:
    """How far the minting of an approved order is; null where it is not approved yet, or done."""
    with reading() as work:
        return plainly({"minting": progress.of_order(work, path.uid)})


@api.put("/orders/<uuid:uid>")
@needs(Action.PLACE_ORDER)
def edit_order(path: ById, body: NewOrderBody) -> Response:
    """Mend a returned order and submit it again; `If-Match` names the version."""
    return edited(
        lambda work: orders.get(work, path.uid),
        lambda work, version: orders.revise(work, path.uid, body.root, version),
    )


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


@api.get("/batches")
@needs(Action.READ_STAMPS)
def list_batches(query: Paging) -> Response:
    """Rolls in scope with the balance of each, the newest first."""
    with reading() as work:
        part = stamps.page(work, query.ask())
        left = stamps.balances(work, (row.id for row in part.rows))
        return paged(work, part, lambda row: {"size": row.hi - row.lo, "stock": left[row.id].stock})


@api.get("/batches/<uuid:uid>")
@needs(Action.READ_STAMPS)
def get_batch(path: ById) -> Response:
    """One roll."""
    with reading() as work:
        return answered(work, stamps.get(work, path.uid))


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
def list_recalls(query: Paging) -> Response:
    """Recalls in scope, the newest first."""
    with reading() as work:
        return paged(work, recalls.page(work, query.ask()))


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
        return answered(work, recalls.get(work, path.uid))


@api.get("/recalls/<uuid:uid>/lots")
@needs(Action.READ_RECALL)
def list_recall_lots(path: ById) -> Response:
    """The lots a recall covers, and what became of each so far."""
    with reading() as work:
        results = recalls.results_of(work, recalls.get(work, path.uid))
        return plainly({"items": views(work, list(results.values()))})


@api.post("/recalls/<uuid:uid>/lots/<uuid:lot>")
@needs(Action.CLOSE_RECALL)
def settle_recall(path: RecallLotPath, body: Settlement) -> Response:
    """Say what became of a recalled lot."""

    def settle(work: Work) -> Recall:
        recalls.settle(work, path.uid, path.lot, body.result, body.recovered, body.note)
        return recalls.get(work, path.uid)

    return stepped(settle)


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
