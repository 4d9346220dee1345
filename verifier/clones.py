"""Signs that one code is on more than one pack. Pure: what was remembered and what is seen now give what is known then.

For now there is one sign in the trace itself: two consumers' scans, on different devices, both well located, further
apart than anybody travels in the time between them. (A scratch code used again on another device is the second sign; it
arises where PINs are confirmed.) Each sign makes a stamp *unusual*, never a suspected copy: anonymous scans alone can
warn, they cannot accuse.

Location from a mobile network's address is no sign of anything: its median error is around 200 km.
"""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

from verifier.sightings import Fix, Sighting

_EARTH_KM = 6371.0088  # mean radius, IUGG


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
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(half)))


def impossible_km(a: Fix, b: Fix, limits: TravelLimits = LIMITS) -> int | None:
    """How far apart two scans are, in whole km, if nobody can have made both with one pack; None where one could.

    Both accuracies are taken off the distance first, so that doubt speaks for the stamp.
    """
    if a.device == b.device or max(a.accuracy_km, b.accuracy_km) > limits.accuracy_km:
        return None
    apart = distance_km(a, b) - a.accuracy_km - b.accuracy_km
    hours = abs(b.at_s - a.at_s) / 3600
    return int(apart) if apart > limits.distance_km and apart > limits.speed_km_h * hours else None


def observe(sighting: Sighting, fix: Fix | None, limits: TravelLimits = LIMITS) -> Sighting:
    """The history after a counted scan at `fix`; unchanged where the place or the device is not well known."""
    if fix is None or not fix.device or fix.accuracy_km > limits.accuracy_km:
        return sighting
    apart = impossible_km(sighting.fix, fix, limits) if sighting.fix else None
    return (sighting if apart is None else sighting.torn_apart(apart)).placed(fix)
