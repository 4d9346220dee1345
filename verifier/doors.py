"""What every door of the public side shares: reading a request, naming its client, and answering with a problem."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from verifier import pages
from verifier.aftermath import NoReceipt
from verifier.claims import ClaimRefused
from verifier.clients import DEVICE_COOKIE, network_of
from verifier.codec import BadRequest, chosen
from verifier.contract import ScanAnswer, ScanRequest, Verdict
from verifier.journal import JournalDown
from verifier.loop import QueueFull
from verifier.opener import OpenerDown
from verifier.page_words import PAGE
from verifier.problems import PROBLEMS, Problem
from verifier.scan import NonceReused
from verifier.service import Service, new_id

LARGEST_BODY = 16_384
RETRY_AFTER_S = "5"
PLAIN_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
PAGE_HEADERS = {**PLAIN_HEADERS, "content-security-policy": pages.POLICY}
_YEAR_S = 365 * 86_400
_log = logging.getLogger(__name__)
T = TypeVar("T")
Door = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Client:
    """Who is asking: a stable device id, whether it is new, and the truncated network."""

    device: str
    fresh: bool
    network: str


def service_of(request: Request) -> Service:
    """The parts behind the doors."""
    found: Service = request.app.state.service
    return found


def client_of(request: Request) -> Client:
    """The client by its signed cookie, or a new one."""
    service = service_of(request)
    peer = request.client.host if request.client else ""
    address = service.proxies.client(peer, request.headers.get("x-forwarded-for", ""))
    known = service.signer.read("device", request.cookies.get(DEVICE_COOKIE))
    return Client(known or service.signer.new_device(), known is None, network_of(address))


def remember(request: Request, response: Response, client: Client) -> None:
    """Give a new device its cookie."""
    if client.fresh:
        signed = service_of(request).signer.sign("device", client.device)
        set_cookie(request, response, DEVICE_COOKIE, signed, _YEAR_S)


def set_cookie(request: Request, response: Response, name: str, value: str, max_age: int) -> None:
    """A cookie that no script reads and no other site sends."""
    secure = service_of(request).settings.public_url.startswith("https://")
    response.set_cookie(name, value, max_age=max_age, httponly=True, samesite="lax", secure=secure)


def frame_of(request: Request) -> pages.Frame:
    """The page around an answer, in the language asked for; Vietnamese first."""
    settings = service_of(request).settings
    wanted = request.query_params.get("lang", "vi")
    return pages.Frame(chosen(wanted), request.url.path, settings.help_phone, office=request.app.state.office)


async def body_of(request: Request) -> bytes:
    """The body, of at most 16 kB. Raises Problem."""
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > LARGEST_BODY:
            raise Problem("too_large")
    return bytes(parts)


async def json_of(request: Request) -> object:
    """The body as JSON. Raises Problem."""
    try:
        return orjson.loads(await body_of(request))
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


async def scanned(service: Service, request: ScanRequest) -> ScanAnswer:
    """The answer of the scan loop. Raises Problem."""
    try:
        outcome = await service.loop.submit(request)
    except QueueFull:
        raise Problem("busy") from None
    if isinstance(outcome, NonceReused):
        raise Problem("nonce_reused")
    return outcome


async def aside(work: Callable[[], T]) -> T:
    """Run blocking work in a thread. Raises Problem where it is refused."""
    try:
        return await asyncio.to_thread(work)
    except NoReceipt:
        raise Problem("no_receipt") from None
    except ClaimRefused as error:
        raise Problem(error.code) from None
    except (JournalDown, OpenerDown):
        raise Problem("unavailable") from None


def json_answer(content: object, status: int = 200) -> Response:
    """JSON that no cache keeps."""
    headers = {**PLAIN_HEADERS, **({"retry-after": RETRY_AFTER_S} if status == 503 else {})}
    return Response(orjson.dumps(content), status, headers, "application/json")


def page_answer(content: str, status: int = 200) -> Response:
    """A page that no cache keeps and no other site frames."""
    headers = {**PAGE_HEADERS, **({"retry-after": RETRY_AFTER_S} if status == 503 else {})}
    return HTMLResponse(content, status, headers)


def status_of(answer: ScanAnswer) -> int:
    """Every verdict is 200; only "could not check" is 503."""
    return 503 if answer.verdict is Verdict.UNAVAILABLE else 200


def problem_answer(problem: Problem) -> Response:
    """The problem as JSON (RFC 9457)."""
    content = problem.document(str(new_id()))
    headers = {**PLAIN_HEADERS, **({"retry-after": RETRY_AFTER_S} if problem.status == 503 else {})}
    return Response(orjson.dumps(content), problem.status, headers, "application/problem+json")


def guarded(door: Door, *, page: bool) -> Door:
    """The door with every error translated: into a page for people, a problem for programs."""

    async def opened(request: Request) -> Response:
        try:
            return await door(request)
        except BadRequest as error:
            problem = Problem("invalid", *error.faults)
        except Problem as error:
            problem = error
        except Exception:  # noqa: BLE001  the last line before the phone: logged, counted, and told as a problem
            _log.exception("a door failed")
            service_of(request).metrics.failed()
            problem = Problem("internal")
        if not page:
            return problem_answer(problem)
        lines = [fault.text for fault in problem.faults] or [PROBLEMS[problem.code].title]
        return page_answer(pages.message(frame_of(request), PAGE["sorry"], *lines), problem.status)

    return opened
