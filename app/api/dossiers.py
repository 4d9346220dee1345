"""A lot's dossier over the API: its parts, its repeat, its photos and reports."""

from collections.abc import Sequence

from flask import Response, current_app, request, send_file
from pydantic import Base64Bytes, BaseModel, Field

from app.api import PICTURE, ById, added, api, created, plainly, stepped
from app.api.views import views
from app.auth import needs, reading
from app.domain.permissions import Action
from app.models.lots import Lot
from app.services import dossiers, holds, lots, stamps
from app.services.dossiers import Dossier
from app.services.files import ContentStore
from app.services.lots import NewArea, NewInput, NewLot, NewSample, NewStep, NewTest, PartRow
from app.services.work import Work


class Part(BaseModel):
    """Parts of a dossier, at most one of each kind; `report` is the test's PDF or picture, base64."""

    input: NewInput | None = None
    step: NewStep | None = None
    test: NewTest | None = None
    sample: NewSample | None = None
    area: NewArea | None = None
    report: Base64Bytes | None = None


class PartPath(ById):
    """One part of a lot's dossier, by its key."""

    key: str = Field(max_length=40)


class Repeat(BaseModel):
    """The next lot, and the keys of the parts that it takes over."""

    lot: NewLot
    keep: list[str] = []


def store() -> ContentStore:
    """Where files are kept."""
    found: ContentStore = current_app.extensions["files"]
    return found


@api.get("/lots/<uuid:uid>/parts")
@needs(Action.READ_LOT)
def get_parts(path: ById) -> Response:
    """The whole dossier, what it still lacks, the holds, and how many stamps are active."""
    with reading() as work:
        lot = lots.get(work, path.uid)
        found = dossiers.of(work, lot)
        content = {
            **{name: _keyed(work, rows) for name, rows in _kinds(found).items()},
            "dispatches": views(work, found.dispatches),
            "photos": views(work, found.photos),
            "missing": lots.missing(work, lot),
            "holds": views(work, holds.on(work, lot.id)),
            "active": stamps.active_in(work, lot.id),
        }
    return plainly(content)


def _kinds(found: Dossier) -> dict[str, Sequence[PartRow]]:
    return {
        "inputs": found.inputs,
        "steps": found.steps,
        "tests": found.tests,
        "samples": found.samples,
        "areas": found.areas,
    }


def _keyed(work: Work, rows: Sequence[PartRow]) -> list[dict[str, object]]:
    shown = zip(rows, views(work, rows), strict=True)
    return [{"key": dossiers.key_of(row), **view} for row, view in shown]


@api.post("/lots/<uuid:uid>/parts")
@needs(Action.EDIT_LOT)
def add_part(path: ById, body: Part) -> Response:
    """Add parts to a lot's dossier, all or none."""
    files = store()

    def add(work: Work) -> Lot:
        for part in (body.input, body.step, body.sample, body.area):
            if part is not None:
                lots.add(work, path.uid, part)
        if body.test is not None:
            dossiers.add_test(work, files, path.uid, body.test, body.report)
        return lots.get(work, path.uid)

    return added(add)


@api.delete("/lots/<uuid:uid>/parts/<key>")
@needs(Action.EDIT_LOT)
def remove_part(path: PartPath) -> Response:
    """Take a part out again."""

    def remove(work: Work) -> Lot:
        dossiers.remove(work, path.uid, path.key)
        return lots.get(work, path.uid)

    return stepped(remove, lambda work: lots.get(work, path.uid))


@api.get("/lots/<uuid:uid>/repeat")
@needs(Action.EDIT_LOT)
def suggest_repeat(path: ById) -> Response:
    """What the next lot like this one most likely is: the body of the POST of the same address."""
    with reading() as work:
        last = lots.get(work, path.uid)
        work.may(Action.EDIT_LOT, organisation_id=last.organisation_id, what="lot")
        suggestion = dossiers.suggestion(work, last)
        keep = [dossiers.key_of(row) for row in dossiers.repeatable(work, last)]
    return plainly({"lot": suggestion, "keep": keep})


@api.post("/lots/<uuid:uid>/repeat")
@needs(Action.EDIT_LOT)
def repeat_lot(path: ById, body: Repeat) -> Response:
    """A new lot like this one, with the parts named in `keep`, their days moved along."""
    return created("lots", lambda work: dossiers.repeat(work, path.uid, body.lot, body.keep))


@api.post("/lots/<uuid:uid>/photos", request_body=PICTURE)
@needs(Action.EDIT_LOT)
def add_photo(path: ById) -> Response:
    """Add a photo; the body is a JPEG, PNG or WebP. It is drawn again, without what else it carried."""
    content, files = request.get_data(), store()

    def add(work: Work) -> Lot:
        dossiers.add_photo(work, files, path.uid, content)
        return lots.get(work, path.uid)

    return added(add)


@api.get("/files/<uuid:uid>")
@needs(Action.READ_LOT)
def get_file(path: ById) -> Response:
    """A report or a photo of a lot, for those who may see the lot."""
    with reading() as work:
        row = dossiers.file(work, path.uid)
    answer = send_file(store().path(row.sha256), row.media_type, as_attachment=True, download_name=str(row.uid))
    answer.headers["content-security-policy"] = "default-src 'none'; sandbox"
    return answer
