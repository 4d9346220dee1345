"""What comes from the field over the API: scanning devices, reports of suspicious products, probes."""

from flask import Response, json
from pydantic import BaseModel, RootModel

from app.api import ById, Paging, api, paged, plainly, stepped
from app.api.views import plain, views
from app.auth import needs, reading, working
from app.domain.permissions import Action
from app.domain.reports import ReportEvent
from app.services import devices, probes, reports
from app.services.devices import NewDevice


class NewDeviceBody(RootModel[NewDevice]):
    """`NewDevice` as the body of a request."""


class ReportStep(ById):
    """A step of a report."""

    event: ReportEvent


class Outcome(BaseModel):
    """What the reporter may read."""

    outcome: str | None = None


@api.get("/devices")
@needs(Action.ENROL_DEVICE)
def list_devices(query: Paging) -> Response:
    """Scanning devices in scope, the newest first."""
    with reading() as work:
        return paged(work, devices.page(work, query.ask()))


@api.post("/devices")
@needs(Action.ENROL_DEVICE)
def enrol_device(body: NewDeviceBody) -> Response:
    """Enrol a scanning device; its token is shown once."""
    with working() as work:
        made = devices.enrol(work, body.root)
        content = {**views(work, [made.device])[0], "token": made.token}
    return Response(json.dumps(content), 201, content_type="application/json")


@api.post("/devices/<uuid:uid>/revoke")
@needs(Action.ENROL_DEVICE)
def revoke_device(path: ById) -> Response:
    """Take a scanning device's right away, at once."""
    return stepped(lambda work: devices.revoke(work, path.uid))


@api.get("/report-cases")
@needs(Action.READ_REPORT)
def list_report_cases(query: Paging) -> Response:
    """Reports of suspicious products in scope, the newest first."""
    with reading() as work:
        part = reports.page(work, query.ask())
    return plainly({"items": [_seen(seen) for seen in part.rows], "next": part.next})


@api.post("/report-cases/<uuid:uid>/<event>")
@needs(Action.DECIDE_REPORT)
def step_report_case(path: ReportStep, body: Outcome) -> Response:
    """Look into a report, confirm, dismiss or reopen it; `outcome` is told to the reporter."""
    with working() as work:
        reports.step(work, path.uid, path.event, body.outcome)
    with reading() as work:
        content = _seen(reports.get(work, path.uid))
    return Response(json.dumps(content), content_type="application/json")


@api.get("/probe-alerts")
@needs(Action.READ_PROBES)
def list_probe_alerts(query: Paging) -> Response:
    """Alerts of people who try codes, the newest first."""
    with reading() as work:
        part = probes.page(work, query.ask())
    items = [{"id": row.id, "kind": row.kind, "who": row.who, "codes": row.codes, "at": row.at} for row in part.rows]
    return plainly({"items": items, "next": part.next})


def _seen(seen: reports.Seen) -> dict[str, object]:
    case = seen.case
    return {
        "id": str(seen.report.id),
        "state": seen.state.value,
        "text": seen.report.text,
        "place": seen.report.place,
        "contact": seen.report.contact,
        "photo": seen.report.photo,
        "batch": seen.batch.number if seen.batch else None,
        "outcome": case.outcome if case else None,
        "at": _at(seen.report.at),
    }


def _at(micros: int) -> object:
    return plain("_at", micros)
