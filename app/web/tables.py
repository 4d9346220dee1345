"""Tables in and out: a file of many lots or products, told of row by row, and each list as a file."""

from collections.abc import Mapping, Sequence

from flask import Response, render_template, request, url_for

from app.auth import needs, reading, working
from app.domain.errors import Refusal, Text
from app.domain.permissions import Action
from app.services import exports, imports
from app.services.exports import TYPES, Form, Sheet, Table
from app.services.imports import ACTIONS, Kind, RowFault, RowsRefused
from app.web import Page, asked_page, done, member, number, said, web
from app.web.uploads import upload
from app.web.words import COLUMNS

_TITLES: Mapping[Kind, Text] = {
    Kind.LOTS: Text("Nhập lô từ bảng", "Lots from a table"),
    Kind.PRODUCTS: Text("Nhập sản phẩm từ bảng", "Products from a table"),
}
# A table may come back with the heads of either language.
_KNOWN = {word.lower(): name for name, (words, _) in COLUMNS.items() for word in words}
_LISTS: Mapping[Kind, str] = {Kind.LOTS: "web.lots", Kind.PRODUCTS: "web.products"}


@web.context_processor
def _tables() -> dict[str, Mapping[str, object]]:
    """The pages of lists that can be taken away, and those that take a table in with the right it asks for."""
    sheets = {f"web.{sheet.value}": sheet.value for sheet in Sheet}
    return {"sheets": sheets, "takes": {kind.value: action for kind, action in ACTIONS.items()}}


@web.route("/imports/<kind>", methods=["GET", "POST"])
@needs(Action.EDIT_LOT, Action.EDIT_PRODUCT)
def take_table(kind: str) -> Page:
    """Take a table of lots or products in: all rows, or none with what is wrong with each."""
    chosen = member(Kind, kind)
    faults: Sequence[RowFault] = ()
    error = None
    if request.method == "POST":
        try:
            with working() as work:
                count = imports.take(work, chosen, upload("file"), _KNOWN)
            words = Text(f"Đã nhập {number(count)} dòng.", f"{number(count)} rows were taken.")
            return done(_LISTS[chosen], words)
        except RowsRefused as refused:
            faults = refused.faults
        except Refusal as refusal:
            error = refusal.text
    page = render_template(
        "import.html",
        kind=chosen,
        title=_TITLES[chosen],
        back=url_for(_LISTS[chosen]),
        faults=faults,
        error=error,
        columns=[(name, COLUMNS[name], name in imports.NEEDED[chosen]) for name in imports.COLUMNS[chosen]],
        names=COLUMNS,
    )
    return page, 422 if faults or error else 200


@web.get("/imports/<kind>/blank.<form>")
@needs(Action.EDIT_LOT, Action.EDIT_PRODUCT)
def blank_table(kind: str, form: str) -> Response:
    """An empty table to fill in."""
    chosen = member(Kind, kind)
    return _file(exports.blank(chosen, member(Form, form), _called()), f"mau-{chosen.value}", member(Form, form))


@web.get("/exports/<sheet>.<form>")
@needs(Action.READ_LOT, Action.READ_PRODUCT, Action.READ_ORDER, Action.READ_ORGANISATION)
def export(sheet: str, form: str) -> Response:
    """A list as a file, as far as it is narrowed."""
    wanted, written = member(Sheet, sheet), member(Form, form)
    with reading() as work:
        content = exports.written(work, wanted, written, asked_page(), _called())
    return _file(content, wanted.value, written)


def _called() -> dict[str, str]:
    """What columns are called in the page's language."""
    return {name: said(words) for name, (words, _) in COLUMNS.items()}


def _file(table: Table, name: str, form: Form) -> Response:
    answer = Response(table.parts, content_type=TYPES[form])
    answer.headers["content-disposition"] = f'attachment; filename="{name}.{form.value}"'
    answer.content_length = table.size
    return answer
