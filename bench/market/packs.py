"""The life of packs: shelves, browsers, buyers, families, gifts, claims; and what happens to one in a thousand.

Everything is drawn for many packs at once. A stamp may be on several packs: that is what a copy is.
"""

from dataclasses import dataclass, fields, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from bench.market.places import Floats, Ints, Map, Rng, scatter
from bench.market.worlds import Customs, World

NO_PIN, RIGHT_PIN, WRONG_PIN = 0, 1, 2
NDArrayBool = NDArray[np.bool_]
NDArrayKind = NDArray[np.int64]
CONSUMER, STAFF, INSPECTOR = 0, 1, 2
SCAN, CLAIM, PIN_OK, PIN_WRONG = 0, 1, 2, 3
OUTDOORS, HOME = 0, 1
_MINUTE = 1 / 1440


class Kind(IntEnum):
    """What a stamp went through."""

    PLAIN = 0
    OFFICE = 1
    DISPLAY = 2
    LINK = 3
    PHOTO = 4
    COPIED = 5
    DEFAMED = 6


@dataclass(frozen=True)
class Lots:
    """The lots of a world: origins, plans, days of activation, sales lives. `towns` holds up to three, -1 for none."""

    origin_lat: Floats
    origin_lon: Floats
    towns: Ints
    radius_km: Floats
    planned: NDArrayBool
    activated: Floats
    shelf_days: Floats
    life_days: Floats
    pin: NDArrayBool


@dataclass(frozen=True)
class Events:
    """What happened, one row an event, in no order. `t` in days; `device` -1 where none is known."""

    stamp: Ints
    t: Floats
    device: Ints
    lat: Floats
    lon: Floats
    event: Ints
    role: Ints
    where: Ints
    clone: Ints

    def __len__(self) -> int:
        return len(self.t)

    def part(self, rows: Ints | NDArrayBool) -> "Events":
        """Some of the rows."""
        return Events(*(getattr(self, field.name)[rows] for field in fields(self)))

    @staticmethod
    def joined(parts: "list[Events]") -> "Events":
        """All rows of all parts."""
        return Events(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Events)))


@dataclass(frozen=True)
class Packs:
    """Packs on sale: their stamps, lots, shops, days on the shelf, and which scratch code they carry."""

    stamp: Ints
    lot: Ints
    town: Ints
    lat: Floats
    lon: Floats
    shop: Ints
    arrives: Floats
    sold: Floats
    pin: Ints
    clone: Ints

    def __len__(self) -> int:
        return len(self.stamp)

    def part(self, rows: Ints | NDArrayBool) -> "Packs":
        """Some of the packs."""
        return Packs(*(getattr(self, field.name)[rows] for field in fields(self)))


class Phones:
    """Fresh device numbers."""

    def __init__(self) -> None:
        self._next = 1_000_000

    def fresh(self, size: int) -> Ints:
        """So many devices nobody has seen."""
        self._next += size
        return np.arange(self._next - size, self._next)


@dataclass(frozen=True)
class Stage:
    """Where things happen: the world, its map, its lots, randomness and phones."""

    world: World
    map: Map
    lots: Lots
    rng: Rng
    phones: Phones

    @property
    def customs(self) -> Customs:
        """The customs of the world."""
        return self.world.customs


def lots_of(world: World, chart: Map, count: int) -> Lots:
    """The lots of a world."""
    rng, made = world.rng(1), world.customs
    origin = chart.pick(rng, count) if made.invented_map else np.full(count, int(np.argmin(chart.weight)))
    lat, lon = scatter(rng, chart.lat[origin], chart.lon[origin], 20.0)
    many = rng.integers(1, 4, count)
    towns = np.stack([chart.travel(rng, origin) for _ in range(3)], axis=1)
    towns[np.arange(3)[None, :] >= many[:, None]] = -1
    fresh = rng.random(count) < made.fresh
    shelf = np.where(fresh, made.fresh_days, made.dry_days) * np.exp(rng.normal(0, 0.2, count))
    life = made.life * np.where(fresh, shelf * rng.uniform(2.5, 6, count), shelf * rng.uniform(4, 12, count))
    return Lots(
        origin_lat=lat,
        origin_lon=lon,
        towns=towns,
        radius_km=made.plan_km * np.exp(rng.normal(0, 0.3, count)),
        planned=rng.random(count) < made.planned,
        activated=rng.uniform(0, 60, count),
        shelf_days=shelf,
        life_days=np.where(rng.random(count) < made.no_life, 0.0, np.maximum(np.round(life), 3.0)),
        pin=rng.random(count) < made.pin_lots,
    )


def shops(stage: Stage, lot: Ints, town: Ints, spread: Ints) -> tuple[Ints, Floats, Floats]:
    """A shop for each pack: its number and place. `spread`: how many shops the packs of a lot share in a town."""
    number = (lot * 1000 + town) * 1000 + (stage.rng.random(len(lot)) * spread).astype(np.int64)
    names, mine = np.unique(number, return_inverse=True)
    home = (names // 1000) % 1000
    rng = np.random.default_rng([stage.world.seed, 11, len(names)])
    lat, lon = scatter(rng, stage.map.lat[home], stage.map.lon[home], stage.customs.town_km)
    return number, lat[mine], lon[mine]


def genuine_packs(stage: Stage, stamp: Ints, lot: Ints) -> Packs:
    """Each stamp on its one pack."""
    rng, lots, size = stage.rng, stage.lots, len(stamp)
    many = (lots.towns[lot] >= 0).sum(axis=1)
    town = lots.towns[lot, (rng.random(size) * many).astype(np.int64)]
    parcel = rng.random(size) < stage.customs.parcels
    town = np.where(parcel, stage.map.pick(rng, size), town)
    shop, lat, lon = shops(stage, lot, town, rng.integers(2, 12, size))
    arrives = lots.activated[lot] + rng.uniform(0.3, 4, size)
    shelf = rng.exponential(lots.shelf_days[lot]) * np.where(rng.random(size) < 0.03, 3, 1)
    sold = arrives + np.where(parcel, rng.uniform(0.2, 1, size), shelf)
    return Packs(stamp, lot, town, lat, lon, shop, arrives, sold, lots.pin[lot].astype(np.int64), np.zeros_like(stamp))


def _rows(  # noqa: PLR0913, PLR0917  one column each
    packs: Packs,
    which: Ints,
    t: Floats,
    device: Ints,
    lat: Floats,
    lon: Floats,
    where: int,
    event: int = SCAN,
    role: int = CONSUMER,
) -> Events:
    def same(value: int) -> Ints:
        return np.full(len(which), value, dtype=np.int64)

    clone = packs.clone[which]
    return Events(packs.stamp[which], t, device, lat, lon, same(event), same(role), same(where), clone)


def company(made: Customs, packs: Packs) -> Floats:
    """How much company each pack has, beside a genuine one's."""
    return np.where(packs.clone == 1, made.company, 1.0)


def _chosen(rng: Rng, size: int, share: float) -> Ints:
    return np.flatnonzero(rng.random(size) < share)


def lives(stage: Stage, packs: Packs, *, sure: bool) -> list[Events]:
    """What browsers, staff, buyers and their families do. `sure`: a pack with no browser is scanned by its buyer.

    Copies are sold where fewer people browse and ask: their company is scaled by `company`.
    """
    rng, made, size = stage.rng, stage.customs, len(packs)
    found: list[Events] = []
    browsers = np.repeat(
        np.arange(size), rng.poisson(made.browse * company(made, packs) * (packs.sold - packs.arrives > 0.5), size)
    )
    when = packs.arrives[browsers] + rng.random(len(browsers)) * (packs.sold - packs.arrives)[browsers]
    looks = (packs.lat[browsers], packs.lon[browsers], OUTDOORS)
    found.append(_rows(packs, browsers, when, stage.phones.fresh(len(browsers)), *looks))
    found += _staff(stage, packs)
    seen = np.zeros(size, dtype=bool)
    seen[browsers] = True
    buys = (rng.random(size) < made.buyer) | (~seen & sure)
    found += _household(stage, packs.part(buys))
    back = packs.part(np.flatnonzero(buys & (rng.random(size) < made.returned)))
    if len(back):
        found += _household(stage, replace(back, sold=back.sold + rng.exponential(6, len(back))))
    return found


def _staff(stage: Stage, packs: Packs) -> list[Events]:
    rng, made, size, lots = stage.rng, stage.customs, len(packs), stage.lots
    own = np.flatnonzero(rng.random(size) < made.staff / 2 * (packs.clone == 0))
    lot = packs.lot[own]
    leaves = np.maximum(packs.arrives[own] - lots.activated[lot], 0.1)
    origin = _rows(
        packs,
        own,
        lots.activated[lot] + rng.random(len(own)) * leaves * 0.6,
        10_000 + lot * 3 + rng.integers(0, 3, len(own)),
        lots.origin_lat[lot],
        lots.origin_lon[lot],
        OUTDOORS,
    )
    shop = np.flatnonzero(rng.random(size) < made.staff / 2 * company(made, packs))
    device = -2 - (packs.shop[shop] * 3 + rng.integers(0, 3, len(shop)))
    early = packs.arrives[shop] + rng.random(len(shop)) * np.minimum(packs.sold - packs.arrives, 1.0)[shop]
    signed = np.flatnonzero(rng.random(size) < made.signed_staff * (packs.clone == 0))
    later = packs.arrives[signed] + rng.random(len(signed)) * np.minimum(packs.sold - packs.arrives, 1.0)[signed]
    role = STAFF if rng.random() < 0.8 else INSPECTOR
    return [
        origin,
        _rows(packs, shop, early, device, packs.lat[shop], packs.lon[shop], OUTDOORS),
        _rows(
            packs, signed, later, -3 - packs.shop[signed] * 3, packs.lat[signed], packs.lon[signed], OUTDOORS, role=role
        ),
    ]


def _repeats(rng: Rng, size: int, again: float, heavy: float) -> Ints:
    """How many more times each looks."""
    more = rng.geometric(1 - again, size) - 1
    return np.where(rng.random(size) < heavy, rng.integers(4, 12, size), more)


def _household(stage: Stage, packs: Packs) -> list[Events]:
    """The buyer and whoever lives with them or gets the pack as a present."""
    rng, made, chart, size = stage.rng, stage.customs, stage.map, len(packs)
    away = rng.random(size) < made.other_town
    town = np.where(away, chart.travel(rng, packs.town), packs.town)
    far_lat, far_lon = scatter(rng, chart.lat[town], chart.lon[town], made.town_km)
    near_lat, near_lon = scatter(rng, packs.lat, packs.lon, made.town_km * 0.7)
    lat, lon = np.where(away, far_lat, near_lat), np.where(away, far_lon, near_lon)
    at_shop = rng.random(size) < 0.45
    first = np.where(at_shop, packs.sold - rng.random(size) * 0.01, packs.sold + 0.1 + rng.exponential(1.5, size))
    phone, every = stage.phones.fresh(size), np.arange(size)
    first_lat, first_lon = np.where(at_shop, packs.lat, lat), np.where(at_shop, packs.lon, lon)
    found = [_rows(packs, every, first, phone, first_lat, first_lon, HOME)]
    home = Homes(town, lat, lon, first, phone, first_lat, first_lon)
    found.append(_looks_again(stage, packs, home))
    found += _claims(stage, packs, home)
    found += _family(stage, packs, home)
    return found


@dataclass(frozen=True)
class Homes:
    """Where a pack's buyer lives, when they scanned first, and with what."""

    town: Ints
    lat: Floats
    lon: Floats
    first: Floats
    phone: Ints
    first_lat: Floats
    first_lon: Floats


def _looks_again(stage: Stage, packs: Packs, home: Homes) -> Events:
    rng, made, chart = stage.rng, stage.customs, stage.map
    again = np.repeat(np.arange(len(packs)), _repeats(rng, len(packs), made.again, made.heavy))
    when = home.first[again] + 0.02 + rng.exponential(rng.uniform(1, 6), len(again))
    travels = rng.random(len(again)) < made.travel / max(made.again, 0.1)
    town = np.where(travels, chart.travel(rng, home.town[again]), 0)
    lat = np.where(travels, chart.lat[town], home.lat[again])
    lon = np.where(travels, chart.lon[town], home.lon[again])
    device = home.phone[again].copy()
    lost = rng.random(len(again)) < made.new_device
    device[lost] = stage.phones.fresh(int(lost.sum()))
    return _rows(packs, again, when, device, lat, lon, HOME)


def _claims(stage: Stage, packs: Packs, home: Homes) -> list[Events]:
    rng, made = stage.rng, stage.customs
    own = _chosen(rng, len(packs), made.claim)
    second = _chosen(rng, len(packs), made.second_claim)
    spouse = stage.phones.fresh(len(second))
    late = home.first[second] + rng.exponential(1, len(second))
    pins = np.flatnonzero((rng.random(len(packs)) < made.pin) & (packs.pin != NO_PIN))
    wrong = pins[(packs.pin[pins] == WRONG_PIN) | (rng.random(len(pins)) < made.mistyped)]
    right = pins[packs.pin[pins] == RIGHT_PIN]
    again = right[rng.random(len(right)) < made.pin_again]
    other = stage.phones.fresh(len(again))
    minute = _MINUTE * (1 + rng.random(3))

    def at_once(which: Ints, after: float, event: int) -> Events:
        place = home.first_lat[which], home.first_lon[which]
        return _rows(packs, which, home.first[which] + after, home.phone[which], *place, HOME, event)

    return [
        at_once(own, minute[0], CLAIM),
        _rows(packs, second, late, spouse, home.lat[second], home.lon[second], HOME),
        _rows(packs, second, late + minute[0], spouse, home.lat[second], home.lon[second], HOME, CLAIM),
        at_once(wrong, minute[1], PIN_WRONG),
        at_once(right, 2 * minute[1], PIN_OK),
        _rows(packs, again, home.first[again] + 0.1, other, home.lat[again], home.lon[again], HOME),
        _rows(packs, again, home.first[again] + 0.1 + minute[2], other, home.lat[again], home.lon[again], HOME, PIN_OK),
    ]


def _family(stage: Stage, packs: Packs, home: Homes) -> list[Events]:
    rng, made, chart = stage.rng, stage.customs, stage.map
    kin = np.flatnonzero(rng.random(len(packs)) < made.family * company(made, packs))
    kin = np.repeat(kin, rng.integers(1, 4, len(kin)))
    when = home.first[kin] + rng.exponential(1.5, len(kin))
    gift = np.flatnonzero(rng.random(len(packs)) < made.gift * company(made, packs))
    town = chart.travel(rng, home.town[gift])
    lat, lon = scatter(rng, chart.lat[town], chart.lon[town], made.town_km)
    gets = home.first[gift] + rng.uniform(0.5, 5, len(gift))
    phone = stage.phones.fresh(len(gift))
    thanks = np.flatnonzero(rng.random(len(gift)) < made.claim * 0.3)
    more = np.flatnonzero(rng.random(len(gift)) < made.again)
    late = gets[more] + rng.exponential(3, len(more))
    return [
        _rows(packs, kin, when, stage.phones.fresh(len(kin)), home.lat[kin], home.lon[kin], HOME),
        _rows(packs, gift, gets, phone, lat, lon, HOME),
        _rows(packs, gift[thanks], gets[thanks] + _MINUTE, phone[thanks], lat[thanks], lon[thanks], HOME, CLAIM),
        _rows(packs, gift[more], late, phone[more], lat[more], lon[more], HOME),
    ]


def crowds(stage: Stage, packs: Packs, kind: NDArrayKind) -> list[Events]:
    """Offices, display units, forwarded links and public photos: many phones on one honest pack."""
    rng, chart = stage.rng, stage.map
    found = []
    for crowd, low, high in ((Kind.OFFICE, 4, 13), (Kind.DISPLAY, 10, 61), (Kind.LINK, 2, 11), (Kind.PHOTO, 5, 151)):
        mine = np.flatnonzero(kind == crowd)
        which = np.repeat(mine, rng.integers(low, high, len(mine)))
        lasts = {Kind.OFFICE: 0.3, Kind.DISPLAY: 0.0, Kind.LINK: 3.0, Kind.PHOTO: 0.0}[crowd]
        days = np.zeros(len(kind))
        days[mine] = rng.uniform(6, 30, len(mine)) if crowd is Kind.DISPLAY else rng.uniform(20, 60, len(mine))
        begins = packs.arrives if crowd is Kind.DISPLAY else packs.sold + 0.2
        spread = rng.exponential(lasts, len(which)) if lasts else rng.random(len(which)) * days[which]
        if crowd is Kind.OFFICE:
            day = np.zeros(len(kind))
            day[mine] = rng.exponential(3, len(mine))
            spread = day[which] + rng.random(len(which)) * 0.35
        lat, lon = packs.lat[which], packs.lon[which]
        if crowd in {Kind.LINK, Kind.PHOTO}:
            town = chart.pick(rng, len(which))
            lat, lon = scatter(rng, chart.lat[town], chart.lon[town], stage.customs.town_km)
        where = OUTDOORS if crowd is Kind.DISPLAY else HOME
        phones = stage.phones.fresh(len(which))
        found.append(_rows(packs, which, begins[which] + spread, phones, lat, lon, where))
    return found
