"""Print jobs: released by an officer, downloaded once by the print house, counted in by the producer (R17)."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.orders import ORDER, PRINT_JOB, OrderEvent, PrintJobEvent, PrintJobState
from app.domain.permissions import Action
from app.models.orders import PrintJob, StampOrder
from app.models.stamps import Batch
from app.services import stamps
from app.services.stamps import Positions
from app.services.work import Work
from stamp_engine.lifecycle import StampEvent


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a producer counted: good stamps, and which positions came spoiled."""

    good: int
    spoiled: tuple[Positions, ...] = ()


def release(work: Work, uid: UUID) -> PrintJob:
    """Let the print house have the file. Raises Refusal."""
    job = get(work, uid)
    work.may(Action.RELEASE_PRINT_JOB, organisation_id=_printer(work, job), what="print job")
    work.transition(job, PRINT_JOB, PrintJobEvent.RELEASE)
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


def printed(work: Work, uid: UUID) -> PrintJob:
    """The whole batch is on paper. Raises Refusal."""
    job = get(work, uid)
    work.may(Action.PRINT_JOB, organisation_id=_printer(work, job), what="print job")
    roll = _batch(work, job)
    work.transition(job, PRINT_JOB, PrintJobEvent.PRINT)
    stamps.change(work, roll, (roll.lo, roll.hi), StampEvent.PRINT)
    work.transition(_order(work, job), ORDER, OrderEvent.PRINT)
    return job


def receive(work: Work, uid: UUID, receipt: Receipt) -> PrintJob:
    """The producer has the roll; printed = good + spoiled. Raises Refusal."""
    job = work.find(PrintJob, uid, "print job")
    roll = _batch(work, job)
    work.may(Action.RECEIVE_STAMPS, organisation_id=roll.organisation_id, what="print job")
    size, spoiled = roll.hi - roll.lo, _spoiled(roll, receipt)
    if receipt.good + len(spoiled) != size:
        raise Refusal("counts_do_not_add_up", pointer="/good", good=receipt.good, spoiled=len(spoiled), printed=size)
    work.transition(job, PRINT_JOB, PrintJobEvent.RECEIVE)
    stamps.change(work, roll, (roll.lo, roll.hi), StampEvent.DELIVER)
    for part in receipt.spoiled:
        block = (roll.lo + part.first - 1, roll.lo + part.last)
        stamps.change(work, roll, block, StampEvent.SPOIL, reason="hỏng khi in / spoiled in print")
    job.good, job.spoiled = receipt.good, len(spoiled)
    job.received_by_id, job.received_at = work.actor.user_id, work.now
    work.transition(_order(work, job), ORDER, OrderEvent.DELIVER)
    return job


def _spoiled(roll: Batch, receipt: Receipt) -> set[int]:
    size = roll.hi - roll.lo
    found: set[int] = set()
    for part in receipt.spoiled:
        positions = range(part.first, part.last + 1)
        if not 1 <= part.first <= part.last <= size or not found.isdisjoint(positions):
            raise Refusal("range_out_of_batch", pointer="/spoiled", size=size)
        found.update(positions)
    return found


def get(work: Work, uid: UUID) -> PrintJob:
    """One job the actor may see. Raises Refusal `not_found`."""
    job = work.find(PrintJob, uid, "print job")
    work.may(Action.READ_PRINT_JOB, organisation_id=_printer(work, job), what="print job")
    return job


def every(work: Work) -> list[PrintJob]:
    """All the actor may see, the newest first."""
    printer = sa.func.coalesce(PrintJob.printer_id, Batch.organisation_id)
    seen = work.visible(Action.READ_PRINT_JOB, printer)
    statement = sa.select(PrintJob).join(Batch, Batch.id == PrintJob.batch_id).where(seen)
    return list(work.session.scalars(statement.order_by(PrintJob.id.desc())))


def of_order(work: Work, order: StampOrder) -> tuple[Batch, PrintJob] | None:
    """The batch and the print job of an order the actor has got, once minted."""
    statement = (
        sa.select(Batch, PrintJob).join(PrintJob, PrintJob.batch_id == Batch.id).where(Batch.order_id == order.id)
    )
    row = work.session.execute(statement).first()
    return None if row is None else (row[0], row[1])


def waiting_for(work: Work, organisation_id: int) -> list[PrintJob]:
    """Printed rolls that an organisation has not received yet."""
    statement = sa.select(PrintJob).join(Batch, Batch.id == PrintJob.batch_id)
    due = (Batch.organisation_id == organisation_id) & (PrintJob.state == PrintJobState.PRINTED)
    return list(work.session.scalars(statement.where(due).order_by(PrintJob.id)))


def _batch(work: Work, job: PrintJob) -> Batch:
    return work.session.get_one(Batch, job.batch_id)


def _order(work: Work, job: PrintJob) -> StampOrder:
    return work.session.get_one(StampOrder, _batch(work, job).order_id)


def _printer(work: Work, job: PrintJob) -> int:
    """The print house, or the producer who prints at home."""
    return job.printer_id or _batch(work, job).organisation_id
