"""Whole markets: the honest stamps of a world, its copied ones, and the trace lines of both."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from bench.market.attacks import Attack, copied
from bench.market.packs import Events, Kind, Lots, Phones, Stage, crowds, genuine_packs, lives, lots_of
from bench.market.phones import NONE, SOURCES, Seen, seen
from bench.market.places import Ints, Map
from bench.market.worlds import World

START = datetime(2026, 3, 2, tzinfo=UTC)
SCANNED_A_LOT, ATTACKED_A_LOT = 200, 4
_EVENTS = ("scan", "claim", "pin_ok", "pin_wrong")
_ROLES = ("consumer", "staff", "inspector")


@dataclass(frozen=True)
class Market:
    """One world's events, what each stamp went through, and its lot."""

    world: World
    map: Map
    lots: Lots
    seen: Seen
    kind: Ints
    lot: Ints


def honest(world: World, stamps: int, boost: float = 1.0) -> Market:
    """A world of honest stamps, each scanned at least once. `boost` makes the rare kinds more frequent."""
    stage, lot = _stage(world, stamps, part=2, lots=stamps // SCANNED_A_LOT)
    made, rng = stage.customs, stage.rng
    shares = np.array([made.office, made.display, made.link, made.photo]) * boost
    kind = np.searchsorted(np.cumsum(shares), rng.random(stamps), side="right")
    kind = np.where(kind == len(shares), int(Kind.PLAIN), kind + 1)
    stamp = np.arange(stamps)
    packs = genuine_packs(stage, stamp, lot)
    events = Events.joined(lives(stage, packs, sure=True) + crowds(stage, packs, kind))
    return Market(world, stage.map, stage.lots, seen(stage, events), kind, lot)


def attacked(world: World, attack: Attack, stamps: int) -> Market:
    """The same world's stamps under an attack, of many lots."""
    stage, lot = _stage(world, stamps, part=sum(map(ord, attack.name)), lots=stamps // ATTACKED_A_LOT)
    events = copied(stage, attack, np.arange(stamps), lot)
    kind = np.full(stamps, int(Kind.DEFAMED if attack.fakes else Kind.COPIED))
    return Market(world, stage.map, stage.lots, seen(stage, events), kind, lot)


def _stage(world: World, stamps: int, part: int, lots: int) -> tuple[Stage, Ints]:
    chart = world.map()
    count = max(8, lots)
    rng = world.rng(part)
    return Stage(world, chart, lots_of(world, chart, count), rng, Phones()), rng.integers(0, count, stamps)


def lot_lines(market: Market) -> Iterator[dict[str, Any]]:
    """The `lot` lines of a trace."""
    lots = market.lots
    for lot in range(len(lots.activated)):
        towns = lots.towns[lot][lots.towns[lot] >= 0] if lots.planned[lot] else []
        yield {
            "kind": "lot",
            "lot": f"L{lot}",
            "activated_at": moment(lots.activated[lot]),
            "areas": [
                {
                    "lat": round(float(market.map.lat[town]), 4),
                    "lon": round(float(market.map.lon[town]), 4),
                    "radius_km": round(float(lots.radius_km[lot]), 1),
                }
                for town in towns
            ],
            "shelf_life_days": int(lots.life_days[lot]) or None,
            "size": SCANNED_A_LOT * 10,
            "pin": bool(lots.pin[lot]),
        }


def scan_lines(market: Market) -> Iterator[dict[str, Any]]:
    """The `scan` lines of a trace, by time."""
    found, events = market.seen, market.seen.events
    for row in range(len(events)):
        stamp, source, device = int(events.stamp[row]), int(found.source[row]), int(events.device[row])
        known = source != NONE
        yield {
            "kind": "scan",
            "id": row + 1,
            "t": moment(events.t[row]),
            "stamp": f"L{market.lot[stamp]}-{stamp:06d}",
            "lot": f"L{market.lot[stamp]}",
            "event": _EVENTS[events.event[row]],
            "role": _ROLES[events.role[row]],
            "device": f"d{device}" if device != -1 else None,
            "lat": round(float(found.lat[row]), 4) if known else None,
            "lon": round(float(found.lon[row]), 4) if known else None,
            "accuracy_km": round(float(found.km[row]), 2) if known else None,
            "source": SOURCES[source],
        }


def moment(days: float) -> str:
    """A day of the made-up market as RFC 3339."""
    return (START + timedelta(seconds=round(days * 86_400))).isoformat().replace("+00:00", "Z")
