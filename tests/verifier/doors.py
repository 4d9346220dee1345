"""The public side's doors over a small world, for the tests of every door."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.testclient import TestClient

import config
from app.database import open_engine
from app.domain.permissions import SYSTEM
from app.models.snapshots import SnapshotHead
from app.services import snapshots
from app.services.work import Desk
from tests.verifier.world import HOST, World
from verifier.asgi import create

PHONE = {"user-agent": "Mozilla/5.0 (Linux; Android 14) Mobile", "accept": "text/html"}
JSON = {"accept": "application/json"}


def settings(place: World, **more: str) -> config.Verifier:
    return config.verifier(
        {
            "DATA_DIR": str(place.stack.data_dir),
            "DATABASE_URL": place.stack.verifier_url,
            "REDIS_URL": place.stack.redis_url,
            "STAMP_HOST": HOST,
            "OPENER_SOCKET": str(place.socket),
            "DEVICE_SECRET": "d" * 32,
            **more,
        }
    )


@contextmanager
def opened(place: World, address: str = "192.0.2.7", **more: str) -> Iterator[TestClient]:
    """A phone at that address in front of the doors."""
    app = create(settings(place, **more))
    with TestClient(app, raise_server_exceptions=False, client=(address, 50000)) as client:
        yield client


def publish(place: World) -> SnapshotHead:
    """The worker signs an offline pack."""
    engine = open_engine(place.stack.url)
    try:
        with Desk(engine, place.clock, place.new_id).work(SYSTEM) as work:
            return snapshots.publish(work, place.keys.deployment.hex(), place.keys.manifest_key())
    finally:
        engine.dispose()


def path(code: str) -> str:
    return "/" + code.partition("://")[2].partition("/")[2]


def problem(answer: Any, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"/problems/{kind}"
    assert set(body["detail"]) == {"vi", "en"}
    assert body["request_id"] == answer.headers["x-request-id"]
    return body
