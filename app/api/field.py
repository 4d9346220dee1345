"""What comes from the field over the API: scanning devices, reports of suspicious products, probes."""

from flask import Response, current_app, json, send_file
from pydantic import BaseModel, RootModel

from app.api import ById, Paging, api, paged, plainly, stepped
from app.api.views import plain, views
from app.auth import needs, reading, working
from app.domain.errors import Refusal
from app.domain.permissions import Action
from app.domain.reports import ReportEvent
from app.models.probes import ProbeSample
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


@api.get("/report-cases/<uuid:uid>")
@needs(Action.READ_REPORT)
def get_report_case(path: ById) -> Response:
    """One report, and the steps that are possible."""
    with reading() as work:
        seen = reports.get(work, path.uid)
    return plainly({**_seen(seen), "steps": [event.value for event, _ in reports.possible(seen)]})


@api.get("/report-cases/<uuid:uid>/photo")
@needs(Action.READ_REPORT)
def get_report_photo(path: ById) -> Response:
    """The photo of a report as the office drew it again, a WebP."""
    with reading() as work:
        sha256 = reports.get(work, path.uid).report.photo_sha256
    if sha256 is None:
        raise Refusal("not_found", what="picture")
    return send_file(current_app.extensions["files"].path(sha256), mimetype="image/webp")


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


@api.get("/probe-samples")
@needs(Action.READ_PROBES)
def list_probe_samples() -> Response:
    """Samples of forged and unknown codes that were tried, the newest first."""
    with reading() as work:
        return plainly({"items": [_sample(row) for row in probes.samples(work)]})


def _sample(row: ProbeSample) -> dict[str, object]:
    return {"id": str(row.id), "at": _at(row.at), "verdict": row.verdict, "code": row.code, "network": row.network}


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
