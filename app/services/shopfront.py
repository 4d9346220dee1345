"""What a buyer is shown of a product, before any stamp is on it: the ten items of Circular 02/2024/TT-BKHCN, Art. 6(5).

The items that belong to a lot are taken from the newest lot that has them, as the next one will most likely say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from app.domain.products import TenItem
from app.models.lots import Lot, LotStep
from app.models.organisations import Organisation
from app.models.products import Product
from app.services import certificates, products
from app.services.work import Work

# Not everything has a brand; what does not spoil has no day.
_MAY_LACK = frozenset({TenItem.BRAND})


@dataclass(frozen=True, slots=True)
class Item:
    """One of the ten: what a buyer reads of it, None where there is nothing; `needed` where it must be there."""

    item: TenItem
    said: str | None
    needed: bool


@dataclass(frozen=True, slots=True)
class Shopfront:
    """A product as a buyer sees it."""

    product: Product
    owner: Organisation
    picture: str | None
    stars: int
    lot: Lot | None
    steps: Sequence[LotStep]
    items: tuple[Item, ...]

    @property
    def missing(self) -> int:
        """How many needed items nobody could read yet."""
        return sum(1 for one in self.items if one.needed and not one.said)


def of(work: Work, uid: UUID) -> Shopfront:
    """How a buyer sees a product that the actor may see. Raises Refusal `not_found`."""
    row = products.get(work, uid)
    owner = work.session.get_one(Organisation, row.organisation_id)
    pictures = products.pictures(work, row.id)
    lot = work.session.scalar(sa.select(Lot).where(Lot.product_id == row.id).order_by(Lot.id.desc()).limit(1))
    steps: Sequence[LotStep] = ()
    if lot is not None:
        found = sa.select(LotStep).where(LotStep.lot_id == lot.id).order_by(LotStep.done_on, LotStep.id)
        steps = work.session.scalars(found).all()
    picture = pictures[0] if pictures else None
    stars = certificates.stars_at(work, row.id, work.now)
    return Shopfront(row, owner, picture, stars, lot, steps, _items(row, owner, picture, lot, steps))


def _items(
    row: Product, owner: Organisation, picture: str | None, lot: Lot | None, steps: Sequence[LotStep]
) -> tuple[Item, ...]:
    said = {
        TenItem.PRODUCT_NAME: row.name,
        TenItem.PRODUCT_IMAGE: picture,
        TenItem.PRODUCER_NAME: owner.name,
        TenItem.PRODUCER_ADDRESS: owner.address,
        TenItem.STAGES: " → ".join(dict.fromkeys(step.place for step in steps)) or None,
        TenItem.PRODUCTION_TIME: _day(lot.produced_on) if lot else None,
        TenItem.TRACE_CODE: row.code,
        TenItem.BRAND: row.brand,
        TenItem.EXPIRY: _day(lot.expires_on) if lot else None,
        TenItem.STANDARD: row.standard,
    }
    lacking = _MAY_LACK | (frozenset() if row.shelf_life_days else {TenItem.EXPIRY})
    return tuple(Item(item, said[item], item not in lacking) for item in TenItem)


def _day(value: date | None) -> str | None:
    return None if value is None else f"{value:%d/%m/%Y}"
