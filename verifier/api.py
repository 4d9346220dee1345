"""The JSON doors of the public side: scans, claims, places, reports and the public keys."""

import asyncio
from dataclasses import replace
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stamp_engine.signing import KeyUse
from stamp_engine.signing import PublicKey as EngineKey
from stamp_engine.tokens import KeyState
from verifier import codec
from verifier.aftermath import NoReceipt, ReportRequest
from verifier.claims import ClaimRequest
from verifier.codec import BadRequest, Fault, Reader
from verifier.contract import Words
from verifier.doors import (
    aside,
    client_of,
    guarded,
    json_answer,
    json_of,
    receipt_of,
    scanned,
    service_of,
    status_of,
)
from verifier.problems import Problem
from verifier.service import now

_CLAIM = frozenset({"pin", "device"})
_REPORT = frozenset({"text", "place", "contact", "receipt"})
_NO_PIN = Words("Mã xác thực gồm 8 chữ số.", "The code has 8 digits.")
_NO_RECEIPT = Words("Không có lần quét nào mang số này.", "There is no scan with this receipt.")


async def scan(request: Request) -> Response:
    """`POST /api/v1/scans`: one scan, by its code or typed serial."""
    client = client_of(request)
    asked, locale = codec.scan_request(await json_of(request), network=client.network, now=now())
    if asked.device is None and not client.fresh:
        asked = replace(asked, device=client.device)
    answer = await scanned(service_of(request), asked)
    return json_answer(codec.scan_answer(answer, locale), status_of(answer))


async def claim(request: Request) -> Response:
    """`POST /api/v1/scans/{receipt}/claim`: "I bought this", or the code under the scratch layer."""
    reader = Reader(await json_of(request), _CLAIM)
    pin, device = reader.text("pin", 32), reader.text("device", 128)
    if pin is not None:
        pin = pin.strip()
        if not (pin.isascii() and pin.isdigit()):
            reader.fault("pin", _NO_PIN)
    reader.done()
    client = client_of(request)
    known = device or (None if client.fresh else client.device)
    asked = ClaimRequest(receipt_of(request), pin, known, client.network)
    service = service_of(request)
    return json_answer(codec.claim_answer(await aside(lambda: service.claims.claim(asked))))


async def locate(request: Request) -> Response:
    """`POST /api/v1/scans/{receipt}/location`: where that scan was made, by consent."""
    place = codec.place(await json_of(request), pointer="")
    service, client, receipt = service_of(request), client_of(request), receipt_of(request)
    device = None if client.fresh else client.device
    await aside(lambda: service.aftermath.locate(receipt, place, device))
    return Response(status_code=204)


async def report(request: Request) -> Response:
    """`POST /api/v1/reports`: a suspicious product, by anyone."""
    asked = report_request(await json_of(request))
    service = service_of(request)
    try:
        key = await asyncio.to_thread(service.aftermath.report, asked)
    except NoReceipt:
        raise BadRequest(Fault("/receipt", _NO_RECEIPT)) from None
    answer = json_answer({"id": str(key), "state": "received"}, 201)
    answer.headers["location"] = f"/api/v1/reports/{key}"
    return answer


def report_request(body: object) -> ReportRequest:
    """A report from its fields. Raises BadRequest."""
    reader = Reader(body, _REPORT)
    text = reader.text("text", 2000, needed=True)
    place, contact, raw = reader.text("place", 200), reader.text("contact", 120), reader.text("receipt", 36)
    receipt = None
    if raw:
        try:
            receipt = UUID(raw)
        except ValueError:
            reader.fault("receipt", _NO_RECEIPT)
    reader.done()
    return ReportRequest((text or "").strip(), place or None, contact or None, receipt)


async def reported(request: Request) -> Response:
    """`GET /api/v1/reports/{receipt}`: what became of a report."""
    service, key = service_of(request), receipt_of(request)
    at = await aside(lambda: service.aftermath.reported_at(key))
    return json_answer({"id": str(key), "state": "received", "received_at": codec.moment(at)})


async def keys(request: Request) -> Response:
    """`GET /api/v1/keys`: the public Ed25519 keys as a JSON Web Key Set."""
    service = service_of(request)
    facts = await aside(service.facts.refresh)
    found = [
        EngineKey(key.kid, KeyUse(key.use), key.public, KeyState(key.state))
        for key in sorted(facts.keys.values(), key=lambda key: key.kid)
        if key.state != KeyState.COMPROMISED
    ]
    return json_answer({"keys": [key.jwk() for key in found]})


async def missing(request: Request) -> Response:
    """Any other address under the API, or another method on one of these."""
    if any(route.path_regex.match(request.url.path) for route in ROUTES):
        raise Problem("method_not_allowed")
    raise Problem("not_found")


ROUTES = [
    Route("/api/v1/scans", guarded(scan, page=False), methods=["POST"]),
    Route("/api/v1/scans/{receipt}/claim", guarded(claim, page=False), methods=["POST"]),
    Route("/api/v1/scans/{receipt}/location", guarded(locate, page=False), methods=["POST"]),
    Route("/api/v1/reports", guarded(report, page=False), methods=["POST"]),
    Route("/api/v1/reports/{receipt}", guarded(reported, page=False), methods=["GET"]),
    Route("/api/v1/keys", guarded(keys, page=False), methods=["GET"]),
]
