"""Decisions as labels: what officers found, with the events of each stamp, as a trace that a replay and a fit can read.

A stamp goes by its case and a device by a number of its own, so that a file of labels names nobody.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from app.domain.cases import DECIDED, CaseKind, CaseState
from app.domain.errors import Refusal
from app.domain.permissions import Action, Scope, scopes
from app.models.cases import AlertCase
from app.models.lots import Lot
from app.models.scans import Claim, Scan, ScanPlace
from app.services import casework, regions
from app.services.work import Work

LABELS: Final = {CaseState.UPHELD: "copied", CaseState.FALSE_ALARM: "genuine"}
MOST_CASES, MOST_EVENTS = 5000, 500
_EVENTS: Final = {"bought": "claim", "pin": "pin_ok", "wrong": "pin_wrong"}
_CELL_KM: Final = 4
Line = dict[str, Any]


@dataclass(slots=True)
class _Trace:
    """The lines of a file being written, by kind; events with their time and the order they were judged in.

    `devices` counts on over all stamps: were the first device of each called the same, a replay would take them for one
    that scans dozens of stamps a day and believe none of its scans.
    """

    devices: int = 0
    lots: dict[int, Line] = field(default_factory=dict)
    events: list[tuple[int, str, int, Line]] = field(default_factory=list)
    labels: list[Line] = field(default_factory=list)


def lines(work: Work) -> Iterator[str]:
    """Every decided case of a stamp or a lot as JSON lines: lots, then events by time, then labels. Raises Refusal."""
    if work.actor.user_id is not None and Scope.ALL not in scopes(work.actor, Action.DECIDE_CASE):
        raise Refusal("forbidden")
    kinds = (CaseKind.COPY, CaseKind.LOT, CaseKind.AREA)
    decided = sa.and_(AlertCase.state.in_(DECIDED), AlertCase.kind.in_(kinds))
    trace = _Trace()
    for case in work.session.scalars(sa.select(AlertCase).where(decided).order_by(AlertCase.id).limit(MOST_CASES)):
        _add(work, trace, case)
    ordered = sorted(trace.events, key=lambda one: one[:3])
    numbered = ({**line, "id": number} for number, (*_, line) in enumerate(ordered, 1))
    for line in (*trace.lots.values(), *numbered, *trace.labels):
        yield json.dumps(line, ensure_ascii=False)


def _add(work: Work, trace: _Trace, case: AlertCase) -> None:
    lot = work.session.get(Lot, case.lot_id) if case.lot_id else None
    label = {"kind": "label", "label": LABELS[case.state], "case": case.number, "of": case.kind.value}
    if lot is not None:
        trace.lots.setdefault(lot.id, _lot(work, case, lot))
    named = f"L{lot.id}" if lot is not None else "L0"
    if case.stamp is None:
        trace.labels.append({**label, "lot": named})
        return
    trace.labels.append({**label, "stamp": case.number, "lot": named})
    devices: dict[bytes, str] = {}
    for at, n, shown in _events(work, case.stamp):
        device = shown.pop("device")
        if device and device not in devices:
            trace.devices += 1
            devices[device] = f"d{trace.devices}"
        name = devices[device] if device else None
        line = {"kind": "scan", "t": _moment(at), "stamp": case.number, "lot": named, "device": name, **shown}
        trace.events.append((at, case.number, n, line))


def _lot(work: Work, case: AlertCase, lot: Lot) -> Line:
    life = (lot.expires_on - lot.produced_on).days if lot.expires_on else None
    areas = [{"lat": lat, "lon": lon, "radius_km": km} for lat, lon, km in casework.plan_of(work, case)]
    since = f"{lot.produced_on.isoformat()}T00:00:00+07:00"
    return {"kind": "lot", "lot": f"L{lot.id}", "activated_at": since, "areas": areas, "shelf_life_days": life}


def _events(work: Work, stamp: int) -> Iterator[tuple[int, int, Line]]:
    """The scans and claims of a stamp in the order they were judged in, with a place that was given afterwards."""
    place = sa.func.coalesce(ScanPlace.cell, Scan.cell)
    source = sa.func.coalesce(ScanPlace.source, Scan.source)
    scans = sa.select(Scan.at, Scan.n, Scan.role, Scan.device, place, source)
    scans = scans.outerjoin(ScanPlace, ScanPlace.scan_id == Scan.id).where(
        Scan.stamp == stamp, Scan.late.is_(False), Scan.lot_id.is_not(None)
    )
    claims = sa.select(Claim.at, Claim.n, Claim.kind, Claim.device, Claim.cell).where(Claim.stamp == stamp)
    for at, n, role, device, cell, known in work.session.execute(scans.order_by(Scan.n).limit(MOST_EVENTS)):
        yield at, n, {"event": "scan", "role": role, "device": device, **_where(cell, known)}
    for row in work.session.execute(claims.order_by(Claim.n).limit(MOST_EVENTS)):
        shown = {"event": _EVENTS[row.kind], "role": "consumer", "device": row.device}
        yield row.at, row.n or 0, {**shown, **_where(row.cell, "gps" if row.cell is not None else "none")}


def _where(cell: int | None, source: str) -> Line:
    if cell is None:
        return {"lat": None, "lon": None, "accuracy_km": None, "source": "none"}
    lat, lon = regions.middle(cell)
    return {"lat": round(lat, 2), "lon": round(lon, 2), "accuracy_km": _CELL_KM, "source": source}


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
