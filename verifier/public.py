"""The doors for people: the path of a code, a typed code, and the receipt of a past scan with its forms.

A reload by the same device within ten minutes, a prefetch and a link preview are answered from the present state and
not recorded. After rendering, the address bar shows the receipt, so a forwarded link is not a scan.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from verifier import codec, pages
from verifier.aftermath import NoReceipt
from verifier.api import report_request
from verifier.claims import ClaimRequest
from verifier.clients import RELOAD_US, SEEN_COOKIE, is_robot
from verifier.codec import BadRequest, Fault
from verifier.contract import Channel, ClaimAnswer, ScanRequest, Words
from verifier.doors import (
    Client,
    aside,
    client_of,
    form_of,
    frame_of,
    guarded,
    json_answer,
    page_answer,
    receipt_of,
    remember,
    scanned,
    service_of,
    set_cookie,
    status_of,
)
from verifier.journal import JournalDown, ScanRow
from verifier.page_words import PAGE
from verifier.problems import Problem
from verifier.receipts import replay
from verifier.service import Service, now

_NO_PIN = Words("Mã xác thực gồm 8 chữ số.", "The code has 8 digits.")


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
        text=request.url.path, device=client.device, network=client.network, channel=Channel.PAGE, from_path=True
    )
    return await _scan_page(request, client, asked)


async def typed(request: Request) -> Response:
    """`POST /check`: a code typed or pasted by hand."""
    client, form = client_of(request), await form_of(request)
    text = form.get("code", "").strip()
    if not text:
        raise BadRequest(Fault("/code", Words("Hãy gõ dãy ký tự in trên tem.", "Type the characters on the stamp.")))
    asked = ScanRequest(text=text, device=client.device, network=client.network, channel=Channel.PAGE)
    return await _scan_page(request, client, asked)


async def _scan_page(request: Request, client: Client, asked: ScanRequest) -> Response:
    service = service_of(request)
    seen = _Seen.read(service.signer.read("seen", request.cookies.get(SEEN_COOKIE)))
    reload = seen is not None and seen.path == _digest(asked.text) and now() - seen.at < RELOAD_US
    counted = not (reload or request.method == "HEAD" or is_robot(request.headers))
    if not counted:
        asked = ScanRequest(
            asked.text, device=asked.device, channel=asked.channel, from_path=asked.from_path, count=False
        )
    answer = await scanned(service, asked)
    receipt = answer.receipt or (seen.receipt if reload and seen and answer.stamp else None)
    if "application/json" in request.headers.get("accept", ""):
        response = json_answer(codec.scan_answer(answer, frame_of(request).locale), status_of(answer))
    else:
        page = pages.result(frame_of(request), answer, receipt=receipt)
        response = page_answer(page, status_of(answer))
    if answer.receipt is not None:
        mark = _Seen(_digest(asked.text), answer.receipt, answer.checked_at).written()
        set_cookie(request, response, SEEN_COOKIE, service.signer.sign("seen", mark), RELOAD_US // 1_000_000)
    remember(request, response, client)
    return response


async def receipt(request: Request) -> Response:
    """`GET /r/{receipt}`: one past scan again, clearly dated; not a scan."""
    service, key = service_of(request), receipt_of(request)
    row = await _row(service, key)
    facts = await aside(service.facts.snapshot)
    answer = replay(row, facts)
    if "application/json" in request.headers.get("accept", ""):
        return json_answer(codec.scan_answer(answer, frame_of(request).locale))
    page = pages.result(frame_of(request), answer, receipt=key, past=True)
    return page_answer(page)


async def _row(service: Service, key: UUID) -> ScanRow:
    rows: Mapping[UUID, ScanRow] = await aside(lambda: service.journal.find([key]))
    if key not in rows:
        raise Problem("no_receipt")
    return rows[key]


async def claim(request: Request) -> Response:
    """`POST /r/{receipt}/claim`: the form's "I bought this" or scratch code."""
    service, key, client, form = service_of(request), receipt_of(request), client_of(request), await form_of(request)
    pin = form.get("pin")
    if pin is not None:
        pin = "".join(pin.split())
        if not (pin.isascii() and pin.isdigit()):
            raise BadRequest(Fault("/pin", _NO_PIN))
    asked = ClaimRequest(key, pin, client.device, client.network)
    claimed: ClaimAnswer = await aside(lambda: service.claims.claim(asked))
    row = await _row(service, key)
    facts = await aside(service.facts.snapshot)
    page = pages.result(frame_of(request), replay(row, facts), receipt=key, past=True, claimed=claimed)
    response = page_answer(page)
    remember(request, response, client)
    return response


async def report(request: Request) -> Response:
    """`POST /report`: the form of a suspicious product."""
    form = await form_of(request)
    asked = report_request({name: value for name, value in form.items() if value.strip()})
    service = service_of(request)
    try:
        key = await asyncio.to_thread(service.aftermath.report, asked)
    except NoReceipt:
        raise Problem("no_receipt") from None
    except JournalDown:
        raise Problem("unavailable") from None
    number = Words(f"{PAGE['report_number'].vi}: {key}", f"{PAGE['report_number'].en}: {key}")
    back = f"/r/{asked.receipt}" if asked.receipt else "/"
    return page_answer(pages.message(frame_of(request), PAGE["report_done"], number, back=back), 201)


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
    Route("/r/{receipt}", guarded(receipt, page=True), methods=["GET"]),
    Route("/r/{receipt}/claim", guarded(claim, page=True), methods=["POST"]),
    Route("/robots.txt", robots, methods=["GET"]),
]
CODE = Route("/{path:path}", guarded(code, page=True), methods=["GET"])
