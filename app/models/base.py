"""The declarative base and the column types every table uses.

Keys inside are bigints; `uid` (UUIDv7) is what the outside sees. Times are UTC microseconds (`*_at`), days are local
dates of Asia/Ho_Chi_Minh (`*_on`). Ranges of stamps are half-open: `lo` belongs, `hi` does not.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, mapped_column

# SQLite gives an automatic key to INTEGER PRIMARY KEY only, which is 64 bits wide there anyway.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

Id = Annotated[int, mapped_column(BIG, primary_key=True, autoincrement=True)]
Uid = Annotated[UUID, mapped_column(sa.Uuid(), unique=True)]
Micros = Annotated[int, mapped_column(sa.BigInteger())]
Index = Annotated[int, mapped_column(sa.BigInteger())]
Day = Annotated[date, mapped_column(sa.Date())]
Quantity = Annotated[Decimal, mapped_column(sa.Numeric(14, 3))]
Points = Annotated[Decimal, mapped_column(sa.Numeric(5, 2))]
Name = Annotated[str, mapped_column(sa.String(200))]
Short = Annotated[str, mapped_column(sa.String(64))]
Long = Annotated[str, mapped_column(sa.Text())]


E = TypeVar("E", bound=StrEnum)


class Word(sa.types.TypeDecorator[E], Generic[E]):
    """A StrEnum kept as its word, so that a reader of the table needs no key; an unknown word raises on read."""

    impl = sa.String(32)
    cache_ok = True

    def __init__(self, kind: type[E]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: E | None, dialect: sa.Dialect) -> str | None:
        """The word to store."""
        del dialect
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> E | None:
        """The member the stored word names."""
        del dialect
        return None if value is None else self.kind(value)


class Base(DeclarativeBase):
    """All tables, with names for every constraint so that migrations can drop them on any database."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
