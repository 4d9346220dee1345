"""The doors for those who run the platform: liveness, readiness and metrics."""

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

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
    """`GET /metrics`: Prometheus exposition."""
    return Response(service_of(request).metrics.page(), media_type="text/plain; version=0.0.4")


ROUTES = [
    Route("/healthz", alive, methods=["GET"]),
    Route("/readyz", guarded(ready, page=False), methods=["GET"]),
    Route("/metrics", metrics, methods=["GET"]),
]
