"""The clone detector on worlds it was not fitted on, beside simple rules: `python -m bench.clones --help`.

One threshold for all worlds, for the detector and for each rule: the value that so many of all worlds' honest scanned
stamps (public photos apart) ever reach. Shares carry Wilson intervals of 95 %.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from bench.market.attacks import ATTACKS, Attack
from bench.market.histories import Histories, histories
from bench.market.packs import CONSUMER, SCAN, Kind
from bench.market.places import Floats, Ints
from bench.market.rules import RULES, scores
from bench.market.trace import Market, attacked, honest
from bench.market.worlds import shifted
from bench.results import keep, rounded
from verifier.clones.evidence import Evidence
from verifier.clones.weights import PARAMETERS, UNIT, published

RATES = (1e-3, 1e-4)
DETECTOR = "detector"
SCORES = (DETECTOR, *RULES)
BOOST = 15  # crowds are made so many times more frequent where their own false alarms are counted
SHIPPED = PARAMETERS.unusual / UNIT
_Z = 1.959964  # the normal distribution's 97.5 % quantile
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Seen:
    """Each stamp by each rule, its kind, and whether it turned red or read as published."""

    top: Mapping[str, Floats]
    kind: Ints
    red: Bools
    exposed: Bools

    @property
    def calm(self) -> Bools:
        """Whose false alarms count: all but public photos, which are warned of as such."""
        out: Bools = self.kind != int(Kind.PHOTO)
        return out


@dataclass(frozen=True)
class Attacked:
    """Stamps under an attack; of copied ones, the copies' scans, and by row where the weight rose."""

    seen: Seen
    scans: Ints
    stamp: Ints
    weight: Floats
    clones: Ints
    copy: Bools

    @property
    def met(self) -> Bools:
        """The stamps of which a copy was ever scanned; all of them where nothing was copied."""
        out: Bools = self.scans > 0 if self.scans.any() else np.ones(len(self.scans), dtype=bool)
        return out

    def found(self, limit: float) -> tuple[Ints, int]:
        """Over this limit: the copies' scans until then, of each stamp, and all the scans that were warned of."""
        over = np.flatnonzero(self.weight > limit)
        stamps, first = np.unique(self.stamp[over], return_index=True)
        rows = over[first]
        return self.clones[rows], int((self.scans[stamps] - self.clones[rows] + self.copy[rows]).sum())


@dataclass(frozen=True)
class Played:
    """One world: its honest stamps, a sample with many crowds, and its attacks."""

    name: str
    honest: Seen
    crowds: Seen
    attacks: Mapping[str, Attacked]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    if not of:
        return 0.0, 1.0
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(middle - half, 0.0), middle + half


def seen(market: Market, found: Histories) -> Seen:
    """Every stamp of a market by every rule."""
    weight, red = np.full(len(market.kind), -np.inf), np.zeros(len(market.kind), dtype=bool)
    np.maximum.at(weight, found.stamp, found.weight / UNIT)
    red[found.stamp[found.corroborated & (found.weight >= PARAMETERS.unusual)]] = True
    return Seen({DETECTOR: weight, **scores(market)}, market.kind, red, _exposed(found, len(market.kind)))


def _exposed(found: Histories, size: int) -> Bools:
    """The stamps that ever read as published."""
    ever = np.zeros(size, dtype=bool)
    voices, towns = (found.counters[:, Evidence._fields.index(name)] for name in ("voices", "towns"))
    many = np.flatnonzero((voices >= PARAMETERS.exposed_voices) & (towns >= PARAMETERS.exposed_towns))
    for row in many.tolist():
        ever[found.stamp[row]] |= published(Evidence(*found.counters[row].tolist()))
    return ever


def _under(market: Market) -> Attacked:
    found, events = histories(market), market.seen.events
    copies = events.stamp[(events.event == SCAN) & (events.role == CONSUMER) & (events.clone == 1)]
    scans = np.bincount(copies, minlength=len(market.kind))
    high = found.weight / UNIT > 0
    rows = (found.stamp, found.weight / UNIT, found.clones, found.copy)
    return Attacked(seen(market, found), scans, *(column[high] for column in rows))


def play(place: int, stamps: int, copies: int) -> Played:
    """One of the shifted worlds."""
    world = shifted()[place]
    market, crowds = honest(world, stamps), honest(world, max(stamps // 10, 200), boost=BOOST)
    return Played(
        world.name,
        seen(market, histories(market)),
        seen(crowds, histories(crowds)),
        {attack.name: _under(attacked(world, attack, copies)) for attack in ATTACKS},
    )


def limit(found: Floats, rate: float) -> float:
    """The lowest score that at most this share of honest stamps exceeds."""
    ordered = np.sort(found)
    return float(ordered[max(0, len(ordered) - 1 - int(rate * len(ordered)))])


def share(hits: int, of: int, scale: float = 100.0, digits: int = 1) -> str:
    """A share with its interval, by default in per cent."""
    low, high = (f"{scale * one:.{digits}f}" for one in wilson(hits, of))
    return f"{scale * hits / max(of, 1):.{digits}f} [{low}, {high}]"


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


Limits = Mapping[tuple[str, float], float]


def alarms(worlds: Sequence[Played], limits: Limits) -> dict[str, object]:
    """False alarms by world: as many times the nominal rate; with the shipped threshold; published; red."""
    _say(
        "",
        "FALSE ALARMS by world: times the nominal rate (one threshold for all) | shipped, per 1,000 | published | red",
    )
    kept: dict[str, object] = {}
    for one in worlds:
        calm, top = one.honest.calm, one.honest.top[DETECTOR]
        of = int(calm.sum())
        over = {rate: int((top[calm] > limits[DETECTOR, rate]).sum()) for rate in RATES}
        shipped = share(int((top[calm] >= SHIPPED).sum()), of, 1000, 2)
        exposed, red = int(one.honest.exposed[calm].sum()), int(one.honest.red[calm].sum())
        times = "; ".join(f"{rate:g}: {share(over[rate], of, 1 / rate, 2)}" for rate in RATES)
        _say(f"  {one.name}: {times} | {shipped} | {share(exposed, of, 1000, 2)} | {red} of {of}")
        kept[one.name] = {f"{rate:g}": over[rate] / of / rate for rate in RATES} | {"red": red}
    of = sum(int(one.honest.calm.sum()) for one in worlds)
    red = sum(int(one.honest.red[one.honest.calm].sum()) for one in worlds)
    _say(f"  red in all worlds, per 100,000: {share(red, of, 1e5, 2)}")
    return {"by_world": kept, "red": [red, of]}


def classes(worlds: Sequence[Played], limits: Limits) -> dict[str, object]:
    """False alarms by what the honest stamp went through, all worlds together."""
    _say("", "FALSE ALARMS by class of honest behaviour, % at 1e-3 | at 1e-4 | published")
    kept: dict[str, object] = {}
    for kind in (Kind.PLAIN, Kind.OFFICE, Kind.DISPLAY, Kind.LINK, Kind.PHOTO):
        parts = [(sample, sample.kind == int(kind)) for one in worlds for sample in (one.honest, one.crowds)]
        of = sum(int(mine.sum()) for _, mine in parts)
        hits = [
            sum(int((part.top[DETECTOR][mine] > limits[DETECTOR, rate]).sum()) for part, mine in parts)
            for rate in RATES
        ]
        exposed = sum(int(part.exposed[mine].sum()) for part, mine in parts)
        _say(f"  {kind.name.lower()}: " + " | ".join(share(one, of, digits=2) for one in (*hits, exposed)))
        kept[kind.name.lower()] = [100 * one / max(of, 1) for one in (*hits, exposed)]
    return kept


def detection(worlds: Sequence[Played], limits: Limits) -> dict[str, object]:
    """What is found of each attack in each world, by the detector and by the best simple rule."""
    kept: dict[str, object] = {}
    for attack in ATTACKS:
        if attack.fakes:
            continue
        _say(
            "",
            f"{attack.name}: detector % at 1e-3; 1e-4 | the best rule's | copy scans until then, median and 90th"
            " percentile | copy scans warned of, %",
        )
        kept[attack.name] = {one.name: _found(one, attack, limits) for one in worlds}
    return kept


def _found(world: Played, attack: Attack, limits: Limits) -> dict[str, object]:
    one = world.attacks[attack.name]
    of, kept, cells = int(one.met.sum()), dict[str, object](), list[list[str]]([[], [], [], []])
    for rate in RATES:
        hits = {rule: int((one.seen.top[rule][one.met] > limits[rule, rate]).sum()) for rule in SCORES}
        until, warned = one.found(limits[DETECTOR, rate])
        best = max(RULES, key=lambda rule: hits[rule])
        half, most = np.quantile(until, [0.5, 0.9]) if len(until) else (float("nan"), float("nan"))
        cells[0].append(share(hits[DETECTOR], of))
        cells[1].append(f"{best} {100 * hits[best] / max(of, 1):.1f}")
        cells[2].append(f"{half:g}, {most:g}")
        cells[3].append(f"{100 * warned / max(int(one.scans.sum()), 1):.1f}")
        kept[f"{rate:g}"] = {
            **{rule: 100 * hits[rule] / max(of, 1) for rule in SCORES},
            "median": float(half),
            "p90": float(most),
            "warned": 100 * warned / max(int(one.scans.sum()), 1),
        }
    _say(f"  {world.name} ({of}): " + " | ".join("; ".join(cell) for cell in cells))
    return kept


def defamation(worlds: Sequence[Played]) -> dict[str, object]:
    """Honest stamps that a rival scans, with false claims: amber and red by the shipped threshold."""
    _say("", "DEFAMATION, shipped threshold: amber %, published among them | red %")
    kept: dict[str, object] = {}
    for attack in (one for one in ATTACKS if one.fakes):
        all_of = [one.attacks[attack.name].seen for one in worlds]
        of = sum(len(one.kind) for one in all_of)
        exposed = sum(int(one.exposed.sum()) for one in all_of)
        amber = sum(int(((one.top[DETECTOR] >= SHIPPED) | one.exposed).sum()) for one in all_of)
        red = sum(int(one.red.sum()) for one in all_of)
        _say(f"  {attack.name}: {share(amber, of)}, {share(exposed, of)} | {share(red, of, digits=3)}")
        kept[attack.name] = {"amber": 100 * amber / of, "red": 100 * red / of}
    return kept


def main(stamps: int, copies: int, processes: int) -> None:
    """Play the worlds, print the tables and record them."""
    tasks = [(place, stamps, copies) for place in range(len(shifted()))]
    with get_context("spawn").Pool(processes) as pool:
        worlds = pool.starmap(play, tasks, chunksize=1)
    limits = {
        (rule, rate): limit(np.concatenate([one.honest.top[rule][one.honest.calm] for one in worlds]), rate)
        for rule in SCORES
        for rate in RATES
    }
    _say(f"{stamps} honest stamps a world, {copies} stamps an attack and world; shares with 95 % intervals")
    _say("THRESHOLDS " + "; ".join(f"{rule} {rate:g}: {value:g}" for (rule, rate), value in limits.items()))
    found = {
        "thresholds": {f"{rule} {rate:g}": value for (rule, rate), value in limits.items()},
        "false_alarms": alarms(worlds, limits),
        "classes": classes(worlds, limits),
        "attacks": detection(worlds, limits),
        "defamation": defamation(worlds),
    }
    keep("clones", rounded(found))


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(prog="python -m bench.clones", description=__doc__)
    arguments.add_argument("--stamps", type=int, default=60_000, help="honest stamps a world")
    arguments.add_argument("--copies", type=int, default=500, help="stamps an attack and world")
    arguments.add_argument("--processes", type=int, default=2, help="worlds played at a time")
    main(**vars(arguments.parse_args()))
