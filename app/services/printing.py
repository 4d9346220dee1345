"""Print jobs: released by an officer, downloaded once by the print house, counted in by the producer (R17)."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.orders import ORDER, PRINT_JOB, OrderEvent, PrintJobEvent, PrintJobState
from app.domain.permissions import Action
from app.models.orders import PrintJob, StampOrder
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.stamps import Batch
from app.services import checks, paging, stamps
from app.services.paging import Ask, Part
from app.services.stamps import Positions
from app.services.work import Work
from stamp_engine.lifecycle import StampEvent, StampState


@dataclass(frozen=True, slots=True)
class Spoilage:
    """What a print house reports: the places of stamps spoiled in print, and of those that never went to paper."""

    spoiled: tuple[Positions, ...] = ()
    unprinted: tuple[Positions, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a producer counted: good stamps, and the places of those that came spoiled, went back, or never came."""

    good: int
    spoiled: tuple[Positions, ...] = ()
    returned: tuple[Positions, ...] = ()
    lost: tuple[Positions, ...] = ()


def release(work: Work, uid: UUID, reason: str | None = None) -> PrintJob:
    """Let the print house have the file; once more, with a reason, where its download broke off. Raises Refusal."""
    job = get(work, uid)
    work.may(Action.RELEASE_PRINT_JOB, organisation_id=_printer(work, job), what="print job")
    again = job.state is PrintJobState.DOWNLOADED
    if again and not (reason or "").strip():
        raise Refusal("reason_required", pointer="/reason")
    job.released_by_id, job.released_at = work.actor.user_id, work.now
    job.downloaded_by_id = job.downloaded_at = None
    work.transition(job, PRINT_JOB, PrintJobEvent.RELEASE, detail=checks.optional("reason", reason, 255) or "")
    if not again:
        work.transition(_order(work, job), ORDER, OrderEvent.SEND)
    return job


def download(work: Work, uid: UUID) -> PrintJob:
    """Hand over the file, once; the caller sends the bytes. Raises Refusal."""
    job = get(work, uid)
    work.may(Action.PRINT_JOB, organisation_id=_printer(work, job), what="print job")
    if job.downloaded_at is not None:
        raise Refusal("already_downloaded")
    job.downloaded_by_id, job.downloaded_at = work.actor.user_id, work.now
    work.transition(job, PRINT_JOB, PrintJobEvent.DOWNLOAD)
    return job


def tested(work: Work, uid: UUID, read: int) -> PrintJob:
    """The test strip was printed, and so many of its symbols were read back. Raises Refusal."""
    job = get(work, uid)
    work.may(Action.PRINT_JOB, organisation_id=_printer(work, job), what="print job")
    if job.state is not PrintJobState.DOWNLOADED:
        raise Refusal("illegal_step", event="test", state=job.state.value)
    job.strip_read = read
    work.note("test", "print_job", job.id, detail=str(read))
    return job


def printed(work: Work, uid: UUID, report: Spoilage | None = None) -> PrintJob:
    """The batch is on paper, but for what the print house reports. Raises Refusal."""
    job = get(work, uid)
    work.may(Action.PRINT_JOB, organisation_id=_printer(work, job), what="print job")
    roll, said = _batch(work, job), report or Spoilage()
    size = roll.hi - roll.lo
    left = _apart(size, (("/unprinted", said.unprinted), ("/spoiled", said.spoiled)))
    work.transition(job, PRINT_JOB, PrintJobEvent.PRINT)
    for part in said.spoiled:
        stamps.change(work, roll, _block(roll, part), StampEvent.SPOIL, reason=SPOILED)
    for part in left:
        stamps.change(work, roll, _block(roll, part), StampEvent.PRINT)
    job.spoiled, job.unprinted = _count(said.spoiled), _count(said.unprinted)
    job.good = size - job.spoiled - job.unprinted
    job.printed_by_id, job.printed_at = work.actor.user_id, work.now
    work.transition(_order(work, job), ORDER, OrderEvent.PRINT)
    return job


def receive(work: Work, uid: UUID, receipt: Receipt) -> PrintJob:
    """The producer has the roll: what was printed is good, spoiled, sent back or lost on the way. Raises Refusal."""
    job = work.find(PrintJob, uid, "print job")
    roll = _batch(work, job)
    work.may(Action.RECEIVE_STAMPS, organisation_id=roll.organisation_id, what="print job")
    kinds = (("/spoiled", receipt.spoiled), ("/returned", receipt.returned), ("/lost", receipt.lost))
    _apart(roll.hi - roll.lo, kinds)
    away = sum(_count(parts) for _, parts in kinds)
    came = job.good if job.good is not None else roll.hi - roll.lo
    if receipt.good + away != came:
        raise Refusal("counts_do_not_add_up", pointer="/good", good=receipt.good, spoiled=away, printed=came)
    work.transition(job, PRINT_JOB, PrintJobEvent.RECEIVE)
    events = (StampEvent.SPOIL, StampEvent.RETURN, StampEvent.LOSE)
    for event, (_, parts) in zip(events, kinds, strict=True):
        for part in parts:
            stamps.change(work, roll, _block(roll, part), event, reason=_REASONS[event])
    for tile in stamps.ranges(work, roll.id):
        if tile.state is StampState.PRINTED:
            stamps.change(work, roll, (tile.lo, tile.hi), StampEvent.DELIVER)
    job.good, job.spoiled = came - _count(receipt.spoiled), (job.spoiled or 0) + _count(receipt.spoiled)
    job.received, job.returned, job.lost = receipt.good, _count(receipt.returned), _count(receipt.lost)
    job.received_by_id, job.received_at = work.actor.user_id, work.now
    work.transition(_order(work, job), ORDER, OrderEvent.DELIVER)
    return job


def expected(work: Work, uid: UUID) -> int:
    """How many good stamps a printed roll should bring its producer. Raises Refusal."""
    job = work.find(PrintJob, uid, "print job")
    roll = _batch(work, job)
    work.may(Action.RECEIVE_STAMPS, organisation_id=roll.organisation_id, what="print job")
    return job.good if job.good is not None else roll.hi - roll.lo


SPOILED = "hỏng khi in / spoiled in print"
_REASONS = {
    StampEvent.SPOIL: SPOILED,
    StampEvent.RETURN: "trả lại nhà in / returned to the print house",
    StampEvent.LOSE: "mất trên đường giao / lost on the way",
}


def _count(parts: Iterable[Positions]) -> int:
    return sum(part.last - part.first + 1 for part in parts)


def _block(roll: Batch, part: Positions) -> tuple[int, int]:
    return roll.lo + part.first - 1, roll.lo + part.last


def _apart(size: int, kinds: Iterable[tuple[str, tuple[Positions, ...]]]) -> list[Positions]:
    """What is left of 1 to `size` beside these ranges, which must not overlap. Raises Refusal at the one that does."""
    free, at = [], 1
    named = sorted((part.first, part.last, pointer) for pointer, parts in kinds for part in parts)
    for first, last, pointer in named:
        if not at <= first <= last <= size:
            raise Refusal("range_out_of_batch", pointer=pointer, size=size)
        if first > at:
            free.append(Positions(at, first - 1))
        at = last + 1
    return [*free, Positions(at, size)] if at <= size else free


def done_with(work: Work) -> list[str]:
    """The digests of print files whose rolls were received: nobody needs them, and they may hold PINs (R4)."""
    return list(work.session.scalars(sa.select(PrintJob.sha256).where(PrintJob.state == PrintJobState.RECEIVED)))


def get(work: Work, uid: UUID) -> PrintJob:
    """One job the actor may see. Raises Refusal `not_found`."""
    job = work.find(PrintJob, uid, "print job")
    work.may(Action.READ_PRINT_JOB, organisation_id=_printer(work, job), what="print job")
    return job


def labelled(work: Work, uid: UUID) -> tuple[Batch, str, str]:
    """The batch of a job that the actor prints, and the names of its product and producer. Raises Refusal."""
    job = get(work, uid)
    work.may(Action.PRINT_JOB, organisation_id=_printer(work, job), what="print job")
    batch = _batch(work, job)
    product = work.session.get_one(Product, batch.product_id)
    return batch, product.name, work.session.get_one(Organisation, batch.organisation_id).name


def page(work: Work, ask: Ask = paging.FIRST) -> Part[PrintJob]:
    """The jobs the actor may see, the newest first."""
    printer = sa.func.coalesce(PrintJob.printer_id, Batch.organisation_id)
    seen = work.visible(Action.READ_PRINT_JOB, printer)
    statement = sa.select(PrintJob).join(Batch, Batch.id == PrintJob.batch_id).where(seen)
    return paging.part(work, PrintJob, statement, ask)


def of_order(work: Work, order: StampOrder) -> tuple[Batch, PrintJob] | None:
    """The batch and the print job of an order the actor has got, once minted."""
    statement = (
        sa.select(Batch, PrintJob).join(PrintJob, PrintJob.batch_id == Batch.id).where(Batch.order_id == order.id)
    )
    row = work.session.execute(statement).first()
    return None if row is None else (row[0], row[1])


def batches(work: Work, jobs: Iterable[PrintJob]) -> dict[int, Batch]:
    """The batches of these jobs by their key, in one statement."""
    keys = [job.batch_id for job in jobs]
    return {row.id: row for row in work.session.scalars(sa.select(Batch).where(Batch.id.in_(keys)))}


def _batch(work: Work, job: PrintJob) -> Batch:
    return work.session.get_one(Batch, job.batch_id)


def _order(work: Work, job: PrintJob) -> StampOrder:
    return work.session.get_one(StampOrder, _batch(work, job).order_id)


def _printer(work: Work, job: PrintJob) -> int:
    """The print house, or the producer who prints at home."""
    return job.printer_id or _batch(work, job).organisation_id
