"""What lists show as tables to take away, in the columns that a table of the same kind is taken in by."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from tempfile import TemporaryFile
from typing import IO, Any

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.permissions import Action, scopes
from app.models import Base
from app.models.lots import Lot
from app.models.organisations import Organisation
from app.models.products import Product
from app.services import imports, lots, orders, organisations, paging, products, tables
from app.services.imports import Kind
from app.services.paging import Ask, Part
from app.services.work import Work

MOST, STEP = 1_000_000, 500


class Sheet(StrEnum):
    """The lists that can be taken away."""

    LOTS = "lots"
    PRODUCTS = "products"
    ORDERS = "orders"
    ORGANISATIONS = "organisations"


class Form(StrEnum):
    """How a table is written."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class _Kept:
    """Which right a list asks for, how it is read, and its columns."""

    action: Action
    page: Callable[[Work, Ask], Part[Any]]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Link:
    """A column that names another thing: where its key is, and what it is called by."""

    key: str
    model: type[Base]
    shown: str


SHEETS: Mapping[Sheet, _Kept] = {
    Sheet.LOTS: _Kept(Action.READ_LOT, lots.page, imports.COLUMNS[Kind.LOTS]),
    Sheet.PRODUCTS: _Kept(Action.READ_PRODUCT, products.page, imports.COLUMNS[Kind.PRODUCTS]),
    Sheet.ORDERS: _Kept(
        Action.READ_ORDER,
        orders.page,
        ("number", "state", "organisation", "product", "lot", "quantity", "profile", "layout", "pins", "note"),
    ),
    Sheet.ORGANISATIONS: _Kept(
        Action.READ_ORGANISATION, organisations.page, ("code", "name", "kind", "state", "address", "phone", "email")
    ),
}
_LINKS: Mapping[str, _Link] = {
    "product": _Link("product_id", Product, "code"),
    "organisation": _Link("organisation_id", Organisation, "code"),
    "lot": _Link("lot_id", Lot, "lot_no"),
}
_WRITERS: Mapping[Form, Callable[[Sequence[str], Iterable[Sequence[object]], IO[bytes]], None]] = {
    Form.CSV: tables.to_csv,
    Form.XLSX: tables.to_xlsx,
}
TYPES: Mapping[Form, str] = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A file: how long it is, and its bytes a part at a time, after which it is gone from the disk."""

    size: int
    parts: Iterator[bytes]


def written(
    work: Work, sheet: Sheet, form: Form, ask: Ask = paging.FIRST, called: Mapping[str, str] | None = None
) -> Table:
    """What the actor may see of a list, the newest first and at most a million rows, as a file. Raises Refusal.

    It is read some rows at a time into a file on the disk: no table fills the memory, no slow telephone holds the
    database, and what goes wrong half-way is an error and no short table. `called` are what columns are called in its
    first row, where not by their own names.
    """
    kept = SHEETS[sheet]
    if not scopes(work.actor, kept.action):
        raise Refusal("forbidden")
    return _file(form, _heads(kept.columns, called), _rows(work, kept, ask))


def blank(kind: Kind, form: Form, called: Mapping[str, str] | None = None) -> Table:
    """An empty table to fill in, its columns named."""
    return _file(form, _heads(imports.COLUMNS[kind], called), ())


def _file(form: Form, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    made = TemporaryFile()  # noqa: SIM115  its parts close it
    try:
        _WRITERS[form](heads, rows, made)
    except BaseException:
        made.close()
        raise
    return Table(made.seek(0, os.SEEK_END), _parts(made))


def _parts(made: IO[bytes]) -> Iterator[bytes]:
    with made:
        made.seek(0)
        while part := made.read(1 << 16):
            yield part


def _rows(work: Work, kept: _Kept, ask: Ask) -> Iterator[list[object]]:
    """The cells of all rows, read some at a time; each part's rows are let go before the next is read."""
    ask = replace(ask, after=None, size=STEP)
    for _ in range(MOST // STEP):
        part = kept.page(work, ask)
        names = {name: _named(work, _LINKS[name], part.rows) for name in kept.columns if name in _LINKS}
        yield from ([_cell(row, name, names) for name in kept.columns] for row in part.rows)
        if part.next is None:
            return
        ask = replace(ask, after=part.next)


def _heads(columns: Sequence[str], called: Mapping[str, str] | None) -> list[str]:
    return [(called or {}).get(name, name) for name in columns]


def _named(work: Work, link: _Link, rows: Sequence[Any]) -> Mapping[int, str]:
    table: Any = link.model
    wanted = {getattr(row, link.key) for row in rows} - {None}
    found = work.session.execute(sa.select(table.id, getattr(table, link.shown)).where(table.id.in_(wanted)))
    return {row[0]: row[1] for row in found}


def _cell(row: Any, name: str, names: Mapping[str, Mapping[int, str]]) -> object:
    value = names[name].get(getattr(row, _LINKS[name].key)) if name in names else getattr(row, name)
    return getattr(value, "value", value)
