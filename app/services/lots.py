"""Lots and their dossier: recorded by the producer, released when complete; the guards of activation start here.

A dossier is one step back (inputs), the stages, tests and retained samples, and one step forward (dispatches).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.lots import LOT, LotEvent, LotState, StepKind
from app.domain.permissions import Action
from app.domain.products import ProductState, TenItem
from app.models.lots import Dispatch, Lot, LotArea, LotInput, LotStep, LotTest, RetainedSample
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.stamps import StampRange
from app.services import checks, paging, products
from app.services.paging import Ask
from app.services.paging import Part as Page
from app.services.work import Work
from stamp_engine.lifecycle import StampState


@dataclass(frozen=True, slots=True)
class NewLot:
    """What declares a lot; `packs` is its output in packs, which bounds its stamps."""

    lot_no: str
    facility: str
    produced_on: date
    quantity: Decimal
    unit: str
    packs: int
    expires_on: date | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class NewInput:
    """A material and where it came from."""

    material: str
    supplier: str
    quantity: Decimal
    unit: str
    received_on: date
    origin: str | None = None
    supplier_lot: str | None = None


@dataclass(frozen=True, slots=True)
class NewStep:
    """One stage: what, who, where, when, why."""

    kind: StepKind
    who: str
    place: str
    done_on: date
    why: str | None = None
    location_code: str | None = None


@dataclass(frozen=True, slots=True)
class NewTest:
    """A laboratory report."""

    laboratory: str
    report_no: str
    criteria: str
    sampled_on: date
    issued_on: date
    valid_until: date
    passed: bool
    mandatory: bool = True


@dataclass(frozen=True, slots=True)
class NewSample:
    """A sample kept back."""

    code: str
    quantity: Decimal
    unit: str
    taken_on: date
    storage: str
    keep_until: date
    custodian: str


@dataclass(frozen=True, slots=True)
class NewArea:
    """Where the lot is to be sold: a circle."""

    name: str
    lat: float
    lon: float
    radius_km: float


@dataclass(frozen=True, slots=True)
class NewDispatch:
    """Goods that left for a buyer; `stamps` are the indices lo ≤ index < hi of the stamps on them, where known."""

    buyer: str
    address: str
    quantity: Decimal
    packs: int
    dispatched_on: date
    stamps: tuple[int, int] | None = None


Part = NewInput | NewStep | NewTest | NewSample | NewArea
PartRow = LotInput | LotStep | LotTest | RetainedSample | LotArea


def record(work: Work, product: UUID, asked: NewLot) -> Lot:
    """A DRAFT lot. Raises Refusal."""
    made_of = products.get(work, product)
    work.may(Action.EDIT_LOT, organisation_id=made_of.organisation_id, what="product")
    if made_of.state is ProductState.RETIRED:
        raise Refusal("product_not_active", pointer="/product")
    row = Lot(
        uid=work.new_id(),
        product_id=made_of.id,
        organisation_id=made_of.organisation_id,
        state=LotState.DRAFT,
        created_by_id=work.actor.user_id,
        created_at=work.now,
        **_declared(work, made_of.organisation_id, asked),
    )
    return work.add(row, "lot", "record")


def update(work: Work, uid: UUID, asked: NewLot, version: int) -> Lot:
    """Mend what a lot declares while it is not released. Raises Refusal, `changed_meanwhile` at another version."""
    lot = get(work, uid)
    work.may(Action.EDIT_LOT, organisation_id=lot.organisation_id, what="lot")
    work.version(lot, version)
    if lot.state not in OPEN:
        raise Refusal("illegal_step", event="edit", state=lot.state.value)
    for name, value in _declared(work, lot.organisation_id, asked, but=lot.id).items():
        setattr(lot, name, value)
    work.note("update", "lot", lot.id)
    return lot


def _declared(work: Work, organisation_id: int, asked: NewLot, but: int | None = None) -> dict[str, Any]:
    """The columns that a declaration fills. Raises Refusal."""
    lot_no = checks.text("lot_no", asked.lot_no, 40)
    taken = sa.select(Lot.id).where(Lot.organisation_id == organisation_id, Lot.lot_no == lot_no, Lot.id != (but or 0))
    if work.session.scalar(taken):
        raise Refusal("already_used", pointer="/lot_no", what=checks.label("lot_no"))
    checks.not_future("produced_on", asked.produced_on, work.today)
    checks.ordered(("produced_on", asked.produced_on), ("expires_on", asked.expires_on))
    if not 0 < asked.packs < 10**9:
        raise Refusal("not_positive", pointer="/packs", what=checks.label("packs"))
    return {
        "lot_no": lot_no,
        "facility": checks.text("facility", asked.facility),
        "produced_on": asked.produced_on,
        "expires_on": asked.expires_on,
        "quantity": checks.positive("quantity", asked.quantity),
        "unit": checks.text("unit", asked.unit, 16),
        "packs": asked.packs,
        "note": checks.optional("note", asked.note, 4000),
    }


OPEN = frozenset({LotState.DRAFT, LotState.PRODUCED, LotState.TESTING})
"""A lot whose dossier is still being written."""
LIVE = frozenset({LotState.RELEASED, LotState.STAMPED, LotState.DISTRIBUTED})
"""A lot that may take stamps."""


def add(work: Work, uid: UUID, part: Part) -> PartRow:
    """Add a part to the dossier of a lot that is not released yet. Raises Refusal."""
    lot = get(work, uid)
    work.may(Action.EDIT_LOT, organisation_id=lot.organisation_id, what="lot")
    if lot.state not in OPEN:
        raise Refusal("illegal_step", event="edit", state=lot.state.value)
    row = _part(work, lot, part)
    work.session.add(row)
    work.session.flush()
    work.note("add", "lot", lot.id, detail=type(part).__name__)
    return row


def _part(work: Work, lot: Lot, part: Part) -> PartRow:
    match part:
        case NewInput():
            return LotInput(
                lot_id=lot.id,
                material=checks.text("material", part.material),
                supplier=checks.text("supplier", part.supplier),
                origin=checks.optional("origin", part.origin),
                supplier_lot=checks.optional("supplier_lot", part.supplier_lot, 40),
                quantity=checks.positive("quantity", part.quantity),
                unit=checks.text("unit", part.unit, 16),
                received_on=checks.not_future("received_on", part.received_on, work.today),
            )
        case NewStep():
            return LotStep(
                lot_id=lot.id,
                kind=part.kind,
                who=checks.text("who", part.who),
                place=checks.text("place", part.place),
                location_code=checks.optional("location_code", part.location_code, 32),
                done_on=checks.not_future("done_on", part.done_on, work.today),
                why=checks.optional("why", part.why),
            )
        case NewTest():
            checks.ordered(("sampled_on", part.sampled_on), ("issued_on", part.issued_on))
            checks.ordered(("issued_on", part.issued_on), ("valid_until", part.valid_until))
            return LotTest(
                lot_id=lot.id,
                laboratory=checks.text("laboratory", part.laboratory),
                report_no=checks.text("report_no", part.report_no, 60),
                criteria=checks.text("criteria", part.criteria, 2000),
                sampled_on=part.sampled_on,
                issued_on=checks.not_future("issued_on", part.issued_on, work.today),
                valid_until=part.valid_until,
                passed=part.passed,
                mandatory=part.mandatory,
            )
        case NewSample():
            checks.ordered(("taken_on", part.taken_on), ("keep_until", part.keep_until))
            return RetainedSample(
                lot_id=lot.id,
                code=checks.text("code", part.code, 40),
                quantity=checks.positive("quantity", part.quantity),
                unit=checks.text("unit", part.unit, 16),
                taken_on=checks.not_future("taken_on", part.taken_on, work.today),
                storage=checks.text("storage", part.storage),
                keep_until=part.keep_until,
                custodian=checks.text("custodian", part.custodian),
            )
        case NewArea():
            if not (-90 <= part.lat <= 90 and -180 <= part.lon <= 180 and 0 < part.radius_km <= 5000):
                raise Refusal("malformed", pointer="/lat", what="area")
            return LotArea(
                lot_id=lot.id,
                name=checks.text("name", part.name),
                lat=part.lat,
                lon=part.lon,
                radius_km=part.radius_km,
            )


def step(work: Work, uid: UUID, event: LotEvent) -> Lot:
    """Move a lot along: produce, test, release (when its dossier is complete), close, dispose. Raises Refusal."""
    lot = get(work, uid)
    action = Action.RELEASE_LOT if event is LotEvent.RELEASE else Action.EDIT_LOT
    work.may(action, organisation_id=lot.organisation_id, what="lot")
    if event not in {LotEvent.PRODUCE, LotEvent.TEST, LotEvent.RELEASE, LotEvent.CLOSE, LotEvent.DISPOSE}:
        raise Refusal("illegal_step", event=event.value, state=lot.state.value)
    if event is LotEvent.RELEASE:
        require_complete(work, lot)
        lot.released_by_id, lot.released_at = work.actor.user_id, work.now
    work.transition(lot, LOT, event)
    return lot


def require_complete(work: Work, lot: Lot) -> None:
    """The guard of release and of activation (R1, R6). Raises Refusal."""
    gaps = missing(work, lot)
    if gaps:
        raise Refusal("dossier_incomplete", missing=", ".join(gaps))
    for test in work.session.scalars(sa.select(LotTest).where(LotTest.lot_id == lot.id, LotTest.mandatory)):
        if not test.passed:
            raise Refusal("test_failed", report=test.report_no)
        if test.valid_until < work.today:
            raise Refusal("test_expired", report=test.report_no, day=f"{test.valid_until:%d/%m/%Y}")


_ITEM_WORDS = {
    TenItem.PRODUCT_IMAGE: "ảnh sản phẩm / product picture",
    TenItem.PRODUCER_ADDRESS: "địa chỉ nhà sản xuất / producer's address",
    TenItem.STAGES: "các công đoạn / stages",
    TenItem.EXPIRY: "hạn sử dụng / expiry date",
    TenItem.STANDARD: "tiêu chuẩn áp dụng / standard",
}


def missing(work: Work, lot: Lot) -> list[str]:
    """What the dossier still lacks: the ten items, an input with origin, a test where required, a retained sample."""
    product = work.session.get_one(Product, lot.product_id)
    owner = work.session.get_one(Organisation, lot.organisation_id)

    def some(model: type[LotInput | LotStep | LotTest | RetainedSample], *where: sa.ColumnElement[bool]) -> bool:
        return work.session.scalar(sa.select(model.id).where(model.lot_id == lot.id, *where).limit(1)) is not None

    # Name, producer, production time and trace code are columns that cannot be empty; not everything has a brand.
    items = {
        TenItem.PRODUCT_IMAGE: products.has_picture(work, product.id),
        TenItem.PRODUCER_ADDRESS: bool(owner.address),
        TenItem.STAGES: some(LotStep),
        TenItem.EXPIRY: product.shelf_life_days is None or lot.expires_on is not None,
        TenItem.STANDARD: bool(product.standard),
    }
    found = [_ITEM_WORDS[item] for item, present in items.items() if not present]
    if not some(LotInput, LotInput.origin.is_not(None)):
        found.append("nguyên liệu có nguồn gốc / an input with its origin")
    if product.tests_required and not some(LotTest, LotTest.mandatory.is_(True)):
        found.append("phiếu kiểm nghiệm / test report")
    if not some(RetainedSample):
        found.append("mẫu lưu / retained sample")
    return found


def dispatch(work: Work, uid: UUID, asked: NewDispatch) -> Dispatch:
    """Goods that leave; the lot is distributed from the first on. Raises Refusal."""
    lot = get(work, uid)
    work.may(Action.EDIT_LOT, organisation_id=lot.organisation_id, what="lot")
    work.locked(lot)
    checks.not_future("dispatched_on", asked.dispatched_on, work.today)
    checks.ordered(("produced_on", lot.produced_on), ("dispatched_on", asked.dispatched_on))
    gone = sa.select(sa.func.coalesce(sa.func.sum(Dispatch.packs), 0)).where(Dispatch.lot_id == lot.id)
    left = lot.packs - (work.session.scalar(gone) or 0)
    if not 0 < asked.packs <= left:
        raise Refusal("quantity_over_output", pointer="/packs", left=left, asked=asked.packs)
    if asked.stamps is not None and not _all_active(work, lot, asked.stamps):
        raise Refusal("range_not_of_lot", pointer="/first", lot=lot.lot_no)
    work.transition(lot, LOT, LotEvent.DISTRIBUTE)
    return work.add(
        Dispatch(
            uid=work.new_id(),
            lot_id=lot.id,
            buyer=checks.text("buyer", asked.buyer),
            address=checks.text("address", asked.address),
            quantity=checks.positive("quantity", asked.quantity),
            packs=asked.packs,
            dispatched_on=asked.dispatched_on,
            lo=asked.stamps[0] if asked.stamps else None,
            hi=asked.stamps[1] if asked.stamps else None,
            created_at=work.now,
        ),
        "dispatch",
    )


def _all_active(work: Work, lot: Lot, block: tuple[int, int]) -> bool:
    """Whether every stamp of a block is active for this lot."""
    lo, hi = block
    tiles = sa.select(StampRange.lo, StampRange.hi).where(StampRange.lo < hi, StampRange.hi > lo)
    own = tiles.where(StampRange.lot_id == lot.id, StampRange.state == StampState.ACTIVE)
    return sum(min(hi, end) - max(lo, first) for first, end in work.session.execute(own)) == hi - lo


def get(work: Work, uid: UUID) -> Lot:
    """One lot the actor may see. Raises Refusal `not_found`."""
    lot = work.find(Lot, uid, "lot")
    work.may(Action.READ_LOT, organisation_id=lot.organisation_id, what="lot")
    return lot


def page(work: Work, ask: Ask = paging.FIRST) -> Page[Lot]:
    """The lots the actor may see, the newest first."""
    seen = work.visible(Action.READ_LOT, Lot.organisation_id)
    return paging.part(work, Lot, sa.select(Lot).where(seen, paging.containing(ask, Lot.lot_no)), ask)


def own(
    work: Work, *states: LotState, most: int = 200, words: str | None = None, product_id: int | None = None
) -> list[Lot]:
    """The lots of the actor's own organisation in these states (all, where none is named), the newest first."""
    like = paging.containing(Ask(words=words), Lot.lot_no)
    statement = sa.select(Lot).where(Lot.organisation_id == work.actor.organisation_id, like)
    if product_id is not None:
        statement = statement.where(Lot.product_id == product_id)
    if states:
        statement = statement.where(Lot.state.in_(states))
    return list(work.session.scalars(statement.order_by(Lot.id.desc()).limit(most)))
