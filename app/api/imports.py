"""Lots and products as tables, in and out, over the API."""

from enum import StrEnum

from flask import Response, request
from pydantic import BaseModel

from app.api import api, plainly
from app.auth import needs, reading, working
from app.domain.permissions import Action
from app.problems import answer, document
from app.services import imports, tables
from app.services.imports import Kind, RowsRefused


class Form(StrEnum):
    """How a table is written."""

    CSV = "csv"
    XLSX = "xlsx"


class ImportPath(BaseModel):
    """What the table holds."""

    kind: Kind


class ExportPath(ImportPath):
    """The same, and how it is written."""

    form: Form


_TABLE = {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}
_WORDS = ("Bảng có dòng chưa đúng; chưa dòng nào được nhập.", "Some rows are not right; none was taken.")
TYPES = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


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


@api.get("/exports/<kind>.<form>")
@needs(Action.READ_LOT, Action.READ_PRODUCT)
def give_table(path: ExportPath) -> Response:
    """The lots or products in scope as a table, csv or xlsx."""
    with reading() as work:
        rows = imports.export(work, path.kind)
    write = tables.to_csv if path.form is Form.CSV else tables.to_xlsx
    made = Response(write(imports.COLUMNS[path.kind], rows), content_type=TYPES[path.form])
    made.headers["content-disposition"] = f'attachment; filename="{path.kind.value}.{path.form.value}"'
    return made
