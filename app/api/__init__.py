"""The management API, `/api/v1`: session cookie for people, scoped bearer tokens for programs, OpenAPI 3.1.

A POST that makes or adds something gives its first answer again to every repeat of its `Idempotency-Key`. An edit
names the version it changes in `If-Match`; a step may. Lists come in pages of at most 100, the next one by `cursor`.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from flask import Response, json, request
from flask_openapi import APIBlueprint  # type: ignore[attr-defined]  # it exports by name only
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError

from app.api.views import jsonable, views
from app.auth import knock, read_token, working
from app.domain.errors import Refusal
from app.models import Base
from app.problems import SCHEMA, of_validation
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


PICTURE: dict[str, Any] = {
    "required": True,
    "content": {
        kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/jpeg", "image/png", "image/webp")
    },
}
"""The body of a request that is a picture."""
_PROBLEM = {
    "description": "RFC 9457, with words in both languages",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
api = APIBlueprint(
    "api",
    __name__,
    url_prefix="/api/v1",
    abp_security=[{"bearer": []}, {"session": []}],
    abp_responses={"2XX": {"description": "Done, or as it was done before"}, "422": _PROBLEM, "default": _PROBLEM},
)
api.components_schemas["Problem"] = SCHEMA


@api.before_request
def _known() -> None:
    read_token()
    knock()


def answered(work: Work, row: Base, status: int = 200, location: str | None = None) -> Response:
    """One record with its version as its ETag; 304 where `If-None-Match` names that version."""
    return _made(json.dumps(views(work, [row])[0]), status, location)


def _made(text: str, status: int, location: str | None) -> Response:
    answer = Response(text, status, content_type="application/json")
    found = json.loads(text)
    version = found.get("version") if isinstance(found, dict) else None
    if version is not None:
        answer.set_etag(str(version))
    if location is not None:
        answer.headers["location"] = location
    if request.method == "GET":
        answer.make_conditional(request)
    return answer


def plainly(content: object) -> Response:
    """Something that is no record: a report, a list that is not paged."""
    return _made(json.dumps(jsonable(content)), 200, None)


def created(noun: str, act: Callable[[Work], Base]) -> Response:
    """Do what a creating POST asks, once for each `Idempotency-Key`. Raises Refusal."""

    def make(work: Work) -> Response:
        row: Any = act(work)
        return answered(work, row, 201, f"/api/v1/{noun}/{row.uid}")

    return once(make)


def added(act: Callable[[Work], Base]) -> Response:
    """Do what a POST asks that adds a part to a record, once for each `Idempotency-Key`. Raises Refusal."""
    return once(lambda work: answered(work, act(work)))


def stepped(act: Callable[[Work], Base], current: Callable[[Work], Base] | None = None) -> Response:
    """Do one step; with `If-Match`, only on the version it names. A repeat finds the step taken. Raises Refusal."""
    with working() as work:
        if current is not None and request.if_match:
            row: Any = current(work)
            if str(row.version) not in request.if_match:
                raise Refusal("changed_meanwhile")
        return answered(work, act(work))


def edited(current: Callable[[Work], Base], act: Callable[[Work, int], Base]) -> Response:
    """Change the version that `If-Match` names, which an edit must. Raises Refusal."""
    if not request.if_match:
        raise Refusal("version_required")
    with working() as work:
        row: Any = current(work)
        if request.if_match.star_tag or str(row.version) not in request.if_match:
            raise Refusal("changed_meanwhile")
        return answered(work, act(work, row.version))


def once(make: Callable[[Work], Response]) -> Response:
    """Do it and keep the answer under the `Idempotency-Key`, in one transaction; a repeat is told the same again.

    Of two that come at the same moment one cannot be written; it looks again, and finds the other's answer.
    """
    key = request.headers.get("idempotency-key", "")
    if len(key) > LONGEST_KEY:
        raise Refusal("too_long", what="Idempotency-Key", most=LONGEST_KEY)
    try:
        return _attempt(key, make)
    except IntegrityError:
        return _attempt(key, make)


def _attempt(key: str, make: Callable[[Work], Response]) -> Response:
    mark = idempotency.digest(request.method, request.path, request.get_data())
    with working() as work:
        kept = idempotency.before(work, key, mark) if key else None
        if kept is not None:
            again = _made(kept.body, kept.status, kept.location)
            again.headers["idempotency-replayed"] = "true"
            return again
        answer = make(work)
        if key:
            text, location = answer.get_data(as_text=True), answer.headers.get("location")
            idempotency.keep(work, key, mark, status=answer.status_code, body=text, location=location)
    return answer


B = TypeVar("B", bound=BaseModel)


def given(model: type[B]) -> B:
    """A body that may be left out. Raises ValidationError where it does not fit."""
    return model.model_validate_json(request.get_data() or b"{}")


class Paging(BaseModel):
    """Which page of a list: after which row, how many, in which state, and words to look for."""

    cursor: UUID | None = Field(None, description="`next` of the page before")
    limit: int = Field(PAGE, ge=1, le=PAGE)
    state: str | None = Field(None, max_length=32)
    q: str | None = Field(None, max_length=80)

    def ask(self) -> Ask:
        """The same for a service."""
        return Ask(self.cursor, self.limit, self.state or None, self.q or None)


def paged(work: Work, part: Part[Any], more: Callable[[Any], dict[str, Any]] = lambda _: {}) -> Response:
    """A page of a list; the cursor is the public id of its last row."""
    shown = zip(views(work, part.rows), part.rows, strict=True)
    content = {
        "items": [{**item, **more(row)} for item, row in shown],
        "next": str(part.next) if part.next else None,
    }
    return Response(json.dumps(content), content_type="application/json")


def invalid(error: Any) -> Response:
    """What flask-openapi answers a body with that does not fit."""
    content, status = of_validation(error)
    return Response(json.dumps(content), status, content_type="application/problem+json")


from app.api import accounts, activations, cases, dossiers, field, goods, imports, notices, overview, prints, stamps  # noqa: E402, F401  they register their routes on `api`
