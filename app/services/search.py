"""One box for everything: a serial, a code, or the number or name of a lot, product, order, roll or organisation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.domain.errors import Refusal
from app.domain.permissions import Action, scopes
from app.services import codes, lots, orders, organisations, products, recalls, stamps
from app.services.codes import Reader
from app.services.paging import Ask, Part
from app.services.work import Work

MOST = 8
SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: its noun, public id and name."""

    noun: str
    uid: UUID
    name: str


@dataclass(frozen=True, slots=True)
class _Kind:
    noun: str
    action: Action
    page: Callable[[Work, Ask], Part[Any]]
    name: str


_KINDS = (
    _Kind("lot", Action.READ_LOT, lots.page, "lot_no"),
    _Kind("product", Action.READ_PRODUCT, products.page, "name"),
    _Kind("order", Action.READ_ORDER, orders.page, "number"),
    _Kind("roll", Action.READ_STAMPS, stamps.page, "number"),
    _Kind("recall", Action.READ_RECALL, recalls.page, "number"),
    _Kind("organisation", Action.READ_ORGANISATION, organisations.page, "name"),
)


def find(work: Work, reader: Reader, words: str) -> list[Hit]:
    """What the actor may see that these words name; a code that reads is its stamp's roll and place."""
    words = words.replace("\0", "").strip()
    if len(words) < SHORTEST:
        return []
    return [*_stamp(work, reader, words), *(hit for kind in _KINDS for hit in _named(work, kind, words))]


def _stamp(work: Work, reader: Reader, words: str) -> list[Hit]:
    if not scopes(work.actor, Action.READ_STAMPS):
        return []
    try:
        place = codes.locate(work, reader, words, pointer="/q")
        work.may(Action.READ_STAMPS, organisation_id=place.batch.organisation_id, what="stamp")
    except Refusal:
        return []
    return [Hit("stamp", place.batch.uid, f"{place.batch.number} · {place.position}")]


def _named(work: Work, kind: _Kind, words: str) -> list[Hit]:
    if not scopes(work.actor, kind.action):
        return []
    rows = kind.page(work, Ask(size=MOST, words=words)).rows
    return [Hit(kind.noun, row.uid, str(getattr(row, kind.name))) for row in rows]
