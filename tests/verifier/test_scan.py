"""The scan on real databases: verdicts, firsts under races, recalls at once, nonces, and lost servers."""

import resource
import threading
import time
from collections import Counter
from datetime import date

import pytest
import sqlalchemy as sa

from stamp_engine.format import Profile
from tests.conftest import NOW, Stack
from tests.verifier.world import DAY, GTIN, World, answer, scan, world
from verifier import line
from verifier.cache import ProcessCache
from verifier.contract import Place, ReasonCode, ScanRequest, ScanRole, Verdict
from verifier.journal import Journal
from verifier.scan import NonceReused

V = Verdict


def codes(given: object) -> set[ReasonCode]:
    return {reason.code for reason in given.reasons}  # type: ignore[attr-defined]


def test_first_scan_then_again_then_by_another(place: World) -> None:
    block = place.batch(((5, "ACTIVE", place.lot("L1")),))
    scanner = place.scanner()
    first = scan(scanner, place.text(block[0]), device="a")
    assert (first.verdict, first.first_scan, first.scans and first.scans.count) == (V.VALID_FIRST, True, 1)
    again = scan(scanner, place.text(block[0]), device="a")
    assert (again.verdict, again.scans and again.scans.by_you) == (V.VALID, 2)
    other = scan(scanner, place.text(block[0]), device="b")
    assert other.scans is not None
    assert (other.verdict, other.scans.count, other.scans.by_you, other.scans.elsewhere) == (V.VALID, 3, 1, 2)
    assert other.scans.devices == 2
    assert codes(other) >= {ReasonCode.SEEN_ELSEWHERE}
    assert len(place.rows("scan")) == 3


def test_answer_shows_product_lot_and_maker(place: World) -> None:
    block = place.batch(((1, "ACTIVE", place.lot("L-7")),))
    found = scan(place.scanner(), place.text(block[0]))
    assert found.product is not None
    assert found.lot is not None
    assert found.organisation is not None
    assert found.stamp is not None
    assert (found.product.name.vi, found.lot.number, found.organisation.phone) == (
        "Chè Shan tuyết",
        "L-7",
        "0912345678",
    )
    assert found.stamp.serial == place.serial(block[0])


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("MINTED", V.NOT_ACTIVATED),
        ("PRINTED", V.NOT_ACTIVATED),
        ("DELIVERED", V.NOT_ACTIVATED),
        ("SPOILED", V.VOID),
        ("VOID", V.VOID),
        ("LOST", V.VOID),
        ("ACTIVE", V.VALID_FIRST),
    ],
)
def test_every_state_has_its_verdict(place: World, state: str, verdict: Verdict) -> None:
    block = place.batch(((1, state, place.lot("L1") if state == "ACTIVE" else None),))
    assert scan(place.scanner(), place.text(block[0])).verdict is verdict


def test_a_scan_before_activation_does_not_use_up_the_first(place: World) -> None:
    block = place.batch(((1, "DELIVERED", None),))
    scanner = place.scanner()
    assert scan(scanner, place.text(block[0])).verdict is V.NOT_ACTIVATED
    lot = place.lot("L1")
    part = place.rows("stamp_range")[0]
    place.change("stamp_range", part.id, state="ACTIVE", lot_id=lot)
    found = scan(scanner, place.text(block[0]))
    assert found.verdict is V.VALID_FIRST
    assert found.scans is not None
    assert found.scans.count == 1


@pytest.mark.parametrize("role", [ScanRole.STAFF, ScanRole.INSPECTOR])
def test_staff_and_inspectors_do_not_use_up_the_first(place: World, role: ScanRole) -> None:
    block = place.batch(((1, "ACTIVE", place.lot("L1")),))
    scanner = place.scanner()
    assert scan(scanner, place.text(block[0]), role=role).verdict is V.VALID
    assert scan(scanner, place.text(block[0])).verdict is V.VALID_FIRST


def test_recall_void_and_hold_show_on_the_very_next_scan(place: World) -> None:
    """Invariant 6, with a verifier that has everything cached."""
    lot = place.lot("L1")
    block = place.batch(((3, "ACTIVE", lot),))
    scanner = place.scanner()
    assert scan(scanner, place.text(block[0])).verdict is V.VALID_FIRST
    hold = place.add("hold", lot_id=lot, reason="Chờ kiểm nghiệm", placed_by_id=1, placed_at=NOW)
    held = scan(scanner, place.text(block[0]))
    assert held.verdict is V.LOT_BLOCKED
    assert "Chờ kiểm nghiệm" in held.reasons[0].text.vi
    place.change("hold", hold, lifted_at=NOW)
    assert scan(scanner, place.text(block[0])).verdict is V.VALID
    place.recall(lot)
    recalled = scan(scanner, place.text(block[1]))
    assert recalled.verdict is V.RECALLED
    assert recalled.recall is not None
    assert recalled.recall.instruction.vi == "Trả lại cửa hàng"
    part = place.rows("stamp_range")[0]
    place.change("stamp_range", part.id, state="VOID")
    assert scan(scanner, place.text(block[1])).verdict is V.VOID


def test_facts_that_change_between_judging_and_recording_are_seen(place: World) -> None:
    """The recall lands after the judge has looked and before the row is written."""
    lot = place.lot("L1")
    block = place.batch(((1, "ACTIVE", lot),))
    means = place.means()
    scanner = place.scanner(means)
    record = means.journal.record
    seen = []

    def late(clock: int, changes: object) -> object:
        if not seen:
            seen.append(clock)
            place.add("hold", lot_id=lot, reason="Tạm dừng", placed_by_id=1, placed_at=NOW)
        return record(clock, changes)  # type: ignore[arg-type]

    means.journal.record = late  # type: ignore[method-assign, assignment]
    assert scan(scanner, place.text(block[0])).verdict is V.LOT_BLOCKED
    assert [row.verdict for row in place.rows("scan")] == ["lot_blocked"]


def test_expired_lot_and_certificate_follow_the_local_day(place: World) -> None:
    lot = place.lot("L1", produced_on=date(2026, 1, 1), expires_on=date(2026, 11, 24))
    block = place.batch(((1, "ACTIVE", lot),))
    scanner = place.scanner()
    place.clock.now = NOW + 16 * 3600 * 1_000_000  # 23:00 of the last day in Sơn La
    assert scan(scanner, place.text(block[0])).verdict is V.VALID_FIRST
    place.clock.now = NOW + 17 * 3600 * 1_000_000  # midnight has passed there, not yet in UTC
    assert scan(scanner, place.text(block[0])).verdict is V.EXPIRED_PRODUCT


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("gtin", [None, GTIN])
def test_every_profile_is_read_and_a_changed_one_is_forged(place: World, profile: Profile, gtin: str | None) -> None:
    block = place.batch(((2, "ACTIVE", place.lot("L1")),), profile=profile, gtin=gtin)
    scanner = place.scanner()
    text = place.text(block[0], profile=profile, gtin=gtin)
    assert scan(scanner, text).verdict is V.VALID_FIRST
    other_gtin = None if gtin else GTIN
    assert scan(scanner, place.text(block[1], profile=profile, gtin=other_gtin)).verdict is V.FORGED
    other = Profile.SEALED if profile is Profile.COMPACT else Profile.COMPACT
    assert scan(scanner, place.text(block[1], profile=other, gtin=gtin)).verdict is V.FORGED
    digit = text[30]
    forged = text[:30] + ("7" if digit != "7" else "8") + text[31:]
    assert scan(scanner, forged).verdict in {V.FORGED, V.MALFORMED}


def test_typed_serial_stands_for_every_profile(place: World) -> None:
    lot = place.lot("L1")
    scanner = place.scanner()
    for profile in Profile:
        block = place.batch(((1, "ACTIVE", lot),), profile=profile, gtin=GTIN)
        assert scan(scanner, place.serial(block[0]).lower()).verdict is V.VALID_FIRST


def test_forged_malformed_and_foreign_touch_no_database(place: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 3."""

    def touched(*_: object) -> None:
        raise AssertionError("the journal was asked")

    place.batch(((1, "ACTIVE", place.lot("L1")),))
    means = place.means()
    scanner = place.scanner(means)
    scan(scanner, "warm")
    means.facts.snapshot()
    for question in ("recall", "record", "find"):
        monkeypatch.setattr(Journal, question, touched)
    statements: list[str] = []
    sa.event.listen(
        place.stack.verifier_engine, "before_cursor_execute", lambda *given: statements.append(str(given[2]))
    )
    for text, verdict in (
        ("https://T.SONLA.VN/0000000000000000", V.FORGED),
        ("https://T.SONLA.VN/" + "1" * 155 + "/000000000000", V.FORGED),
        ("https://T.SONIA.VN/0000000000000000", V.FOREIGN),
        ("hello", V.MALFORMED),
        ("0000-0000-0000-0000-1", V.MALFORMED),
        ("x" * 100_000, V.MALFORMED),
        ("", V.MALFORMED),
        ("\0", V.MALFORMED),
    ):
        assert scan(scanner, text).verdict is verdict, text[:40]
    assert statements == []
    assert place.rows("scan") == []


def test_a_full_disk_under_sqlite_answers_unavailable_and_writes_no_half(embedded: Stack) -> None:
    """Invariant 4, in the embedded default, where this process itself writes the file."""
    with world(embedded) as place:
        block = place.batch(((2, "ACTIVE", place.lot("L1")),))
        scanner = place.scanner()
        assert scan(scanner, place.text(block[0])).verdict is V.VALID_FIRST
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
        try:
            found = [scan(scanner, place.text(stamp)) for stamp in block]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert {one.verdict for one in found} == {V.UNAVAILABLE}
        assert len(place.rows("scan")) == 1
        assert scan(scanner, place.text(block[1])).verdict is V.VALID_FIRST
        assert scan(scanner, place.text(block[0])).verdict is V.VALID
        assert sorted(row.n for row in place.rows("scan")) == [1, 1, 2]


def test_an_authentic_code_outside_every_batch_is_unknown(place: World) -> None:
    place.batch(((1, "ACTIVE", place.lot("L1")),))
    scanner = place.scanner()
    assert scan(scanner, place.text(999_999)).verdict is V.UNKNOWN
    assert scan(scanner, place.text(999_999, profile=Profile.SEALED)).verdict is V.UNKNOWN


def test_a_batch_without_a_valid_manifest_is_unknown(place: World) -> None:
    place.batch(((1, "ACTIVE", place.lot("L1")),))
    block = place.batch(((1, "ACTIVE", place.lot("L2")),), manifest="{}")
    found = scan(place.scanner(), place.text(block[0]))
    assert found.verdict is V.UNKNOWN
    assert found.product is None


def test_a_nonce_repeated_gives_the_same_answer_and_writes_nothing(place: World) -> None:
    block = place.batch(((2, "ACTIVE", place.lot("L1")),))
    scanner = place.scanner()
    text = place.text(block[0])
    first = scan(scanner, text, nonce="n-1", device="a")
    scan(scanner, text, device="b")
    assert scan(scanner, text, nonce="n-1", device="a") == first
    together = scanner.scan([ScanRequest(text, nonce="n-2"), ScanRequest(text, nonce="n-2")])
    assert answer(together[0]) == answer(together[1])
    assert len(place.rows("scan")) == 3
    assert isinstance(scanner.scan([ScanRequest(place.text(block[1]), nonce="n-1")])[0], NonceReused)


def test_one_nonce_raced_by_two_processes_is_recorded_once(place: World) -> None:
    block = place.batch(((1, "ACTIVE", place.lot("L1")),))
    text = place.text(block[0])
    scanners = [place.scanner(place.means(ProcessCache())) for _ in range(4)]
    given = race(lambda number: [scan(scanners[number], text, nonce=f"n-{turn}") for turn in range(20)], 4)
    for turn in range(20):
        assert len({one[turn] for one in given}) == 1
    assert len(place.rows("scan")) == 20


def race(work: object, threads: int) -> list[list[object]]:
    given: list[list[object]] = [[] for _ in range(threads)]
    barrier = threading.Barrier(threads)

    def run(number: int) -> None:
        barrier.wait()
        given[number] = work(number)  # type: ignore[operator]

    started = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return given


def test_exactly_one_first_scan_under_any_race(place: World) -> None:
    """Invariant 5: four processes' worth of scanners, each with its own memory, on the same stamps."""
    block = place.batch(((20, "ACTIVE", place.lot("L1")),))
    scanners = [place.scanner(place.means(ProcessCache())) for _ in range(4)]

    def work(number: int) -> list[object]:
        found: list[object] = []
        for _ in range(5):
            found += scanners[number].scan([ScanRequest(place.text(index), device=f"d{number}") for index in block])
        return found

    given = [answer(one) for part in race(work, 4) for one in part]  # type: ignore[arg-type]
    firsts = Counter(one.stamp.serial for one in given if one.first_scan and one.stamp)
    assert firsts == {place.serial(index): 1 for index in block}
    counts = Counter((one.stamp.serial, one.scans.count) for one in given if one.stamp and one.scans)
    assert set(counts.values()) == {1}
    assert len(place.rows("scan")) == 4 * 5 * 20
    assert {row.n for row in place.rows("sighting")} == {20}


def test_one_impossible_pair_is_told_and_names_no_place_and_a_second_warns(place: World) -> None:
    """Two anonymous phones can claim any place, and links are forwarded: alone it warns of nothing."""
    block = place.batch(((1, "ACTIVE", place.lot("L1")),))
    scanner = place.scanner()
    scan(scanner, place.text(block[0]), device="a", place=Place(21.33, 103.91, 20))
    place.clock.now += 60 * 1_000_000
    far = scan(scanner, place.text(block[0]), device="b", place=Place(10.78, 106.70, 20))
    assert far.verdict is V.VALID
    evidence = next(reason.evidence for reason in far.reasons if reason.code is ReasonCode.IMPOSSIBLE_TRAVEL)
    assert evidence is not None
    assert evidence.vi == "Cách nhau hơn 1200 km."
    place.clock.now += 60 * 1_000_000
    again = scan(scanner, place.text(block[0]), device="c", place=Place(21.33, 103.91, 20))
    assert again.verdict is V.UNUSUAL
    assert ReasonCode.FAR_PLACES in codes(again)


def test_a_traveller_with_one_phone_is_left_alone(place: World) -> None:
    block = place.batch(((1, "ACTIVE", place.lot("L1")),))
    scanner = place.scanner()
    scan(scanner, place.text(block[0]), device="a", place=Place(21.33, 103.91, 20))
    assert scan(scanner, place.text(block[0]), device="a", place=Place(10.78, 106.70, 20)).verdict is V.VALID


def test_a_late_scan_is_recorded_as_late_and_is_never_first(place: World) -> None:
    block = place.batch(((1, "ACTIVE", place.lot("L1")),))
    scanner = place.scanner()
    late = scan(scanner, place.text(block[0]), scanned_at=NOW - DAY)
    assert (late.verdict, late.late, late.first_scan) == (V.VALID, True, False)
    assert scan(scanner, place.text(block[0])).verdict is V.VALID_FIRST
    assert [row.late for row in place.rows("scan")] == [True, False]


@pytest.mark.parametrize("step", [-3_600_000_000, 3_600_000_000])
def test_a_clock_stepped_by_an_hour_never_turns_a_stamps_times_back(place: World, step: int) -> None:
    """The history is kept in whole seconds; within one, `n` alone is the order."""
    block = place.batch(((1, "ACTIVE", place.lot("L1")),))
    scanner = place.scanner()
    assert scan(scanner, place.text(block[0]), device="a").verdict is V.VALID_FIRST
    place.clock.now += step
    assert scan(scanner, place.text(block[0]), device="a").verdict is V.VALID
    place.clock.now -= step
    assert scan(scanner, place.text(block[0]), device="a").verdict is V.VALID
    rows = sorted(place.rows("scan"), key=lambda row: row.n)
    assert [row.n for row in rows] == [1, 2, 3]
    seconds = [row.at // 1_000_000 for row in rows]
    assert seconds == sorted(seconds)


def test_an_uncounted_look_is_not_recorded_but_sees_new_facts(place: World) -> None:
    lot = place.lot("L1")
    block = place.batch(((1, "ACTIVE", lot),))
    scanner = place.scanner()
    assert scan(scanner, place.text(block[0])).verdict is V.VALID_FIRST
    look = scan(scanner, place.text(block[0]), count=False)
    assert (look.verdict, look.receipt, look.scans and look.scans.count) == (V.VALID, None, 1)
    place.add("hold", lot_id=lot, reason="x", placed_by_id=1, placed_at=NOW)
    assert scan(scanner, place.text(block[0]), count=False).verdict is V.LOT_BLOCKED
    assert len(place.rows("scan")) == 1


def test_no_opener_means_could_not_check_never_forged(place: World) -> None:
    block = place.batch(((1, "ACTIVE", place.lot("L1")),))
    place.socket = place.socket.with_name("nobody.sock")
    assert scan(place.scanner(), place.text(block[0])).verdict is V.UNAVAILABLE
    assert place.rows("scan") == []


def test_no_database_means_could_not_check(production: Stack) -> None:
    from tests.verifier.world import world

    with world(production) as place:
        block = place.batch(((1, "ACTIVE", place.lot("L1")),))
        scanner = place.scanner()
        text = place.text(block[0])
        assert scan(scanner, text).verdict is V.VALID_FIRST
        _admit(production, limit=0)
        try:
            assert scan(scanner, text).verdict is V.UNAVAILABLE
        finally:
            _admit(production, limit=-1)
        time.sleep(line.REST_S)
        assert scan(scanner, text).verdict is V.VALID
        assert len(place.rows("scan")) == 2


def _admit(stack: Stack, *, limit: int) -> None:
    """Cut every connection of the public side and let at most `limit` new ones in (-1: any number)."""
    with stack.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER ROLE public_side CONNECTION LIMIT {limit}")
    with stack.engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'public_side'"
        )


def test_a_commit_with_lost_answer_is_looked_up_not_repeated(place: World) -> None:
    from verifier.journal import JournalDown

    block = place.batch(((1, "ACTIVE", place.lot("L1")),))
    means = place.means()
    scanner = place.scanner(means)
    record = means.journal.record
    lost = []

    def committed_but_unheard(clock: int, changes: object) -> object:
        done = record(clock, changes)  # type: ignore[arg-type]
        if not lost:
            lost.append(done)
            raise JournalDown("the line went dead")
        return done

    means.journal.record = committed_but_unheard  # type: ignore[method-assign, assignment]
    found = scan(scanner, place.text(block[0]))
    assert (found.verdict, found.first_scan) == (V.VALID_FIRST, True)
    assert len(place.rows("scan")) == 1


def test_valkey_flushed_between_scans_changes_nothing(production: object) -> None:
    import redis

    from tests.conftest import Stack
    from tests.verifier.world import world

    assert isinstance(production, Stack)
    with world(production) as place:
        block = place.batch(((1, "ACTIVE", place.lot("L1")),))
        scanner = place.scanner()
        verdicts = []
        for turn in range(6):
            verdicts.append(scan(scanner, place.text(block[0])).scans.count)  # type: ignore[union-attr]
            if turn % 2:
                with redis.Redis.from_url(production.redis_url) as cache:
                    cache.flushall()
        assert verdicts == [1, 2, 3, 4, 5, 6]
