"""Lists in pages, cut by the database: the newest first, and the next page begins after the last row of this one."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.models import Base
from app.services.work import Work

M = TypeVar("M", bound=Base)
T = TypeVar("T")
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
class Part(Generic[T]):
    """Some rows, and after which the next page begins; None at the end."""

    rows: list[T]
    next: UUID | None


def part(work: Work, model: type[M], statement: sa.Select[M], ask: Ask) -> Part[M]:
    """One page of `statement`, which selects `model` and has no order yet. Raises Refusal for an unknown cursor."""
    found = cut(work, model, statement, ask)
    return Part([row[0] for row in found.rows], found.next)


def cut(work: Work, model: type[Base], statement: sa.Select[Any], ask: Ask, state: Any = None) -> Part[Any]:
    """The same for rows of several things, of which `model` is the first; `state` is the column with their state.

    A thing that the public side wrote has no other key than its public id, a UUIDv7, which is in order of time too.
    """
    table: Any = model
    uid, state = getattr(table, "uid", table.id), getattr(table, "state", None) if state is None else state
    if ask.state:
        if state is None or "\0" in ask.state:
            raise Refusal("malformed", pointer="/state", what="state")
        statement = statement.where(sa.cast(state, sa.String) == ask.state)
    if ask.after is not None:
        last = work.session.scalar(sa.select(table.id).where(uid == ask.after))
        if last is None:
            raise Refusal("malformed", pointer="/cursor", what="cursor")
        statement = statement.where(table.id < last)
    rows: list[Any] = list(work.session.execute(statement.order_by(table.id.desc()).limit(ask.size + 1)))
    more = len(rows) > ask.size
    rows = rows[: ask.size]
    return Part(rows, getattr(rows[-1][0], uid.key) if more else None)


def containing(ask: Ask, *columns: Any) -> sa.ColumnElement[bool]:
    """Whether one of these columns holds the words, whatever their case."""
    words = (ask.words or "").replace("\0", "").strip()[:80]
    if not words:
        return sa.true()
    return sa.or_(*(column.icontains(words, autoescape=True) for column in columns))
