"""Where each lot is to be sold and what offices have noted of single stamps, from their rows. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum

from verifier.clones.evidence import Plan
from verifier.dossier import Row
from verifier.verdict import LOCAL, NO_NOTE, StampNote

# A dispatch names a buyer's place; the goods are sold around it.
DISPATCH_KM = 30.0


class NoteKind(StrEnum):
    """What an office can put on record of one stamp."""

    DISPLAY = "DISPLAY"
    EXPOSED = "EXPOSED"
    COPIED = "COPIED"
    CLEARED = "CLEARED"


def of_lots(
    lots: Iterable[Row],
    products: Mapping[int, Row],
    areas: Iterable[Row],
    dispatches: Iterable[Row],
    sellers: Iterable[Row],
) -> dict[int, Plan]:
    """The plan of each lot: its planned areas, where it was sent, and its producer's known sellers.

    A lot with no area and no dispatch has no plan in space: known sellers alone would make every other shop odd.
    """
    circles: defaultdict[int, list[tuple[float, float, float]]] = defaultdict(list)
    for row in areas:
        circles[row.lot_id].append((row.lat, row.lon, row.radius_km))
    for row in dispatches:
        if row.lat is not None and row.lon is not None:
            circles[row.lot_id].append((row.lat, row.lon, DISPATCH_KM))
    known: defaultdict[int, list[tuple[float, float, float]]] = defaultdict(list)
    for row in sellers:
        if row.ended_at is None:
            known[row.organisation_id].append((row.lat, row.lon, row.radius_km))
    found = {}
    for lot in lots:
        own = circles.get(lot.id, [])
        if own:
            own = own + known.get(products[lot.product_id].organisation_id, [])
        since = _midnight_s(lot.produced_on)
        life = _midnight_s(lot.expires_on) - since if lot.expires_on is not None else 0
        found[lot.id] = Plan(tuple(own), since, max(life, 0))
    return found


def notes(rows: Iterable[Row]) -> dict[int, StampNote]:
    """What is on record of each stamp."""
    found: dict[int, StampNote] = {}
    for row in rows:
        found[row.stamp] = _noted(found.get(row.stamp, NO_NOTE), row)
    return found


def _noted(note: StampNote, row: Row) -> StampNote:
    match NoteKind(row.kind):
        case NoteKind.DISPLAY:
            return replace(note, display=True)
        case NoteKind.EXPOSED:
            return replace(note, exposed=True)
        case NoteKind.COPIED:
            return replace(note, copied=True)
        case NoteKind.CLEARED:
            weight = max(row.weight or 0, note.cleared_weight or 0)
            return replace(note, cleared_weight=weight, cleared_on=row.noted_on)


def _midnight_s(day: date) -> int:
    return int(datetime.combine(day, datetime.min.time(), LOCAL).timestamp())
