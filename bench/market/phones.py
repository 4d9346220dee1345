"""What reaches a server of what happens: a place by consent or by address, an accuracy, a device id or none."""

from dataclasses import dataclass

import numpy as np

from bench.market.packs import OUTDOORS, Events, Stage
from bench.market.places import Floats, Ints, apart, scatter

GPS, WIFI, MOBILE_IP, NONE = 0, 1, 2, 3
SOURCES = ("gps", "wifi", "mobile_ip", "none")
_EXITS = np.array([[1.35, 103.82], [37.4, -122.1], [22.3, 114.2], [50.1, 8.7]])


@dataclass(frozen=True)
class Seen:
    """Events as a server sees them, by time: places with their accuracy in km; `device` -1 where there is none."""

    events: Events
    lat: Floats
    lon: Floats
    km: Floats
    source: Ints


def seen(stage: Stage, events: Events) -> Seen:
    """Put location and device noise on what happened, and sort it by time."""
    events = events.part(np.argsort(events.t, kind="stable"))
    rng, made, size = stage.rng, stage.customs, len(events)
    own = ((events.device * 2_654_435_761) % 1_000_003) / 1_000_003
    luck = np.where(rng.random(size) < made.sticky, own, rng.random(size))
    fixed = made.fixed * np.where(events.where == OUTDOORS, 0.6, 1.0)
    source = np.select([luck < made.gps, luck < made.gps + fixed], [GPS, WIFI], MOBILE_IP)
    source = np.where((source != GPS) & (rng.random(size) < made.no_place), NONE, source)
    lat, lon, km = _placed(stage, events, source)
    exits = (source != GPS) & (source != NONE) & (rng.random(size) < made.foreign)
    where = _EXITS[rng.integers(0, len(_EXITS), size)]
    lat, lon = np.where(exits, where[:, 0], lat), np.where(exits, where[:, 1], lon)
    lost = rng.random(size) < made.no_device
    device = np.where(lost & (events.role == 0), -1, events.device)
    shown = Events(**{**events.__dict__, "device": device})
    return Seen(shown, lat, lon, km, source)


def _placed(stage: Stage, events: Events, source: Ints) -> tuple[Floats, Floats, Floats]:
    rng, made, chart, size = stage.rng, stage.customs, stage.map, len(events)
    gps_lat, gps_lon = scatter(rng, events.lat, events.lon, made.gps_km * 0.7)
    off = made.fixed_km * np.exp(rng.normal(0, 0.9, size))
    turn = rng.random(size) * 2 * np.pi
    fixed_lat = events.lat + off * np.sin(turn) / 111.2
    fixed_lon = events.lon + off * np.cos(turn) / 111.2 / np.cos(np.radians(np.clip(events.lat, -80, 80)))
    hubs = chart.carriers
    km = apart(events.lat[:, None], events.lon[:, None], chart.lat[hubs][None, :], chart.lon[hubs][None, :])
    nearest = np.argmin(km, axis=1)
    hub = hubs[np.where(rng.random(size) < made.near_carrier, nearest, rng.integers(0, len(hubs), size))]
    at_hub = rng.random(size) < made.carrier
    mobile_lat = np.where(at_hub, chart.lat[hub], fixed_lat)
    mobile_lon = np.where(at_hub, chart.lon[hub], fixed_lon)
    lat = np.select([source == GPS, source == WIFI], [gps_lat, fixed_lat], mobile_lat)
    lon = np.select([source == GPS, source == WIFI], [gps_lon, fixed_lon], mobile_lon)
    said = [made.gps_km * np.exp(rng.normal(-1, 0.7, size)), made.fixed_km * np.exp(rng.normal(0.6, 0.3, size))]
    accuracy = np.select([source == GPS, source == WIFI], said, 100 * np.exp(rng.normal(0.2, 0.4, size)))
    return lat, lon, accuracy
