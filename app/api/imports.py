"""Lots and products as tables in, and lists as tables out, over the API."""

from flask import Response, request
from pydantic import BaseModel

from app.api import api, plainly
from app.auth import needs, reading, working
from app.domain.permissions import Action
from app.problems import answer, document
from app.services import exports, imports
from app.services.exports import TYPES, Form, Sheet, Table
from app.services.imports import Kind, RowsRefused


class ImportPath(BaseModel):
    """What the table holds."""

    kind: Kind


class BlankPath(ImportPath):
    """A table of this kind, and how it is written."""

    form: Form


class ExportPath(BaseModel):
    """Which list, and how it is written."""

    kind: Sheet
    form: Form


_TABLE = {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}
_WORDS = ("Bảng có dòng chưa đúng; chưa dòng nào được nhập.", "Some rows are not right; none was taken.")


@api.post("/imports/<kind>", request_body=_TABLE)
@needs(Action.EDIT_LOT, Action.EDIT_PRODUCT)
def take_table(path: ImportPath) -> Response:
    """Lots or products from a CSV or XLSX table, the body; all rows or none, with every fault by row."""
    try:
        with working() as work:
            count = imports.take(work, path.kind, request.get_data())
    except RowsRefused as refused:
        errors = [
            {"pointer": f"/{one.row}/{one.column}".rstrip("/"), "detail": {"vi": one.words.vi, "en": one.words.en}}
            for one in refused.faults
        ]
        return answer(document("rows", 422, _WORDS, errors), 422)
    return plainly({"taken": count})


@api.get("/imports/<kind>/blank.<form>")
@needs(Action.EDIT_LOT, Action.EDIT_PRODUCT)
def give_blank(path: BlankPath) -> Response:
    """An empty table to fill in, csv or xlsx."""
    return _file(exports.blank(path.kind, path.form), path.kind.value, path.form)


@api.get("/exports/<kind>.<form>")
@needs(Action.READ_LOT, Action.READ_PRODUCT, Action.READ_ORDER, Action.READ_ORGANISATION)
def give_table(path: ExportPath) -> Response:
    """The lots, products, orders or organisations in scope as a table, csv or xlsx."""
    with reading() as work:
        return _file(exports.written(work, path.kind, path.form), path.kind.value, path.form)


def _file(table: Table, name: str, form: Form) -> Response:
    made = Response(table.parts, content_type=TYPES[form])
    made.headers["content-disposition"] = f'attachment; filename="{name}.{form.value}"'
    made.content_length = table.size
    return made
