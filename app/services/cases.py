"""Alert cases as officers lead them: read, watched, held with four eyes, confirmed or called a false alarm.

A confirmed copy turns its stamp red, and a false alarm lifts its warning, by a flag on the stamp that a verdict reads.
Whoever reported goods of the case reads what was decided where they follow their report.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from app.domain.cases import CASE, DECIDED, CaseEvent, CaseKind, CaseState
from app.domain.errors import Refusal, Text
from app.domain.permissions import Action, Scope, scopes
from app.domain.reports import REPORT, ReportEvent, ReportState
from app.models.cases import AlertCase, AlertEvidence
from app.models.lots import Lot
from app.models.scans import Report
from app.models.stamps import Batch, Hold, StampRange
from app.services import alerts, checks, flags, holds, lots, paging, reports
from app.services.paging import Ask, Part
from app.services.work import Work

STEPS: Mapping[CaseEvent, Text] = {
    CaseEvent.WATCH: Text("Theo dõi tiếp", "Keep watching"),
    CaseEvent.ASK_HOLD: Text("Đề nghị tạm dừng lô", "Ask for a hold on the lot"),
    CaseEvent.APPROVE_HOLD: Text("Duyệt tạm dừng lô", "Approve the hold"),
    CaseEvent.REFUSE_HOLD: Text("Không duyệt tạm dừng", "Refuse the hold"),
    CaseEvent.CONFIRM: Text("Xác nhận có vi phạm", "Confirm it"),
    CaseEvent.DISMISS: Text("Kết luận báo nhầm", "Call it a false alarm"),
    CaseEvent.REOPEN: Text("Mở lại", "Open again"),
}
"""What each step is called."""

_NEEDS: Mapping[CaseEvent, Action] = {
    CaseEvent.APPROVE_HOLD: Action.APPROVE_HOLD,
    CaseEvent.REFUSE_HOLD: Action.APPROVE_HOLD,
}
_DECIDES = frozenset({CaseEvent.CONFIRM, CaseEvent.DISMISS})
ASKS_FOR_WORDS = frozenset({CaseEvent.ASK_HOLD, *_DECIDES})
# What the organisation itself may read: what officers have decided, and not what they are still looking into.
_TOLD = (CaseState.HELD, *DECIDED)
_MOST_REPORTS = 200
_BEFORE_US = 30 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Said:
    """What is said with a step: for the file (a hold's reason is public), and to whoever reported such goods."""

    reason: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What a case is about, as far as it is known."""

    lot: Lot | None
    batch: Batch | None
    hold: Hold | None


def page(work: Work, ask: Ask = paging.FIRST, kind: CaseKind | None = None) -> Part[AlertCase]:
    """The cases the actor may see, the newest first."""
    statement = sa.select(AlertCase).where(_visible(work), paging.containing(ask, AlertCase.number))
    if kind is not None:
        statement = statement.where(AlertCase.kind == kind)
    return paging.part(work, AlertCase, statement, ask)


def get(work: Work, uid: UUID) -> AlertCase:
    """One case the actor may see. Raises Refusal `not_found`."""
    row = work.session.scalar(sa.select(AlertCase).where(AlertCase.uid == uid, _visible(work)))
    if row is None:
        raise Refusal("not_found", what="case")
    return row


def _visible(work: Work) -> sa.ColumnElement[bool]:
    seen = work.visible(Action.READ_CASE, AlertCase.organisation_id)
    officer = work.actor.user_id is None or scopes(work.actor, Action.READ_CASE) - {Scope.OWN}
    return seen if officer else sa.and_(seen, AlertCase.state.in_(_TOLD))


def evidence(work: Work, case: AlertCase) -> list[AlertEvidence]:
    """What speaks for it in words, the latest first."""
    mine = sa.select(AlertEvidence).where(AlertEvidence.case_id == case.id)
    return list(work.session.scalars(mine.order_by(AlertEvidence.at.desc(), AlertEvidence.id.desc())))


def about(work: Work, case: AlertCase) -> About:
    """The lot, the roll and the hold of a case."""
    session = work.session
    return About(
        session.get(Lot, case.lot_id) if case.lot_id else None,
        session.get(Batch, case.batch_id) if case.batch_id else None,
        session.get(Hold, case.hold_id) if case.hold_id else None,
    )


def possible(work: Work, case: AlertCase) -> list[tuple[CaseEvent, Text]]:
    """The steps that the actor may take now, with their names."""
    return [
        (event, words)
        for event, words in STEPS.items()
        if CASE.allows(case.state, event)
        and scopes(work.actor, _NEEDS.get(event, Action.DECIDE_CASE))
        and (event is not CaseEvent.ASK_HOLD or case.lot_id is not None)
        and (event is not CaseEvent.APPROVE_HOLD or case.asked_by_id != work.actor.user_id)
    ]


def step(work: Work, uid: UUID, event: CaseEvent, said: Said = Said()) -> AlertCase:
    """Take a step. Raises Refusal."""
    case = get(work, uid)
    work.may(_NEEDS.get(event, Action.DECIDE_CASE), organisation_id=case.organisation_id, what="case")
    work.locked(case)
    reason = checks.optional("reason", said.reason, 255)
    outcome = checks.optional("outcome", said.outcome, 2000)
    if event in ASKS_FOR_WORDS and reason is None:
        raise Refusal("reason_required", pointer="/reason")
    case.reason = reason or case.reason
    _HOLDING.get(event, _nothing)(work, case)
    if event in _DECIDES:
        _decide(work, case, event, outcome)
    elif event is CaseEvent.REOPEN:
        flags.end_of_case(work, case)
    work.transition(case, CASE, event, detail=reason or "")
    return case


def ask_hold(work: Work, lot: UUID, reason: str) -> AlertCase:
    """Ask for a hold on a lot that no case is about yet; another officer approves it. Raises Refusal."""
    row = lots.get(work, lot)
    work.may(Action.PLACE_HOLD, organisation_id=row.organisation_id, what="lot")
    words = checks.text("reason", reason, 255)
    waiting = asked_hold(work, row)
    if waiting is not None:
        raise Refusal("hold_asked", pointer="/lot", case=waiting.number)
    said = Text(f"Cán bộ đề nghị tạm dừng lô: {words}", f"An officer asks to hold the lot: {words}")
    clue = alerts.Clue("officer", work.now, said)
    subject, owner = f"hold:{work.new_id().hex}", row.organisation_id
    signal = alerts.Signal(CaseKind.OFFICE, subject, 0, (clue,), organisation_id=owner, lot_id=row.id)
    (case,) = alerts.raised(work, [signal])
    return step(work, case.uid, CaseEvent.ASK_HOLD, Said(words))


def asked_hold(work: Work, lot: Lot) -> AlertCase | None:
    """The case in which a hold on this lot waits for another officer."""
    asked = (AlertCase.lot_id == lot.id) & (AlertCase.state == CaseState.HOLD_ASKED)
    return work.session.scalar(sa.select(AlertCase).where(asked).limit(1))


def _nothing(work: Work, case: AlertCase) -> None:
    """Most steps hold nothing."""


def _ask(work: Work, case: AlertCase) -> None:
    if case.lot_id is None:
        raise Refusal("case_without_lot")
    case.asked_by_id, case.asked_at = work.actor.user_id, work.now


def _approve(work: Work, case: AlertCase) -> None:
    if case.asked_by_id == work.actor.user_id:
        raise Refusal("four_eyes")
    if CASE.allows(case.state, CaseEvent.APPROVE_HOLD):
        lot = work.session.get_one(Lot, case.lot_id)
        case.hold_id = holds.on_lot(work, lot.uid, case.reason or "").id


def _lift(work: Work, case: AlertCase) -> None:
    hold = work.session.get(Hold, case.hold_id) if case.hold_id else None
    if hold is not None and hold.lifted_at is None and CASE.allows(case.state, CaseEvent.DISMISS):
        holds.lift(work, hold.uid)


_HOLDING = {CaseEvent.ASK_HOLD: _ask, CaseEvent.APPROVE_HOLD: _approve, CaseEvent.DISMISS: _lift}


def _decide(work: Work, case: AlertCase, event: CaseEvent, outcome: str | None) -> None:
    """What follows from a decision: for the stamp's verdict, and for whoever reported it."""
    if not CASE.allows(case.state, event):
        return
    case.decided_by_id, case.decided_at, case.decided_level = work.actor.user_id, work.now, case.level
    case.outcome = outcome or case.outcome
    if case.kind is CaseKind.COPY:
        flags.decided(work, case, copied=event is CaseEvent.CONFIRM)
    waiting = waiting_reports(work, case)
    if waiting and outcome is None:
        raise Refusal("reason_required", pointer="/outcome")
    last = ReportEvent.CONFIRM if event is CaseEvent.CONFIRM else ReportEvent.DISMISS
    for one in waiting:
        if not REPORT.allows(one.state, last):
            reports.step(work, one.report.id, ReportEvent.CHECK)
        reports.step(work, one.report.id, last, outcome)


def reports_of(work: Work, case: AlertCase) -> list[reports.Seen]:
    """The public's reports about the stamps of a case since a month before it was opened, the newest first."""
    if case.stamp is not None:
        about_it = Report.stamp == case.stamp
    elif case.lot_id is not None:
        within = sa.and_(StampRange.lot_id == case.lot_id, StampRange.lo <= Report.stamp, Report.stamp < StampRange.hi)
        about_it = sa.exists().where(within)
    elif case.batch_id is not None:
        batch = work.session.get_one(Batch, case.batch_id)
        about_it = sa.and_(Report.stamp >= batch.lo, Report.stamp < batch.hi)
    else:
        return []
    return reports.where(work, sa.and_(about_it, Report.at >= case.opened_at - _BEFORE_US), _MOST_REPORTS)


def waiting_reports(work: Work, case: AlertCase) -> list[reports.Seen]:
    """Those of them that nobody has decided."""
    return [one for one in reports_of(work, case) if one.state in {ReportState.RECEIVED, ReportState.CHECKING}]


def to_decide(work: Work, most: int = 6) -> list[AlertCase]:
    """Cases that wait for the actor: holds of others to approve, then open ones that are corroborated."""
    if not scopes(work.actor, Action.DECIDE_CASE):
        return []
    asked = sa.and_(AlertCase.state == CaseState.HOLD_ASKED, AlertCase.asked_by_id != (work.actor.user_id or 0))
    fresh = sa.and_(AlertCase.state == CaseState.NEW, sa.or_(AlertCase.red, AlertCase.kind != CaseKind.COPY))
    statement = sa.select(AlertCase).where(_visible(work), sa.or_(asked, fresh))
    return list(work.session.scalars(statement.order_by(AlertCase.state, AlertCase.id.desc()).limit(most)))
