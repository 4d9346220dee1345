"""The lot level: what stamps say together, against what all other lots show."""

import json
from collections import Counter
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import lots as bench
from bench.market.worlds import shifted
from tests.conftest import NOW
from verifier.clones import detector, lot_areas, lots
from verifier.clones.distance import Fix, Known
from verifier.clones.evidence import NO_PLAN, Plan
from verifier.clones.lot_areas import KINDS, ON_PLAN, PLANNED, UNPLANNED, sign_of, square_of
from verifier.clones.lot_watch import LotWatch, Told
from verifier.clones.lot_weights import CLASSES, LEVELS, PARAMETERS, load
from verifier.clones.lots import NOTHING, State
from verifier.sightings import NEVER_SEEN, Sighting

HANOI, SAIGON, HUE = (21.03, 105.85), (10.78, 106.70), (16.46, 107.60)
PLAN = Plan(((*HANOI, 40.0),), 0, 0)
LAST = KINDS - 2
"""The kind of stamps met first long after production, near the plan."""


def seen(place: tuple[float, float] | None, plan: Plan = PLAN, device: int = 7) -> Sighting:
    fix = Fix(*place, 1, NOW // 1_000_000, device, Known.EXACTLY) if place is not None else None
    return detector.scanned(NEVER_SEEN, NOW, device, fix, plan)


def met(state: State | None) -> int:
    assert state is not None
    return state.sign // LEVELS % CLASSES


def test_a_stamp_says_where_it_was_met_first() -> None:
    assert lots.state(PLAN, NEVER_SEEN) is None
    assert met(lots.state(PLAN, seen(None))) == 0
    at_home = lots.state(PLAN, seen(HANOI))
    assert at_home is not None
    assert (met(at_home), at_home.square) == (1, ON_PLAN + LAST // 2)
    far = lots.state(PLAN, seen(SAIGON))
    assert far is not None
    assert (met(far), far.square) == (CLASSES - 1, sign_of(square_of(*SAIGON), kind=LAST + 1))
    anywhere = lots.state(NO_PLAN, seen(SAIGON, NO_PLAN))
    assert anywhere is not None
    assert (met(anywhere), anywhere.square) == (1, sign_of(square_of(*SAIGON), UNPLANNED, LAST))
    moved = detector.scanned(
        seen(HANOI), NOW + 10**12, 8, Fix(*SAIGON, 1, NOW // 10**6 + 10**6, 8, Known.EXACTLY), PLAN
    )
    assert met(lots.state(PLAN, moved)) == 1, "a present that travels was bought where it was sent"


def test_what_is_met_on_the_first_days_is_met_where_goods_are_packed() -> None:
    today = NOW // 1_000_000
    for since, square in ((today - 86_400, 0), (today - 3 * 86_400, far_sign := sign_of(square_of(*SAIGON), kind=1))):
        plan = PLAN._replace(since_s=since)
        state = lots.state(plan, seen(SAIGON, plan))
        assert state is not None
        assert state.square == square
        assert (met(state) == CLASSES - 1) == (square == far_sign)


def test_goods_that_are_packed_late_are_scanned_by_their_packers_late() -> None:
    made = PLAN._replace(since_s=NOW // 1_000_000 - 60 * 86_400)
    scanned = seen(SAIGON, made)
    packed = lots.state(made, scanned, NOW - 3_600 * 1_000_000)
    shipped = lots.state(made, scanned, NOW - 10 * 86_400 * 1_000_000)
    assert packed is not None
    assert shipped is not None
    assert (packed.square, shipped.square) == (0, sign_of(square_of(*SAIGON), kind=3))


def test_few_stamps_say_more_where_they_are_of_a_kind_that_is_rare() -> None:
    """The same stamps in the same town: late ones of a lot that has sold out, and those of one that has not."""
    square = square_of(*SAIGON)

    def area(kinds: dict[int, int], *late: int) -> lot_areas.Area:
        own = {sign_of(square, PLANNED, kind + 1): many for kind, many in kinds.items()}
        own |= {ON_PLAN + time: many for time, many in enumerate((60, 0, *late))}
        (found,) = lot_areas.areas(own, own)
        return found

    sold_out, on_sale = area({LAST: 6}, 2), area({LAST: 6}, 60)
    assert sold_out.stamps == on_sale.stamps == 6
    assert sold_out.weight > on_sale.weight > 0
    assert area({LAST: 4, 0: 4}, 60).stamps == 8


def market(honest: int, stamps: int = 60, leak: int = 2) -> tuple[Counter[int], Told]:
    """All lots' counts and the last of these lots, each of whose stamps are met at home but for a few in Huế."""
    everywhere: Counter[int] = Counter()
    lot = Told()
    for number in range(honest):
        lot = Told()
        for stamp in range(stamps):
            place = HUE if stamp < leak else HANOI if stamp % 2 else None
            state = lots.state(PLAN, seen(place))
            assert state is not None
            everywhere.update(dict(lot.take(number * stamps + stamp, state)))
        for sign, step in list(lot.judge(everywhere)):
            everywhere[sign] += step
    return everywhere, lot


def copies(lot: Told, everywhere: Counter[int], place: tuple[float, float], many: int) -> lots.Shown:
    state = lots.state(PLAN, seen(place))
    assert state is not None
    for stamp in range(many):
        for sign, step in lot.take(-1 - stamp, state):
            everywhere[sign] += step
    return lots.judged(lot.counts, everywhere)


def test_stamps_met_together_off_the_plan_speak_against_their_lot() -> None:
    everywhere, lot = market(20)
    assert lot.shown.suspicion < PARAMETERS.look
    shown = copies(lot, everywhere, SAIGON, 25)
    assert shown.suspicion > PARAMETERS.alarm
    assert shown.placed
    assert (shown.areas[0].stamps, round(shown.areas[0].lat), round(shown.areas[0].lon)) == (25, 11, 107)
    assert (shown.stamps, shown.unusual) == (85, 0)


def test_the_first_lot_of_a_market_alarms_by_what_is_blatant_alone() -> None:
    everywhere, lot = market(1, leak=1)
    few, blatant = copies(lot, everywhere, SAIGON, 3), copies(lot, everywhere, SAIGON, 30)
    assert few.suspicion < PARAMETERS.look < PARAMETERS.alarm < blatant.suspicion


def test_what_all_lots_do_speaks_against_none() -> None:
    calm, lot = market(20, leak=20)
    used_to_it = copies(lot, calm, HUE, 10)
    strict, other = market(20, leak=1)
    assert used_to_it.suspicion < PARAMETERS.look < copies(other, strict, HUE, 29).suspicion


def test_a_lot_without_a_plan_is_sold_where_a_share_of_its_stamps_is_met() -> None:
    lot, everywhere = Told(), Counter[int]()
    for stamp in range(60):
        place = HANOI if stamp % 3 else HUE
        state = lots.state(NO_PLAN, seen(place, NO_PLAN))
        assert state is not None
        everywhere.update(dict(lot.take(stamp, state)))
    assert lots.judged(lot.counts, everywhere).areas == ()
    state = lots.state(NO_PLAN, seen(SAIGON, NO_PLAN))
    assert state is not None
    for stamp in range(60, 66):
        everywhere.update(dict(lot.take(stamp, state)))
    (area,) = lots.judged(lot.counts, everywhere).areas
    assert area.stamps == 6


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 9), st.sampled_from([None, HANOI, HUE, SAIGON]), st.booleans()),
        max_size=60,
    )
)
def test_counts_are_those_of_the_last_states_and_forgetting_a_lot_takes_them_back(
    events: list[tuple[int, int, tuple[float, float] | None, bool]],
) -> None:
    everywhere: Counter[int] = Counter()
    told = [Told() for _ in range(4)]
    for number, stamp, place, judge in events:
        state = lots.state(PLAN, seen(place))
        assert state is not None
        for sign, step in told[number].take(stamp, state):
            everywhere[sign] += step
        if judge:
            for sign, step in list(told[number].judge(everywhere)):
                everywhere[sign] += step
    for lot in told:
        last = Counter(sign for state in lot.states.values() for sign in lots.signs(state))
        assert Counter({s: n for s, n in lot.counts.items() if not lots.SCORES <= s < lots.HEIGHTS}) == last
        for sign, step in lots.gone(lot.counts):
            everywhere[sign] += step
    assert set(everywhere.values()) <= {0}


def test_an_event_that_changes_nothing_counts_nothing() -> None:
    watch, history = LotWatch(), seen(SAIGON)
    for _ in range(3):
        watch.saw("L1", PLAN, 1, NOW // 1_000_000, history)
    (day,) = watch.days()
    assert (day.lot, day.shown.stamps) == ("L1", 1)
    assert list(LotWatch().days()) == []
    assert NOTHING.suspicion == 0


def test_numbers_that_do_not_fit_are_refused() -> None:
    raw = json.loads(files("verifier.clones").joinpath("lots.json").read_text("utf-8"))
    assert all(one["source"] for one in raw.values() if isinstance(one, dict))
    for name, wrong in (("levels", [1]), ("bends", [1, 2]), ("scales", [1]), ("honest", [1] * 319)):
        with pytest.raises(ValueError, match="there are"):
            load({**raw, name: {"value": wrong}})


def test_a_lot_with_two_hundred_copied_codes_is_found_in_a_world_not_fitted_on() -> None:
    made = bench.honest(shifted()[0], 30)
    how = next(one for one in bench.COPYING if one.name == "200 × 5")
    most = bench.told(made, {how.name: bench.copied(made, how)})
    assert sum(one >= PARAMETERS.alarm for one in most[""]) == 0
    assert sum(one >= PARAMETERS.alarm for one in most[how.name]) >= 0.8 * 30
