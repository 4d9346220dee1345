"""Choices among many: a field to type a name, number or code into, which needs no script.

Where there are few to choose from they stand in a list. Where there are more, what was typed is looked up: one that
fits is taken, several are shown to choose from, none is told. With script the field offers what fits while one types.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for

from app.auth import may, needs, reading
from app.domain.errors import Refusal, Text
from app.domain.lots import LotState
from app.domain.notices import bare
from app.domain.permissions import Action
from app.domain.products import ProductState
from app.models.lots import Lot
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.units import AdminUnit
from app.services import lots, organisations, products, regions, units, users
from app.services.paging import Ask
from app.services.work import Work
from app.web import uid_of, web
from app.web.forms import Field

FEW, MOST = 20, 8
TAKES_STAMPS = tuple(state for state in LotState if state not in {"CLOSED", "DISPOSED", "RECALLING", "RECALLED"})
Choice = tuple[str, Text]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which choices are wanted: what fits the words, so many, and of which thing where only its own may be chosen."""

    words: str
    most: int = MOST
    of: UUID | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Things to choose from: who may, how some are found by words or one by its key, and what they are called."""

    noun: str
    actions: tuple[Action, ...]
    found: Callable[[Work, Wish], Sequence[Any]]
    one: Callable[[Work, str], Any]
    called: Callable[[Work, Sequence[Any]], list[str]]
    key: Callable[[Any], str] = lambda row: str(row.uid)
    of: UUID | None = None

    @property
    def url(self) -> str:
        """The address that finds more."""
        return url_for("web.choices", noun=self.noun, of=self.of)

    def some(self, words: str, most: int = MOST) -> list[Choice]:
        """What these words may mean."""
        with reading() as work:
            return self._choices(work, self.found(work, Wish(words, most, self.of)))

    def label(self, key: str) -> Text | None:
        """What the thing with exactly this key is called, None where there is none for whoever asks."""
        with reading() as work:
            try:
                return self._choices(work, [self.one(work, key)])[0][1]
            except (ValueError, Refusal):
                return None

    def meant(self, typed: str) -> list[Choice]:
        """What an answer means: one choice where it is clear."""
        known = self.label(typed)
        if known is not None:
            return [(typed, known)]
        # A suggestion that was taken stands as it is, or ends in a code or number, which alone finds it.
        for words in dict.fromkeys((typed, typed.rpartition(" · ")[2])):
            found = self.some(words, MOST + 1)
            exact = [one for one in found if _plain(one[1].vi) == _plain(typed)]
            if exact or found:
                return exact or found
        return []

    def _choices(self, work: Work, rows: Sequence[Any]) -> list[Choice]:
        return [(self.key(row), Text(name, name)) for row, name in zip(rows, self.called(work, rows), strict=True)]


def _fitting(rows: Sequence[Any], wish: Wish, named: Callable[[Any], str]) -> list[Any]:
    """The one with this code, or those whose names hold every word: "che shan" is "Chè Shan"."""
    words = _plain(wish.words)
    exact = [row for row in rows if words and words == _plain(getattr(row, "code", ""))]
    found = exact or [row for row in rows if all(word in _plain(named(row)) for word in words.split())]
    return found[: wish.most]


def _plain(words: str) -> str:
    """Words without their case, marks and the dots between them."""
    return " ".join(bare(words).casefold().replace(" · ", " ").split())


def _lots(work: Work, wish: Wish) -> Sequence[Lot]:
    return lots.page(work, Ask(size=wish.most, words=wish.words)).rows


def _own_lots(*states: LotState) -> Callable[[Work, Wish], Sequence[Lot]]:
    """The lots of one's own in these states, of one product where only its own may be chosen."""

    def found(work: Work, wish: Wish) -> Sequence[Lot]:
        product = products.get(work, wish.of).id if wish.of else None
        return lots.own(work, *states, most=wish.most, words=wish.words, product_id=product)

    return found


def _lots_called(work: Work, rows: Sequence[Lot]) -> list[str]:
    names = products.names(work, (row.product_id for row in rows))
    return [f"{names.get(row.product_id, '')} · {row.lot_no}" for row in rows]


def _products(*states: ProductState) -> Callable[[Work, Wish], Sequence[Product]]:
    return lambda work, wish: _fitting(products.own(work, *states), wish, lambda row: f"{row.name} {row.pack}")


def _products_called(_: Work, rows: Sequence[Product]) -> list[str]:
    return [f"{row.name} · {row.pack}" for row in rows]


def _places(work: Work) -> list[str]:
    return sorted(regions.places(work), key=lambda name: name.rpartition(" ")[2])


def _place(work: Work, key: str) -> str:
    if key not in regions.places(work):
        raise Refusal("not_found", what="place")
    return key


def _communes(work: Work, wish: Wish) -> Sequence[AdminUnit]:
    return _fitting(units.on(work.session, work.today), wish, lambda row: row.name)


def _printer(work: Work, key: str) -> Organisation:
    found = next((row for row in organisations.printers(work) if str(row.uid) == key), None)
    if found is None:
        raise Refusal("not_found", what="print house")
    return found


def _keyed(get: Callable[[Work, UUID], Any]) -> Callable[[Work, str], Any]:
    return lambda work, key: get(work, UUID(key))


def _named(_: Work, rows: Sequence[Any]) -> list[str]:
    return [row.name for row in rows]


LOTS = Source("lot", (Action.READ_LOT,), _lots, _keyed(lots.get), _lots_called)
LIVE_LOTS = Source("live-lot", (Action.ACTIVATE_STAMPS,), _own_lots(*lots.LIVE), _keyed(lots.get), _lots_called)
OPEN_LOTS = Source("open-lot", (Action.PLACE_ORDER,), _own_lots(*TAKES_STAMPS), _keyed(lots.get), _lots_called)
PRODUCTS = Source("product", (Action.EDIT_LOT,), _products(), _keyed(products.get), _products_called)
ACTIVE_PRODUCTS = Source(
    "active-product",
    (Action.PLACE_ORDER,),
    _products(ProductState.ACTIVE),
    _keyed(products.get),
    _products_called,
)
ORGANISATIONS = Source(
    "organisation",
    (Action.READ_ORGANISATION,),
    lambda work, wish: organisations.page(work, Ask(size=wish.most, words=wish.words)).rows,
    _keyed(organisations.get),
    lambda _, rows: [f"{row.name} · {row.code}" for row in rows],
)
PRINTERS = Source(
    "printer",
    (Action.PLACE_ORDER,),
    lambda work, wish: _fitting(organisations.printers(work), wish, lambda row: row.name),
    _printer,
    _named,
)
USERS = Source(
    "user",
    (Action.MANAGE_USERS,),
    lambda work, wish: users.page(work, Ask(size=wish.most, words=wish.words)).rows,
    _keyed(users.get),
    lambda _, rows: [f"{row.name} · {row.email or row.phone or row.uid}" for row in rows],
)
COMMUNES = Source(
    "commune",
    (Action.REGISTER_ORGANISATION, Action.INVITE_STAFF),
    _communes,
    units.present,
    _named,
    lambda row: row.code,
)
PLACES = Source(
    "place",
    (Action.FLAG_STAMPS,),
    lambda work, wish: _fitting(_places(work), wish, str),
    _place,
    lambda _, rows: list(rows),
    str,
)
SOURCES: Mapping[str, Source] = {
    one.noun: one
    for one in (
        LOTS,
        LIVE_LOTS,
        OPEN_LOTS,
        PRODUCTS,
        ACTIVE_PRODUCTS,
        ORGANISATIONS,
        PRINTERS,
        USERS,
        COMMUNES,
        PLACES,
    )
}


def picked(source: Source, name: str, label: Text, *, required: bool = True, hint: Text | None = None) -> Field:
    """The question: a list where there are few, else a field that is looked up."""
    few = source.some("", FEW + 1)
    if len(few) <= FEW:
        return Field(name, label, "select", required=required, options=few, hint=hint)
    return Field(name, label, "pick", required=required, source=source, hint=hint)


@web.get("/choices/<noun>")
@needs(*{action for source in SOURCES.values() for action in source.actions})
def choices(noun: str) -> str:
    """What fits while somebody types. Raises Refusal."""
    source = SOURCES.get(noun)
    if source is None:
        raise Refusal("not_found", what="list")
    if not any(may(action) for action in source.actions):
        raise Refusal("forbidden")
    source = replace(source, of=uid_of(request.args.get("of")))
    return render_template("choices.html", choices=source.some(request.args.get("q", "")[:80]))
