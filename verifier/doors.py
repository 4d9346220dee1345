"""What every door of the public side shares: reading a request, naming its client, and answering with a problem."""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from secrets import token_hex
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from verifier import pages
from verifier.aftermath import NoReceipt
from verifier.claims import ClaimRefused
from verifier.clients import DEVICE_COOKIE, network_of
from verifier.codec import BadRequest, chosen
from verifier.contract import ScanAnswer, ScanRequest, Verdict, Words
from verifier.devices import day_mark
from verifier.enrolment import Enrolled, NotEnrolled, enrolled
from verifier.journal import JournalDown
from verifier.limits import Limit
from verifier.lookout import Tried
from verifier.loop import QueueFull, TooLate
from verifier.opener import OpenerDown
from verifier.page_words import PAGE
from verifier.places import cell
from verifier.problems import PROBLEMS, Problem
from verifier.reports import KeyReused
from verifier.scan import NonceReused
from verifier.service import Service, now
from verifier.snapshot import NoSnapshot
from verifier.stencil import Page, drawn

LARGEST_BODY = 16_384
RETRY_AFTER_S = b"5"
LONGEST_S = 1.7
PLAIN_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
PAGE_HEADERS = {**PLAIN_HEADERS, "content-security-policy": pages.POLICY}
_YEAR_S = 365 * 86_400
_TRIED = frozenset({Verdict.FORGED, Verdict.UNKNOWN})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_JSON, _HTML = "application/json", "text/html"
_log = logging.getLogger(__name__)
T = TypeVar("T")
Door = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Client:
    """Who is asking: the device, where it has been here before, and the truncated network."""

    known: str | None
    network: str
    new_device: Callable[[], str]

    @cached_property
    def device(self) -> str:
        """A stable device id; a new one where it is not known."""
        return self.known or self.new_device()


def service_of(request: Request) -> Service:
    """The parts behind the doors."""
    found: Service = request.scope["service"]
    return found


def headers_of(request: Request) -> dict[bytes, str]:
    """All headers of a request, read once; one that a sender or a proxy repeated is one list (RFC 9110 §5.3)."""
    found: dict[bytes, str] | None = request.scope.get("headers_read")
    if found is None:
        found = request.scope["headers_read"] = {}
        for name, raw in request.scope["headers"]:
            value = raw.decode("latin-1")
            found[name] = f"{found[name]},{value}" if name in found else value
    return found


def client_of(request: Request) -> Client:
    """The client by its signed cookie, or a new one."""
    service, headers, peer = service_of(request), headers_of(request), request.scope.get("client")
    address = service.proxies.client(peer[0] if peer else "", headers.get(b"x-forwarded-for", ""))
    known = service.signer.read("device", request.cookies.get(DEVICE_COOKIE)) if b"cookie" in headers else None
    return Client(known, network_of(address), service.signer.new_device)


def remember(request: Request, response: Response, client: Client) -> None:
    """Give a new device its cookie."""
    if client.known is None:
        signed = service_of(request).signer.sign("device", client.device)
        set_cookie(request, response, DEVICE_COOKIE, signed, _YEAR_S)


def set_cookie(request: Request, response: Response, name: str, value: str, max_age: int) -> None:
    """A cookie that no script reads and no other site sends. `value` holds nothing that a cookie must quote."""
    secure = "; Secure" if service_of(request).settings.public_url.startswith("https://") else ""
    cookie = f"{name}={value}; HttpOnly; Max-Age={max_age}; Path=/; SameSite=lax{secure}"
    response.raw_headers.append((b"set-cookie", cookie.encode("latin-1")))


def frame_of(request: Request, *kept: str, here: str | None = None) -> pages.Frame:
    """The page around an answer, in the language asked for; Vietnamese first.

    `here` is where the other language leads, if not to the same address; `kept` names what of the query goes along.
    """
    asked = request.query_params if request.scope["query_string"] else {}
    along = {name: asked[name] for name in kept if name in asked}
    return pages.Frame(
        chosen(asked.get("lang", "vi")),
        request.scope["path"] if here is None else here,
        service_of(request).settings.help_phone,
        office=request.scope["app"].state.office,
        query=f"&{urlencode(along)}" if along else "",
    )


def wants_json(request: Request) -> bool:
    """Whether JSON is preferred to a page (RFC 9110 §12.5.1); a page where both are as welcome, or nothing is said."""
    weights = {_JSON: 0.0, _HTML: 0.0}
    for part in headers_of(request).get(b"accept", _HTML).lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        if kind in weights:
            weights[kind] = _weight(weight)
        elif kind in {"*/*", "text/*"}:
            weights[_HTML] = max(weights[_HTML], _weight(weight))
    return weights[_JSON] > weights[_HTML]


def _weight(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


async def body_of(request: Request, most: int = LARGEST_BODY) -> bytes:
    """The body, of at most `most` bytes. Raises Problem."""
    body, more = b"", True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body, more = body + message.get("body", b""), message.get("more_body", False)
        if len(body) > most:
            raise Problem("too_large")
    return body


async def json_of(request: Request, most: int = LARGEST_BODY) -> object:
    """The body as JSON. Raises Problem."""
    try:
        return orjson.loads(await body_of(request, most))
    except orjson.JSONDecodeError:
        raise Problem("bad_json") from None


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a small form. Raises Problem."""
    try:
        return dict(parse_qsl((await body_of(request)).decode("utf-8"), max_num_fields=20))
    except ValueError:
        raise Problem("invalid") from None


def receipt_of(request: Request) -> UUID:
    """The receipt in the path. Raises Problem."""
    try:
        return UUID(request.path_params["receipt"])
    except ValueError:
        raise Problem("no_receipt") from None


async def enrolled_of(request: Request) -> Enrolled:
    """The enrolled device whose token the request bears. Raises Problem."""
    service, authorization = service_of(request), request.headers.get("authorization", "")
    try:
        return await aside(lambda: enrolled(service.journal, authorization))
    except NotEnrolled:
        raise Problem("not_enrolled") from None


async def scanned(service: Service, request: ScanRequest) -> ScanAnswer:
    """The answer of the scan loop. Raises Problem."""
    try:
        outcome = await service.loop.submit(request)
    except QueueFull:
        raise Problem("busy") from None
    except TooLate:
        return ScanAnswer(Verdict.UNAVAILABLE, now())
    if isinstance(outcome, NonceReused):
        raise Problem("nonce_reused")
    return outcome


def over_limit(service: Service, client: Client, request: ScanRequest, answer: ScanAnswer) -> int:
    """Seconds that who asked must wait before trying another code; 0 for a valid code, and for most others."""
    if answer.verdict not in _TRIED:
        if answer.stamp is not None:
            service.lookout.valid(client.network)
        return 0
    mark = day_mark(service.settings.device_secret.encode(), client.device, now()) if client.known else ""
    tried = Tried(answer.verdict.value, request.text, mark, client.network, cell(request.place))
    return service.lookout.tried(tried)


def spend(request: Request, *asked: tuple[Limit, str]) -> None:
    """Count one event under each limit. Raises Problem where there is no room under one of them."""
    wait = service_of(request).lookout.spend(*asked)
    if wait:
        raise Problem.too_many(wait)


async def aside(work: Callable[[], T]) -> T:
    """Run blocking work in a thread. Raises Problem where it is refused, or takes longer than a phone is held in hand.

    What takes too long may still be done; whoever asks again finds it.
    """
    try:
        return await asyncio.wait_for(asyncio.to_thread(work), LONGEST_S)
    except TimeoutError:
        raise Problem("unavailable") from None
    except NoReceipt:
        raise Problem("no_receipt") from None
    except ClaimRefused as error:
        raise Problem(error.code) from None
    except KeyReused:
        raise Problem("key_reused") from None
    except (JournalDown, OpenerDown, NoSnapshot):
        raise Problem("unavailable") from None


def _raw(headers: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items())


_RAW_PROBLEM = _raw({**PLAIN_HEADERS, "content-type": "application/problem+json"})
_RAW_JSON = _raw({**PLAIN_HEADERS, "content-type": _JSON})
_RAW_PAGE = _raw({**PAGE_HEADERS, "content-type": f"{_HTML}; charset=utf-8"})


class _Written(Response):
    """An answer whose headers stand as they go over the wire: nearly all answers have the same."""

    def __init__(self, body: bytes, status: int, headers: Iterable[tuple[bytes, bytes]], wait_s: int | None) -> None:
        self.body, self.status_code, self.background = body, status, None
        self.raw_headers = [*headers]
        if status in {429, 503}:
            self.raw_headers.append((b"retry-after", RETRY_AFTER_S if wait_s is None else b"%d" % wait_s))

    def measure(self) -> None:
        """Tell the length of the body, which changes no more."""
        self.raw_headers.append((b"content-length", b"%d" % len(self.body)))


class _PageAnswer(_Written):
    """A page, which becomes the answer's body once it is known whether the phone can unpack it."""

    def __init__(self, page: Page, status: int, wait_s: int | None) -> None:
        super().__init__(b"", status, _RAW_PAGE, wait_s)
        self._page = page

    def write(self, *, packed: bool) -> None:
        """Compressed where the phone can unpack it: seven of sixteen kilobytes go over its network."""
        self.raw_headers.append((b"vary", b"accept-encoding"))
        if packed:
            self.raw_headers.append((b"content-encoding", b"gzip"))
        self.body = self._page.gzip() if packed else self._page.plain
        self.measure()


def json_answer(content: object, status: int = 200) -> Response:
    """JSON that no cache keeps."""
    answer = _Written(orjson.dumps(content), status, _RAW_JSON, None)
    answer.measure()
    return answer


def page_answer(content: str | Page, status: int = 200, wait_s: int | None = None) -> Response:
    """A page that no cache keeps and no other site frames; `guarded` writes its body."""
    return _PageAnswer(content if isinstance(content, Page) else drawn(content), status, wait_s)


def status_of(answer: ScanAnswer) -> int:
    """Every verdict is 200; only "could not check" is 503."""
    return 503 if answer.verdict is Verdict.UNAVAILABLE else 200


def request_id(request: Request) -> str:
    """The name of this request in answers and logs: the client's own, or a new one."""
    found: str = request.scope.get("request_id", "")
    if not found:
        given = headers_of(request).get(b"x-request-id", "")
        found = request.scope["request_id"] = given if _REQUEST_ID.fullmatch(given) else token_hex(16)
    return found


def problem_answer(problem: Problem, number: str) -> Response:
    """The problem as JSON (RFC 9457)."""
    answer = _Written(orjson.dumps(problem.document(number)), problem.status, _RAW_PROBLEM, problem.wait_s)
    if problem.status == 401:
        answer.raw_headers.append((b"www-authenticate", b"Bearer"))
    answer.measure()
    return answer


def guarded(door: Door, *, page: bool) -> Door:
    """The door with every error translated: into a page for people, a problem for programs."""
    name = f"{door.__module__.rpartition('.')[2]}.{door.__name__}"

    async def opened(request: Request) -> Response:
        started = time.perf_counter()
        answer = await _answered(door, request, page=page)
        answer.raw_headers.append((b"x-request-id", request_id(request).encode()))
        if isinstance(answer, _PageAnswer):
            answer.write(packed="gzip" in headers_of(request).get(b"accept-encoding", ""))
        service_of(request).doors.answered(name, answer.status_code, time.perf_counter() - started)
        return answer

    return opened


async def _answered(door: Door, request: Request, *, page: bool) -> Response:
    try:
        return await door(request)
    except BadRequest as error:
        problem = Problem("invalid", *error.faults)
    except Problem as error:
        problem = error
    except Exception:  # noqa: BLE001  the last line before the phone: logged, counted, and told as a problem
        _log.exception("a door failed; request %s", request_id(request))
        service_of(request).metrics.failed()
        problem = Problem("internal")
    if not page or wants_json(request):
        return problem_answer(problem, request_id(request))
    lines = [fault.text for fault in problem.faults] or [PROBLEMS[problem.code].title]
    number = Words(f"Mã yêu cầu: {request_id(request)}", f"Request: {request_id(request)}")
    content = pages.message(frame_of(request), PAGE["sorry"], *lines, small=number)
    return page_answer(content, problem.status, problem.wait_s)
