"""The management API, `/api/v1`: session cookie for people, scoped bearer tokens for programs, OpenAPI 3.1.

A creating POST with an `Idempotency-Key` gives its first answer again to every repeat. A step with `If-Match` happens
only on the version it names. Lists come in pages of at most 100, the next one by `cursor`.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from flask import Response, json, request
from flask_openapi import APIBlueprint  # type: ignore[attr-defined]  # it exports by name only
from pydantic import BaseModel

from app.api.views import view
from app.auth import knock, read_token, working
from app.domain.errors import Refusal
from app.models import Base
from app.problems import of_validation
from app.services import idempotency
from app.services.paging import Ask, Part
from app.services.work import Work

PAGE = 100
LONGEST_KEY = 255


class ById(BaseModel):
    """The public id in an address."""

    uid: UUID


class Reason(BaseModel):
    """Why a step was taken."""

    reason: str | None = None


api = APIBlueprint(
    "api",
    __name__,
    url_prefix="/api/v1",
    abp_security=[{"bearer": []}, {"session": []}],
)


@api.before_request
def _known() -> None:
    read_token()
    knock()


def answered(row: Base, status: int = 200, location: str | None = None) -> Response:
    """One record with its version as its ETag."""
    answer = Response(json.dumps(view(row)), status, content_type="application/json")
    version = getattr(row, "version", None)
    if version is not None:
        answer.set_etag(str(version))
    if location is not None:
        answer.headers["location"] = location
    return answer


def created(noun: str, act: Callable[[Work], Base]) -> Response:
    """Do what a creating POST asks, once for each `Idempotency-Key`."""
    key = request.headers.get("idempotency-key", "")[:LONGEST_KEY]
    mark = idempotency.digest(request.method, request.path, request.get_data())
    with working() as work:
        kept = idempotency.before(work, key, mark) if key else None
        if kept is not None:
            again = Response(kept.body, kept.status, content_type="application/json")
            again.headers["location"] = kept.location or ""
            again.headers["idempotency-replayed"] = "true"
            return again
        row = act(work)
        found: Any = row
        location = f"/api/v1/{noun}/{found.uid}"
        answer = answered(row, 201, location)
        if key:
            text = answer.get_data(as_text=True)
            idempotency.keep(work, key, mark, status=201, body=text, location=location)
    return answer


def stepped(act: Callable[[Work], Base], current: Callable[[Work], Base] | None = None) -> Response:
    """Do one step; with `If-Match`, only on the version it names. Raises Refusal."""
    with working() as work:
        if current is not None and request.if_match:
            row: Any = current(work)
            if str(row.version) not in request.if_match:
                raise Refusal("changed_meanwhile")
        made = act(work)
    return answered(made)


B = TypeVar("B", bound=BaseModel)


def given(model: type[B]) -> B:
    """A body that may be left out. Raises ValidationError where it does not fit."""
    return model.model_validate_json(request.get_data() or b"{}")


def asked_page() -> Ask:
    """Which page of a list is asked for: `cursor`, `limit`, `state`, `q`. Raises Refusal."""
    cursor, limit = request.args.get("cursor"), request.args.get("limit", str(PAGE))
    try:
        after = UUID(cursor) if cursor else None
    except ValueError:
        raise Refusal("malformed", pointer="/cursor", what="cursor") from None
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:4]) <= PAGE:
        raise Refusal("malformed", pointer="/limit", what="limit")
    return Ask(after, int(limit), request.args.get("state") or None, request.args.get("q") or None)


def paged(part: Part[Any], more: Callable[[Any], dict[str, Any]] = lambda _: {}) -> Response:
    """A page of a list; the cursor is the public id of its last row."""
    content = {
        "items": [{**view(row), **more(row)} for row in part.rows],
        "next": str(part.next) if part.next else None,
    }
    return Response(json.dumps(content), content_type="application/json")


def invalid(error: Any) -> Response:
    """What flask-openapi answers a body with that does not fit."""
    content, status = of_validation(error)
    return Response(json.dumps(content), status, content_type="application/problem+json")


from app.api import field, goods, stamps  # noqa: E402, F401  they register their routes on `api`
