"""Made-up markets run through the production detector: the evidence after every sign that spoke, as arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.market.packs import CLAIM, CONSUMER, PIN_OK, PIN_WRONG, SCAN
from bench.market.phones import NONE, SOURCES, Seen
from bench.market.places import Ints
from bench.market.trace import Market
from verifier.clones import detector
from verifier.clones.distance import Fix, how_known
from verifier.clones.evidence import Plan
from verifier.clones.weights import AXES
from verifier.sightings import NEVER_SEEN, Sighting

START_S = 1_772_409_600
COUNTERS = len(AXES)


@dataclass(frozen=True)
class Histories:
    """One row a sign that spoke: the counters, the weight, the stamp, and the scans of copies by then.

    `copy`: the sign is itself a scan of a copy.
    """

    counters: NDArray[np.uint16]
    weight: NDArray[np.int16]
    stamp: Ints
    clones: Ints
    kind: Ints
    corroborated: NDArray[np.bool_]
    copy: NDArray[np.bool_]


def plans(market: Market) -> list[Plan]:
    """What the detector knows of each lot."""
    lots, chart = market.lots, market.map
    found = []
    for lot in range(len(lots.activated)):
        towns = lots.towns[lot][lots.towns[lot] >= 0] if lots.planned[lot] else []
        areas = tuple((float(chart.lat[t]), float(chart.lon[t]), float(lots.radius_km[lot])) for t in towns)
        since = START_S + int(lots.activated[lot] * 86_400)
        found.append(Plan(areas, since, int(lots.life_days[lot] * 86_400)))
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """One event at the detector: whose stamp, when, and the stamp's history before and after it."""

    stamp: int
    at_s: int
    before: Sighting
    after: Sighting
    event: int
    role: int
    clone: int


def steps(found: Seen, plan: Sequence[Plan], lot: Ints) -> Iterator[Step]:
    """Run events through the detector, by time; `lot` is by stamp, `plan` by lot."""
    events, lots = found.events, lot.tolist()
    kept: dict[int, Sighting] = {}
    columns = zip(
        events.stamp.tolist(),
        (START_S + events.t * 86_400).astype(np.int64).tolist(),
        np.where(events.device == -1, 0, events.device % 131_071 + 1).tolist(),
        found.lat.tolist(),
        found.lon.tolist(),
        np.ceil(found.km).astype(np.int64).tolist(),
        found.source.tolist(),
        events.event.tolist(),
        events.role.tolist(),
        events.clone.tolist(),
        strict=True,
    )
    for stamp, at_s, device, lat, lon, km, source, event, role, clone in columns:
        before = kept.get(stamp, NEVER_SEEN)
        known = how_known(SOURCES[source], km)
        fix = None if source == NONE else Fix(round(lat, 2), round(lon, 2), km, at_s, device, known)
        after = kept[stamp] = _after(before, at_s, device, fix, plan[lots[stamp]], event, role)
        yield Step(stamp, at_s, before, after, event, role, clone)


def histories(market: Market) -> Histories:
    """Run a market's events through the detector."""
    clones: dict[int, int] = {}
    rows, marks = [], []
    for one in steps(market.seen, plans(market), market.lot):
        copied = one.clone and one.event == SCAN
        if copied:
            clones[one.stamp] = clones.get(one.stamp, 0) + 1
        if one.after.evidence is not one.before.evidence and one.role == CONSUMER:
            rows.append(one.after.evidence[:COUNTERS])
            corroborated = one.after.has(detector.CORROBORATED)
            marks.append((one.after.weight, one.stamp, clones.get(one.stamp, 0), corroborated, copied))
    columns_of = np.array(marks, dtype=np.int64).reshape(-1, 5)
    stamps = columns_of[:, 1]
    return Histories(
        np.array(rows, dtype=np.uint16).reshape(-1, COUNTERS),
        columns_of[:, 0].astype(np.int16),
        stamps,
        columns_of[:, 2],
        market.kind[stamps],
        columns_of[:, 3].astype(bool),
        columns_of[:, 4].astype(bool),
    )


def _after(before: Sighting, at_s: int, device: int, fix: Fix | None, plan: Plan, event: int, role: int) -> Sighting:
    if role != CONSUMER:
        return detector.vouched(before, fix)
    if event == SCAN:
        return detector.scanned(before, at_s * 1_000_000, device, fix, plan)
    if event == CLAIM:
        return detector.claimed(before, device, fix)
    if event == PIN_OK:
        return detector.confirmed(before, at_s * 1_000_000, device, fix)
    if event == PIN_WRONG:
        return detector.mistyped(before, device)
    return before
