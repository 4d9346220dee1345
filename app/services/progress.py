"""How far the worker is: it says so in a row of its own beside the batch, and the pages of the order show it.

That row is no part of any record: it is overwritten while the minting goes on, is on no audit chain, moves no fact, and
is gone when the batch is minted.
"""

from uuid import UUID

import sqlalchemy as sa

from app.domain.minting import Heard, Phase, Progress, told
from app.domain.orders import OrderState
from app.domain.permissions import Action
from app.domain.stamps import BatchState
from app.models.orders import PrintJob, StampOrder
from app.models.products import Product
from app.models.stamps import Batch, MintProgress
from app.services import orders
from app.services.work import Work


def begin(work: Work, batch_id: int, of: int) -> None:
    """The worker takes a batch in hand, for the first time or again."""
    row = work.session.get(MintProgress, batch_id)
    if row is None:
        row = MintProgress(batch_id=batch_id, tries=0)
        work.session.add(row)
    row.phase, row.done, row.of, row.tries, row.at = Phase.DRAWING, 0, of, row.tries + 1, work.now


def tell(work: Work, batch_id: int, phase: Phase, done: int, of: int) -> None:
    """The worker is so far with it."""
    values = {"phase": phase, "done": done, "of": of, "at": work.now}
    work.session.execute(sa.update(MintProgress).where(MintProgress.batch_id == batch_id).values(values))


def finish(work: Work, batch_id: int) -> None:
    """There is nothing more to tell."""
    work.session.execute(sa.delete(MintProgress).where(MintProgress.batch_id == batch_id))


def of_order(work: Work, uid: UUID) -> Progress | None:
    """How far the minting of an order is; None where it is not approved yet, or done. Raises Refusal `not_found`."""
    return of(work, orders.get(work, uid))


def of(work: Work, order: StampOrder) -> Progress | None:
    """The same for an order the actor has got."""
    if order.state is not OrderState.APPROVED:
        return None
    found = work.session.execute(
        sa.select(MintProgress).join(Batch, Batch.id == MintProgress.batch_id).where(Batch.order_id == order.id)
    ).scalar_one_or_none()
    before = sa.and_(StampOrder.state == OrderState.APPROVED, StampOrder.id < order.id)
    ahead = work.session.scalar(sa.select(sa.func.count()).select_from(StampOrder).where(before)) or 0
    return told(_heard(found), ahead, work.now)


def in_hand(work: Work, most: int = 20) -> list[tuple[Batch, str, Progress]]:
    """Batches on their way to a print job the actor will see, with the names of their products, the oldest first."""
    printer = sa.func.coalesce(StampOrder.printer_id, Batch.organisation_id)
    statement = (
        sa.select(Batch, Product.name, MintProgress)
        .join(StampOrder, StampOrder.id == Batch.order_id)
        .join(Product, Product.id == Batch.product_id)
        .outerjoin(MintProgress, MintProgress.batch_id == Batch.id)
        .outerjoin(PrintJob, PrintJob.batch_id == Batch.id)
        .where(Batch.state == BatchState.MINTING, work.visible(Action.READ_PRINT_JOB, printer))
    )
    rows = work.session.execute(statement.order_by(Batch.id).limit(most))
    return [(batch, name, told(_heard(row), 0, work.now)) for batch, name, row in rows]


def _heard(row: MintProgress | None) -> Heard | None:
    return None if row is None else Heard(row.phase, row.done, row.of, row.tries, row.at)
