"""Reports of suspicious products: their photos drawn again, and what officers make of them.

A report belongs to the organisation whose stamp was scanned; one without a stamp is for the province alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal, Text
from app.domain.permissions import Action
from app.domain.reports import REPORT, PhotoState, ReportEvent, ReportState
from app.models.files import StoredFile
from app.models.reports import ReportCase, ReportPhoto
from app.models.scans import Report
from app.models.stamps import Batch
from app.services import checks, files, paging
from app.services.files import ContentStore
from app.services.paging import Ask, Part
from app.services.work import Work

STEPS: Mapping[ReportEvent, Text] = {
    ReportEvent.CHECK: Text("Bắt đầu xác minh", "Begin to look into it"),
    ReportEvent.CONFIRM: Text("Kết luận: có vi phạm", "Confirm: something is wrong"),
    ReportEvent.DISMISS: Text("Kết luận: không thấy vi phạm", "Close: nothing wrong was found"),
    ReportEvent.REOPEN: Text("Mở lại", "Open again"),
}
"""What each step is called."""

SIDE = 1600
AT_ONCE = 5
_OF_STAMP = (Batch.lo <= Report.stamp) & (Report.stamp < Batch.hi)
_ASKS_FOR_WORDS = frozenset({ReportEvent.CONFIRM, ReportEvent.DISMISS})


@dataclass(frozen=True, slots=True)
class Seen:
    """A report with its case, once there is one, and the roll its stamp is of."""

    report: Report
    case: ReportCase | None
    batch: Batch | None

    @property
    def state(self) -> ReportState:
        """RECEIVED until an officer has taken a step."""
        return self.case.state if self.case is not None else ReportState.RECEIVED


def page(work: Work, ask: Ask = paging.FIRST) -> Part[Seen]:
    """The reports the actor may see, the newest first."""
    state = sa.func.coalesce(sa.cast(ReportCase.state, sa.String), ReportState.RECEIVED.value)
    wanted = _visible(work).where(paging.containing(ask, Report.text, Report.place))
    found = paging.cut(work, Report, wanted, ask, state)
    return Part([Seen(*row) for row in found.rows], found.next)


def where(work: Work, condition: sa.ColumnElement[bool], most: int) -> list[Seen]:
    """The reports the actor may see for which this holds, the newest first."""
    statement = _visible(work).where(condition).order_by(Report.id.desc()).limit(most)
    return [Seen(*row) for row in work.session.execute(statement)]


def get(work: Work, report: UUID) -> Seen:
    """One report the actor may see. Raises Refusal `not_found`."""
    row = work.session.execute(_visible(work).where(Report.id == report)).first()
    if row is None:
        raise Refusal("not_found", what="report")
    return Seen(*row)


def _visible(work: Work) -> Any:
    seen = work.visible(Action.READ_REPORT, Batch.organisation_id)
    joined = sa.select(Report, ReportCase, Batch).outerjoin(ReportCase, ReportCase.report_id == Report.id)
    return joined.outerjoin(Batch, _OF_STAMP).where(seen)


def possible(seen: Seen) -> list[tuple[ReportEvent, Text]]:
    """The steps that a report's state allows, with their names."""
    return [(event, words) for event, words in STEPS.items() if REPORT.allows(seen.state, event)]


def step(work: Work, report: UUID, event: ReportEvent, outcome: str | None = None) -> ReportCase:
    """Take a step; `outcome` is what the reporter may read, needed when the case is decided. Raises Refusal."""
    seen = get(work, report)
    work.may(Action.DECIDE_REPORT, organisation_id=seen.batch.organisation_id if seen.batch else None, what="report")
    words = checks.optional("outcome", outcome, 2000)
    if event in _ASKS_FOR_WORDS and words is None:
        raise Refusal("reason_required", pointer="/outcome")
    case = seen.case or _opened(work, report)
    case.decided_by_id, case.decided_at = work.actor.user_id or case.decided_by_id, work.now
    case.outcome = words or case.outcome
    work.transition(case, REPORT, event)
    return case


def _opened(work: Work, report: UUID) -> ReportCase:
    if work.actor.user_id is None:
        raise Refusal("forbidden")
    case = ReportCase(
        report_id=report, state=ReportState.RECEIVED, decided_by_id=work.actor.user_id, decided_at=work.now
    )
    try:
        return work.add(case, "report", "open")
    except sa.exc.IntegrityError:
        raise Refusal("changed_meanwhile") from None


def draw_photos(work: Work, store: ContentStore) -> int:
    """Draw a few waiting photos again, without what they carried; gives how many. What is no picture is dropped."""
    waiting = list(work.session.scalars(sa.select(ReportPhoto).order_by(ReportPhoto.at).limit(AT_ONCE)))
    for photo in waiting:
        report = work.session.get(Report, photo.report_id)
        if report is not None:
            report.photo, report.photo_sha256 = _drawn(work, store, photo.content)
            work.note("draw_photo", "report", 0, after=report.photo, detail=str(report.id))
        work.session.delete(photo)
    return len(waiting)


def _drawn(work: Work, store: ContentStore, content: bytes) -> tuple[PhotoState, str | None]:
    try:
        drawn = files.picture(content, side=SIDE)
    except Refusal:
        return PhotoState.REFUSED, None
    row = StoredFile(
        uid=work.new_id(),
        sha256=store.put(drawn),
        media_type="image/webp",
        size=len(drawn),
        name="report",
        public=False,
        created_at=work.now,
    )
    return PhotoState.DRAWN, work.add(row, "file", "keep").sha256
