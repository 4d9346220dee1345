"""The database's half of minting: the intent is saved first, then the batch is finished with its signed manifest.

A batch costs a constant number of rows, whatever its size (invariant 1).
"""

from dataclasses import dataclass

import sqlalchemy as sa

from app.domain.orders import ORDER, OrderEvent, OrderState, PrintJobState
from app.domain.permissions import SYSTEM
from app.domain.stamps import BATCH, BatchEvent, BatchState
from app.models.orders import PrintJob, StampOrder
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.stamps import Batch, RangeEvent, StampRange
from app.services import certificates
from app.services.work import Work
from stamp_engine.format import Template
from stamp_engine.lifecycle import StampEvent, StampState

__all__ = ["SYSTEM", "Intent", "Labels", "begin", "finish", "floor", "labels", "unfinished", "waiting"]


@dataclass(frozen=True, slots=True)
class Intent:
    """What a batch freezes: its block of indices, symbol template, and the keys behind its codes."""

    block: range
    template: Template
    epoch: int
    kid: str | None


@dataclass(frozen=True, slots=True)
class Labels:
    """The names a manifest and a sheet carry."""

    order: str
    product: str
    product_name: str
    organisation: str
    organisation_name: str
    stars: int


def waiting(work: Work) -> list[StampOrder]:
    """Approved orders whose minting has not begun, the oldest first."""
    begun = sa.select(Batch.order_id)
    statement = sa.select(StampOrder).where(StampOrder.state == OrderState.APPROVED, StampOrder.id.not_in(begun))
    return list(work.session.scalars(statement.order_by(StampOrder.id)))


def unfinished(work: Work) -> list[Batch]:
    """Batches that were begun and not finished, the oldest first."""
    return list(work.session.scalars(sa.select(Batch).where(Batch.state == BatchState.MINTING).order_by(Batch.id)))


def floor(work: Work) -> int:
    """The first index no batch holds."""
    return work.session.scalar(sa.select(sa.func.coalesce(sa.func.max(Batch.hi), 0))) or 0


def gtin(work: Work, order: StampOrder) -> str | None:
    """The GTIN that the order's codes carry."""
    return work.session.get_one(Product, order.product_id).gtin if order.with_gtin else None


def begin(work: Work, order: StampOrder, intent: Intent) -> Batch:
    """Save the intent to mint an approved order."""
    uid = work.new_id()
    row = Batch(
        uid=uid,
        number=uid.hex,
        order_id=order.id,
        organisation_id=order.organisation_id,
        product_id=order.product_id,
        state=BatchState.MINTING,
        lo=intent.block.start,
        hi=intent.block.stop,
        profile=order.profile,
        gtin=intent.template.gtin,
        host=intent.template.host,
        symbol_version=intent.template.version,
        ecc=intent.template.ecc.value,
        mask=intent.template.mask,
        epoch=intent.epoch,
        kid=intent.kid,
        pins=order.pins,
        layout=order.layout,
        created_at=work.now,
    )
    work.add(row, "batch", "begin")
    row.number = f"CT{row.id:06d}"
    return row


def labels(work: Work, batch: Batch) -> Labels:
    """The names around a batch."""
    product = work.session.get_one(Product, batch.product_id)
    owner = work.session.get_one(Organisation, batch.organisation_id)
    order = work.session.get_one(StampOrder, batch.order_id)
    stars = certificates.stars_at(work, product.id, batch.created_at)
    return Labels(order.number, product.code, product.name, owner.code, owner.name, stars)


def finish(work: Work, batch: Batch, *, manifest: str, sha256: str, size: int, read_back: int) -> PrintJob:
    """The batch is minted: its stamps exist from now on, and its print file, so many labels of it read, waits."""
    row = work.session.get_one(Batch, batch.id)
    order = work.session.get_one(StampOrder, row.order_id)
    row.manifest, row.minted_at = manifest, work.now
    work.transition(row, BATCH, BatchEvent.FINISH)
    work.session.add(
        StampRange(batch_id=row.id, lo=row.lo, hi=row.hi, state=StampState.MINTED, lot_id=None, changed_at=work.now)
    )
    work.session.add(
        RangeEvent(uid=work.new_id(), batch_id=row.id, lo=row.lo, hi=row.hi, event=StampEvent.MINT, at=work.now)
    )
    work.transition(order, ORDER, OrderEvent.MINT)
    return work.add(
        PrintJob(
            uid=work.new_id(),
            batch_id=row.id,
            printer_id=order.printer_id,
            state=PrintJobState.READY,
            sha256=sha256,
            size=size,
            read_back=read_back,
            created_at=work.now,
        ),
        "print_job",
    )
