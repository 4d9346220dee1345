"""Customs of a market. Training worlds are drawn from wide ranges; the shifted worlds are named and held out.

The means are assumptions until field data come; the ranges cover what other assumptions would be.
"""

from dataclasses import dataclass, replace

import numpy as np

from bench.market.places import Map, Rng, invented, vietnam


@dataclass(frozen=True)
class Customs:
    """How people buy, scan and are seen. Shares are of scanned packs unless said; distances km; times days.

    `life` stretches the sales life that lots state; `inside`: the share of copied codes that are sold within it.
    """

    scan_rate: float = 0.10
    company: float = 0.0
    buyer: float = 0.9
    again: float = 0.30
    heavy: float = 0.01
    family: float = 0.18
    gift: float = 0.04
    travel: float = 0.02
    other_town: float = 0.07
    browse: float = 0.40
    staff: float = 0.15
    signed_staff: float = 0.03
    office: float = 0.005
    display: float = 0.003
    link: float = 0.002
    photo: float = 0.0005
    claim: float = 0.15
    second_claim: float = 0.01
    pin_lots: float = 0.5
    pin: float = 0.20
    mistyped: float = 0.05
    pin_again: float = 0.10
    returned: float = 0.01
    parcels: float = 0.0
    fresh: float = 0.5
    fresh_days: float = 2.5
    dry_days: float = 25.0
    town_km: float = 7.0
    gps: float = 0.15
    gps_km: float = 0.4
    fixed: float = 0.35
    fixed_km: float = 9.0
    no_place: float = 0.05
    sticky: float = 0.5
    foreign: float = 0.015
    carrier: float = 0.75
    near_carrier: float = 0.6
    new_device: float = 0.15
    no_device: float = 0.03
    planned: float = 0.9
    plan_km: float = 40.0
    no_life: float = 0.1
    life: float = 1.0
    inside: float = 1.0
    invented_map: bool = False
    exponent: float = 1.75


_RANGES: dict[str, tuple[float, float]] = {
    "scan_rate": (0.03, 0.30),
    "buyer": (0.7, 1.0),
    "again": (0.15, 0.45),
    "heavy": (0.005, 0.03),
    "family": (0.10, 0.30),
    "gift": (0.02, 0.10),
    "travel": (0.01, 0.05),
    "other_town": (0.03, 0.15),
    "browse": (0.1, 1.5),
    "staff": (0.05, 0.5),
    "signed_staff": (0.005, 0.1),
    "office": (0.002, 0.02),
    "display": (0.0005, 0.01),
    "link": (0.0003, 0.01),
    "photo": (0.0001, 0.003),
    "claim": (0.03, 0.40),
    "second_claim": (0.003, 0.04),
    "pin": (0.05, 0.50),
    "mistyped": (0.02, 0.10),
    "pin_again": (0.03, 0.20),
    "fresh_days": (1.5, 5.0),
    "dry_days": (10.0, 60.0),
    "town_km": (3.0, 15.0),
    "gps": (0.03, 0.5),
    "gps_km": (0.2, 2.0),
    "fixed": (0.15, 0.5),
    "fixed_km": (4.0, 16.0),
    "foreign": (0.003, 0.05),
    "no_device": (0.005, 0.15),
    "plan_km": (15.0, 120.0),
    "life": (0.7, 4.0),
}
_EVEN: dict[str, tuple[float, float]] = {
    "company": (0.0, 1.0),
    "pin_lots": (0.0, 1.0),
    "fresh": (0.2, 0.8),
    "no_place": (0.0, 0.3),
    "sticky": (0.0, 1.0),
    "carrier": (0.4, 0.95),
    "near_carrier": (0.3, 0.9),
    "new_device": (0.03, 0.40),
    "planned": (0.5, 1.0),
    "no_life": (0.0, 0.3),
    "inside": (0.0, 1.0),
    "exponent": (1.0, 2.5),
}


@dataclass(frozen=True)
class World:
    """A market with a name, its customs and the seed of everything that happens in it."""

    name: str
    seed: int
    customs: Customs

    def rng(self, part: int = 0) -> Rng:
        """Randomness of one part of this world."""
        return np.random.default_rng([self.seed, part])

    def map(self) -> Map:
        """This world's map."""
        made = self.customs
        return invented(self.rng(99), made.exponent) if made.invented_map else vietnam(made.exponent)


# One custom in eight is drawn from a range this much wider at both ends: markets do not keep to what one expects.
_WIDER, _ODD = 2.5, 1 / 8


def drawn(seed: int, odd: float = _ODD) -> World:
    """A training world: every custom drawn from its range, most of them evenly in their logarithm.

    A custom comes from a wider range with the probability `odd`.
    """
    rng = np.random.default_rng([seed, 7])
    values = {}
    for name, (low, high) in _RANGES.items():
        wider = _WIDER if rng.random() < odd else 1.0
        value = float(np.exp(rng.uniform(np.log(low / wider), np.log(high * wider))))
        values[name] = min(value, 0.9) if high <= 1 else value
    values |= {name: float(rng.uniform(low, high)) for name, (low, high) in _EVEN.items()}
    if rng.random() < 0.25:
        values["parcels"] = float(rng.uniform(0.1, 0.9))
    if rng.random() < 0.25:
        values["display"] = 0.0
    if rng.random() < 0.2:
        values["other_town"] = float(rng.uniform(0.15, 0.5))
    made = Customs(**values)
    return World(f"drawn-{seed}", seed, replace(made, invented_map=bool(rng.random() < 0.5)))


_BASE = Customs()
_SHIFTS: dict[str, Customs] = {
    "base": _BASE,
    "display registered": replace(_BASE, display=0.0),
    "parcels": replace(_BASE, parcels=0.85, planned=0.4, browse=0.05, staff=0.05, gift=0.08),
    "hardly any GPS": replace(_BASE, gps=0.02, fixed=0.25, no_place=0.2),
    "lottery": replace(_BASE, scan_rate=0.6, again=0.2, claim=0.35, buyer=1.0, family=0.3),
    "tourists": replace(_BASE, other_town=0.45, travel=0.06, gift=0.10, exponent=1.0),
    "unstable devices": replace(_BASE, new_device=0.6, no_device=0.2),
    "many displays": replace(_BASE, display=0.01, office=0.015),
    "much sharing": replace(_BASE, link=0.006, photo=0.0015),
    "claims and PINs": replace(_BASE, claim=0.35, second_claim=0.03, pin_lots=1.0, pin=0.4),
    "few claims": replace(_BASE, claim=0.04, pin_lots=0.0),
    "other map": replace(_BASE, invented_map=True, plan_km=80.0, gps=0.25),
    "busy shops": replace(_BASE, scan_rate=0.2, browse=0.9, staff=0.35),
}


def shifted(seed: int = 20_261) -> tuple[World, ...]:
    """The held-out worlds, by name; nothing is fitted on them."""
    return tuple(World(name, seed + 1000 * place, customs) for place, (name, customs) in enumerate(_SHIFTS.items()))
