"""Copies at the level of a lot: `python -m bench.lots [LOTS]`, `… fit|calibrate|few [WORLDS LOTS]`.

Lots of 2,000 labels, of which as many are scanned as the world's custom is. A counterfeiter copies some codes of a lot
on five packs each and sells them in three towns, in two of five cases one of the lot's own among them. Each attacked
lot is judged beside the honest rest of its market, by the production arithmetic, at the end of every day; it is found
if it ever passes the threshold, and an honest lot that ever does is a false alarm.

`fit` takes the states of honest and copied stamps from drawn worlds, `calibrate` the thresholds from others; the table
is of worlds that neither has seen. `few` says how it goes in small markets, drawn ones that neither has seen.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.clones import wilson
from bench.market.histories import plans, steps
from bench.market.packs import (
    NO_PIN,
    RIGHT_PIN,
    WRONG_PIN,
    Events,
    Kind,
    Packs,
    Phones,
    Stage,
    crowds,
    genuine_packs,
    lives,
    lots_of,
    shops,
)
from bench.market.phones import seen
from bench.market.places import Ints
from bench.market.trace import Market
from bench.market.worlds import World, drawn, shifted
from bench.results import keep
from verifier.clones import lots
from verifier.clones.evidence import Plan
from verifier.clones.lot_watch import Told
from verifier.clones.lot_weights import CLASSES, GROUPS, LEVELS, PARAMETERS

FILE = Path(__file__).parent.parent / "verifier" / "clones" / "lots.json"
LABELS = 2000
RATES = {"look": 1e-2, "alarm": 1e-3}
_DAY_S = 86_400
_MOST = 0.4


@dataclass(frozen=True)
class Copying:
    """How many codes of a lot are on how many packs more; `local`: in the lot's own towns; `refill`: one life more."""

    name: str
    codes: int
    copies: int = 5
    local: bool = False
    refill: bool = False


COPYING = (
    Copying("20 × 5", 20),
    Copying("50 × 5", 50),
    Copying("100 × 5", 100),
    Copying("200 × 5", 200),
    Copying("own town, 200 × 5", 200, local=True),
    Copying("200 refills", 200, 1, local=True, refill=True),
)


@dataclass(frozen=True)
class Change:
    """A stamp is in another state from this day on."""

    day: int
    lot: int
    stamp: int
    state: lots.State


@dataclass(frozen=True)
class Made:
    """A world's honest lots: the changes of their stamps, and each lot's stamps."""

    stage: Stage
    plan: list[Plan]
    changes: list[Change]
    stamps: list[list[int]]


def honest(world: World, count: int) -> Made:
    """So many honest lots of a world."""
    chart = world.map()
    stage = Stage(world, chart, lots_of(world, chart, count), world.rng(2), Phones())
    made, rng = stage.customs, stage.rng
    lot = np.repeat(np.arange(count), np.maximum(rng.binomial(LABELS, made.scan_rate, count), 1))
    stamp = np.arange(len(lot))
    shares = np.array([made.office, made.display, made.link, made.photo])
    kind = np.searchsorted(np.cumsum(shares), rng.random(len(lot)), side="right")
    kind = np.where(kind == len(shares), int(Kind.PLAIN), kind + 1)
    packs = genuine_packs(stage, stamp, lot)
    events = Events.joined(lives(stage, packs, sure=True) + crowds(stage, packs, kind))
    plan, changes = _changes(stage, events, lot)
    own: list[list[int]] = [[] for _ in range(count)]
    for one, name in zip(lot.tolist(), stamp.tolist(), strict=True):
        own[one].append(name)
    return Made(stage, plan, changes, own)


def copied(made: Made, how: Copying) -> tuple[list[Change], Ints]:
    """The changes of a lot's copied stamps, for each lot; and how many of them buyers of the genuine packs scan too."""
    count = len(made.plan)
    stage = replace(made.stage, rng=made.stage.world.rng(1000 + sum(map(ord, how.name))), phones=Phones())
    rng = stage.rng
    lot = np.repeat(np.arange(count), how.codes)
    stamp = np.arange(len(lot))
    own = genuine_packs(stage, stamp, lot)
    scanned = rng.random(len(lot)) < stage.customs.scan_rate
    parts = lives(stage, own.part(np.flatnonzero(scanned)), sure=True)
    parts += lives(stage, _copies(stage, how, own), sure=True)
    _, changes = _changes(stage, Events.joined(parts), lot)
    # Below zero, so that no copied stamp has the name of an honest one.
    return [replace(one, stamp=-1 - one.stamp) for one in changes], np.bincount(lot[scanned], minlength=count)


def _copies(stage: Stage, how: Copying, own: Packs) -> Packs:
    """The copies that somebody scans; all of a lot's are sold in the same three towns."""
    rng, chart, count = stage.rng, stage.map, len(stage.lots.activated)
    which = np.repeat(np.arange(len(own)), rng.binomial(how.copies, stage.customs.scan_rate, len(own)))
    towns = np.stack([chart.pick(rng, count) for _ in range(3)], axis=1)
    mixed = rng.random(count) < 0.4
    towns[mixed, 0] = stage.lots.towns[mixed, 0]
    town = towns[own.lot[which], rng.integers(0, 3, len(which))]
    if how.local:
        town = own.town[which]
    life = stage.lots.shelf_days[own.lot]
    begins, span = own.arrives + rng.uniform(1, 10, len(own)), rng.uniform(8, 60, len(own))
    span = np.minimum(span, np.maximum(life * 3, 8.0))
    if how.refill:
        begins, span = own.sold + rng.uniform(10, 60, len(own)), np.full(len(own), 5.0)
    arrives = begins[which] + rng.random(len(which)) * span[which]
    lot = own.lot[which]
    shop, lat, lon = shops(stage, lot + 500_000, town, np.full(len(which), 2))
    sold = arrives + rng.exponential(np.minimum(life[which], 6.0))
    pins = np.array([NO_PIN, RIGHT_PIN, WRONG_PIN])[rng.choice(3, size=len(own), p=[0.3, 0.4, 0.3])]
    pin = np.where(stage.lots.pin[lot], pins[which], NO_PIN)
    return Packs(own.stamp[which], lot, town, lat, lon, shop, arrives, sold, pin, np.ones_like(which))


def _changes(stage: Stage, events: Events, lot: Ints) -> tuple[list[Plan], list[Change]]:
    """What the production detector and lot level make of events, by time. `lot` is by stamp."""
    found = seen(stage, events)
    plan = plans(Market(stage.world, stage.map, stage.lots, found, lot, lot))
    last: dict[int, lots.State] = {}
    changes = []
    of = lot.tolist()
    for one in steps(found, plan, lot):
        state = lots.state(plan[of[one.stamp]], one.after)
        if state is not None and last.get(one.stamp) != state:
            last[one.stamp] = state
            changes.append(Change(one.at_s // _DAY_S, of[one.stamp], one.stamp, state))
    return plan, changes


def _instead(honest: Mapping[int, int], own: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """How the counts of all lots change when one of them is copied."""
    for counts, step in ((honest, -1), (own, 1)):
        for sign, count in counts.items():
            if not lots.SCORES <= sign < lots.HEIGHTS:
                yield sign, step * count
            elif count:
                yield lots.height_sign(sign - lots.SCORES, count), step


@dataclass
class _Lot(Told):
    """A lot that also keeps the most it ever showed."""

    most: float = 0.0

    def close(self, everywhere: Mapping[int, int]) -> list[tuple[int, int]]:
        """The end of a day; gives what that changes of all lots' counts."""
        changed = list(self.judge(everywhere))
        self.most = max(self.most, self.shown.suspicion)
        return changed


Days = dict[int, list[Change]]


def _days(changes: Iterable[Change]) -> Days:
    found: Days = defaultdict(list)
    for one in changes:
        found[one.day].append(one)
    return found


def _with(made: Made, more: list[Change], dropped: Ints) -> Days:
    """The changes of attacked lots: copied stamps stand in for so many honest ones, whose buyers scan them too."""
    gone = {one for own, many in zip(made.stamps, dropped.tolist(), strict=True) for one in own[:many]}
    return _days([*(one for one in made.changes if one.stamp not in gone), *more])


def told(made: Made, attacks: Mapping[str, tuple[list[Change], Ints]]) -> dict[str, list[float]]:
    """The most that each lot ever shows, honest (`""`) and under each attack, beside the honest rest."""
    count = len(made.plan)
    everywhere: Counter[int] = Counter()
    honest = [_Lot() for _ in range(count)]
    plain = _days(made.changes)
    attacked = [([_Lot() for _ in range(count)], _with(made, *attack)) for attack in attacks.values()]
    for day in sorted(plain.keys() | {day for _, days in attacked for day in days}):
        for change in plain.get(day, ()):
            for sign, step in honest[change.lot].take(change.stamp, change.state):
                everywhere[sign] += step
        for lot in honest:
            for sign, step in lot.close(everywhere):
                everywhere[sign] += step
        for lots_of_it, days in attacked:
            _pass(lots_of_it, days.get(day, []), everywhere, honest)
    found = {"": honest, **{name: lots_of_it for name, (lots_of_it, _) in zip(attacks, attacked, strict=True)}}
    return {name: [lot.most for lot in of] for name, of in found.items()}


def _pass(attacked: list[_Lot], changes: list[Change], everywhere: Counter[int], honest: list[_Lot]) -> None:
    """One day of attacked lots, each alone among the honest ones."""
    for change in changes:
        list(attacked[change.lot].take(change.stamp, change.state))
    for lot, plain in zip(attacked, honest, strict=True):
        if lot.stirred:
            changed = list(_instead(plain.counts, lot.counts))
            for sign, step in changed:
                everywhere[sign] += step
            lot.close(everywhere)
            for sign, step in changed:
                everywhere[sign] -= step


def _fewer(world: World, count: int) -> int:
    """Where most packs are scanned a lot has a thousand scanned stamps, and fewer lots are as many events."""
    return max(count // 4, 20) if world.customs.scan_rate > _MOST else count


def fit(worlds: int, count: int) -> None:
    """Write `lots.json`: states from some drawn worlds, thresholds from as many others."""
    raw = json.loads(FILE.read_text("utf-8"))
    cells = GROUPS * CLASSES * LEVELS
    spread = np.zeros((2, cells))
    for seed in range(2000, 2000 + worlds):
        world = drawn(seed)
        made = honest(world, _fewer(world, count))
        bad = [one for how in COPYING[1:3] for one in _renamed(copied(made, how)[0], how.codes)]
        for row, changes in enumerate((made.changes, bad)):
            states = np.bincount(list({one.stamp: one.state.sign for one in changes}.values()), minlength=cells)
            spread[row] += states / states.sum()
        sys.stderr.write(f"{made.stage.world.name}\n")
    for name, row in zip(("honest", "copied"), spread, strict=True):
        raw[name] = {
            "value": np.round(row / row.sum() * 1e6).astype(int).tolist(),
            "source": f"fitted: stamps by state in {worlds} drawn worlds of {count} lots, in parts of a million",
        }
    FILE.write_text(json.dumps(raw, ensure_ascii=False, indent=1) + "\n", "utf-8")


def calibrate(worlds: int, count: int) -> None:
    """Write the thresholds into `lots.json`, by what honest lots of drawn worlds ever show.

    None of these is odd: one lot in a hundred of the oddest world would set the limit for all others.
    """
    raw = json.loads(FILE.read_text("utf-8"))
    most = []
    for seed in range(3000, 3000 + worlds):
        most += told(honest(drawn(seed, odd=0.0), count), {})[""]
        sys.stderr.write(f"{seed} {np.quantile(most, 0.99):.2f} {np.quantile(most, 0.999):.2f}\n")
    for name, rate in RATES.items():
        raw[name] = {
            "value": round(float(np.quantile(most, 1 - rate)), 2),
            "source": f"measured: {rate:.1%} of {len(most):,} honest lots in {worlds} drawn worlds ever pass it",
        }
    FILE.write_text(json.dumps(raw, ensure_ascii=False, indent=1) + "\n", "utf-8")


def few(worlds: int, count: int) -> None:
    """Print what is found, and who is accused, in markets of few lots."""
    found: dict[str, list[float]] = defaultdict(list)
    for seed in range(4000, 4000 + worlds):
        made = honest(drawn(seed, odd=0.0), count)
        for name, most in told(made, {how.name: copied(made, how) for how in COPYING[1:4]}).items():
            found[name] += most
            if not name:
                over = [sum(one >= limit for one in most) for limit in (PARAMETERS.look, PARAMETERS.alarm)]
                sys.stderr.write(f"{seed} {over[0]} | {over[1]}\n")
    for name, most in found.items():
        row = f"{_share(most, PARAMETERS.look)} | {_share(most, PARAMETERS.alarm)}"
        sys.stdout.write(f"{name or 'honest'}: {row}\n")


def _renamed(changes: list[Change], by: int) -> list[Change]:
    return [replace(one, stamp=one.stamp * 1000 + by) for one in changes]


def _share(values: list[float], least: float) -> str:
    hits, of = sum(value >= least for value in values), len(values)
    low, high = wilson(hits, of)
    return f"{100 * hits / of:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def main(count: int) -> None:
    """Print the table and record it."""
    found: dict[str, dict[str, list[float]]] = {}
    for world in shifted():
        made = honest(world, _fewer(world, count))
        found[world.name] = told(made, {how.name: copied(made, how) for how in COPYING})
        row = "; ".join(
            f"{name or 'honest'} {_share(most, PARAMETERS.look)} | {_share(most, PARAMETERS.alarm)}"
            for name, most in found[world.name].items()
        )
        sys.stdout.write(f"{world.name}: {row}\n")
        sys.stdout.flush()
    plain = np.array([most for one in found.values() for most in one[""]])
    limits = {"look": PARAMETERS.look, "alarm": PARAMETERS.alarm}
    limits |= {f"matched {rate:g}": float(np.quantile(plain, 1 - rate)) for rate in RATES.values()}
    over = {
        what: np.array([most for one in found.values() for most in one[what]]) for what in next(iter(found.values()))
    }
    rows: dict[str, dict[str, float]] = {}
    for name, limit in limits.items():
        said = "; ".join(f"{what or 'honest'} {_share(most.tolist(), limit)}" for what, most in over.items())
        sys.stdout.write(f"all, {name} ({limit:.2f}): {said}\n")
        rows[name] = {what or "honest": round(float((most >= limit).mean()), 4) for what, most in over.items()}
    for name, one in found.items():
        rows[name] = {
            f"{what or 'honest'} {limit}": round(float((np.array(most) >= limits[limit]).mean()), 4)
            for what, most in one.items()
            for limit in limits
        }
    keep("lots", {"limits": limits, **rows})


if __name__ == "__main__":
    todo, *given = sys.argv[1:] or ["150"]
    if todo in {"fit", "calibrate", "few"}:
        worlds, size = (*map(int, given), *((80, 10) if todo == "few" else (20, 120))[len(given) :])
        {"fit": fit, "calibrate": calibrate, "few": few}[todo](worlds, size)
    else:
        main(int(todo))
