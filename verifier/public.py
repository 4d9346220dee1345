"""The doors for people: the path of a code, a typed code, and the receipt of a past scan with its forms.

A reload by the same device within ten minutes, a prefetch and a link preview are answered from the present state and
not recorded. After rendering, the address bar shows the receipt, so a forwarded link is not a scan.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from uuid import UUID

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from verifier import codec, limits, pages
from verifier.api import report_of, reported
from verifier.claims import ClaimRequest
from verifier.clients import RELOAD_US, SEEN_COOKIE, is_robot
from verifier.codec import BadRequest
from verifier.contract import REASONS, Channel, ReasonCode, ScanAnswer, ScanRequest, Words
from verifier.devices import device_hash
from verifier.doors import (
    Client,
    aside,
    client_of,
    form_of,
    frame_of,
    guarded,
    headers_of,
    json_answer,
    over_limit,
    page_answer,
    receipt_of,
    remember,
    scanned,
    service_of,
    set_cookie,
    spend,
    status_of,
    wants_json,
)
from verifier.journal import ScanRow
from verifier.page_words import PAGE
from verifier.pages import View
from verifier.problems import Problem
from verifier.receipts import replay, veiled
from verifier.service import Service, now
from verifier.uploads import Form, is_multipart, multipart

_NO_PIN = Words("Mã xác thực gồm 8 chữ số.", "The code has 8 digits.")
_TYPE_IT = Words("Hãy gõ dãy ký tự in trên tem.", "Type the characters on the stamp.")
_LONGEST_PIN = 32


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the reload cookie remembers: which path this device scanned last, its receipt, and when."""

    path: str
    receipt: UUID
    at: int

    def written(self) -> str:
        return f"{self.path}:{self.receipt}:{self.at}"

    @classmethod
    def read(cls, text: str | None) -> "_Seen | None":
        path, receipt, at = (text or "::").split(":")
        return cls(path, UUID(receipt), int(at)) if path else None


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=12).hexdigest()


async def code(request: Request) -> Response:
    """`GET /{path of a code}`: a phone's camera has opened a stamp."""
    client = client_of(request)
    asked = ScanRequest(
        text=request.scope["path"], device=client.device, network=client.network, channel=Channel.PAGE, from_path=True
    )
    return await _scan_page(request, client, asked)


async def typed(request: Request) -> Response:
    """`POST /check`: a code typed or pasted by hand."""
    client, form = client_of(request), await form_of(request)
    text = form.get("code", "").strip()
    if not text:
        return page_answer(pages.check(frame_of(request, here="/"), _TYPE_IT), 422)
    asked = ScanRequest(text=text, device=client.device, network=client.network, channel=Channel.PAGE)
    return await _scan_page(request, client, asked)


async def _scan_page(request: Request, client: Client, asked: ScanRequest) -> Response:
    service = service_of(request)
    kept = request.cookies.get(SEEN_COOKIE) if b"cookie" in headers_of(request) else None
    seen = _Seen.read(service.signer.read("seen", kept)) if kept else None
    reload = seen is not None and seen.path == _digest(asked.text) and now() - seen.at < RELOAD_US
    if reload or request.method == "HEAD" or is_robot(headers_of(request)):
        asked = replace(asked, count=False)
    answer = await scanned(service, asked)
    receipt = answer.receipt or (seen.receipt if reload and seen and answer.stamp else None)
    wait = over_limit(service, client, asked, answer)
    response = _shown(request, asked, answer, receipt, wait)
    response.raw_headers.append((b"vary", b"accept"))
    if answer.receipt is not None:
        mark = _Seen(_digest(asked.text), answer.receipt, answer.checked_at).written()
        set_cookie(request, response, SEEN_COOKIE, service.signer.sign("seen", mark), RELOAD_US // 1_000_000)
    remember(request, response, client)
    return response


def _shown(request: Request, asked: ScanRequest, answer: ScanAnswer, receipt: UUID | None, wait: int) -> Response:
    """The answer as it was asked for. Over the limit a program is refused; a person sees the verdict all the same."""
    typed = not asked.from_path
    frame = frame_of(request, here="/" if typed else None)
    if wants_json(request):
        if wait:
            raise Problem.too_many(wait)
        return json_answer(codec.scan_answer(answer, frame.locale), status_of(answer))
    if typed and any(reason.code is ReasonCode.TYPING_ERROR for reason in answer.reasons):
        return page_answer(pages.check(frame, REASONS[ReasonCode.TYPING_ERROR], asked.text), 422)
    return page_answer(pages.result(frame, answer, View(receipt)), 429 if wait else status_of(answer), wait or None)


async def receipt(request: Request) -> Response:
    """`GET /r/{receipt}`: one past scan again, clearly dated; not a scan."""
    key = receipt_of(request)
    answer, view = await _past(request, key)
    if wants_json(request):
        return json_answer(codec.scan_answer(answer, frame_of(request).locale))
    return page_answer(pages.result(frame_of(request), answer, view))


async def _past(request: Request, key: UUID) -> tuple[ScanAnswer, View]:
    """A past scan, for whoever opens its receipt: a forwarded one says nothing of "you". Raises Problem."""
    service, client = service_of(request), client_of(request)
    row = await _row(service, key)
    answer = replay(row, await aside(service.facts.snapshot))
    secret = service.settings.device_secret.encode()
    mine = client.known is not None and row.device == device_hash(secret, client.device, row.at)
    return answer if mine else veiled(answer), View(row.id, past=True, own=mine)


async def _row(service: Service, key: UUID) -> ScanRow:
    rows: Mapping[UUID, ScanRow] = await aside(lambda: service.journal.find([key]))
    if key not in rows:
        raise Problem("no_receipt")
    return rows[key]


async def claim(request: Request) -> Response:
    """`POST /r/{receipt}/claim`: the form's "I bought this" or scratch code."""
    service, key, client, form = service_of(request), receipt_of(request), client_of(request), await form_of(request)
    pin = form.get("pin")
    error, claimed = None, None
    if pin is not None:
        pin = "".join(pin.split())
        error = None if pin.isascii() and pin.isdigit() and len(pin) <= _LONGEST_PIN else _NO_PIN
    if error is None:
        asked = ClaimRequest(key, pin, client.device, client.network)
        claimed = await aside(lambda: service.claims.claim(asked))
    answer, past = await _past(request, key)
    view = replace(past, claimed=claimed, pin_error=error)
    page = pages.result(frame_of(request, here=f"/r/{key}"), answer, view)
    response = page_answer(page, 422 if error else 200)
    remember(request, response, client)
    return response


async def erase(request: Request) -> Response:
    """`POST /r/{receipt}/erase`: forget what is personal in this scan, or in all scans of this device."""
    service, key, client, form = service_of(request), receipt_of(request), client_of(request), await form_of(request)
    spend(request, (limits.ERASURES_BY_NETWORK, client.network))
    device = client.known
    if form.get("what") == "device":
        if device is None:
            raise Problem("no_device")
        await aside(lambda: service.erasures.of_device(device))
    else:
        await aside(lambda: service.erasures.of_scan(key, device))
    frame = frame_of(request, here=f"/r/{key}")
    return page_answer(pages.message(frame, PAGE["erase_done"], PAGE["erase_done_text"], back=f"/r/{key}"), 202)


async def report_form(request: Request) -> Response:
    """`GET /report`: the form of a suspicious product, for a scan where `receipt` says which."""
    given = {"receipt": request.query_params.get("receipt", "")[:36]}
    return page_answer(pages.report(frame_of(request, "receipt"), given, {}))


async def report(request: Request) -> Response:
    """`POST /report`: a suspicious product, with a photo."""
    form = await multipart(request) if is_multipart(request) else Form(await form_of(request))
    try:
        key = await reported(request, report_of(form))
    except BadRequest as error:
        wrong = {fault.pointer.rpartition("/")[2]: fault.text for fault in error.faults}
        return page_answer(pages.report(frame_of(request), form.fields, wrong), 422)
    number = Words(f"{PAGE['report_number'].vi}: {key}", f"{PAGE['report_number'].en}: {key}")
    frame = frame_of(request, here="/report")
    link = (f"/report/{key}?lang={frame.locale}", PAGE["report_open"])
    return page_answer(pages.message(frame, PAGE["report_done"], PAGE["report_follow"], link=link, small=number), 201)


async def outcome(request: Request) -> Response:
    """`GET /report/{receipt}`: what became of a report, for who keeps its number."""
    service, key = service_of(request), receipt_of(request)
    found = await aside(lambda: service.reports.outcome(key))
    return page_answer(pages.outcome(frame_of(request), key, found))


async def home(request: Request) -> Response:
    """`GET /`: type a code, and the way to the office."""
    return page_answer(pages.check(frame_of(request)))


async def old_check(request: Request) -> Response:
    """`GET /check`: the home page has the form."""
    return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/", 303)


async def robots(request: Request) -> Response:
    """`GET /robots.txt`: codes are nobody's to index."""
    del request
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


ROUTES = [
    Route("/", guarded(home, page=True), methods=["GET"]),
    Route("/check", guarded(typed, page=True), methods=["POST"]),
    Route("/check", guarded(old_check, page=True), methods=["GET"]),
    Route("/report", guarded(report, page=True), methods=["POST"]),
    Route("/report", guarded(report_form, page=True), methods=["GET"]),
    Route("/report/{receipt}", guarded(outcome, page=True), methods=["GET"]),
    Route("/r/{receipt}", guarded(receipt, page=True), methods=["GET"]),
    Route("/r/{receipt}/claim", guarded(claim, page=True), methods=["POST"]),
    Route("/r/{receipt}/erase", guarded(erase, page=True), methods=["POST"]),
    Route("/robots.txt", robots, methods=["GET"]),
]
STAMP_PAGE = guarded(code, page=True)
CODE = Route("/{path:path}", STAMP_PAGE, methods=["GET"])
