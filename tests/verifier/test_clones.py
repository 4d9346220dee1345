"""The copy detector alone: what it remembers, who has a voice, and what may and may never turn a stamp red."""

import json
import struct
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.clones import detector
from verifier.clones.crowd import MOST_STAMPS, Crowd
from verifier.clones.distance import Fix, Known
from verifier.clones.evidence import NO_PLAN, Evidence, Plan
from verifier.clones.weights import PARAMETERS, Ground, weigh
from verifier.contract import ReasonCode, Verdict
from verifier.findings import reason
from verifier.sightings import MAX_BYTES, NEVER_SEEN, Mark, Sighting, device_mark
from verifier.verdict import (
    ACTIVE,
    CLEARED_BY,
    LEADS_TO,
    SUSPECTED,
    UNUSUAL,
    Cleared,
    Flags,
    Judgement,
    Look,
    Standing,
    history_findings,
    judge,
)

SECOND = 1_000_000
BEGIN_S = 1_795_478_400
TOWNS = ((21.33, 103.91), (21.03, 105.85), (16.07, 108.22), (10.78, 106.70), (21.34, 103.94))
PLAN = Plan(((21.03, 105.85, 40.0),), BEGIN_S - 5 * 86_400, 60 * 86_400)
STANDING = Standing(state=ACTIVE, plan=PLAN)
ANONYMOUS = ("scan", "place", "claim", "wrong")
ALL = (*ANONYMOUS, "pin", "staff")


@dataclass(frozen=True)
class Act:
    """One sign, so many seconds after the one before; `town` None: no place."""

    kind: str
    device: int
    wait_s: int
    town: int | None
    known: Known


def acts(*kinds: str) -> st.SearchStrategy[list[Act]]:
    one = st.builds(
        Act,
        st.sampled_from(kinds),
        st.integers(0, 40),
        st.sampled_from([0, 60, 3600, 86_400, 500_000]),
        st.none() | st.integers(0, len(TOWNS) - 1),
        st.sampled_from([Known.ROUGHLY, Known.FAIRLY, Known.EXACTLY]),
    )
    return st.lists(one, max_size=60)


def step(before: Sighting, act: Act, at_s: int, plan: Plan = PLAN) -> Sighting:
    mark = device_mark(f"d{act.device}" if act.device else None, 7)
    fix = None if act.town is None else Fix(*TOWNS[act.town], 4, at_s, mark, act.known)
    match act.kind:
        case "scan":
            return detector.scanned(before, at_s * SECOND, mark, fix, plan)
        case "place":
            return before if fix is None else detector.located(before, fix, plan)
        case "claim":
            return detector.claimed(before, mark, fix)
        case "wrong":
            return detector.mistyped(before, mark)
        case "pin":
            return detector.confirmed(before, at_s * SECOND, mark, fix)
        case _:
            return detector.vouched(before, fix)


def lived(done: list[Act]) -> list[Sighting]:
    """The history after each act."""
    found, at_s, now = [], BEGIN_S, NEVER_SEEN
    for act in done:
        at_s += act.wait_s
        now = step(now, act, at_s)
        found.append(now)
    return found


def looked(before: Sighting, *, shown: bool = True) -> Judgement:
    """The judgement of a look that is not counted."""
    look = Look((BEGIN_S + 90 * 86_400) * SECOND, recorded=False)
    return judge(STANDING, before, look, show_copies=shown)


def copied() -> Sighting:
    """One code on many packs, sold day after day in three towns, bought and said so."""
    now = NEVER_SEEN
    for number in range(36):
        at_s, town = BEGIN_S + number * 30 * 3600, number % 3
        mark = device_mark(f"buyer {number}", 7)
        fix = Fix(*TOWNS[town], 4, at_s, mark) if number % 4 == 0 else None
        now = detector.scanned(now, at_s * SECOND, mark, fix, PLAN)
        if number % 3 == 0:
            now = detector.claimed(now, mark, fix)
    return now


@given(acts(*ALL))
def test_a_history_packs_into_80_bytes_and_comes_back_whole(done: list[Act]) -> None:
    for now in lived(done):
        packed = now.pack()
        assert len(packed) <= MAX_BYTES
        assert Sighting.unpack(packed) == now


@given(acts(*ALL), st.data())
def test_a_packed_history_goes_on_as_the_history_itself(done: list[Act], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(done)))
    straight, now, at_s = lived(done), NEVER_SEEN, BEGIN_S
    for number, act in enumerate(done):
        at_s += act.wait_s
        now = step(Sighting.unpack(now.pack()) if number == cut else now, act, at_s)
    assert not done or now.pack() == straight[-1].pack()


@given(acts(*ALL), st.integers(1, 40), st.integers(1, 12))
def test_one_device_has_one_voice(done: list[Act], device: int, times: int) -> None:
    """However often it scans, claims or mistypes again, the weight stays where its first sign left it."""
    before = lived(done)[-1] if done else NEVER_SEEN
    at_s = BEGIN_S + 30_000_000
    for kind in ("scan", "claim", "wrong"):
        act = Act(kind, device, 0, 1, Known.EXACTLY)
        once = step(before, act, at_s)
        again = once
        for number in range(times):
            again = step(again, act, at_s + number * 3600)
        assert (again.weight, again.evidence.voices, again.evidence.claims, again.evidence.wrong_pins) == (
            once.weight,
            once.evidence.voices,
            once.evidence.claims,
            once.evidence.wrong_pins,
        )
        assert again.devices == once.devices


@given(acts(*ALL))
def test_nobody_credible_no_voice(done: list[Act]) -> None:
    before = lived(done)[-1] if done else NEVER_SEEN
    at_s = BEGIN_S + 40_000_000
    mark = device_mark("a rival", 7)
    after = detector.scanned(
        before, at_s * SECOND, mark, Fix(*TOWNS[3], 4, at_s, mark, Known.FAIRLY), PLAN, credible=False
    )
    assert (after.weight, after.evidence) == (before.weight, before.evidence)
    assert after.scans == before.scans + 1


@given(acts(*ANONYMOUS))
def test_anonymous_signs_alone_turn_nothing_red(done: list[Act]) -> None:
    for now in lived(done):
        assert not now.has(detector.CORROBORATED)  # type: ignore[arg-type]  # any of the two marks
        assert looked(now).verdict is not Verdict.SUSPECT_COPY


@given(acts(*ALL), st.integers(PARAMETERS.unusual, 7000))
def test_in_the_shadow_nothing_is_shown_red(done: list[Act], weight: int) -> None:
    now = (lived(done)[-1] if done else NEVER_SEEN)._replace(weight=weight)
    shadow, shown = looked(now, shown=False), looked(now)
    assert shadow.verdict is Verdict.UNUSUAL
    assert shadow.suspicion == UNUSUAL
    assert shadow.shadowed is (shown.verdict is Verdict.SUSPECT_COPY)
    assert shadow.sighting == shown.sighting


@pytest.mark.parametrize("mark", [Mark.PIN_FAR, Mark.VOUCHED_APART])
def test_red_needs_weight_and_corroboration(mark: Mark) -> None:
    heavy = copied()
    assert looked(heavy).verdict is Verdict.UNUSUAL
    assert looked(NEVER_SEEN.marked(mark)).verdict is Verdict.VALID
    red = looked(heavy.marked(mark))
    assert (red.verdict, red.suspicion) == (Verdict.SUSPECT_COPY, SUSPECTED)
    assert looked(heavy.marked(mark), shown=False).shadowed


def test_the_right_scratch_code_from_far_away_corroborates_and_from_the_kitchen_does_not() -> None:
    at_s = BEGIN_S
    for town, far in ((4, False), (3, True)):
        first = detector.confirmed(NEVER_SEEN, at_s * SECOND, 11, Fix(*TOWNS[0], 4, at_s, 11))
        assert not first.has(Mark.PIN_FAR)
        again = detector.confirmed(first, at_s * SECOND, 12, Fix(*TOWNS[town], 4, at_s + 86_400, 12))
        assert again.has(Mark.PIN_REUSED)
        assert again.has(Mark.PIN_FAR) is far


def test_an_impossible_pair_corroborates_when_both_answer_for_themselves() -> None:
    at_s = BEGIN_S
    here, there = Fix(*TOWNS[0], 4, at_s, 11), Fix(*TOWNS[3], 4, at_s + 60, 12)
    strangers = detector.scanned(detector.scanned(NEVER_SEEN, at_s * SECOND, 11, here), at_s * SECOND, 12, there)
    assert strangers.has(Mark.IMPOSSIBLE_TRAVEL)
    assert not strangers.has(Mark.VOUCHED_APART)
    officers = detector.vouched(detector.vouched(NEVER_SEEN, here), there)
    assert officers.has(Mark.VOUCHED_APART)
    assert officers.scans == 0


def test_copies_in_three_towns_are_found_and_one_home_is_left_alone() -> None:
    assert copied().weight >= PARAMETERS.unusual
    home = NEVER_SEEN
    for number in range(12):
        at_s, mark = BEGIN_S + number * 9 * 3600, device_mark(f"family {number % 4}", 7)
        home = detector.scanned(home, at_s * SECOND, mark, Fix(*TOWNS[1], 4, at_s, mark), PLAN)
    assert looked(home).verdict is Verdict.VALID
    assert looked(home).suspicion == 0


@given(acts(*ALL))
def test_a_weight_once_reached_stays(done: list[Act]) -> None:
    heard = [now.weight for now in lived(done) if now.evidence.voices]
    assert heard == sorted(heard)


def test_a_code_that_goes_round_the_country_reads_as_published() -> None:
    now = NEVER_SEEN
    for number in range(20):
        at_s, mark = BEGIN_S + number * 3600, device_mark(f"reader {number}", 7)
        now = detector.scanned(now, at_s * SECOND, mark, Fix(*TOWNS[number % 4], 4, at_s, mark), NO_PLAN)
    found = looked(now)
    assert (found.verdict, found.suspicion) == (Verdict.UNUSUAL, UNUSUAL)
    assert ReasonCode.EXPOSED in {finding.code for finding in found.findings}


@given(acts(*ALL), st.integers(PARAMETERS.unusual, 7000))
def test_every_warning_says_why_in_both_languages(done: list[Act], weight: int) -> None:
    found = looked((lived(done)[-1] if done else NEVER_SEEN)._replace(weight=weight))
    why = [finding for finding in found.findings if LEADS_TO.get(finding.code) is found.verdict]
    assert why
    for said in map(reason, why):
        for words in filter(None, (said.text, said.evidence)):
            assert words.vi != words.en
            assert "{" not in words.vi + words.en


def test_every_ground_has_its_words() -> None:
    codes = {"devices": "many_devices", "time": "over_many_days", "places": "far_places"}
    codes |= {"claims": "several_buyers", "age": "long_after_sale"}
    assert {ground.value for ground in Ground} == set(codes)
    assert all(LEADS_TO[ReasonCode(code)] is Verdict.UNUSUAL for code in codes.values())


def test_who_scans_dozens_of_stamps_a_day_is_no_buyer_that_day() -> None:
    crowd = Crowd(remembered=2)
    assert all(crowd.credible("shop", stamp, BEGIN_S) for stamp in range(MOST_STAMPS))
    assert not crowd.credible("shop", 99, BEGIN_S)
    assert not crowd.credible("shop", 0, BEGIN_S)
    assert crowd.credible(None, 99, BEGIN_S)
    assert crowd.credible("shop", 99, BEGIN_S + 86_400)


def test_a_history_of_the_first_version_becomes_one_of_this() -> None:
    """Migration 0015: counts, firsts and the scratch code stay; there is no evidence yet."""
    times = BEGIN_S * SECOND, (BEGIN_S + 9) * SECOND
    old = struct.pack("<BBHIqqIIhhBIIH", 1, 1 | 2, 2, 5, *times, 77, 88, 0, 0, 0, 0, 0, 0)
    old += struct.pack("<IB", 1 << 30, 3) + struct.pack("<IB", 5, 2)
    now = Sighting.unpack(import_module("migrations.versions.0015_copies")._packed(old))  # noqa: SLF001
    assert (now.scans, now.devices, now.pin_at_s, now.weight) == (5, 2, 88, 0)
    assert (now.first_at, now.last_at) == (BEGIN_S * SECOND, (BEGIN_S + 9) * SECOND)
    assert now.has(Mark.FIRST_USED)
    assert now.has(Mark.PIN_CONFIRMED)
    assert [count for _, count, _ in now.seen] == [3, 2]
    assert now.pin_device


@given(acts(*ALL))
def test_a_history_goes_back_to_the_first_version_with_its_counts(done: list[Act]) -> None:
    migration = import_module("migrations.versions.0015_copies")
    for now in lived(done):
        again = Sighting.unpack(migration._packed(migration._unpacked(now.pack())))  # noqa: SLF001
        kept = ("scans", "devices", "first_at", "last_at", "pin_at_s")
        assert [getattr(again, name) for name in kept] == [getattr(now, name) for name in kept]
        assert again.has(Mark.FIRST_USED) == now.has(Mark.FIRST_USED)
        assert again.has(Mark.PIN_CONFIRMED) == now.has(Mark.PIN_CONFIRMED)


# Both out of made-up markets: a display piece, and one code on 200 packs.
COPIED = Evidence(
    voices=8, days=1, placed=4, same=1, last_h=105, towns=1, switches=2, off_plan=3, owners=2, claims=2, planned=1
)
DISPLAYED = Evidence(
    voices=13,
    days=4,
    placed=5,
    aside=1,
    last_h=227,
    after_claim=3,
    towns=1,
    switches=1,
    hubs=1,
    old=7,
    owners=1,
    claims=1,
    planned=1,
)


def test_a_registered_display_piece_is_left_alone_and_copies_of_it_are_not() -> None:
    """Thirteen strangers about one place over ten days, on old goods: odd for a sold pack, usual on a shelf."""
    seen = detector.scanned(NEVER_SEEN, BEGIN_S * SECOND, 1, None).judged(DISPLAYED, weigh(DISPLAYED))
    look = Look((BEGIN_S + 20 * 86_400) * SECOND, recorded=False)
    shown = replace(STANDING, flags=Flags(display="Cửa hàng"))
    assert judge(STANDING, seen, look).verdict is Verdict.UNUSUAL
    calm = judge(shown, seen, look)
    assert calm.verdict is Verdict.VALID
    assert ReasonCode.ON_DISPLAY in {one.code for one in calm.findings}
    assert judge(shown, seen.judged(COPIED, weigh(COPIED)), look).verdict is Verdict.UNUSUAL


@given(acts(*ALL))
def test_what_people_say_never_hides_a_confirmed_copy(done: list[Act]) -> None:
    for before in lived(done)[-3:]:
        cleared = Cleared(before.weight, before.marks, before.evidence.voices)
        for flags in (Flags(copied=True), Flags(copied=True, display="x", exposed=True, cleared=cleared)):
            judged = judge(
                replace(STANDING, flags=flags), before, Look(before.last_at, recorded=False), show_copies=False
            )
            assert judged.verdict is Verdict.SUSPECT_COPY
            assert judged.suspicion == SUSPECTED
            assert not judged.shadowed


@given(acts(*ALL), acts(*ALL))
def test_a_false_alarm_covers_what_was_known_and_no_more(known: list[Act], later: list[Act]) -> None:
    lives = lived([*known, *later])
    if not lives:
        return
    then, now = (lives[len(known) - 1] if known else NEVER_SEEN), lives[-1]
    cleared = Cleared(then.weight, then.marks, then.evidence.voices)
    assert cleared.covers(then)
    found = history_findings(now, Flags(cleared=cleared))
    much_more = now.weight >= then.weight + CLEARED_BY or now.evidence.voices >= 2 * max(then.evidence.voices, 1)
    fresh = now.marks & ~then.marks & detector.CORROBORATED
    assert found == (history_findings(now) if much_more or fresh else [])


def test_every_number_of_the_detector_names_its_source() -> None:
    raw = json.loads(files("verifier.clones").joinpath("weights.json").read_text("utf-8"))
    given_by = {name: one["source"] for name, one in raw.items() if isinstance(one, dict) and "value" in one}
    assert len(given_by) == 5
    assert all(source.partition(":")[0] in {"fitted", "measured", "assumption"} for source in given_by.values())
