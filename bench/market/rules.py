"""Simple rules in use today, as scores of stamps, to hold the detector against."""

import numpy as np

from bench.market.packs import CONSUMER, SCAN
from bench.market.phones import NONE
from bench.market.places import Floats, Ints, apart
from bench.market.trace import Market

# A pair closer than this says nothing of speed: a wrong cell or a slow clock explains it.
_LEAST_KM, _LEAST_HOURS = 50.0, 0.25
FAST_KM_H = 250.0
RULES = ("count", "devices", "claims", "velocity", "devices & velocity")


def scores(market: Market) -> dict[str, Floats]:
    """Each stamp's highest score by each rule.

    `count`: scans; `devices`: distinct devices; `claims`: claims and scratch codes; `velocity`: the fastest journey
    between two devices' scans in a row, both accuracies taken off, in km/h; `devices & velocity`: distinct devices of
    stamps with a journey over 250 km/h, which must be many and fast.
    """
    size, events = len(market.kind), market.seen.events
    consumer = events.role == CONSUMER
    scans = (events.event == SCAN) & consumer
    pairs = np.unique(np.stack([events.stamp[scans], events.device[scans]]), axis=1)[0]
    devices = np.bincount(pairs, minlength=size).astype(float)
    fastest = _fastest(market, np.flatnonzero(scans & (market.seen.source != NONE)))
    return {
        "count": np.bincount(events.stamp[scans], minlength=size).astype(float),
        "devices": devices,
        "claims": np.bincount(events.stamp[(events.event != SCAN) & consumer], minlength=size).astype(float),
        "velocity": fastest,
        "devices & velocity": np.where(fastest > FAST_KM_H, devices, 0.0),
    }


def _fastest(market: Market, rows: Ints) -> Floats:
    found, events = market.seen, market.seen.events
    rows = rows[np.lexsort((events.t[rows], events.stamp[rows]))]
    a, b = rows[:-1], rows[1:]
    pair = (events.stamp[a] == events.stamp[b]) & (events.device[a] != events.device[b])
    a, b = a[pair], b[pair]
    km = apart(found.lat[a], found.lon[a], found.lat[b], found.lon[b]) - found.km[a] - found.km[b]
    hours = np.maximum((events.t[b] - events.t[a]) * 24, _LEAST_HOURS)
    fastest = np.zeros(len(market.kind))
    np.maximum.at(fastest, events.stamp[a], np.where(km > _LEAST_KM, km / hours, 0.0))
    return fastest
