"""Alert cases: the list, one case with its evidence, map and history, and the steps officers take."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from app.auth import may, needs, reading
from app.domain.cases import CaseEvent, CaseKind, CaseState
from app.domain.errors import Text
from app.domain.permissions import Action
from app.models.organisations import Organisation
from app.services import cases as service
from app.services import casework, regions
from app.services.cases import Said
from app.services.work import Work
from app.web import Line, Page, asked_page, done, listing, member, moment, said, submitted, web
from app.web.forms import Form, asked, optional
from app.web.maps import maps

KINDS = {
    CaseKind.COPY: Text("Tem bị sao chép", "A copied stamp"),
    CaseKind.LOT: Text("Nhiều tem lạ trong một lô", "Many odd stamps of a lot"),
    CaseKind.AREA: Text("Quét ở nơi không giao hàng", "Scanned where nothing was sent"),
    CaseKind.STOLEN: Text("Tem chưa kích hoạt bị quét", "Stamps never activated"),
    CaseKind.PROBING: Text("Dò mã", "Somebody tries codes"),
    CaseKind.UNISSUED: Text("Mã chưa từng phát hành", "Codes never issued"),
    CaseKind.OFFICE: Text("Cán bộ đề nghị tạm dừng", "An officer asks for a hold"),
}
_HINTS = {
    CaseEvent.ASK_HOLD: Text(
        "Người mua sẽ đọc được lý do này sau khi cán bộ khác duyệt.",
        "Buyers can read this reason once another officer has approved.",
    ),
    CaseEvent.CONFIRM: Text(
        "Chỉ lưu trong hồ sơ. Với tem bị sao chép, người quét sẽ thấy cảnh báo đỏ ngay.",
        "For the file only. Whoever scans a copied stamp is warned in red at once.",
    ),
    CaseEvent.DISMISS: Text(
        "Chỉ lưu trong hồ sơ. Cảnh báo của tem được gỡ ngay, lệnh tạm dừng của vụ việc cũng được gỡ.",
        "For the file only. The stamp's warning and a hold of this case are lifted at once.",
    ),
}


@web.get("/cases")
@needs(Action.READ_CASE)
def cases() -> str:
    """The alert cases in scope."""
    kind = request.args.get("kind")
    with reading() as work:
        part = service.page(work, asked_page(), member(CaseKind, kind) if kind else None)
        owners = {row.organisation_id for row in part.rows} - {None}
        named = sa.select(Organisation.id, Organisation.name).where(Organisation.id.in_(owners))
        names = {found.id: found.name for found in work.session.execute(named)}
    rows = [
        Line(
            (
                row.number,
                row.state,
                said(KINDS[row.kind]),
                names.get(row.organisation_id, "–"),
                moment(row.last_at),
            ),
            url_for(".case", uid=row.uid),
        )
        for row in part.rows
    ]
    heads = (
        ("Số", "Number"),
        ("Trạng thái", "State"),
        ("Dấu hiệu", "Sign"),
        ("Chủ thể", "Organisation"),
        ("Gần nhất", "Latest"),
    )
    empty = Text("Chưa có vụ việc nào. Hệ thống tự mở khi thấy dấu hiệu.", "No cases. They open by themselves.")
    kinds = [(one.value, words) for one, words in KINDS.items()]
    title = Text("Vụ việc cảnh báo", "Alert cases")
    return listing(title, heads, rows, empty, after=part.next, states=tuple(CaseState), kinds=kinds)


@web.get("/cases/<uuid:uid>")
@needs(Action.READ_CASE)
def case(uid: UUID) -> str:
    """One case."""
    with reading() as work:
        row = service.get(work, uid)
        about, evidence = service.about(work, row), service.evidence(work, row)
        owner = work.session.get(Organisation, row.organisation_id) if row.organisation_id else None
        reports = service.reports_of(work, row) if may(Action.READ_REPORT) else []
        scene = casework.scene(work, row, reports=may(Action.READ_REPORT))
        drawn = maps(scene.spots, scene.plan, regions.communes(work))
        steps = service.possible(work, row)
    return render_template(
        "case.html",
        row=row,
        kind=KINDS[row.kind],
        about=about,
        owner=owner,
        evidence=evidence,
        reports=reports,
        scene=scene,
        maps=drawn,
        steps=steps,
        timeline=_timeline(evidence, scene),
    )


def _timeline(evidence: Any, scene: casework.Scene) -> list[tuple[int, Text, str | None]]:
    """What was seen and what was done, the latest first: when, the words, and the act where it was one."""
    seen = [(one.since, Text(one.vi, one.en), None) for one in evidence]
    acts = [
        (one.entry.at, Text(one.who or "hệ thống", one.who or "the system"), one.entry.action) for one in scene.trail
    ]
    return sorted([*seen, *acts], key=lambda one: -one[0])


@web.route("/cases/<uuid:uid>/<event>", methods=["GET", "POST"])
@needs(Action.DECIDE_CASE, Action.APPROVE_HOLD)
def step_case(uid: UUID, event: str) -> Page:
    """Take a step, with the words it needs."""
    chosen = member(CaseEvent, event)
    decides = chosen in {CaseEvent.CONFIRM, CaseEvent.DISMISS}
    with reading() as work:
        row = service.get(work, uid)
        waiting = service.waiting_reports(work, row) if decides else []
    ask = asked if chosen in service.ASKS_FOR_WORDS else optional
    fields = [ask("reason", "Lý do", "Reason", "textarea", most=255, hint=_HINTS.get(chosen))]
    if waiting:
        hint = Text(
            f"{len(waiting)} người đã báo hàng này sẽ đọc được những lời này.",
            f"The {len(waiting)} who reported these goods can read these words.",
        )
        fields.append(asked("outcome", "Trả lời người báo", "Answer to reporters", "textarea", hint=hint, most=2000))
    form = Form(Said, fields, button=service.STEPS[chosen])

    def act(work: Work, told: Said) -> Any:
        return service.step(work, uid, chosen, told)

    def then(_: Any) -> Response:
        return done("web.case", uid=uid)

    return submitted(form, act, then, service.STEPS[chosen])
