"""Claims and scratch codes: first exactly once, wrong tries counted, the owner never locked out by others."""

import pytest

from tests.verifier.test_scan import race
from tests.verifier.world import DAY, World, scan
from verifier.claims import TRIES_A_DAY, ClaimRefused, ClaimRequest
from verifier.contract import ClaimOutcome, ReasonCode, Verdict

OUTCOME = ClaimOutcome


def test_bought_once_then_already(place: World) -> None:
    block = place.batch(((1, "ACTIVE", place.lot("L1")),))
    receipt = scan(place.scanner(), place.text(block[0])).receipt
    assert receipt is not None
    claims = place.claims()
    assert claims.claim(ClaimRequest(receipt)).outcome is OUTCOME.CLAIMED
    assert claims.claim(ClaimRequest(receipt)).outcome is OUTCOME.ALREADY_CLAIMED


def test_pin_first_again_and_reused_elsewhere(place: World) -> None:
    block = place.batch(((1, "ACTIVE", place.lot("L1")),), pins=True)
    scanner, claims = place.scanner(), place.claims()
    text, pin = place.text(block[0]), place.pin(block[0])
    mine = scan(scanner, text, device="a").receipt
    assert mine is not None
    first = claims.claim(ClaimRequest(mine, pin, "a"))
    assert first.outcome is OUTCOME.VERIFIED_FIRST
    again = claims.claim(ClaimRequest(mine, pin, "a"))
    assert (again.outcome, (again.at or 0) // 1_000_000) == (OUTCOME.ALREADY_VERIFIED, (first.at or 0) // 1_000_000)
    assert scan(scanner, text, device="a").verdict is Verdict.VALID
    theirs = scan(scanner, text, device="b").receipt
    assert theirs is not None
    assert claims.claim(ClaimRequest(theirs, pin, "b")).outcome is OUTCOME.ALREADY_VERIFIED
    # The other half of a household does this; it is told and weighed, and alone it warns of nothing.
    told = scan(scanner, text, device="a")
    assert told.verdict is Verdict.VALID
    assert ReasonCode.PIN_REUSED in {reason.code for reason in told.reasons}


def test_wrong_pins_are_counted_and_lock_for_the_day_only_who_tried(place: World) -> None:
    block = place.batch(((1, "ACTIVE", place.lot("L1")),), pins=True)
    claims = place.claims()
    receipt = scan(place.scanner(), place.text(block[0])).receipt
    assert receipt is not None
    pin = place.pin(block[0])
    wrong = f"{(int(pin) + 1) % 10**8:08d}"
    given = [claims.claim(ClaimRequest(receipt, wrong, "thief", "1.2.3.0")) for _ in range(TRIES_A_DAY + 2)]
    assert [one.tries_left for one in given] == [4, 3, 2, 1, 0, None, None]
    assert [one.outcome for one in given][-2:] == [OUTCOME.LOCKED, OUTCOME.LOCKED]
    assert claims.claim(ClaimRequest(receipt, pin, "thief", "1.2.3.0")).outcome is OUTCOME.LOCKED
    assert claims.claim(ClaimRequest(receipt, pin, "owner", "5.6.7.0")).outcome is OUTCOME.VERIFIED_FIRST
    place.clock.now += DAY
    assert claims.claim(ClaimRequest(receipt, pin, "thief", "1.2.3.0")).outcome is OUTCOME.ALREADY_VERIFIED


def test_exactly_one_first_confirmation_under_any_race(place: World) -> None:
    """Invariant 5, for PINs."""
    block = place.batch(((1, "ACTIVE", place.lot("L1")),), pins=True)
    receipt = scan(place.scanner(), place.text(block[0])).receipt
    assert receipt is not None
    pin = place.pin(block[0])
    desks = [place.claims() for _ in range(4)]
    given = race(lambda number: [desks[number].claim(ClaimRequest(receipt, pin, f"d{number}")).outcome], 4)
    assert sorted(one for part in given for one in part) == [OUTCOME.ALREADY_VERIFIED] * 3 + [OUTCOME.VERIFIED_FIRST]  # type: ignore[type-var]
    assert sum(row.first for row in place.rows("claim")) == 1


@pytest.mark.parametrize(("pins", "state", "code"), [(False, "ACTIVE", "no_pin"), (True, "VOID", "not_active")])
def test_claims_that_cannot_be_judged_are_refused(place: World, *, pins: bool, state: str, code: str) -> None:
    block = place.batch(((1, state, place.lot("L1")),), pins=pins)
    receipt = scan(place.scanner(), place.text(block[0])).receipt
    assert receipt is not None
    with pytest.raises(ClaimRefused, match=code):
        place.claims().claim(ClaimRequest(receipt, "12345678"))
    assert place.rows("claim") == []
    with pytest.raises(ClaimRefused, match="no_receipt"):
        place.claims().claim(ClaimRequest(place.new_id()))
