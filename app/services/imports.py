"""Lots and products from a table: every row is tried and told of, and nothing is kept unless all are right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from app.domain.errors import Refusal, Text
from app.domain.permissions import Action, scopes
from app.models.lots import Lot
from app.models.organisations import Organisation
from app.models.products import Product
from app.services import checks, lots, products, tables
from app.services.lots import NewLot
from app.services.products import NewProduct
from app.services.work import Work


class Kind(StrEnum):
    """What a table holds."""

    LOTS = "lots"
    PRODUCTS = "products"


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row (the first below the names is 2) and in which column, where one is to blame."""

    row: int
    column: str
    words: Text


class RowsRefused(Exception):
    """Raised when a table is not taken, with everything that is wrong with it; nothing of it was kept."""

    def __init__(self, faults: Sequence[RowFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"{len(self.faults)} faults")


_LOT, _PRODUCT = TypeAdapter(NewLot), TypeAdapter(NewProduct)
COLUMNS: Mapping[Kind, tuple[str, ...]] = {
    Kind.LOTS: ("product", *(one.name for one in fields(NewLot))),
    Kind.PRODUCTS: tuple(one.name for one in fields(NewProduct)),
}
"""The names of the columns; in a table of lots `product` is a product's code."""
NEEDED: Mapping[Kind, frozenset[str]] = {
    kind: frozenset({"product"} & set(COLUMNS[kind])) | {one.name for one in fields(command) if one.default is MISSING}
    for kind, command in ((Kind.LOTS, NewLot), (Kind.PRODUCTS, NewProduct))
}
"""The columns that no row may leave empty."""
ACTIONS: Mapping[Kind, Action] = {Kind.LOTS: Action.EDIT_LOT, Kind.PRODUCTS: Action.EDIT_PRODUCT}
"""The right that taking a table asks for."""


def take(work: Work, kind: Kind, content: bytes, called: Mapping[str, str] | None = None) -> int:
    """Record every row of a table; gives how many. Raises Refusal for the file, RowsRefused for its rows.

    `called` are other names of columns, in small letters.
    """
    if not scopes(work.actor, ACTIONS[kind]):
        raise Refusal("forbidden")
    also = called or {}
    rows = [{also.get(name, name): value for name, value in row.items()} for row in tables.read(content)]
    unknown = [name for name in rows[0] if name and name not in COLUMNS[kind]]
    if unknown:
        known = ", ".join(COLUMNS[kind])
        raise Refusal("column_unknown", pointer="/file", what=", ".join(unknown)[:200], known=known)
    act = _lot if kind is Kind.LOTS else _product
    faults: list[RowFault] = []
    for number, row in enumerate(rows, start=2):
        faults += _tried(work, act, number, row)
    if faults:
        raise RowsRefused(faults)
    return len(rows)


def _tried(
    work: Work, act: Callable[[Work, dict[str, str]], object], number: int, row: dict[str, str]
) -> list[RowFault]:
    """What is wrong with one row; it is recorded beneath a savepoint, so that the next one meets it there."""
    try:
        with work.session.begin_nested():
            act(work, {name: _value(name, value) for name, value in row.items() if name and value})
    except ValidationError as error:
        return [_unread(number, fault) for fault in error.errors(include_url=False, include_input=False)]
    except Refusal as refusal:
        return [RowFault(number, (refusal.pointer or "").strip("/"), refusal.text)]
    return []


def _unread(number: int, fault: Any) -> RowFault:
    name = str(fault["loc"][0]) if fault["loc"] else ""
    refusal = Refusal("required" if fault["type"].startswith("missing") else "malformed", what=checks.label(name))
    return RowFault(number, name, refusal.text)


def _value(name: str, value: str) -> str:
    """Days as 31/12/2026 and amounts as 1,5 are understood."""
    if name.endswith("_on"):
        try:
            return datetime.strptime(value, "%d/%m/%Y").date().isoformat()  # noqa: DTZ007  a day has no zone
        except ValueError:
            return value
    return value.replace(",", ".") if name == "quantity" else value


def _lot(work: Work, row: dict[str, str]) -> Lot:
    code = row.pop("product", "")
    own = Product.organisation_id == work.actor.organisation_id
    uid = work.session.scalar(sa.select(Product.uid).where(Product.code == code, own))
    if uid is None:
        raise Refusal("not_found", pointer="/product", what=f"sản phẩm / product {code}"[:60])
    return lots.record(work, uid, _LOT.validate_python(row))


def _product(work: Work, row: dict[str, str]) -> Product:
    return products.create(work, _own(work), _PRODUCT.validate_python(row))


def _own(work: Work) -> UUID:
    uid = work.session.scalar(sa.select(Organisation.uid).where(Organisation.id == work.actor.organisation_id))
    if uid is None:
        raise Refusal("not_found", what="organisation")
    return uid
