"""The public side as an ASGI application; `gunicorn -k asgi --preload verifier.asgi:app` runs it alone.

The modules are imported before the server listens and forks; a worker takes connections once its lines are open and the
facts are loaded.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

import config
from stamp_engine.format import TOKEN_CHARS
from verifier import api, ops, pages, public, service
from verifier.doors import Door, guarded, problem_answer, request_id
from verifier.problems import Problem

_BY_STATUS = {404: "not_found", 405: "method_not_allowed"}


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return problem_answer(Problem(_BY_STATUS.get(status, "internal")), request_id(request))


class PublicSide(Starlette):
    """The application. The doors that people crowd at are found at once, and nothing is wrapped around them.

    `guarded` translates every error already; walking thirty routes and two layers that do the same for others took as
    long as the door itself.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live one life (ASGI)."""
        door = _CROWDED.get((scope.get("method", ""), scope.get("path", ""))) or _page_of(scope)
        if scope["type"] == "http":
            scope["service"] = self.state.service
        if door is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        answer = await door(Request(scope, receive, send))
        await answer(scope, receive, send)


_CROWDED: Mapping[tuple[str, str], Door] = {("POST", "/api/v1/scans"): api.SCAN}
# A token has 16 characters; what else has as many in capitals is no address of ours.
_TOKEN_PATH = 1 + TOKEN_CHARS


def _page_of(scope: Scope) -> Door | None:
    """The page of a compact stamp, where its path is one."""
    path = scope.get("path", "")
    right = scope.get("method") == "GET" and len(path) == _TOKEN_PATH and path[1:].isalnum() and path.upper() == path
    return public.STAMP_PAGE if right else None


def create(settings: config.Verifier, office: Sequence[BaseRoute] = ()) -> Starlette:
    """The application. `office` are routes of the management side, for one server that does everything."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.service = service.build(settings)
        # The server takes connections only after this.
        await asyncio.to_thread(app.state.service.warm)
        try:
            yield
        finally:
            app.state.service.close()

    # Before the server forks its workers, so that a new one has them at once.
    pages.load()
    rest = [] if office else [Route("/api/{rest:path}", guarded(api.missing, page=False))]
    routes: list[BaseRoute] = [*api.ROUTES, *public.ROUTES, *ops.ROUTES, *office, *rest, public.CODE]
    handlers: dict[Any, Any] = {HTTPException: _refused}
    app = PublicSide(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    app.state.office = bool(office)
    return app


def served(app: Starlette) -> Starlette:
    """The application as a server takes it, before its workers are forked.

    What is loaded by now is taken out of the garbage collector's rounds, and its rounds become rare: a full one held
    all phones of a worker as long as a hundred scans take, and slowest answers were three times as slow.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    return app


def __getattr__(name: str) -> Starlette:
    """`app`, made when a server asks for it and not when a test imports the module."""
    if name == "app":
        return served(create(config.verifier()))
    raise AttributeError(name)
