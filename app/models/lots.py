"""Lots and their dossier: inputs (one step back), steps, tests, samples, areas, dispatches (one step forward)."""

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.lots import LotState, StepKind
from app.models.base import Base, Day, Id, Micros, Name, Quantity, Uid, Word


class Lot(Base):
    """One lot of one product. `packs` is the declared output: no more stamps than packs may be active."""

    __tablename__ = "lot"
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "lot_no"),
        sa.CheckConstraint("packs > 0", "packs"),
        sa.CheckConstraint("expires_on IS NULL OR expires_on >= produced_on", "dates"),
    )

    id: Mapped[Id]
    uid: Mapped[Uid]
    lot_no: Mapped[str] = mapped_column(sa.String(40))
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    state: Mapped[LotState] = mapped_column(Word(LotState))
    facility: Mapped[Name]
    produced_on: Mapped[Day]
    expires_on: Mapped[date | None] = mapped_column(sa.Date())
    quantity: Mapped[Quantity]
    unit: Mapped[str] = mapped_column(sa.String(16))
    packs: Mapped[int]
    note: Mapped[str | None] = mapped_column(sa.Text())
    released_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    released_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    created_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    created_at: Mapped[Micros]
    version: Mapped[int] = mapped_column(default=1)


class LotInput(Base):
    """A material that went into a lot, with its origin; `origin` may be the organisation's own plot."""

    __tablename__ = "lot_input"

    id: Mapped[Id]
    lot_id: Mapped[int] = mapped_column(sa.ForeignKey("lot.id"), index=True)
    material: Mapped[Name]
    supplier: Mapped[Name]
    origin: Mapped[str | None] = mapped_column(sa.String(200))
    supplier_lot: Mapped[str | None] = mapped_column(sa.String(40))
    quantity: Mapped[Quantity]
    unit: Mapped[str] = mapped_column(sa.String(16))
    received_on: Mapped[Day]


class LotStep(Base):
    """A stage of production: what, who, where, when, why."""

    __tablename__ = "lot_step"

    id: Mapped[Id]
    lot_id: Mapped[int] = mapped_column(sa.ForeignKey("lot.id"), index=True)
    kind: Mapped[StepKind] = mapped_column(Word(StepKind))
    who: Mapped[Name]
    place: Mapped[Name]
    location_code: Mapped[str | None] = mapped_column(sa.String(32))
    done_on: Mapped[Day]
    why: Mapped[str | None] = mapped_column(sa.String(200))


class LotTest(Base):
    """A laboratory report on a lot."""

    __tablename__ = "lot_test"
    __table_args__ = (sa.CheckConstraint("valid_until >= issued_on", "dates"),)

    id: Mapped[Id]
    lot_id: Mapped[int] = mapped_column(sa.ForeignKey("lot.id"), index=True)
    laboratory: Mapped[Name]
    report_no: Mapped[str] = mapped_column(sa.String(60))
    criteria: Mapped[str] = mapped_column(sa.Text())
    sampled_on: Mapped[Day]
    issued_on: Mapped[Day]
    valid_until: Mapped[Day]
    passed: Mapped[bool]
    mandatory: Mapped[bool] = mapped_column(default=True)
    file_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stored_file.id"))


class RetainedSample(Base):
    """A sample kept back from a lot (lưu mẫu)."""

    __tablename__ = "retained_sample"

    id: Mapped[Id]
    lot_id: Mapped[int] = mapped_column(sa.ForeignKey("lot.id"), index=True)
    code: Mapped[str] = mapped_column(sa.String(40))
    quantity: Mapped[Quantity]
    unit: Mapped[str] = mapped_column(sa.String(16))
    taken_on: Mapped[Day]
    storage: Mapped[Name]
    keep_until: Mapped[Day]
    custodian: Mapped[Name]


class LotArea(Base):
    """A place where the lot is planned to be sold: a circle and its name."""

    __tablename__ = "lot_area"

    id: Mapped[Id]
    lot_id: Mapped[int] = mapped_column(sa.ForeignKey("lot.id"), index=True)
    name: Mapped[Name]
    lat: Mapped[float]
    lon: Mapped[float]
    radius_km: Mapped[float]


class LotPhoto(Base):
    """A photo of the work on a lot, taken on a phone; for the office and the inspector, never public."""

    __tablename__ = "lot_photo"

    lot_id: Mapped[int] = mapped_column(sa.ForeignKey("lot.id"), primary_key=True)
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_file.id"), primary_key=True)


class Dispatch(Base):
    """Goods of a lot that left for a buyer, with the stamps they carry where that is known."""

    __tablename__ = "dispatch"

    id: Mapped[Id]
    uid: Mapped[Uid]
    lot_id: Mapped[int] = mapped_column(sa.ForeignKey("lot.id"), index=True)
    buyer: Mapped[Name]
    address: Mapped[Name]
    quantity: Mapped[Decimal] = mapped_column(sa.Numeric(14, 3))
    packs: Mapped[int]
    dispatched_on: Mapped[Day]
    lo: Mapped[int | None] = mapped_column(sa.BigInteger())
    hi: Mapped[int | None] = mapped_column(sa.BigInteger())
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    created_at: Mapped[Micros]
