"""The clone benchmark: thresholds, shares and simple rules are what they say, and made-up markets keep their word."""

from dataclasses import replace

import numpy as np
import pytest

from bench import clones
from bench.clones import Attacked, Seen, limit, wilson
from bench.fit import binned
from bench.market.attacks import ATTACKS, Attack
from bench.market.histories import histories
from bench.market.packs import CONSUMER, SCAN, Kind
from bench.market.rules import RULES, scores
from bench.market.trace import attacked, honest
from bench.market.worlds import drawn, shifted
from verifier.clones.evidence import Evidence
from verifier.clones.weights import AXES, PARAMETERS, UNIT, counters

BASE = shifted()[0]


def test_the_limit_lets_so_many_pass_and_no_more() -> None:
    found = np.arange(10_000).astype(float)
    for rate in (1e-3, 1e-4):
        assert (found > limit(found, rate)).sum() == rate * 10_000
    assert (np.ones(50) > limit(np.ones(50), 0.1)).sum() == 0


@pytest.mark.parametrize(("hits", "of"), [(0, 0), (0, 50), (50, 50), (7, 100)])
def test_an_interval_holds_its_share(hits: int, of: int) -> None:
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / max(of, 1) <= high + 1e-12 <= 1 + 2e-12


def test_copy_scans_until_detection_and_those_warned_of_add_up() -> None:
    """Found by its third copy's scan of five: three until then, three warned of. The other stamp is never found."""
    seen = Seen({"detector": np.array([4.0, 1.0])}, np.array([5, 5]), np.zeros(2, bool), np.zeros(2, bool))
    rows = np.array([0, 0, 1]), np.array([1.0, 4.0, 1.0]), np.array([2, 3, 1]), np.array([True, True, True])
    one = Attacked(seen, np.array([5, 2]), *rows)
    until, warned = one.found(3.0)
    assert until.tolist() == [3]
    assert warned == 3
    by_claim = replace(one, copy=np.array([True, False, True]))
    assert by_claim.found(3.0)[1] == 2


def test_the_simple_rules_count_what_they_name() -> None:
    market = attacked(BASE, ATTACKS[1], 20)
    events, found = market.seen.events, scores(market)
    assert set(found) == set(RULES)
    for stamp in range(3):
        mine = (events.stamp == stamp) & (events.role == CONSUMER)
        assert found["count"][stamp] == (mine & (events.event == SCAN)).sum()
        assert found["devices"][stamp] == len(set(events.device[mine & (events.event == SCAN)].tolist()))
        assert found["claims"][stamp] == (mine & (events.event != SCAN)).sum()
    both = found["devices & velocity"]
    assert ((both == 0) | ((both == found["devices"]) & (found["velocity"] > 250))).all()


def test_one_world_is_played_whole_and_the_same_at_every_look() -> None:
    once, again = (clones.play(0, 300, 20) for _ in range(2))
    assert set(once.attacks) == {attack.name for attack in ATTACKS}
    for rule in clones.SCORES:
        assert (once.honest.top[rule] == again.honest.top[rule]).all()
    assert not once.honest.red.any()
    assert (once.crowds.kind != Kind.PLAIN).sum() > (once.honest.kind != Kind.PLAIN).sum()


def test_copies_keep_within_the_sales_life_where_customs_say_so() -> None:
    """Half the codes of a world whose copies need not keep to it are met when stale; few where all do."""
    old = []
    for inside in (1.0, 0.0):
        world = replace(BASE, customs=replace(BASE.customs, inside=inside))
        found = histories(attacked(world, Attack("x", 50), 200))
        old.append((found.counters[:, Evidence._fields.index("stale")] > 2).mean())
    assert old[0] < old[1] / 2


def test_copies_are_sold_in_as_many_cities_as_the_attack_says() -> None:
    spread = []
    for cities in (1, 6):
        market = attacked(BASE, Attack("x", 400, cities=cities), 20)
        found, events = market.seen, market.seen.events
        exact = (events.clone == 1) & (found.source == 0)
        spread.append(np.mean([found.lat[exact & (events.stamp == stamp)].std() for stamp in range(20)]))
    assert spread[0] < 1 < spread[1]


def test_drawn_worlds_differ_and_shares_stay_shares() -> None:
    worlds = [drawn(seed).customs for seed in range(60)]
    assert len({one.scan_rate for one in worlds}) == len(worlds)
    for one in worlds:
        assert all(0 <= getattr(one, name) <= 1 for name in ("scan_rate", "buyer", "claim", "display", "gps", "inside"))


def test_the_fit_cuts_counters_as_the_detector_does() -> None:
    found = histories(honest(BASE, 200))
    bins = binned(found.counters)
    for row, mine in zip(found.counters.tolist(), bins.tolist(), strict=True):
        cut = counters(Evidence(*row))
        assert mine == [axis.bins[value] for axis, value in zip(AXES.values(), cut, strict=True)]


def test_the_shipped_threshold_keeps_its_rate_in_a_world_not_fitted_on() -> None:
    market = honest(BASE, 4000)
    found = histories(market)
    over = {int(one) for one in found.stamp[found.weight >= PARAMETERS.unusual]}
    calm = [one for one in over if market.kind[one] != Kind.PHOTO]
    assert len(calm) <= 12  # four are expected; more than twelve have a chance of one in 10,000
    assert PARAMETERS.unusual > 2 * UNIT
