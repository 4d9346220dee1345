"""Lists in pages, cut by the database: the newest first, and the next page begins after the last row of this one."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.models import Base
from app.services.work import Work

M = TypeVar("M", bound=Base)
SIZE = 50


@dataclass(frozen=True, slots=True)
class Ask:
    """Which page: after which row, how many, in which state, and words to look for."""

    after: UUID | None = None
    size: int = SIZE
    state: str | None = None
    words: str | None = None


FIRST = Ask()


@dataclass(frozen=True, slots=True)
class Part(Generic[M]):
    """Some rows, and after which the next page begins; None at the end."""

    rows: list[M]
    next: UUID | None


def part(work: Work, model: type[M], statement: sa.Select[M], ask: Ask) -> Part[M]:
    """One page of `statement`, which selects `model` and has no order yet. Raises Refusal for an unknown cursor."""
    table: Any = model
    if ask.state:
        statement = statement.where(sa.cast(table.state, sa.String) == ask.state)
    if ask.after is not None:
        last = work.session.scalar(sa.select(table.id).where(table.uid == ask.after))
        if last is None:
            raise Refusal("malformed", pointer="/cursor", what="cursor")
        statement = statement.where(table.id < last)
    rows = list(work.session.scalars(statement.order_by(table.id.desc()).limit(ask.size + 1)))
    more = len(rows) > ask.size
    rows = rows[: ask.size]
    last_row: Any = rows[-1] if more else None
    return Part(rows, last_row.uid if more else None)


def containing(ask: Ask, *columns: Any) -> sa.ColumnElement[bool]:
    """Whether one of these columns holds the words, whatever their case."""
    words = (ask.words or "").strip()[:80]
    if not words:
        return sa.true()
    return sa.or_(*(column.icontains(words, autoescape=True) for column in columns))
