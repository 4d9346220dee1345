"""Stamp orders: asked for by a producer, decided by somebody else (R11), never more than the output (R2)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.orders import ORDER, TWO_OFFICERS_ABOVE, OrderEvent, OrderState
from app.domain.permissions import Action
from app.domain.products import ProductState
from app.models.lots import Lot
from app.models.orders import StampOrder
from app.models.products import Product
from app.services import checks, lots, organisations, paging, products
from app.services.paging import Ask, Part
from app.services.work import Work
from stamp_engine.format import Profile
from stamp_engine.layouts import DEFAULT

MOST_STAMPS = 10_000_000
_YEAR_US = 365 * 86_400 * 1_000_000
_DEAD = (OrderState.REJECTED, OrderState.CANCELLED)


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A wish for stamps of a product, for one lot or for later lots; `printer` is a print house's public id."""

    product: UUID
    quantity: int
    lot: UUID | None = None
    printer: UUID | None = None
    profile: Profile = Profile.COMPACT
    with_gtin: bool = False
    pins: bool = False
    layout: str = DEFAULT
    note: str | None = None


def place(work: Work, asked: NewOrder) -> StampOrder:
    """A SUBMITTED order. Raises Refusal."""
    product = work.locked(_orderable(work, asked))
    lot = _fitting(work, asked, product)
    uid = work.new_id()
    row = StampOrder(
        uid=uid,
        number=uid.hex,
        organisation_id=product.organisation_id,
        product_id=product.id,
        state=OrderState.DRAFT,
        requested_by_id=work.actor.user_id,
        created_at=work.now,
        **_wish(work, asked, lot),
    )
    work.add(row, "order", "draft")
    row.number = f"DT{work.today.year}-{row.id:05d}"
    work.transition(row, ORDER, OrderEvent.SUBMIT)
    return row


def revise(work: Work, uid: UUID, asked: NewOrder, version: int) -> StampOrder:
    """Mend a returned order and submit it again. Raises Refusal, `changed_meanwhile` where it is not that version."""
    row = get(work, uid)
    product = work.locked(_orderable(work, asked))
    work.locked(row)
    if row.version != version:
        raise Refusal("changed_meanwhile")
    if product.organisation_id != row.organisation_id:
        raise Refusal("other_organisation", pointer="/product", what="product")
    if row.state is not OrderState.DRAFT:
        raise Refusal("illegal_step", event=OrderEvent.SUBMIT.value, state=row.state.value)
    lot = _fitting(work, asked, product, but=row.id)
    row.product_id, row.requested_by_id = product.id, work.actor.user_id or row.requested_by_id
    for name, value in _wish(work, asked, lot).items():
        setattr(row, name, value)
    row.endorsed_by_id = row.endorsed_at = row.decided_by_id = row.decided_at = None
    work.transition(row, ORDER, OrderEvent.SUBMIT)
    return row


def _wish(work: Work, asked: NewOrder, lot: Lot | None) -> dict[str, Any]:
    """The columns that a wish fills."""
    return {
        "lot_id": lot.id if lot else None,
        "printer_id": _printer(work, asked.printer),
        "quantity": asked.quantity,
        "profile": asked.profile,
        "with_gtin": asked.with_gtin,
        "pins": asked.pins,
        "layout": asked.layout,
        "note": checks.optional("note", asked.note, 2000),
        "submitted_at": work.now,
    }


def _orderable(work: Work, asked: NewOrder) -> Product:
    """The product, where stamps like these may be asked for it. Raises Refusal.

    Who writes locks it next: orders of one product wait for each other there, so that two together cannot pass the
    declared output.
    """
    product = products.get(work, asked.product)
    work.may(Action.PLACE_ORDER, organisation_id=product.organisation_id, what="product")
    organisations.active(work, product.organisation_id)
    if product.state is not ProductState.ACTIVE:
        raise Refusal("product_not_active", pointer="/product")
    if not product.stampable:
        raise Refusal("not_stampable", pointer="/product")
    if not 0 < asked.quantity <= MOST_STAMPS:
        raise Refusal("quantity_out_of_range", pointer="/quantity", most=MOST_STAMPS)
    if asked.with_gtin and product.gtin is None:
        raise Refusal("gtin_missing", pointer="/with_gtin")
    template = work.press.template(asked.profile, product.gtin if asked.with_gtin else None)
    work.press.printed(asked.layout, template, pins=asked.pins)
    return product


def rehearse(work: Work, asked: NewOrder) -> None:
    """Whether such an order would be taken as things are, before it is placed. Raises Refusal where it would not."""
    _fitting(work, asked, _orderable(work, asked))


def _fitting(work: Work, asked: NewOrder, product: Product, but: int | None = None) -> Lot | None:
    """The lot, where so many stamps are within its output, or the year's. Raises Refusal."""
    lot = _lot(work, asked, product)
    left = _left(work, product, lot, but)
    if asked.quantity > left:
        raise Refusal("quantity_over_output", pointer="/quantity", left=left, asked=asked.quantity)
    return lot


def _lot(work: Work, asked: NewOrder, product: Product) -> Lot | None:
    if asked.lot is None:
        return None
    lot = lots.get(work, asked.lot)
    if lot.product_id != product.id:
        raise Refusal("lot_other_product", pointer="/lot")
    return lot


def _left(work: Work, product: Product, lot: Lot | None, but: int | None = None) -> int:
    """How many stamps may still be ordered for a lot, or without a lot for a year's output; `but` does not count."""
    ordered = sa.select(sa.func.coalesce(sa.func.sum(StampOrder.quantity), 0)).where(StampOrder.state.not_in(_DEAD))
    if but is not None:
        ordered = ordered.where(StampOrder.id != but)
    if lot is not None:
        return lot.packs - (work.session.scalar(ordered.where(StampOrder.lot_id == lot.id)) or 0)
    if product.annual_packs is None:
        raise Refusal("required", pointer="/lot", what="Lô hoặc sản lượng năm / a lot, or the product's yearly output")
    year = StampOrder.created_at > work.now - _YEAR_US
    return product.annual_packs - (work.session.scalar(ordered.where(StampOrder.product_id == product.id, year)) or 0)


def quota_left(work: Work, product: UUID, lot: UUID | None) -> int:
    """What a form shows before "nộp". Raises Refusal."""
    row = products.get(work, product)
    return _left(work, row, lots.get(work, lot) if lot else None)


def _printer(work: Work, uid: UUID | None) -> int | None:
    if uid is None:
        return None
    found = next((row for row in organisations.printers(work) if row.uid == uid), None)
    if found is None:
        raise Refusal("not_a_printer", pointer="/printer")
    return found.id


_DECISIONS = frozenset({OrderEvent.APPROVE, OrderEvent.RETURN, OrderEvent.REJECT})


def decide(
    work: Work, uid: UUID, event: OrderEvent, note: str | None = None, *, two_above: int = TWO_OFFICERS_ABOVE
) -> StampOrder:
    """Approve, return for mending, or reject. Who asked may not approve (R11). Raises Refusal.

    An order of more than `two_above` stamps takes two different officers: the first approval endorses it.
    """
    row = get(work, uid)
    work.may(Action.DECIDE_ORDER, organisation_id=row.organisation_id, what="order")
    if event not in _DECISIONS:
        raise Refusal("illegal_step", event=event.value, state=row.state.value)
    if row.requested_by_id == work.actor.user_id:
        raise Refusal("four_eyes")
    if event is OrderEvent.APPROVE:
        organisations.active(work, row.organisation_id)
        if row.quantity > two_above and row.state is OrderState.SUBMITTED:
            row.endorsed_by_id, row.endorsed_at = work.actor.user_id, work.now
            work.transition(row, ORDER, OrderEvent.ENDORSE)
            return row
        if row.endorsed_by_id is not None and row.endorsed_by_id == work.actor.user_id:
            raise Refusal("second_officer")
    elif not (note or "").strip():
        raise Refusal("reason_required", pointer="/note")
    row.decided_by_id, row.decided_at = work.actor.user_id, work.now
    row.decision_note = checks.optional("note", note, 255)
    work.transition(row, ORDER, event)
    return row


def cancel(work: Work, uid: UUID) -> StampOrder:
    """Withdraw an order before it is minted. Raises Refusal."""
    row = get(work, uid)
    work.may(Action.PLACE_ORDER, organisation_id=row.organisation_id, what="order")
    work.transition(row, ORDER, OrderEvent.CANCEL)
    return row


def get(work: Work, uid: UUID) -> StampOrder:
    """One order the actor may see. Raises Refusal `not_found`."""
    row = work.find(StampOrder, uid, "order")
    work.may(Action.READ_ORDER, organisation_id=row.organisation_id, what="order")
    return row


def page(work: Work, ask: Ask = paging.FIRST) -> Part[StampOrder]:
    """The orders the actor may see, the newest first."""
    seen = work.visible(Action.READ_ORDER, StampOrder.organisation_id)
    like = paging.containing(ask, StampOrder.number)
    return paging.part(work, StampOrder, sa.select(StampOrder).where(seen, like), ask)
