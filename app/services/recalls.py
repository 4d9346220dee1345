"""Recalls: asked for by one, approved by another (R11); from approval on every stamp of the lots answers so (R8).

The notice names what TT 23/2018/TT-BYT asks for; the people to tell within 24 hours are counted from `opened_at` (R9).
"""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.lots import LOT, LotEvent
from app.domain.permissions import Action
from app.domain.recalls import RECALL, RecallEvent, RecallResult, RecallState
from app.models.lots import Lot
from app.models.recalls import Recall, RecallLot
from app.services import checks, lots, paging
from app.services.paging import Ask, Part
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class NewRecall:
    """What a recall notice says, and the lots it covers (all of one organisation)."""

    lots: tuple[UUID, ...]
    reason: str
    instruction: str
    reason_en: str | None = None
    instruction_en: str | None = None


def request(work: Work, asked: NewRecall) -> Recall:
    """A REQUESTED recall: nothing shows yet. Raises Refusal."""
    if not asked.lots:
        raise Refusal("recall_no_lots", pointer="/lots")
    covered = [lots.get(work, uid) for uid in dict.fromkeys(asked.lots)]
    owner = covered[0].organisation_id
    if any(lot.organisation_id != owner for lot in covered):
        raise Refusal("other_organisation", pointer="/lots", what="lot")
    work.may(Action.REQUEST_RECALL, organisation_id=owner, what="lot")
    for lot in covered:
        if not LOT.allows(lot.state, LotEvent.RECALL):
            raise Refusal("illegal_step", pointer="/lots", event=LotEvent.RECALL.value, state=lot.state.value)
    uid = work.new_id()
    row = Recall(
        uid=uid,
        number=uid.hex,
        organisation_id=owner,
        state=RecallState.REQUESTED,
        reason=checks.text("reason", asked.reason, 2000),
        reason_en=checks.optional("reason_en", asked.reason_en, 2000),
        instruction=checks.text("instruction", asked.instruction, 2000),
        instruction_en=checks.optional("instruction_en", asked.instruction_en, 2000),
        requested_by_id=work.actor.user_id,
        requested_at=work.now,
    )
    work.add(row, "recall", "request")
    row.number = f"TH{work.today.year}-{row.id:04d}"
    work.session.add_all(RecallLot(recall_id=row.id, lot_id=lot.id) for lot in covered)
    return row


def decide(work: Work, uid: UUID, event: RecallEvent) -> Recall:
    """Approve (which opens it at once) or reject. Raises Refusal."""
    row = get(work, uid)
    work.may(Action.DECIDE_RECALL, organisation_id=row.organisation_id, what="recall")
    if event not in {RecallEvent.APPROVE, RecallEvent.REJECT}:
        raise Refusal("illegal_step", event=event.value, state=row.state.value)
    if row.requested_by_id == work.actor.user_id:
        raise Refusal("four_eyes")
    row.decided_by_id, row.decided_at = work.actor.user_id, work.now
    work.transition(row, RECALL, event)
    if event is RecallEvent.APPROVE:
        for lot in lots_of(work, row):
            work.transition(lot, LOT, LotEvent.RECALL)
        row.opened_at = work.now
        work.transition(row, RECALL, RecallEvent.OPEN)
    return row


def settle(
    work: Work, uid: UUID, lot: UUID, result: RecallResult, recovered: Decimal, note: str | None = None
) -> RecallLot:
    """Say what became of one recalled lot. Raises Refusal."""
    row, bound = get(work, uid), lots.get(work, lot)
    work.may(Action.CLOSE_RECALL, organisation_id=row.organisation_id, what="recall")
    if row.state is not RecallState.OPEN:
        raise Refusal("illegal_step", event="settle", state=row.state.value)
    entry = work.session.get(RecallLot, (row.id, bound.id))
    if entry is None:
        raise Refusal("not_found", what="lot")
    if not recovered.is_finite() or not 0 <= recovered <= bound.quantity:
        raise Refusal("recovered_out_of_range", pointer="/recovered", most=bound.quantity)
    if result is RecallResult.UNRECOVERABLE and not (note or "").strip():
        raise Refusal("reason_required", pointer="/note")
    entry.result, entry.recovered = result, recovered
    entry.note = checks.optional("note", note, 255)
    work.note("settle", "recall", row.id, after=result.value, detail=str(bound.id))
    return entry


def close(work: Work, uid: UUID, remedy: str) -> Recall:
    """Close a recall once every lot has its result; the warning stays on the scan page. Raises Refusal."""
    row = get(work, uid)
    work.may(Action.CLOSE_RECALL, organisation_id=row.organisation_id, what="recall")
    open_lots = sa.select(Lot.lot_no).join(RecallLot, RecallLot.lot_id == Lot.id)
    left = work.session.scalars(open_lots.where(RecallLot.recall_id == row.id, RecallLot.result.is_(None))).all()
    if left:
        raise Refusal("recall_unresolved", lots=", ".join(left))
    row.remedy, row.closed_at = checks.text("remedy", remedy, 2000), work.now
    work.transition(row, RECALL, RecallEvent.CLOSE)
    for lot in lots_of(work, row):
        work.transition(lot, LOT, LotEvent.FINISH_RECALL)
    return row


def get(work: Work, uid: UUID) -> Recall:
    """One recall the actor may see. Raises Refusal `not_found`."""
    row = work.find(Recall, uid, "recall")
    work.may(Action.READ_RECALL, organisation_id=row.organisation_id, what="recall")
    return row


def lots_of(work: Work, recall: Recall) -> list[Lot]:
    """The lots a recall covers."""
    statement = sa.select(Lot).join(RecallLot, RecallLot.lot_id == Lot.id).where(RecallLot.recall_id == recall.id)
    return list(work.session.scalars(statement.order_by(Lot.id)))


def results_of(work: Work, recall: Recall) -> dict[int, RecallLot]:
    """What became of each lot, by its key."""
    rows = work.session.scalars(sa.select(RecallLot).where(RecallLot.recall_id == recall.id))
    return {row.lot_id: row for row in rows}


def page(work: Work, ask: Ask = paging.FIRST) -> Part[Recall]:
    """The recalls the actor may see, the newest first."""
    seen = work.visible(Action.READ_RECALL, Recall.organisation_id)
    return paging.part(work, Recall, sa.select(Recall).where(seen, paging.containing(ask, Recall.number)), ask)
