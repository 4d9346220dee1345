"""Where each lot is to be sold and for how long, from the office's rows. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from verifier.clones.evidence import Plan
from verifier.dossier import Row
from verifier.verdict import LOCAL

# A dispatch names a buyer's place; the goods are sold around it.
DISPATCH_KM = 30.0


def of_lots(
    lots: Iterable[Row],
    areas: Iterable[Row],
    dispatches: Iterable[Row],
) -> dict[int, Plan]:
    """The plan of each lot: its planned areas, where it was sent, and its sales life."""
    circles: defaultdict[int, list[tuple[float, float, float]]] = defaultdict(list)
    for row in areas:
        circles[row.lot_id].append((row.lat, row.lon, row.radius_km))
    for row in dispatches:
        if row.lat is not None and row.lon is not None:
            circles[row.lot_id].append((row.lat, row.lon, DISPATCH_KM))
    found = {}
    for lot in lots:
        since = _midnight_s(lot.produced_on)
        life = _midnight_s(lot.expires_on) - since if lot.expires_on is not None else 0
        found[lot.id] = Plan(tuple(circles.get(lot.id, ())), since, max(life, 0))
    return found


def _midnight_s(day: date) -> int:
    return int(datetime.combine(day, datetime.min.time(), LOCAL).timestamp())
