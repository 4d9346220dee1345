"""What the public side brought to officers: reports of suspicious products, and people who try codes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import current_app, render_template, send_file, url_for
from werkzeug.wrappers import Response

from app.auth import needs, reading
from app.domain.errors import Refusal, Text
from app.domain.permissions import Action
from app.domain.reports import REPORT, PhotoState, ReportEvent, ReportState
from app.services import probes
from app.services import reports as service
from app.services.work import Work
from app.web import Line, Page, asked_page, done, listing, member, moment, next_page, number, said, submitted, web
from app.web.forms import Form, optional

_KINDS = {"device": Text("một thiết bị", "one device"), "network": Text("một mạng", "one network")}


@dataclass(frozen=True, slots=True)
class Step:
    """What an officer tells the reporter with a step."""

    outcome: str | None = None


@web.get("/reports")
@needs(Action.READ_REPORT)
def reports() -> str:
    """The reports in scope."""
    with reading() as work:
        part = service.page(work, asked_page())
    rows = [
        Line(
            (
                moment(seen.report.at),
                seen.state,
                _short(seen.report.text),
                seen.report.place or "",
                seen.batch.number if seen.batch else "",
            ),
            url_for(".report", uid=seen.report.id),
        )
        for seen in part.rows
    ]
    heads = (
        ("Gửi lúc", "Sent at"),
        ("Trạng thái", "State"),
        ("Nội dung", "What was seen"),
        ("Nơi thấy", "Place"),
        ("Cuộn tem", "Roll"),
    )
    empty = Text("Chưa có báo cáo nào từ người dùng.", "No reports from the public yet.")
    title = Text("Báo cáo đáng ngờ", "Suspicious products")
    return listing(title, heads, rows, empty, after=part.next, states=tuple(ReportState))


def _short(text: str) -> str:
    return text if len(text) < 80 else f"{text[:79]}…"


@web.get("/reports/<uuid:uid>")
@needs(Action.READ_REPORT)
def report(uid: UUID) -> str:
    """One report with its photo and the steps that are possible."""
    with reading() as work:
        seen = service.get(work, uid)
    return render_template("report.html", seen=seen, steps=service.possible(seen), photo=PhotoState)


@web.get("/reports/<uuid:uid>/photo")
@needs(Action.READ_REPORT)
def report_photo(uid: UUID) -> Response:
    """The photo as the worker drew it."""
    with reading() as work:
        sha256 = service.get(work, uid).report.photo_sha256
    if sha256 is None:
        raise Refusal("not_found", what="picture")
    return send_file(current_app.extensions["files"].path(sha256), mimetype="image/webp")


@web.route("/reports/<uuid:uid>/<event>", methods=["GET", "POST"])
@needs(Action.DECIDE_REPORT)
def step_report(uid: UUID, event: str) -> Page:
    """Take a step, with words for the reporter."""
    chosen = member(ReportEvent, event)
    with reading() as work:
        seen = service.get(work, uid)
    if not REPORT.allows(seen.state, chosen):
        raise Refusal("illegal_step", event=chosen.value, state=seen.state.value)
    hint = Text("Người báo sẽ đọc được những lời này.", "The reporter can read these words.")
    answer = optional("outcome", "Trả lời người báo", "Answer to the reporter", "textarea", hint=hint, most=2000)
    form = Form(Step, (answer,))

    def act(work: Work, told: Step) -> Any:
        return service.step(work, uid, chosen, told.outcome)

    def then(_: Any) -> Response:
        return done("web.report", uid=uid)

    return submitted(form, act, then, service.STEPS[chosen])


@web.get("/probes")
@needs(Action.READ_PROBES)
def probe_alerts() -> str:
    """Alerts of people who try codes, and samples of what they tried."""
    with reading() as work:
        part, samples = probes.page(work, asked_page()), probes.samples(work)
    alerts = [Line((moment(row.at), said(_KINDS[row.kind]), row.who or "–", number(row.codes))) for row in part.rows]
    heads = (
        ("Lúc", "At"),
        ("Từ", "From"),
        ("Dấu vết", "Trace"),
        ("Mã sai trong 10 phút", "#Wrong codes in 10 minutes"),
    )
    empty = Text("Chưa có ai dò mã.", "Nobody has been trying codes.")
    return render_template(
        "probes.html", alerts=alerts, samples=samples, heads=heads, empty=said(empty), next_url=next_page(part.next)
    )
