"""Alert cases are opened and extended here, by the worker: one case for each thing it is about, whatever is seen twice.

An open case grows: its evidence is one line for each source, said as it was last seen. A case that an officer called a
false alarm stays closed until clearly more is seen than the officer knew.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from app.domain.cases import CASE, CaseEvent, CaseKind, CaseState
from app.domain.errors import Text
from app.models.cases import AlertCase, AlertEvidence
from app.models.probes import ProbeAlert
from app.services.work import Work

# A false alarm is opened again by a weight this much higher (nats, in 1/256), or twice the count.
REOPENED_BY: Final = 512
_WEIGHED = frozenset({CaseKind.LOT, CaseKind.AREA})
# A roll that was never activated: one scan is "not released yet", several stamps within a week are stolen stock.
ROLL_US: Final = 7 * 86_400 * 1_000_000
ROLL_STAMPS, ROLL_PLACES, ROLL_MANY = 3, 2, 10
_WEEK_US = 7 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Clue:
    """One piece of evidence: what it comes from (at most 64 characters), when, and in which words."""

    source: str
    at: int
    words: Text


@dataclass(frozen=True, slots=True)
class Signal:
    """What the watch saw: about what, how much (see `AlertCase.level`), and why; `red` where it is corroborated."""

    kind: CaseKind
    subject: str
    level: int
    clues: tuple[Clue, ...]
    organisation_id: int | None = None
    batch_id: int | None = None
    lot_id: int | None = None
    stamp: int | None = None
    red: bool = False
    marks: int = 0
    voices: int = 0


def raised(work: Work, signals: Iterable[Signal]) -> list[AlertCase]:
    """The cases of these signals, opened or extended."""
    return [_raised(work, signal) for signal in signals]


def _raised(work: Work, signal: Signal) -> AlertCase:
    case = work.session.scalar(sa.select(AlertCase).where(AlertCase.subject == signal.subject))
    if case is None:
        case = _opened(work, signal)
    else:
        _extend(work, case, signal)
    for clue in signal.clues:
        _note(work, case, clue)
    return case


def _act(signal: Signal) -> str:
    """The act on the audit chain, which says who is told: the administrators of a lost key, officers of the rest.

    A single stamp on statistics alone waits in the list; there are too many of them to write to anybody. Where an
    officer asks for a hold, that step tells the others.
    """
    if signal.kind is CaseKind.UNISSUED:
        return "page"
    if signal.kind is CaseKind.OFFICE:
        return "open"
    return "raise" if signal.red or signal.kind is not CaseKind.COPY else "open"


def _opened(work: Work, signal: Signal) -> AlertCase:
    uid, at = work.new_id(), max(clue.at for clue in signal.clues)
    case = AlertCase(
        uid=uid,
        number=uid.hex,
        subject=signal.subject,
        kind=signal.kind,
        state=CaseState.NEW,
        organisation_id=signal.organisation_id,
        batch_id=signal.batch_id,
        lot_id=signal.lot_id,
        stamp=signal.stamp,
        level=signal.level,
        red=signal.red,
        marks=signal.marks,
        voices=signal.voices,
        opened_at=work.now,
        last_at=at,
    )
    work.add(case, "alert_case", _act(signal))
    case.number = f"CB{work.today.year}-{case.id:05d}"
    return case


def _extend(work: Work, case: AlertCase, signal: Signal) -> None:
    if signal.red and not case.red:
        work.note("raise", "alert_case", case.id, before=case.state.value, after=case.state.value)
    case.red = case.red or signal.red
    case.marks |= signal.marks
    case.voices = max(case.voices, signal.voices)
    case.level = max(case.level, signal.level)
    case.last_at = max(case.last_at, *(clue.at for clue in signal.clues))
    if case.state is CaseState.FALSE_ALARM and _much_more(case):
        work.transition(case, CASE, CaseEvent.REOPEN)


def _much_more(case: AlertCase) -> bool:
    """Whether a false alarm is one no longer. A stamp that was cleared speaks again only when the judge says so."""
    known = case.decided_level or 0
    if case.kind is CaseKind.COPY:
        return True
    return case.level >= (known + REOPENED_BY if case.kind in _WEIGHED else max(2 * known, known + 1))


def _note(work: Work, case: AlertCase, clue: Clue) -> None:
    mine = (AlertEvidence.case_id == case.id) & (AlertEvidence.source == clue.source)
    known = work.session.scalar(sa.select(AlertEvidence).where(mine))
    if known is None:
        words = {"vi": clue.words.vi, "en": clue.words.en}
        work.session.add(AlertEvidence(case_id=case.id, source=clue.source, since=clue.at, at=clue.at, **words))
        work.session.flush()
    elif clue.at >= known.at:
        known.at, known.vi, known.en = clue.at, clue.words.vi, clue.words.en


def probing(work: Work, alert: ProbeAlert) -> Signal:
    """An alert of somebody who tries codes, as one with the earlier ones of the same week and trace."""
    same = sa.and_(ProbeAlert.kind == alert.kind, ProbeAlert.who == alert.who, ProbeAlert.at >= alert.at - _WEEK_US)
    earlier = sa.and_(same, ProbeAlert.id <= alert.id)
    found = work.session.execute(sa.select(ProbeAlert.id, ProbeAlert.codes).where(earlier).order_by(ProbeAlert.id))
    alerts = found.all() if alert.who is not None else []
    first, codes = (alerts[0].id, sum(row.codes for row in alerts)) if alerts else (alert.id, alert.codes)
    device = alert.kind == "device"
    words = Text(
        f"{'Một thiết bị' if device else 'Một mạng'} đã thử {alert.codes} mã giả hoặc mã lạ trong 10 phút.",
        f"One {alert.kind} tried {alert.codes} forged or unknown codes within 10 minutes.",
    )
    return Signal(CaseKind.PROBING, f"probe:{first.hex}", codes, (Clue(f"alert:{alert.id.hex}", alert.at, words),))
