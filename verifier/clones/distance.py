"""Distances between scans, and which pairs of scans one pack cannot have made. Pure."""

from dataclasses import dataclass
from enum import IntEnum
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

EARTH_KM = 6371.0088  # mean radius, IUGG
_DEGREE_KM = EARTH_KM * radians(1)


class Known(IntEnum):
    """How well a place is known. A mobile network's address says little: its median error is around 200 km."""

    NOT = 0
    ROUGHLY = 1
    FAIRLY = 2
    EXACTLY = 3


class Fix(NamedTuple):
    """Where and when a scan was made: degrees, accuracy in km, seconds, the device's mark, how well it is known.

    `vouched`: somebody answers for it: signed-in staff, an inspector, whoever knew the scratch code.
    """

    lat: float
    lon: float
    accuracy_km: int
    at_s: int
    device: int
    known: Known = Known.EXACTLY
    vouched: bool = False


_EXACT_KM, _FAIR_KM = 20.0, 60.0
_OWN = frozenset({"gps", "wifi"})
_NOT, _ROUGHLY, _FAIRLY, _EXACTLY = Known  # looked up slowly as members


def how_known(source: str, accuracy_km: float) -> Known:
    """How well a place from this source (`gps`, `wifi`, `mobile_ip`, `none`) with this accuracy is known."""
    if source == "none":
        return _NOT
    if source == "gps" and accuracy_km <= _EXACT_KM:
        return _EXACTLY
    return _FAIRLY if source in _OWN and accuracy_km <= _FAIR_KM else _ROUGHLY


@dataclass(frozen=True, slots=True)
class TravelLimits:
    """What a pair of places must exceed to be impossible.

    900 km/h is the cruising speed of an airliner, door to door out of anybody's reach; under 50 km a wrong cell or a
    slow clock explains as much as a journey; 20 km of accuracy is what a phone's own location never exceeds in practice
    and an address's location rarely keeps to.
    """

    speed_km_h: float = 900.0
    distance_km: float = 50.0
    accuracy_km: float = 20.0


LIMITS = TravelLimits()


def distance_km(a: Fix, b: Fix) -> float:
    """The great-circle distance between two places, in kilometres (haversine)."""
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin(radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


def roughly_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """The distance on a plane that touches the sphere between the two: within 1 % up to 1,000 km, and quick."""
    north = lat - other_lat
    east = abs(lon - other_lon)
    if east > 180.0:
        east = 360.0 - east
    east *= cos((lat + other_lat) * 0.008726646259971648)  # half the sum, in radians
    return _DEGREE_KM * sqrt(north * north + east * east)


def impossible_km(a: Fix, b: Fix, limits: TravelLimits = LIMITS) -> int | None:
    """How far apart two scans are, in whole km, if nobody can have made both with one pack; None where one could.

    Both must be known by the phones' own location. Both accuracies are taken off the distance first, so that doubt
    speaks for the stamp.
    """
    if a.device == b.device or min(a.known, b.known) < Known.EXACTLY:
        return None
    if max(a.accuracy_km, b.accuracy_km) > limits.accuracy_km:
        return None
    apart = distance_km(a, b) - a.accuracy_km - b.accuracy_km
    hours = abs(b.at_s - a.at_s) / 3600
    return int(apart) if apart > limits.distance_km and apart > limits.speed_km_h * hours else None
