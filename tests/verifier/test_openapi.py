"""The public API does what its document says, whatever is sent: schema-driven requests against every door."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from app.models.devices import EnrolledDevice
from tests.conftest import NOW
from tests.verifier.doors import opened, publish
from tests.verifier.world import World
from verifier import api, ops

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
EXAMPLES = 8
TOKEN = "a token of an enrolled device"


@pytest.fixture
def door(place: World) -> Iterator[TestClient]:
    with opened(place) as client:
        yield client


def test_the_document_is_valid_and_names_every_json_door(door: TestClient) -> None:
    from openapi_spec_validator import validate

    served = door.get("/openapi/public.json").json()
    validate(served)
    named = {(path, method.upper()) for path, doors in served["paths"].items() for method in doors}
    there = {(route.path, method) for route in api.ROUTES for method in (route.methods or ()) if method != "HEAD"}
    assert there <= named
    assert {path for path, _ in named} <= {route.path for route in (*api.ROUTES, *ops.ROUTES)}


def without_lifespan(app: Any) -> Callable[..., Awaitable[None]]:
    """The same application for a client that would start and stop it around each request."""

    async def passed(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        for _ in range(2):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})

    return passed


@pytest.mark.filterwarnings("ignore")
def test_every_answer_matches_the_document(place: World, door: TestClient) -> None:
    """A seeded share of what the schema allows and forbids: no 5xx, and no answer of another shape."""
    from hashlib import sha256

    block = place.batch(((3, "ACTIVE", place.lot("L1")),), pins=True)
    place.insert(
        EnrolledDevice.__tablename__,
        name="m",
        user_id=1,
        role="inspector",
        digest=sha256(TOKEN.encode()).digest(),
        enrolled_by_id=1,
        enrolled_at=NOW,
    )
    receipt = door.post("/api/v1/scans", json={"code": place.text(block[0])}).json()["receipt"]
    publish(place)
    schema = schemathesis.openapi.from_asgi("/openapi/public.json", without_lifespan(door.app))
    seen: Counter[int] = Counter()
    for found in schema.get_all_operations():
        operation: Any = found.ok()
        known = {"path_parameters": {"receipt": receipt}} if "{receipt}" in operation.path else {}
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try_out(operation, mode, known, seen)
            try_out(operation, mode, {}, seen)
    assert {200, 201, 202, 204, 404, 422} <= set(seen), seen


def try_out(operation: Any, mode: GenerationMode, known: dict[str, Any], seen: Counter[int]) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"} if operation.path.endswith("/batch") else None
    made = operation.as_strategy(generation_mode=mode, **known)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=made)
    def once(case: Any) -> None:
        answer = case.call(headers=headers)
        seen[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    try:
        once()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "a door without parameters has no wrong ones"
