"""What is due: the next things a person should do, each found by one statement of its own."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.domain.orders import OrderState, PrintJobState
from app.domain.organisations import OrganisationState
from app.domain.permissions import Action
from app.domain.products import ProductState
from app.domain.recalls import RecallState
from app.models.lots import Lot
from app.models.orders import PrintJob, StampOrder
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.recalls import Recall
from app.models.stamps import Batch, StampRange
from app.services import lots
from app.services.work import Work
from stamp_engine.lifecycle import StampState

MOST = 6


@dataclass(frozen=True, slots=True)
class Roll:
    """A delivered roll with stamps left."""

    batch: UUID
    number: str
    product: str
    stock: int


def unreceived(work: Work) -> list[tuple[PrintJob, Batch]]:
    """Printed rolls that the actor's organisation has not counted in."""
    statement = sa.select(PrintJob, Batch).join(Batch, Batch.id == PrintJob.batch_id)
    due = sa.and_(Batch.organisation_id == work.actor.organisation_id, PrintJob.state == PrintJobState.PRINTED)
    return [(job, batch) for job, batch in work.session.execute(statement.where(due).limit(MOST))]


def unfinished_lots(work: Work) -> list[Lot]:
    """Own lots whose dossier is not done, the newest first."""
    return lots.own(work, *lots.OPEN, most=MOST)


def returned_orders(work: Work) -> list[StampOrder]:
    """Own orders that came back for mending."""
    due = sa.and_(StampOrder.organisation_id == work.actor.organisation_id, StampOrder.state == OrderState.DRAFT)
    return list(work.session.scalars(sa.select(StampOrder).where(due).order_by(StampOrder.id.desc()).limit(MOST)))


def stocked_rolls(work: Work, most: int = MOST) -> list[Roll]:
    """Own rolls with stamps to activate, the oldest first: those are used up before the next."""
    size = sa.func.sum(StampRange.hi - StampRange.lo)
    statement = (
        sa.select(Batch.uid, Batch.number, Product.name, size)
        .join(StampRange, StampRange.batch_id == Batch.id)
        .join(Product, Product.id == Batch.product_id)
        .where(Batch.organisation_id == work.actor.organisation_id, StampRange.state == StampState.DELIVERED)
        .group_by(Batch.id, Batch.uid, Batch.number, Product.name)
        .order_by(Batch.id)
        .limit(most)
    )
    return [Roll(uid, number, name, int(count)) for uid, number, name, count in work.session.execute(statement)]


def to_decide(work: Work, model: Any, action: Action, *states: Any) -> list[Any]:
    """Rows in these states whose decision is the actor's, the oldest first. Raises nothing; others see none."""
    owner = Organisation.id if model is Organisation else model.organisation_id
    statement = sa.select(model).where(work.visible(action, owner), model.state.in_(states))
    return list(work.session.scalars(statement.order_by(model.id).limit(MOST)))


def orders(work: Work) -> list[StampOrder]:
    """Orders to decide, but for those whose first approval was the actor's own."""
    found = to_decide(work, StampOrder, Action.DECIDE_ORDER, OrderState.SUBMITTED, OrderState.ENDORSED)
    return [row for row in found if row.endorsed_by_id is None or row.endorsed_by_id != work.actor.user_id]


def organisations(work: Work) -> list[Organisation]:
    """Organisations to decide."""
    return to_decide(work, Organisation, Action.DECIDE_ORGANISATION, OrganisationState.PENDING)


def products(work: Work) -> list[Product]:
    """Products to decide."""
    return to_decide(work, Product, Action.DECIDE_PRODUCT, ProductState.SUBMITTED)


def recalls(work: Work) -> list[Recall]:
    """Recalls to decide or to settle."""
    return to_decide(work, Recall, Action.DECIDE_RECALL, RecallState.REQUESTED, RecallState.OPEN)


def print_jobs(work: Work, action: Action, *states: PrintJobState) -> int:
    """How many print jobs wait in these states for who may do this."""
    printer = sa.func.coalesce(PrintJob.printer_id, Batch.organisation_id)
    statement = sa.select(sa.func.count()).select_from(PrintJob).join(Batch, Batch.id == PrintJob.batch_id)
    where = sa.and_(work.visible(action, printer), PrintJob.state.in_(states))
    return work.session.scalar(statement.where(where)) or 0
