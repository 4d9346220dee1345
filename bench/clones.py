"""The clone detector on worlds it was not fitted on, beside simple rules: `python -m bench.clones [STAMPS]`.

One threshold for all worlds, for the detector and for each rule: the value that so many of all worlds' honest scanned
stamps (public photos apart) ever reach. Shares carry Wilson intervals of 95 %.
"""

import sys
from dataclasses import dataclass
from math import sqrt

import numpy as np

from bench.market.attacks import ATTACKS, Attack
from bench.market.histories import Histories, histories
from bench.market.packs import CONSUMER, SCAN, Kind
from bench.market.places import Floats, Ints
from bench.market.trace import Market, attacked, honest
from bench.market.worlds import World, shifted
from bench.results import keep
from verifier.clones.evidence import Evidence
from verifier.clones.weights import PARAMETERS, UNIT, published

RATES = (1e-3, 1e-4)
SCORES = ("detector", "count", "devices", "claims")
SHOWN = ("A1 k=200", "A1 k=50", "A1L k=200", "A2 k=10")
_Z = 1.959964  # the normal distribution's 97.5 % quantile


@dataclass(frozen=True)
class Scored:
    """Each stamp's highest score by each rule, its kind, and whether a copy of it was ever scanned."""

    top: dict[str, Floats]
    kind: Ints
    copied: Ints
    corroborated: Ints
    exposed: Ints


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    if not of:
        return 0.0, 1.0
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return middle - half, middle + half


def scored(market: Market, found: Histories) -> Scored:
    """Every stamp of a market by every rule."""
    size, events = len(market.kind), market.seen.events
    scans = (events.event == SCAN) & (events.role == CONSUMER)
    weight = np.full(size, -np.inf)
    np.maximum.at(weight, found.stamp, found.weight / UNIT)
    pairs = np.unique(np.stack([events.stamp[scans], events.device[scans]]), axis=1)[0]
    corroborated = np.zeros(size, dtype=np.int64)
    unusual = found.corroborated & (found.weight >= PARAMETERS.unusual)
    corroborated[found.stamp[unusual]] = 1
    return Scored(
        {
            "detector": weight,
            "count": np.bincount(events.stamp[scans], minlength=size).astype(float),
            "devices": np.bincount(pairs, minlength=size).astype(float),
            "claims": np.bincount(
                events.stamp[(events.event != SCAN) & (events.role == CONSUMER)], minlength=size
            ).astype(float),
        },
        market.kind,
        np.bincount(events.stamp[scans & (events.clone == 1)], minlength=size),
        corroborated,
        _exposed(found, size),
    )


def _exposed(found: Histories, size: int) -> Ints:
    """The stamps that ever read as published."""
    ever = np.zeros(size, dtype=np.int64)
    names = list(Evidence._fields)
    voices, towns = (found.counters[:, names.index(name)] for name in ("voices", "towns"))
    many = np.flatnonzero((voices >= PARAMETERS.exposed_voices) & (towns >= PARAMETERS.exposed_towns))
    for row in many.tolist():
        ever[found.stamp[row]] |= published(Evidence(*found.counters[row].tolist()))
    return ever


def limit(scores: Floats, rate: float) -> float:
    """The lowest score that at most this share of honest stamps exceeds."""
    ordered = np.sort(scores)
    return float(ordered[max(0, len(ordered) - 1 - int(rate * len(ordered)))])


def median_scans(found: Histories, least: float) -> float:
    """How many scans of copies there were when a copied stamp first passed, in the median of those that did."""
    over = found.weight / UNIT > least
    _, first = np.unique(found.stamp[over], return_index=True)
    clones = found.clones[over][first]
    return float(np.median(clones)) if len(clones) else float("nan")


def _show(label: str, hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{label} {100 * hits / max(of, 1):.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def main(stamps: int) -> None:
    """Print the tables and record them."""
    worlds = shifted()
    honest_of: dict[str, Scored] = {}
    for world in worlds:
        market = honest(world, stamps)
        honest_of[world.name] = scored(market, histories(market))
    calm = {name: one.kind != int(Kind.PHOTO) for name, one in honest_of.items()}
    limits = {
        (rule, rate): limit(np.concatenate([one.top[rule][calm[name]] for name, one in honest_of.items()]), rate)
        for rule in SCORES
        for rate in RATES
    }
    shipped = PARAMETERS.unusual / UNIT
    rows = {}
    for world in worlds:
        one = honest_of[world.name]
        alarms = int((one.top["detector"][calm[world.name]] >= shipped).sum())
        over = int((one.top["detector"][calm[world.name]] > limits["detector", 1e-3]).sum())
        of = int(calm[world.name].sum())
        exposed = one.exposed[calm[world.name]]
        sys.stdout.write(
            f"{world.name}: false alarms % {_show('shipped', alarms, of)}, {_show('at 1e-3', over, of)},"
            f" {_show('as published', int(exposed.sum()), of)}, red {int(one.corroborated.sum())}\n"
        )
        rows[world.name] = {a.name: _attack(world, a, stamps, limits) for a in ATTACKS if a.name in SHOWN}
    keep("clones", {"thresholds": {f"{rule} {rate}": value for (rule, rate), value in limits.items()}, **rows})


def _attack(world: World, attack: Attack, stamps: int, limits: dict[tuple[str, float], float]) -> dict[str, float]:
    """Detection of one attack in one world, by every rule at every rate, in per cent."""
    market = attacked(world, attack, max(stamps // 20, 50))
    found = histories(market)
    one = scored(market, found)
    copied = one.copied > 0
    of, result, line = int(copied.sum()), {}, []
    for rule in SCORES:
        for rate in RATES:
            hits = int((one.top[rule][copied] > limits[rule, rate]).sum())
            result[f"{rule} {rate}"] = round(100 * hits / max(of, 1), 2)
            line.append(
                _show(f"{rule} {rate:g}:", hits, of) if rule == "detector" else f"{rule} {hits / max(of, 1):.1%}"
            )
    result["median_scans"] = median_scans(found, limits["detector", 1e-3])
    sys.stdout.write(f"  {attack.name}: {'; '.join(line)}; median copy scans {result['median_scans']}\n")
    return result


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
