"""What the detector remembers of one stamp: small counters and three places, 26 bytes, updated by each sign in O(1).

A *sign* is an event of one stamp: a scan, a claim, a scratch code, or the place of an earlier scan. A *voice* is a sign
that may speak against a stamp: the first scan of a credible device, its first claim, a right scratch code. Repeats of a
known device are remembered and never speak ("one device, one voice"). Signed-in staff and inspectors tell where the
genuine pack is; they are no voices.

The counters are whole numbers, so that a replay in the recorded order gives the same bytes.
"""

import struct
from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from math import inf
from typing import Any, NamedTuple

from verifier.clones.distance import Known, roughly_km

PLACES = 3
FAR_KM = 60.0
OFF_PLAN_KM = 40.0
HUB_KM = 300.0  # further off than the hubs of mobile networks usually put a phone
ABROAD_KM = 1800.0  # nearer to a proxy in another country than to a buyer
ASIDE_KM = 2.0
_HOUR_S = 3600
_DAY_H, _LONG_H = 24, 120
_DEGREE = 100  # hundredths of a degree, about a kilometre
_U8, _U16 = 0xFF, 0xFFFF


Places = tuple[tuple[int, int, int], ...]


class SignKind(IntEnum):
    """What happened."""

    SCAN = 0
    CLAIM = 1
    PIN_OK = 2
    PIN_WRONG = 3
    PLACE = 4


class Plan(NamedTuple):
    """Where a lot is to be sold (circles: degrees and km), since when (seconds), and its sales life (0: unknown)."""

    areas: tuple[tuple[float, float, float], ...] = ()
    since_s: int = 0
    life_s: int = 0

    def off_km(self, lat: float, lon: float) -> float:
        """How far a place is outside the plan."""
        least = inf
        for area in self.areas:
            off = roughly_km(lat, lon, area[0], area[1]) - area[2]
            least = min(least, off)
        return least


NO_PLAN = Plan()


class Sign(NamedTuple):
    """One event at `at_s` of a stamp first scanned at `begun_s`.

    `new`: no earlier sign of this kind came from this device (`device` 0: nobody in particular); `again`: its second.
    `vouched` marks signed-in staff and inspectors; `credible` is False for devices and networks that do not behave like
    buyers; `torn`: nobody can have carried a pack from the last scan to this one.
    """

    kind: SignKind
    at_s: int
    begun_s: int
    device: int = 0
    new: bool = True
    again: bool = False
    lat: float = 0.0
    lon: float = 0.0
    km: float = 0.0
    known: Known = Known.NOT
    vouched: bool = False
    credible: bool = True
    torn: bool = False


class Evidence(NamedTuple):
    """The counters; each stops at its largest value. `places` are (lat, lon, marks), hundredths of a degree.

    `placed`: voices whose place is well known; `same`/`aside`: exactly known, at a known place or beside it; `last_h`:
    hours from the first scan to the last voice; `days` and `weeks`: voices a day, or five, after the last;
    `after_claim`: the like once somebody had claimed; `towns`: voices far from every known place; `switches`: voices at
    another known place than the voice before, which one pack that moves on hardly causes; `off_plan`: outside the
    lot's plan; `hubs`: roughly known and very far; `old`/`stale`: past half, or all, of the sales life; `owners`:
    devices that came back; `last_place`: the place of the last placed voice.
    """

    voices: int = 0
    days: int = 0
    placed: int = 0
    same: int = 0
    aside: int = 0
    last_h: int = 0
    weeks: int = 0
    after_claim: int = 0
    towns: int = 0
    switches: int = 0
    off_plan: int = 0
    hubs: int = 0
    old: int = 0
    stale: int = 0
    owners: int = 0
    claims: int = 0
    far_claims: int = 0
    wrong_pins: int = 0
    pins: int = 0
    far_pins: int = 0
    torn: int = 0
    planned: int = 0
    last_place: int = 0
    places: tuple[tuple[int, int, int], ...] = ()

    def pack(self) -> bytes:
        """The evidence in SIZE bytes."""
        return _packed(self)

    @staticmethod
    def unpack(packed: bytes, start: int = 0) -> "Evidence":
        """The evidence that was packed at `start`."""
        return _unpacked(packed[start : start + SIZE])


# Most stamps ever seen share a few thousand histories, so most are packed and unpacked already.
@lru_cache(maxsize=16_384)
def _packed(e: Evidence) -> bytes:
    where = [*e.places, *((0, 0, 0),) * PLACES][:PLACES]
    bits = len(e.places)
    counters: tuple[Any, ...] = e[_SMALL:-1]
    for value, width in zip(counters, _WIDTHS, strict=True):
        bits = bits << width | int(value)
    for _, _, marks in where:
        bits = bits << 2 | marks
    coordinates = [part for lat, lon, _ in where for part in (lat, lon)]
    return _PACK.pack(*e[:_SMALL], bits.to_bytes(_FLAGS, "little"), *coordinates)


@lru_cache(maxsize=16_384)
def _unpacked(packed: bytes) -> Evidence:
    found = _PACK.unpack(packed)
    bits, where = int.from_bytes(found[_SMALL], "little"), found[_SMALL + 1 :]
    marks = [bits >> 4 & 3, bits >> 2 & 3, bits & 3]
    bits >>= 6
    small: list[int] = []
    for width in reversed(_WIDTHS):
        small.append(bits & (1 << width) - 1)
        bits >>= width
    places = tuple((where[2 * n], where[2 * n + 1], marks[n]) for n in range(min(bits, PLACES)))
    return Evidence._make((*found[:_SMALL], *reversed(small), places))


_SMALL, _FLAGS = 6, 7  # the first counters are bytes and a word, the others bits of seven bytes
_WIDTHS = (3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 1, 2)
_MOST = 7
_PACK = struct.Struct(f"<BBBBBH{_FLAGS}s6h")
SIZE = _PACK.size
NO_EVIDENCE = Evidence()
_NEW = tuple.__new__
CLAIMED_HERE, PIN_HERE = 1, 2
_VOICES, _DAYS, _PLACED, _SAME, _ASIDE, _LAST_H, _WEEKS, _AFTER_CLAIM, _TOWNS, _SWITCHES, _OFF_PLAN, _HUBS = range(12)
_OLD, _STALE, _OWNERS, _CLAIMS, _PINS, _TORN, _PLANNED, _LAST_PLACE, _PLACES = map(
    Evidence._fields.index,
    ("old", "stale", "owners", "claims", "pins", "torn", "planned", "last_place", "places"),
)
# Members of an enumeration are looked up slowly, and every scan asks for these.
_SCAN, _NOT, _ROUGHLY, _EXACTLY = SignKind.SCAN, Known.NOT, Known.ROUGHLY, Known.EXACTLY


def updated(e: Evidence, sign: Sign, plan: Plan = NO_PLAN) -> tuple[Evidence, bool]:
    """The evidence after one more sign, and whether the sign spoke. Signs come in the order they were recorded in."""
    if sign.vouched:
        return _visited(e, sign), False
    if sign.kind is _SCAN:
        if sign.new:
            return _heard(e, sign, plan)
        return (came_back(e) if sign.again else e), False
    if not sign.credible or not sign.new:
        return e, False
    return _spoken(e, sign, plan), True


def came_back(e: Evidence) -> Evidence:
    """The evidence after a device scanned for the second time."""
    return e._replace(owners=e.owners + 1) if e.owners < _MOST else e


def _spoken(e: Evidence, sign: Sign, plan: Plan) -> Evidence:
    """A voice that is no scan: a place, a wrong scratch code, a claim or a right code."""
    if sign.kind is SignKind.PLACE:
        v = list(e)
        _placed(v, sign.lat, sign.lon, sign.km, sign.known, plan)
        return Evidence._make(v)
    if sign.kind is SignKind.PIN_WRONG:
        return e._replace(wrong_pins=min(e.wrong_pins + 1, 3))
    return _owned(e, sign)


def _heard(e: Evidence, sign: Sign, plan: Plan) -> tuple[Evidence, bool]:
    """A scan by a device that is new to the stamp."""
    _, at_s, begun_s, device, _, _, lat, lon, km, known, _, credible, torn = sign
    if not credible:
        return e, False
    after_s = at_s - begun_s
    last_h = min(after_s // _HOUR_S, _U16) if after_s > 0 else 0
    v: list[Any] = list(e)
    voices, before_h = v[_VOICES], v[_LAST_H]
    gap_h = last_h - before_h
    town = known is not _NOT and _placed(v, lat, lon, km, known, plan)
    if voices and not device and gap_h < _DAY_H and not town:
        return e, False  # nobody in particular, soon after somebody: as well a repeat
    v[_VOICES] = min(voices + 1, _U8)
    if not voices or gap_h >= _DAY_H:
        _add(v, _DAYS, _U8)
        if gap_h >= _LONG_H:
            _add(v, _WEEKS)
        if v[_CLAIMS] or v[_PINS]:
            _add(v, _AFTER_CLAIM)
    if plan.life_s:
        _aged(v, at_s - plan.since_s, plan.life_s)
    if torn:
        _add(v, _TORN, 3)
    v[_LAST_H] = max(last_h, before_h)
    v[_PLANNED] = 1 if plan.areas else 0
    return _NEW(Evidence, v), True


def _aged(v: list[Any], age_s: int, life_s: int) -> None:
    """Put how old the goods are into the counters."""
    if 2 * age_s > life_s:
        _add(v, _OLD)
        if age_s > life_s:
            _add(v, _STALE)


def _add(v: list[Any], n: int, most: int = _MOST) -> None:
    """One more in a counter, which stops at its largest value."""
    if v[n] < most:
        v[n] += 1


def _placed(v: list[Any], lat: float, lon: float, doubt_km: float, known: Known, plan: Plan) -> bool:
    """Put where a voice is into the counters; whether it is far from every known place."""
    places: Places = v[_PLACES]
    planned = bool(plan.areas)
    off = plan.off_km(lat, lon) - doubt_km if planned else 0.0
    here, near = _nearest(places, lat, lon) if places else (0, doubt_km)
    near -= doubt_km
    if off > ABROAD_KM and (near > ABROAD_KM or not places):
        return False
    if known is _ROUGHLY:
        if min(near if places else off, off if planned else near) + doubt_km > HUB_KM:
            _add(v, _HUBS)
        return False
    first = not v[_PLACED]
    _add(v, _PLACED, _U8)
    if off > OFF_PLAN_KM:
        _add(v, _OFF_PLAN)
    if places and near <= FAR_KM:
        if here != v[_LAST_PLACE] and not first:
            _add(v, _SWITCHES)
        v[_LAST_PLACE] = here
        if known is _EXACTLY:
            _add(v, _ASIDE if near > ASIDE_KM else _SAME, _U8)
        return False
    if places:
        _add(v, _TOWNS)
    elif known is _EXACTLY:
        _add(v, _SAME, _U8)
    v[_PLACES] = made = _with_place(places, lat, lon)
    v[_LAST_PLACE] = _nearest(made, lat, lon)[0]
    return bool(places)


def _visited(e: Evidence, sign: Sign) -> Evidence:
    """Signed-in staff or an inspector had the pack in hand there: scans there are no surprise."""
    if sign.known < Known.FAIRLY or (e.places and _nearest_km(e.places, sign) - sign.km <= FAR_KM):
        return e
    return e._replace(places=_with_place(e.places, sign.lat, sign.lon))


def _owned(e: Evidence, sign: Sign) -> Evidence:
    """Somebody says "I bought this", or knows the scratch code."""
    claim = sign.kind is SignKind.CLAIM
    mark = CLAIMED_HERE if claim else PIN_HERE
    count, far = (e.claims, e.far_claims) if claim else (e.pins, e.far_pins)
    places = e.places
    if sign.known >= Known.FAIRLY:
        marked = [place for place in places if place[2] & mark]
        if marked:
            far = min(far + (_nearest_km(marked, sign) - sign.km > FAR_KM), 3)
        elif not count:
            places = _marked(places, sign, mark)
    names = ("claims", "far_claims") if claim else ("pins", "far_pins")
    return e._replace(places=places, **{names[0]: min(count + 1, _MOST if claim else 3), names[1]: far})


def _marked(places: Places, sign: Sign, mark: int) -> Places:
    if not places or _nearest_km(places, sign) - sign.km > FAR_KM:
        places = _with_place(places, sign.lat, sign.lon)
    best = _nearest(places, sign.lat, sign.lon)[0]
    if _km_to(places[best], sign) - sign.km > FAR_KM:
        return places  # every place is taken by another claim
    lat, lon, marks = places[best]
    return (*places[:best], (lat, lon, marks | mark), *places[best + 1 :])


def _with_place(places: Places, lat: float, lon: float) -> Places:
    """The places with this one; the newest that nothing was claimed at makes room."""
    made = (round(lat * _DEGREE), round(lon * _DEGREE), 0)
    if len(places) < PLACES:
        return (*places, made)
    spare = max((n for n in range(1, PLACES) if not places[n][2]), default=0)
    return (*places[:spare], made, *places[spare + 1 :]) if spare else places


def _km_to(place: tuple[int, int, int], sign: Sign) -> float:
    return roughly_km(place[0] / _DEGREE, place[1] / _DEGREE, sign.lat, sign.lon)


def _nearest(places: Sequence[tuple[int, int, int]], lat: float, lon: float) -> tuple[int, float]:
    """Which place is nearest, and how many km away."""
    best, least = 0, inf
    for n, place in enumerate(places):
        km = roughly_km(place[0] / _DEGREE, place[1] / _DEGREE, lat, lon)
        if km < least:
            best, least = n, km
    return best, least


def _nearest_km(places: Sequence[tuple[int, int, int]], sign: Sign) -> float:
    return _nearest(places, sign.lat, sign.lon)[1]
