"""What people asked to have forgotten is: by receipt or device, in rows and in a stamp's memory; counts stay."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from app.database import open_engine
from app.services import erasures
from app.services.work import Desk
from tests.verifier.doors import PHONE, opened, path, problem
from tests.verifier.world import World
from verifier.clients import DEVICE_COOKIE
from verifier.erasure import forgotten
from verifier.sightings import Sighting

WHERE = {"lat": 21.33, "lon": 103.91, "accuracy_m": 20}


@pytest.fixture
def door(place: World) -> Iterator[TestClient]:
    with opened(place) as client:
        yield client


@pytest.fixture
def codes(place: World) -> list[str]:
    block = place.batch(((5, "ACTIVE", place.lot("L1")),), pins=True)
    return [place.text(index) for index in block]


def carried_out(place: World) -> int:
    """The worker's turn, at the servers' own time."""
    import time

    engine = open_engine(place.stack.url)
    done = erasures.carry_out(Desk(engine, lambda: time.time_ns() // 1000, place.new_id), forgotten)
    engine.dispose()
    return done


def scanned(door: TestClient, code: str) -> str:
    receipt = str(door.get(path(code), headers={"accept": "application/json"}).json()["receipt"])
    assert door.post(f"/api/v1/scans/{receipt}/location", json=WHERE).status_code == 204
    return receipt


def personal(place: World) -> dict[str, int]:
    """How many rows still hold something personal."""
    return {
        "devices": sum(row.device is not None for row in place.rows("scan")),
        "places": len(place.rows("scan_place")),
        "claims": sum(row.device is not None for row in place.rows("claim")),
        "contacts": sum(row.contact is not None for row in place.rows("report")),
        "marks": sum(len(Sighting.unpack(bytes(row.state)).seen) for row in place.rows("sighting")),
    }


def test_one_scan_by_its_receipt(door: TestClient, place: World, codes: list[str]) -> None:
    one, _ = scanned(door, codes[0]), scanned(door, codes[1])
    index = place.rows("sighting")[0].stamp
    door.post(f"/api/v1/scans/{one}/claim", json={"pin": place.pin(index)})
    door.post("/api/v1/reports", json={"text": "x", "contact": "0912 345 678", "receipt": one})
    before = personal(place)
    assert before == {"devices": 2, "places": 2, "claims": 1, "contacts": 1, "marks": 2}
    answer = door.delete(f"/api/v1/scans/{one}")
    assert (answer.status_code, answer.json()["state"]) == (202, "accepted")
    assert personal(place) == before, "the public side changes no scan itself"
    assert carried_out(place) == 1
    assert personal(place) == {"devices": 1, "places": 1, "claims": 0, "contacts": 0, "marks": 1}
    wish = place.rows("erasure")[0]
    assert (wish.device, wish.hashes, wish.done_at is None) == (None, None, False)
    page = door.get(f"/r/{one}", headers=PHONE)
    assert "Mã hợp lệ" in page.text
    assert "thiết bị khác" in page.text, "nobody is known to have made it now"
    again = door.post("/api/v1/scans", json={"code": codes[0], "device": "other"}).json()
    assert (again["scans"]["count"], again["first_scan"]) == (2, False)


def test_a_stranger_with_the_receipt_forgets_the_rows_and_not_the_stamps_memory(
    door: TestClient, place: World, codes: list[str]
) -> None:
    one = scanned(door, codes[0])
    door.cookies.clear()
    assert door.delete(f"/api/v1/scans/{one}").status_code == 202
    carried_out(place)
    assert personal(place)["devices"] == 0
    assert personal(place)["marks"] == 1, "a mark names nobody outside its stamp"


def test_all_scans_of_a_device_and_nobody_elses(door: TestClient, place: World, codes: list[str]) -> None:
    for code in codes[:3]:
        receipt = scanned(door, code)
    mine = door.cookies.get(DEVICE_COOKIE, domain="testserver.local")
    door.cookies.clear()
    scanned(door, codes[0])
    door.cookies.clear()
    door.cookies.set(DEVICE_COOKIE, mine or "", domain="testserver.local")
    answer = door.post(f"/r/{receipt}/erase", data={"what": "device"}, headers=PHONE)
    assert answer.status_code == 202
    assert "24 giờ" in answer.text
    carried_out(place)
    assert personal(place) == {"devices": 1, "places": 1, "claims": 0, "contacts": 0, "marks": 1}
    assert {Sighting.unpack(bytes(row.state)).scans for row in place.rows("sighting")} == {1, 2}
    assert carried_out(place) == 0


def test_who_is_not_known_cannot_ask_for_a_device(door: TestClient, place: World) -> None:
    problem(door.delete("/api/v1/scans"), 403, "no_device")
    problem(door.delete(f"/api/v1/scans/{uuid4()}"), 404, "no_receipt")
    door.cookies.set(DEVICE_COOKIE, "somebody.else")
    problem(door.delete("/api/v1/scans"), 403, "no_device")
    assert place.rows("erasure") == []
