"""The doors for those who run the platform or program for it: liveness, readiness, metrics, the API's document."""

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from verifier import openapi
from verifier.doors import guarded, json_answer, service_of


async def alive(request: Request) -> Response:
    """`GET /healthz`: this process answers."""
    del request
    return PlainTextResponse("ok\n")


async def ready(request: Request) -> Response:
    """`GET /readyz`: 200 when scans can be answered; the cache is shown and never needed."""
    found = await asyncio.to_thread(service_of(request).readiness)
    needed = all(answers for part, answers in found.items() if part != "cache")
    return json_answer({"ready": needed, "parts": found}, 200 if needed else 503)


async def metrics(request: Request) -> Response:
    """`GET /metrics`: Prometheus exposition, of all workers of this server."""
    return Response(service_of(request).metrics.page(), media_type="text/plain; version=0.0.4")


async def document(request: Request) -> Response:
    """`GET /openapi/public.json`: the public API as an OpenAPI 3.1 document."""
    del request
    return json_answer(openapi.document())


ROUTES = [
    Route("/healthz", alive, methods=["GET"]),
    Route("/readyz", guarded(ready, page=False), methods=["GET"]),
    Route("/metrics", metrics, methods=["GET"]),
    Route("/openapi/public.json", guarded(document, page=False), methods=["GET"]),
]
