"""What surrounds a lot's dossier: its parts at once, a repeat of the last lot, reports with their file, photos.

A repeat lot is the last one with another number, day and quantity. What is to be repeated of its dossier is shown line
by line and ticked by a person, since every line is a statement of theirs.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.permissions import Action
from app.models.files import StoredFile
from app.models.lots import Dispatch, Lot, LotArea, LotInput, LotPhoto, LotStep, LotTest, RetainedSample
from app.models.products import Product
from app.services import files, lots
from app.services.files import ContentStore
from app.services.lots import NewArea, NewInput, NewLot, NewSample, NewStep, NewTest, PartRow
from app.services.work import Work

WARN_DAYS = 15
MOST_PHOTOS = 12


@dataclass(frozen=True, slots=True)
class Dossier:
    """All parts of one lot's dossier."""

    inputs: Sequence[LotInput]
    steps: Sequence[LotStep]
    tests: Sequence[LotTest]
    samples: Sequence[RetainedSample]
    areas: Sequence[LotArea]
    dispatches: Sequence[Dispatch]
    photos: Sequence[StoredFile]
    reports: dict[int, UUID]
    """The file of each test, by the test's key."""


def of(work: Work, lot: Lot) -> Dossier:
    """The dossier of a lot the actor has got."""

    def some(model: Any) -> Sequence[Any]:
        return work.session.scalars(sa.select(model).where(model.lot_id == lot.id).order_by(model.id)).all()

    tests = some(LotTest)
    photos = sa.select(StoredFile).join(LotPhoto, LotPhoto.file_id == StoredFile.id).where(LotPhoto.lot_id == lot.id)
    kept = sa.select(StoredFile.id, StoredFile.uid).where(StoredFile.id.in_([test.file_id for test in tests]))
    names: dict[int, UUID] = {row.id: row.uid for row in work.session.execute(kept)}
    return Dossier(
        inputs=some(LotInput),
        steps=some(LotStep),
        tests=tests,
        samples=some(RetainedSample),
        areas=some(LotArea),
        dispatches=some(Dispatch),
        photos=work.session.scalars(photos.order_by(StoredFile.id)).all(),
        reports={test.id: names[test.file_id] for test in tests if test.file_id in names},
    )


def next_number(last: str, day: date, taken: Collection[str] = ()) -> str:
    """A number for the next lot after the pattern of the last: its trailing digits go up, else the day is named."""
    head = last.rstrip("0123456789")
    tail = last[len(head) :]
    if not tail:
        head, tail = f"{last[:24]}-{day:%y%m%d}-", "0"
    width, at = len(tail), int(tail) + 1
    while f"{head}{at:0{width}d}" in taken:
        at += 1
    return f"{head}{at:0{width}d}"[-40:]


def suggestion(work: Work, last: Lot) -> NewLot:
    """What the next lot of the same product most likely declares: today, the same shelf life, a number of its own."""
    taken = set(work.session.scalars(sa.select(Lot.lot_no).where(Lot.organisation_id == last.organisation_id)))
    keeps = (last.expires_on - last.produced_on) if last.expires_on else None
    return NewLot(
        lot_no=next_number(last.lot_no, work.today, taken),
        facility=last.facility,
        produced_on=work.today,
        quantity=last.quantity,
        unit=last.unit,
        packs=last.packs,
        expires_on=work.today + keeps if keeps is not None else None,
        note=None,
    )


def repeatable(work: Work, last: Lot) -> list[PartRow]:
    """The parts that a repeat may take over: all but tests that failed or ran out."""
    found = of(work, last)
    good = [test for test in found.tests if test.passed and test.valid_until >= work.today]
    return [*found.inputs, *found.steps, *good, *found.samples, *found.areas]


def key_of(row: PartRow) -> str:
    """What a form calls a part."""
    return f"{type(row).__name__}-{row.id}"


def repeat(work: Work, last: UUID, asked: NewLot, keep: Collection[str]) -> Lot:
    """A new lot like `last`, with the parts whose keys are in `keep`, their days moved along. Raises Refusal."""
    before = lots.get(work, last)
    work.may(Action.EDIT_LOT, organisation_id=before.organisation_id, what="lot")
    made = lots.record(work, work.session.get_one(Product, before.product_id).uid, asked)
    moved = made.produced_on - before.produced_on
    for row in repeatable(work, before):
        if key_of(row) in keep:
            fresh = lots.add(work, made.uid, _again(row, moved, made, work.today))
            if isinstance(row, LotTest) and isinstance(fresh, LotTest):
                fresh.file_id = row.file_id
    work.note("repeat", "lot", made.id, detail=str(before.id))
    return made


def _again(row: PartRow, moved: timedelta, made: Lot, today: date) -> lots.Part:
    def day(value: date) -> date:
        return min(value + moved, today)

    match row:
        case LotInput():
            return NewInput(
                row.material,
                row.supplier,
                row.quantity,
                row.unit,
                day(row.received_on),
                row.origin,
                row.supplier_lot,
            )
        case LotStep():
            return NewStep(row.kind, row.who, row.place, day(row.done_on), row.why, row.location_code)
        case LotTest():
            return NewTest(
                row.laboratory,
                row.report_no,
                row.criteria,
                row.sampled_on,
                row.issued_on,
                row.valid_until,
                row.passed,
                row.mandatory,
            )
        case RetainedSample():
            kept = row.keep_until - row.taken_on
            taken = day(row.taken_on)
            code = f"ML-{made.lot_no}"[:40]
            return NewSample(code, row.quantity, row.unit, taken, row.storage, taken + kept, row.custodian)
        case LotArea():
            return NewArea(row.name, row.lat, row.lon, row.radius_km)


def before(work: Work, product_id: int, model: type[PartRow]) -> PartRow | None:
    """The newest part of this kind in the lots of a product: what the next one most likely says."""
    table: Any = model
    statement: Any = sa.select(model).join(Lot, Lot.id == table.lot_id).where(Lot.product_id == product_id)
    found: PartRow | None = work.session.scalar(statement.order_by(table.id.desc()).limit(1))
    return found


def remove(work: Work, uid: UUID, key: str) -> None:
    """Take a part out of the dossier of a lot that is not released. Raises Refusal."""
    lot = lots.get(work, uid)
    work.may(Action.EDIT_LOT, organisation_id=lot.organisation_id, what="lot")
    if lot.state not in lots.OPEN:
        raise Refusal("illegal_step", event="edit", state=lot.state.value)
    found = of(work, lot)
    rows: list[PartRow] = [*found.inputs, *found.steps, *found.tests, *found.samples, *found.areas]
    row = next((one for one in rows if key_of(one) == key), None)
    if row is None:
        raise Refusal("not_found", what="part")
    work.session.delete(row)
    work.note("remove", "lot", lot.id, detail=key)


def add_test(work: Work, store: ContentStore, uid: UUID, test: NewTest, file: bytes | None) -> None:
    """A test report with its file, drawn again before anyone sees it. Raises Refusal."""
    row = lots.add(work, uid, test)
    if file and isinstance(row, LotTest):
        content, media_type = files.document(file)
        row.file_id = _kept(work, store, lots.get(work, uid), content, row.report_no, media_type).id


def add_photo(work: Work, store: ContentStore, uid: UUID, content: bytes) -> None:
    """A photo of the work, drawn again, which drops where it was taken. Raises Refusal."""
    lot = lots.get(work, uid)
    work.may(Action.EDIT_LOT, organisation_id=lot.organisation_id, what="lot")
    if len(of(work, lot).photos) >= MOST_PHOTOS:
        raise Refusal("too_many", pointer="/picture", most=MOST_PHOTOS)
    drawn = files.picture(content, side=1280)
    kept = _kept(work, store, lot, drawn, lot.lot_no, "image/webp")
    work.session.add(LotPhoto(lot_id=lot.id, file_id=kept.id))


def _kept(work: Work, store: ContentStore, lot: Lot, content: bytes, name: str, media_type: str) -> StoredFile:
    return files.keep(
        work,
        store,
        content,
        name=name,
        media_type=media_type,
        organisation_id=lot.organisation_id,
        public=False,
    )


def file(work: Work, uid: UUID) -> StoredFile:
    """A private file the actor may see. Raises Refusal `not_found`."""
    row = work.find(StoredFile, uid, "file")
    work.may(Action.READ_LOT, organisation_id=row.organisation_id, what="file")
    return row


def ending(work: Work) -> list[tuple[LotTest, Lot]]:
    """Tests of the actor's own lots on sale that run out within fifteen days, or have; one a lot and report."""
    statement = (
        sa.select(LotTest, Lot)
        .join(Lot, Lot.id == LotTest.lot_id)
        .where(
            Lot.organisation_id == work.actor.organisation_id,
            Lot.state.in_(lots.LIVE),
            LotTest.mandatory.is_(True),
            LotTest.valid_until <= work.today + timedelta(days=WARN_DAYS),
            LotTest.valid_until >= work.today - timedelta(days=WARN_DAYS),
        )
        .order_by(LotTest.valid_until)
        .limit(20)
    )
    return [(test, lot) for test, lot in work.session.execute(statement)]
