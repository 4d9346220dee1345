"""Stamp orders and print jobs."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.orders import OrderState, PrintJobState
from app.models.base import Base, Id, Micros, Uid, Word
from stamp_engine.format import Profile


class StampOrder(Base):
    """A wish for `quantity` stamps of one product, for one lot or for rolls that are bound to lots later."""

    __tablename__ = "stamp_order"
    __table_args__ = (sa.CheckConstraint("quantity > 0", "quantity"),)

    id: Mapped[Id]
    uid: Mapped[Uid]
    number: Mapped[str] = mapped_column(sa.String(32), unique=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    lot_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lot.id"), index=True)
    printer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id"))
    state: Mapped[OrderState] = mapped_column(Word(OrderState), index=True)
    quantity: Mapped[int]
    profile: Mapped[Profile] = mapped_column(Word(Profile))
    with_gtin: Mapped[bool] = mapped_column(default=False)
    pins: Mapped[bool] = mapped_column(default=False)
    layout: Mapped[str] = mapped_column(sa.String(40))
    note: Mapped[str | None] = mapped_column(sa.Text())
    requested_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    submitted_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    endorsed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    endorsed_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    decision_note: Mapped[str | None] = mapped_column(sa.String(255))
    created_at: Mapped[Micros]
    version: Mapped[int] = mapped_column(default=1)


class PrintJob(Base):
    """One batch on its way through a print house.

    `read_back` labels were read back before release, `strip_read` symbols of the printed test strip. The print house
    counts `good`, `spoiled` and `unprinted`; who receives the roll counts what was delivered (`received`), `returned`
    and `lost` on the way.
    """

    __tablename__ = "print_job"
    __table_args__ = (sa.Index(None, "printer_id", "id"),)

    id: Mapped[Id]
    uid: Mapped[Uid]
    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("batch.id"), unique=True)
    printer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id"))
    state: Mapped[PrintJobState] = mapped_column(Word(PrintJobState))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    size: Mapped[int] = mapped_column(sa.BigInteger())
    read_back: Mapped[int | None]
    strip_read: Mapped[int | None]
    released_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    released_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    downloaded_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    downloaded_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    printed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    printed_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    received_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    received_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    good: Mapped[int | None]
    spoiled: Mapped[int | None]
    unprinted: Mapped[int | None]
    received: Mapped[int | None]
    returned: Mapped[int | None]
    lost: Mapped[int | None]
    created_at: Mapped[Micros]
