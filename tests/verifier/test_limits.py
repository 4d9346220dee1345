"""Who tries codes is slowed down and told of; honest phones never are, however many stand behind one address."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.verifier.doors import JSON, PHONE, opened, path, problem
from tests.verifier.world import Clock, World
from verifier.clients import Proxies, network_of
from verifier.contract import Verdict
from verifier.journal import Journal
from verifier.limits import ENUMERATION, SLOTS, TRIED_A_MINUTE, TRIED_BY_NETWORK, Limit, Shared, Windows
from verifier.lookout import Lookout, Tried

FORGED = "https://T.SONLA.VN/" + "0" * 16
MINUTE = 60_000_000


@pytest.fixture
def codes(place: World) -> list[str]:
    block = place.batch(((600, "ACTIVE", place.lot("L1")),))
    return [place.text(index) for index in block]


@pytest.fixture
def door(place: World) -> Iterator[TestClient]:
    with opened(place) as client:
        yield client


def lookout(place: World, *, shared: bool = False) -> Lookout:
    made = Lookout(
        Journal(place.stack.verifier_engine),
        clock=place.clock,
        new_id=place.new_id,
        shared=Shared(place.stack.redis_url, place.clock) if shared else None,
    )
    place.closing.callback(made.stop)
    return made


def tried(device: str = "", network: str = "192.0.2.0/24") -> Tried:
    return Tried(Verdict.FORGED.value, FORGED, device, network)


@given(
    events=st.lists(st.integers(0, 30_000_000), max_size=40),
    most=st.integers(1, 20),
)
def test_a_window_never_misses_and_hardly_overcounts(events: list[int], most: int) -> None:
    """Against every event kept: all inside the window are counted, none older than a tenth of it more is."""
    limit, clock = Limit("any", 10, most), Clock(1_795_478_400_000_000)
    start, windows, passed = clock.now, Windows(clock), []
    for at in sorted(events):
        clock.now = start + at
        wait = windows.wait_s(limit, "who")
        now = clock.now
        inside = sum(1 for one in passed if one > now - limit.seconds * 1_000_000)
        nearly = sum(
            1 for one in passed if one > now - limit.seconds * 1_000_000 * (SLOTS + 1) // SLOTS - limit.slot_us
        )
        assert inside <= windows.count(limit, "who") <= nearly
        assert (wait == 0) == (windows.count(limit, "who") < most)
        assert 0 <= wait <= limit.seconds * (SLOTS + 1) // SLOTS + 1
        if not wait:
            windows.add(limit, "who")
            passed.append(clock.now)


def test_waiting_as_long_as_said_is_enough() -> None:
    clock = Clock()
    windows = Windows(clock)
    for _ in range(TRIED_A_MINUTE.most):
        windows.add(TRIED_A_MINUTE, "d")
    wait = windows.wait_s(TRIED_A_MINUTE, "d")
    clock.now += wait * 1_000_000
    assert windows.wait_s(TRIED_A_MINUTE, "d") == 0


def test_subjects_beyond_memory_push_out_the_oldest() -> None:
    windows = Windows(Clock(), capacity=3)
    for who in "abcd":
        windows.add(TRIED_A_MINUTE, who)
    assert [windows.count(TRIED_A_MINUTE, who) for who in "abcd"] == [0, 1, 1, 1]


def test_a_device_is_stopped_after_ten_and_its_valid_code_is_answered_still(door: TestClient, codes: list[str]) -> None:
    door.get(path(codes[0]), headers=PHONE)  # gets its cookie
    given = [door.post("/api/v1/scans", json={"code": FORGED}) for _ in range(12)]
    assert [one.status_code for one in given] == [200] * 10 + [429] * 2
    body = problem(given[-1], 429, "too_many")
    assert int(given[-1].headers["retry-after"]) >= 1
    assert body["errors"] == []
    page = door.get(path(FORGED), headers=PHONE)
    assert page.status_code == 429
    assert "Mã không do hệ thống phát hành" in page.text, "a person sees the verdict all the same"
    assert page.headers["retry-after"]
    assert door.get(path(FORGED), headers=JSON).status_code == 429
    assert door.post("/api/v1/scans", json={"code": codes[1]}).json()["verdict"] == "valid_first"


def test_five_hundred_honest_phones_behind_one_address_are_all_answered(door: TestClient, codes: list[str]) -> None:
    wrong = 0
    for number, code in enumerate(codes[:500]):
        door.cookies.clear()
        assert door.get(path(code), headers=PHONE).status_code == 200
        if number % 25 == 0:
            wrong += door.post("/api/v1/scans", json={"code": FORGED}).status_code != 200
    assert wrong == 0


def test_guesses_without_a_cookie_are_stopped_by_their_network_and_others_go_on(place: World, codes: list[str]) -> None:
    with opened(place, TRUSTED_PROXIES="198.51.100.1", address="198.51.100.1") as door:

        def guess(address: str, code: str = FORGED) -> int:
            door.cookies.clear()
            headers = {"x-forwarded-for": address}
            return int(door.post("/api/v1/scans", json={"code": code}, headers=headers).status_code)

        given = [guess(f"203.0.113.{number}") for number in range(TRIED_BY_NETWORK.most + 5)]
        assert given == [200] * TRIED_BY_NETWORK.most + [429] * 5
        assert guess("203.0.113.9", codes[0]) == 200, "a valid code is answered whatever its network did"
        assert guess("203.0.114.9") == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "192.0.2.1", "203.0.113.9"),  # nobody we trust: its header is not believed
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "192.0.2.66, 192.0.2.1", "192.0.2.1"),  # a client's own header stands before the proxy's
        ("10.0.0.1", "192.0.2.1, 10.0.0.7", "192.0.2.1"),  # two proxies of ours
        ("10.0.0.1", "192.0.2.1:4711", "192.0.2.1"),
        ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "unknown"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
        ("::ffff:10.0.0.1", "192.0.2.1", "192.0.2.1"),
    ],
)
def test_only_a_trusted_proxy_sets_the_address(peer: str, forwarded: str, client: str) -> None:
    assert Proxies(["10.0.0.0/8"]).client(peer, forwarded) == client


def test_forwarding_headers_from_strangers_change_nothing(place: World, codes: list[str]) -> None:
    """A guesser who names another address with each guess is one network still."""
    with opened(place) as door:
        given = []
        for number in range(TRIED_BY_NETWORK.most + 2):
            spoofed = [
                ("x-forwarded-for", f"198.51.{number}.1"),
                ("x-forwarded-for", f"203.0.{number}.1"),
                ("forwarded", f"for=198.18.{number}.1"),
                ("x-real-ip", f"198.19.{number}.1"),
                ("content-type", "application/json"),
            ]
            door.cookies.clear()
            content = f'{{"code": "{FORGED}"}}'
            given.append(door.post("/api/v1/scans", content=content, headers=spoofed).status_code)
    assert given[-2:] == [429, 429]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::1", "::/48"),
        ("testclient", ""),
        ("", ""),
    ],
)
def test_only_the_network_of_an_address_is_used(address: str, network: str) -> None:
    assert network_of(address) == network


def test_twenty_wrong_codes_raise_one_alert_with_one_sample_a_second(place: World) -> None:
    """Invariant 3: nothing of it happens where the code is answered."""
    watch = lookout(place)
    for _ in range(ENUMERATION.most):
        watch.tried(tried("d"))
    watch.turn()
    assert place.rows("probe_alert") == []
    assert len(place.rows("probe_sample")) == 1
    watch.tried(tried("d"))
    watch.turn()
    assert {(row.kind, row.who, row.codes) for row in place.rows("probe_alert")} == {
        ("device", "d", 20),
        ("network", "192.0.2.0/24", 20),
    }
    for _ in range(50):
        watch.tried(tried("d"))
        watch.turn()
    assert len(place.rows("probe_alert")) == 2, "one alert while it goes on"
    assert len(place.rows("probe_sample")) == 1
    place.clock.now += 11 * MINUTE
    for _ in range(20):
        watch.tried(tried("d"))
    watch.turn()
    assert len(place.rows("probe_alert")) == 4
    assert len(place.rows("probe_sample")) == 2


def test_an_alert_waits_for_a_lost_database(place: World) -> None:
    watch = lookout(place)
    for _ in range(20):
        watch.tried(tried("d"))
    with place.stack.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE probe_alert RENAME TO away")
    watch.turn()
    with place.stack.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO probe_alert")
    assert place.rows("probe_alert") == []
    watch.turn()
    assert len(place.rows("probe_alert")) == 2


def test_what_processes_count_is_added_up(place: World) -> None:
    """Twenty codes spread over three processes are twenty; without Redis each process counts for itself."""
    shared = bool(place.stack.redis_url)
    watches = [lookout(place, shared=shared) for _ in range(3)]
    for number in range(21):
        watches[number % 3].tried(tried("d"))
        watches[number % 3].turn()
    for watch in watches:
        watch.tried(tried("d"))
        watch.turn()
    assert len(place.rows("probe_alert")) == (2 if shared else 0)


def test_a_lost_redis_means_limits_by_process(place: World) -> None:
    watch = Lookout(
        Journal(place.stack.verifier_engine),
        clock=place.clock,
        new_id=place.new_id,
        shared=Shared("redis://127.0.0.1:1/0", place.clock),
    )
    place.closing.callback(watch.stop)
    waits = [watch.tried(tried("d")) for _ in range(25)]
    watch.turn()
    assert (waits[9], waits[10] > 0) == (0, True)
    assert len(place.rows("probe_alert")) == 2
    watch.turn()
    assert watch.windows.count(TRIED_A_MINUTE, "d") == 25


def test_an_alert_reaches_officers_through_the_doors(place: World) -> None:
    import time

    with opened(place) as door:
        for _ in range(21):
            door.post("/api/v1/scans", json={"code": FORGED})
        for _ in range(100):
            if place.rows("probe_alert"):
                break
            time.sleep(0.1)
        assert [row.kind for row in place.rows("probe_alert")] == ["network"]
        assert place.rows("probe_sample")[0].code == FORGED
        assert "estamp_probe_alerts_total 1.0" in door.get("/metrics").text
    assert place.rows("scan") == place.rows("sighting") == []
