"""Choices among many: a field to type a name, number or code into, which needs no script.

Where there are few to choose from they stand in a list. Where there are more, what was typed is looked up: one that
fits is taken, several are shown to choose from, none is told. With script the field offers what fits while one types.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import render_template, request

from app.auth import may, needs, reading
from app.domain.errors import Refusal, Text
from app.domain.permissions import Action
from app.models.lots import Lot
from app.models.organisations import Organisation
from app.models.users import User
from app.services import lots, organisations, products, users
from app.services.paging import Ask
from app.services.work import Work
from app.web import web
from app.web.forms import Field

FEW, MOST = 30, 8
Choice = tuple[str, Text]


@dataclass(frozen=True, slots=True)
class Source:
    """Things to choose from: who may, how some are found by words or by public id, and what they are called."""

    noun: str
    action: Action
    found: Callable[[Work, str, int], Sequence[Any]]
    one: Callable[[Work, UUID], Any]
    called: Callable[[Work, Sequence[Any]], list[str]]

    def some(self, words: str, most: int = MOST) -> list[Choice]:
        """What these words may mean."""
        with reading() as work:
            rows = self.found(work, words, most)
            return _choices(rows, self.called(work, rows))

    def meant(self, typed: str) -> list[Choice]:
        """What an answer means: one choice where it is clear."""
        with reading() as work:
            try:
                rows: Sequence[Any] = [self.one(work, UUID(typed))]
                return _choices(rows, self.called(work, rows))
            except (ValueError, Refusal):
                pass
        # A suggestion that was taken ends in its code or number, which alone finds it.
        words = typed.rpartition(" · ")[2]
        found = self.some(words, MOST + 1)
        exact = [one for one in found if one[1].vi == typed]
        return exact or found


def _choices(rows: Sequence[Any], names: Sequence[str]) -> list[Choice]:
    return [(str(row.uid), Text(name, name)) for row, name in zip(rows, names, strict=True)]


def _lots(work: Work, words: str, most: int) -> Sequence[Lot]:
    return lots.page(work, Ask(size=most, words=words)).rows


def _live_lots(work: Work, words: str, most: int) -> Sequence[Lot]:
    return lots.own(work, *lots.LIVE, most=most, words=words)


def _lots_called(work: Work, rows: Sequence[Lot]) -> list[str]:
    names = products.names(work, (row.product_id for row in rows))
    return [f"{names.get(row.product_id, '')} · {row.lot_no}" for row in rows]


def _organisations(work: Work, words: str, most: int) -> Sequence[Organisation]:
    return organisations.page(work, Ask(size=most, words=words)).rows


def _users(work: Work, words: str, most: int) -> Sequence[User]:
    return users.page(work, Ask(size=most, words=words)).rows


LOTS = Source("lot", Action.READ_LOT, _lots, lots.get, _lots_called)
LIVE_LOTS = Source("live-lot", Action.ACTIVATE_STAMPS, _live_lots, lots.get, _lots_called)
ORGANISATIONS = Source(
    "organisation",
    Action.READ_ORGANISATION,
    _organisations,
    organisations.get,
    lambda _, rows: [f"{row.name} · {row.code}" for row in rows],
)
USERS = Source(
    "user",
    Action.MANAGE_USERS,
    _users,
    users.get,
    lambda _, rows: [f"{row.name} · {row.email or row.phone or row.uid}" for row in rows],
)
SOURCES: Mapping[str, Source] = {one.noun: one for one in (LOTS, LIVE_LOTS, ORGANISATIONS, USERS)}


def picked(source: Source, name: str, label: Text, *, required: bool = True) -> Field:
    """The question: a list where there are few, else a field that is looked up."""
    few = source.some("", FEW + 1)
    if len(few) <= FEW:
        return Field(name, label, "select", required=required, options=few)
    return Field(name, label, "pick", required=required, source=source)


@web.get("/choices/<noun>")
@needs(*{source.action for source in SOURCES.values()})
def choices(noun: str) -> str:
    """What fits while somebody types. Raises Refusal."""
    source = SOURCES.get(noun)
    if source is None:
        raise Refusal("not_found", what="list")
    if not may(source.action):
        raise Refusal("forbidden")
    return render_template("choices.html", choices=source.some(request.args.get("q", "")[:80]))
