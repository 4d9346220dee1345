"""How long the stamps in stock last, from what was really used; and what is on its way."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from app.domain.orders import OrderState
from app.models.orders import StampOrder
from app.models.products import Product
from app.models.stamps import Batch, RangeEvent, StampRange
from app.services.work import Work
from stamp_engine.lifecycle import StampEvent, StampState

DAY_US = 86_400 * 1_000_000
WINDOW_DAYS = 30
SOON_DAYS = 14
_COMING = (
    OrderState.SUBMITTED,
    OrderState.ENDORSED,
    OrderState.APPROVED,
    OrderState.MINTED,
    OrderState.SENT_TO_PRINT,
    OrderState.PRINTED,
)


@dataclass(frozen=True, slots=True)
class Supply:
    """The stamps of one product: in stock, used in the last thirty days, ordered and not here yet."""

    product: UUID
    name: str
    stock: int
    used: int
    coming: int

    @property
    def days(self) -> int | None:
        """For how many days the stock lasts at that pace; None where nothing was used."""
        return self.stock * WINDOW_DAYS // self.used if self.used else None

    @property
    def low(self) -> bool:
        """Whether it is time to order: less than two weeks are left, and nothing is coming."""
        return self.days is not None and self.days < SOON_DAYS and not self.coming


def of_own(work: Work) -> list[Supply]:
    """The supply of each product of the actor's organisation that ever had stamps, the scarcest first."""
    own = Batch.organisation_id == work.actor.organisation_id
    size = sa.func.sum(StampRange.hi - StampRange.lo)
    in_stock = sa.and_(own, StampRange.state == StampState.DELIVERED)
    stock = _by_product(
        work, sa.select(Batch.product_id, size).join(StampRange, StampRange.batch_id == Batch.id).where(in_stock)
    )
    moved = sa.func.sum((RangeEvent.hi - RangeEvent.lo) * _sign())
    recent = sa.and_(own, RangeEvent.at > work.now - WINDOW_DAYS * DAY_US)
    used = _by_product(
        work, sa.select(Batch.product_id, moved).join(RangeEvent, RangeEvent.batch_id == Batch.id).where(recent)
    )
    wish = sa.select(StampOrder.product_id, sa.func.sum(StampOrder.quantity))
    wish = wish.where(StampOrder.organisation_id == work.actor.organisation_id, StampOrder.state.in_(_COMING))
    coming = {key: int(count) for key, count in work.session.execute(wish.group_by(StampOrder.product_id))}
    keys = {*stock, *used, *coming}
    rows = work.session.execute(sa.select(Product.id, Product.uid, Product.name).where(Product.id.in_(keys)))
    found = [Supply(uid, name, stock.get(key, 0), used.get(key, 0), coming.get(key, 0)) for key, uid, name in rows]
    return sorted(found, key=lambda one: (one.days is None, one.days or 0, one.name))


def _sign() -> sa.Case[int]:
    return sa.case((RangeEvent.event == StampEvent.ACTIVATE, 1), (RangeEvent.event == StampEvent.UNDO, -1), else_=0)


def _by_product(work: Work, statement: sa.Select[int, int]) -> dict[int, int]:
    return {row[0]: int(row[1]) for row in work.session.execute(statement.group_by(Batch.product_id))}
