"""Where each lot is to be sold and for how long, from the office's rows. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache

from verifier.clones.evidence import Plan
from verifier.dossier import Row
from verifier.verdict import LOCAL

# A dispatch names a buyer's place; the goods are sold around it.
DISPATCH_KM = 30.0
_NOBODYS: Mapping[int, int] = {}


def of_lots(
    lots: Iterable[Row],
    areas: Iterable[Row],
    dispatches: Iterable[Row],
    sellers: Iterable[Row] = (),
    owners: Mapping[int, int] = _NOBODYS,
) -> dict[int, Plan]:
    """The plan of each lot: its planned areas, where it was sent, its known sellers, and its sales life.

    `owners` says whose each product is. Known shops widen a plan and make none: who registers one shop says nothing of
    the others. Goods of whoever is known to sell online go anywhere, so their lots have no area.
    """
    circles: defaultdict[int, list[tuple[float, float, float]]] = defaultdict(list)
    for row in areas:
        circles[row.lot_id].append((row.lat, row.lon, row.radius_km))
    for row in dispatches:
        if row.lat is not None and row.lon is not None:
            circles[row.lot_id].append((row.lat, row.lon, DISPATCH_KM))
    shops: defaultdict[int, list[tuple[float, float, float]]] = defaultdict(list)
    anywhere = set()
    for row in sellers:
        if row.kind == "online":
            anywhere.add(row.organisation_id)
        elif row.lat is not None and row.lon is not None:
            shops[row.organisation_id].append((row.lat, row.lon, row.radius_km))
    found = {}
    for lot in lots:
        owner = owners.get(lot.product_id, 0)
        own = circles.get(lot.id, [])
        areas = () if owner in anywhere or not own else (*own, *shops.get(owner, ()))
        since = _midnight_s(lot.produced_on)
        life = _midnight_s(lot.expires_on) - since if lot.expires_on is not None else 0
        found[lot.id] = Plan(areas, since, max(life, 0))
    return found


@lru_cache(maxsize=4096)
def _midnight_s(day: date) -> int:
    return int(datetime.combine(day, datetime.min.time(), LOCAL).timestamp())
