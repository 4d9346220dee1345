"""The JSON doors of the public side: scans, claims, places, reports, erasure, keys and the offline pack."""

import asyncio
from dataclasses import replace
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stamp_engine.lifecycle import KeyState
from stamp_engine.signing import KeyUse
from stamp_engine.signing import PublicKey as EngineKey
from verifier import batches, codec, limits
from verifier.batches import Item
from verifier.claims import ClaimRequest
from verifier.codec import BadRequest, Fault, Json, Reader
from verifier.contract import Words
from verifier.doors import (
    PLAIN_HEADERS,
    aside,
    client_of,
    enrolled_of,
    guarded,
    json_answer,
    json_of,
    over_limit,
    receipt_of,
    request_id,
    scanned,
    service_of,
    spend,
    status_of,
)
from verifier.problems import Problem
from verifier.reports import LARGEST_PHOTO, ReportRequest, is_picture
from verifier.service import Service, now
from verifier.uploads import Form, is_multipart, multipart

_CLAIM = frozenset({"pin", "device"})
_REPORT = frozenset({"text", "place", "contact", "receipt"})
_LONGEST_KEY = 255
_NO_PIN = Words("Mã xác thực gồm 8 chữ số.", "The code has 8 digits.")
_NO_RECEIPT = Words("Không có lần quét nào mang số này.", "There is no scan with this receipt.")
_NO_PICTURE = Words(
    f"Hãy chọn một ảnh JPEG, PNG hoặc WebP, tối đa {LARGEST_PHOTO >> 20} MB.",
    f"Choose a JPEG, PNG or WebP picture of at most {LARGEST_PHOTO >> 20} MB.",
)
_NO_NUMBER = Words("Cần số của bản ngoại tuyến đã có, từ 0.", "Give the number of the pack you have, from 0.")


async def scan(request: Request) -> Response:
    """`POST /api/v1/scans`: one scan, by its code or typed serial."""
    client = client_of(request)
    asked, locale = codec.scan_request(await json_of(request), network=client.network, now=now())
    if "authorization" in request.headers:
        enrolled = await enrolled_of(request)
        asked = replace(asked, device=enrolled.device, role=enrolled.role)
    elif asked.device is None:
        asked = replace(asked, device=client.known)
    answer = await scanned(service_of(request), asked)
    wait = over_limit(service_of(request), client, asked, answer)
    if wait:
        raise Problem.too_many(wait)
    return json_answer(codec.scan_answer(answer, locale), status_of(answer))


async def batch(request: Request) -> Response:
    """`POST /api/v1/scans/batch`: up to 500 scans of an enrolled device, each answered by itself."""
    enrolled, client = await enrolled_of(request), client_of(request)
    spend(request, (limits.BATCHES, str(enrolled.uid)))
    body = await json_of(request, batches.LARGEST_BODY)
    items = batches.items(body, enrolled, network=client.network, now=now())
    service, number = service_of(request), request_id(request)
    return json_answer({"scans": await asyncio.gather(*(_one(service, item, number) for item in items))})


async def _one(service: Service, item: Item, number: str) -> Json:
    try:
        if item.problem is not None or item.request is None:
            raise item.problem or Problem("invalid")
        answer = await scanned(service, item.request)
    except Problem as problem:
        return batches.refused(item, problem, number)
    return batches.answered(item, answer, status_of(answer))


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
    asked = ClaimRequest(receipt_of(request), pin, device or client.known, client.network)
    service = service_of(request)
    answer = await aside(lambda: service.claims.claim(asked))
    return json_answer(codec.claim_answer(answer, codec.chosen(request.query_params.get("lang", "vi"))))


async def locate(request: Request) -> Response:
    """`POST /api/v1/scans/{receipt}/location`: where that scan was made, by consent."""
    place = codec.place(await json_of(request), pointer="")
    service, client, receipt = service_of(request), client_of(request), receipt_of(request)
    await aside(lambda: service.aftermath.locate(receipt, place, client.known))
    return Response(status_code=204)


async def report(request: Request) -> Response:
    """`POST /api/v1/reports`: a suspicious product, by anyone; with a photo as `multipart/form-data`."""
    form = await multipart(request) if is_multipart(request) else None
    key = await reported(request, report_of(form) if form else report_request(await json_of(request)))
    answer = json_answer({"id": str(key), "state": "received"}, 201)
    answer.headers["location"] = f"/api/v1/reports/{key}"
    return answer


async def reported(request: Request, asked: ReportRequest) -> UUID:
    """Record a report; gives its id. Raises Problem, BadRequest."""
    service, client = service_of(request), client_of(request)
    asked_by = (
        (limits.REPORTS_BY_DEVICE, client.device) if client.known else (limits.REPORTS_BY_NETWORK, client.network)
    )
    spend(request, asked_by, (limits.REPORTS_BY_NETWORK, client.network))
    given = request.headers.get("idempotency-key", "")[:_LONGEST_KEY]
    key = f"{client.known or ''}\0{given}" if given else None
    try:
        return await aside(lambda: service.reports.report(asked, key))
    except Problem as problem:
        if problem.code == "no_receipt":
            raise BadRequest(Fault("/receipt", _NO_RECEIPT)) from None
        raise


def report_of(form: Form) -> ReportRequest:
    """A report from a form with a file. Raises BadRequest with every fault."""
    faults: list[Fault] = []
    fields = {name: value for name, value in form.fields.items() if value.strip()}
    asked = ReportRequest("")
    try:
        asked = report_request(fields)
    except BadRequest as error:
        faults += error.faults
    if form.photo is not None and not is_picture(form.photo):
        faults.append(Fault("/photo", _NO_PICTURE))
    if faults:
        raise BadRequest(*faults)
    return replace(asked, photo=form.photo)


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


async def outcome(request: Request) -> Response:
    """`GET /api/v1/reports/{receipt}`: what became of a report."""
    service, key = service_of(request), receipt_of(request)
    found = await aside(lambda: service.reports.outcome(key))
    return json_answer(codec.outcome(str(key), found))


async def erase(request: Request) -> Response:
    """`DELETE /api/v1/scans/{receipt}`: forget what is personal in one scan; its count and verdict stay."""
    service, key, client = service_of(request), receipt_of(request), client_of(request)
    spend(request, (limits.ERASURES_BY_NETWORK, client.network))
    wish = await aside(lambda: service.erasures.of_scan(key, client.known))
    return json_answer({"id": str(wish), "state": "accepted"}, 202)


async def erase_all(request: Request) -> Response:
    """`DELETE /api/v1/scans`: forget what is personal in all scans of the device whose cookie comes along."""
    service, client = service_of(request), client_of(request)
    spend(request, (limits.ERASURES_BY_NETWORK, client.network))
    device = client.known
    if device is None:
        raise Problem("no_device")
    wish = await aside(lambda: service.erasures.of_device(device))
    return json_answer({"id": str(wish), "state": "accepted"}, 202)


async def snapshot(request: Request) -> Response:
    """`GET /api/v1/snapshot?since=`: the signed offline pack for sealed stamps, or what changed since a number."""
    raw = request.query_params.get("since", "0")
    if not (raw.isascii() and raw.isdigit() and len(raw) < 16):
        raise BadRequest(Fault("/since", _NO_NUMBER))
    service = service_of(request)
    pack = await aside(lambda: service.snapshots.since(int(raw)))
    headers = {**PLAIN_HEADERS, "age": str(service.snapshots.age_s(pack)), "vary": "accept-encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(pack.plain, 200, headers, "application/json")
    return Response(pack.packed, 200, {**headers, "content-encoding": "gzip"}, "application/json")


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


SCAN = guarded(scan, page=False)
ROUTES = [
    Route("/api/v1/scans", SCAN, methods=["POST"]),
    Route("/api/v1/scans", guarded(erase_all, page=False), methods=["DELETE"]),
    Route("/api/v1/scans/batch", guarded(batch, page=False), methods=["POST"]),
    Route("/api/v1/scans/{receipt}", guarded(erase, page=False), methods=["DELETE"]),
    Route("/api/v1/scans/{receipt}/claim", guarded(claim, page=False), methods=["POST"]),
    Route("/api/v1/scans/{receipt}/location", guarded(locate, page=False), methods=["POST"]),
    Route("/api/v1/reports", guarded(report, page=False), methods=["POST"]),
    Route("/api/v1/reports/{receipt}", guarded(outcome, page=False), methods=["GET"]),
    Route("/api/v1/keys", guarded(keys, page=False), methods=["GET"]),
    Route("/api/v1/snapshot", guarded(snapshot, page=False), methods=["GET"]),
]
