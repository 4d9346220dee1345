"""Counterfeiters: copies of one code on many packs, of many codes on a few, from public photos; refills; defamation."""

from dataclasses import dataclass, replace

import numpy as np

from bench.market.packs import (
    CLAIM,
    HOME,
    NO_PIN,
    RIGHT_PIN,
    WRONG_PIN,
    Events,
    Kind,
    Packs,
    Stage,
    crowds,
    genuine_packs,
    lives,
    shops,
)
from bench.market.places import Ints, scatter


@dataclass(frozen=True)
class Attack:
    """A way to copy: `copies` packs a code, in so many `cities`; `local` in the genuine item's own town.

    `stale`: sold after the sales life; else mostly within it (`Customs.inside`).
    """

    name: str
    copies: int
    local: bool = False
    stale: bool = False
    photo: bool = False
    refill: bool = False
    fakes: int = 0
    cities: int = 3


ATTACKS = (
    Attack("A1 k=1000", 1000),
    Attack("A1 k=200", 200),
    Attack("A1 k=50", 50),
    Attack("A1 naive k=50", 50, stale=True),
    Attack("A1L k=200", 200, local=True),
    Attack("A1L k=50", 50, local=True),
    Attack("A2 k=10", 10),
    Attack("A5 refill", 1, refill=True),
    Attack("A6 photo k=50", 50, photo=True),
    Attack("A7 8 fakes", 0, fakes=8),
    Attack("A7 100 fakes", 0, fakes=100),
)


def copied(stage: Stage, attack: Attack, stamp: Ints, lot: Ints) -> Events:
    """The whole life of stamps under one attack, the genuine pack's included."""
    own = genuine_packs(stage, stamp, lot)
    scanned = stage.rng.random(len(stamp)) < (1.0 if attack.fakes else stage.customs.scan_rate)
    parts = lives(stage, own.part(np.flatnonzero(scanned)), sure=True)
    if attack.photo:
        parts += crowds(stage, own, np.full(len(stamp), int(Kind.PHOTO)))
    if attack.fakes:
        parts.append(_fakes(stage, attack, own))
    else:
        parts += lives(stage, _clones(stage, attack, own), sure=True)
    return Events.joined(parts)


def _clones(stage: Stage, attack: Attack, own: Packs) -> Packs:
    """The copies that somebody scans: where, when, and what is under their scratch layer."""
    rng, chart, size = stage.rng, stage.map, len(own)
    which = np.repeat(np.arange(size), rng.binomial(attack.copies, stage.customs.scan_rate, size))
    towns = np.stack([chart.pick(rng, size) for _ in range(attack.cities)], axis=1)
    mixed = rng.random(size) < 0.4
    towns[mixed, 0] = own.town[mixed]
    if attack.local or attack.refill:
        towns[:] = own.town[:, None]
    town = towns[which, rng.integers(0, attack.cities, len(which))]
    life = stage.lots.shelf_days[own.lot]
    span = rng.uniform(8, 60, size)
    begins = own.arrives + rng.uniform(1, 10, size)
    sales_life = np.maximum(stage.lots.life_days[own.lot], 3 * life)
    ends = np.full(size, np.inf)
    if attack.stale:
        begins = stage.lots.activated[own.lot] + sales_life * rng.uniform(1, 2, size)
    elif attack.refill:
        begins, span = own.sold + rng.uniform(10, 60, size), np.full(size, 5.0)
    else:
        span = np.minimum(span, np.maximum(life * 3, 8.0))
        inside = rng.random(size) < stage.customs.inside
        ends[inside] = (stage.lots.activated[own.lot] + sales_life)[inside]
        begins = np.minimum(begins, np.maximum(ends - sales_life / 2, own.arrives))
        span = np.minimum(span, np.maximum(ends - begins, 1.0))
    arrives = begins[which] + rng.random(len(which)) * span[which]
    lot = own.lot[which]
    spread = np.full(len(which), max(2, attack.copies // 12))
    shop, lat, lon = shops(stage, lot + 500_000, town, spread)
    sold = np.minimum(arrives + rng.exponential(np.minimum(life[which], 6.0)), np.maximum(ends[which], arrives + 0.1))
    pins = np.array([NO_PIN, RIGHT_PIN, WRONG_PIN])[rng.choice(3, size, p=[0.3, 0.4, 0.3])]
    pin = np.where(stage.lots.pin[lot], pins[which], NO_PIN)
    return Packs(own.stamp[which], lot, town, lat, lon, shop, arrives, sold, pin, np.ones_like(which))


def _fakes(stage: Stage, attack: Attack, own: Packs) -> Events:
    """A rival scans one honest pack again and again from invented phones and places, sometimes with false claims."""
    rng, chart = stage.rng, stage.map
    which = np.repeat(np.arange(len(own)), attack.fakes)
    town = chart.pick(rng, len(which))
    lat, lon = scatter(rng, chart.lat[town], chart.lon[town], stage.customs.town_km)
    days = rng.choice([0.1, 3.0, 20.0], len(own))
    t = own.arrives[which] + rng.random(len(which)) * days[which]
    phones = stage.phones.fresh(len(which))
    row = np.zeros_like(which)
    scans = Events(own.stamp[which], t, phones, lat, lon, row, row, row + HOME, row + 1)
    claims = scans.part(rng.random(len(which)) < 0.1)
    return Events.joined([scans, replace(claims, t=claims.t + 0.001, event=claims.event + CLAIM)])
