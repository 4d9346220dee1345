"""Scans in bulk from enrolled devices: each answered by itself, late ones marked, what was missed told back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW
from tests.verifier.doors import opened, problem
from tests.verifier.world import World

TOKEN = "a token of an enrolled device"
AUTH = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def door(place: World) -> Iterator[TestClient]:
    with opened(place) as client:
        yield client


@pytest.fixture
def device(place: World) -> int:
    return enrol(place, TOKEN, "inspector")


def enrol(place: World, token: str, role: str) -> int:
    return place.insert(
        "enrolled_device",
        name="Điện thoại đội 2",
        user_id=1,
        role=role,
        digest=sha256(token.encode()).digest(),
        enrolled_by_id=1,
        enrolled_at=NOW,
    )


@pytest.fixture
def codes(place: World) -> list[str]:
    block = place.batch(((6, "ACTIVE", place.lot("L1")), (1, "VOID", None)))
    return [place.text(index) for index in block]


def earlier(hours: int) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


def send(door: TestClient, scans: list[Any], **headers: str) -> Any:
    return door.post("/api/v1/scans/batch", json={"scans": scans}, headers={**AUTH, **headers})


def test_items_are_answered_in_order_and_refused_one_by_one(
    door: TestClient, place: World, codes: list[str], device: int
) -> None:
    items = [
        {"code": codes[0], "scanned_at": earlier(3), "verdict": "authentic_offline", "nonce": "n0"},
        {"code": codes[6], "scanned_at": earlier(3), "verdict": "authentic_offline"},
        {"code": 7, "scanned_at": "yesterday"},
        "what is this",
        {"code": "https://T.SONLA.VN/" + "0" * 16, "verdict": "forged"},
        {"code": codes[1]},
        {"code": codes[2], "verdict": "splendid"},
    ]
    answer = send(door, items).json()["scans"]
    assert [one["status"] for one in answer] == [200, 200, 422, 422, 200, 200, 422]
    assert [one["late"] for one in answer] == [True, True, False, False, False, False, False]
    assert [reason["code"] for reason in answer[1]["conflicts"]] == ["void"]
    assert answer[0]["conflicts"] == answer[4]["conflicts"] == []
    assert {error["pointer"] for error in answer[2]["problem"]["errors"]} == {"/scans/2/code", "/scans/2/scanned_at"}
    assert answer[6]["problem"]["errors"][0]["pointer"] == "/scans/6/verdict"
    assert {row.role for row in place.rows("scan")} == {"inspector"}
    assert {row.channel for row in place.rows("scan")} == {"batch"}


def test_a_batch_sent_again_changes_nothing(door: TestClient, place: World, codes: list[str], device: int) -> None:
    items = [{"code": code, "scanned_at": earlier(5), "nonce": f"n{code[-16:]}"} for code in codes]
    one = send(door, items).json()
    rows = place.rows("scan")
    assert send(door, items).json() == one
    assert place.rows("scan") == rows


def test_late_and_inspectors_scans_are_never_first(
    door: TestClient, place: World, codes: list[str], device: int
) -> None:
    enrol(place, "staff token", "staff")
    send(door, [{"code": codes[0], "scanned_at": earlier(9)}, {"code": codes[1]}])
    send(door, [{"code": codes[2]}], authorization="Bearer staff token")
    late = door.post("/api/v1/scans", json={"code": codes[3], "scanned_at": earlier(9)}).json()
    assert (late["late"], late["first_scan"], late["verdict"]) == (True, False, "valid")
    assert "late" in {reason["code"] for reason in late["reasons"]}
    row = next(row for row in place.rows("scan") if str(row.id) == late["receipt"])
    assert row.at - row.scanned_at > 8 * 3_600_000_000, "it keeps its own time"
    for code in codes[:4]:
        assert door.post("/api/v1/scans", json={"code": code}).json()["verdict"] == "valid_first"


def test_a_recall_since_the_offline_scan_is_a_conflict(
    door: TestClient, place: World, codes: list[str], device: int
) -> None:
    lot = place.rows("lot")[0].id
    place.recall(lot, "OPEN", "Lẫn tạp chất")
    item = {"code": codes[0], "scanned_at": earlier(30), "verdict": "authentic_offline", "locale": "en"}
    (one,) = send(door, [item]).json()["scans"]
    assert one["answer"]["verdict"] == "recalled"
    assert [reason["text"] for reason in one["conflicts"]] == ["The lot is under recall: Lẫn tạp chất"]


def test_only_a_live_token_opens_the_door(door: TestClient, place: World, codes: list[str], device: int) -> None:
    scan = [{"code": codes[0]}]
    for header in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", "Bearer \u00e9"):
        answer = door.post("/api/v1/scans/batch", json={"scans": scan}, headers=[("authorization", header.encode())])
        problem(answer, 401, "not_enrolled")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert send(door, scan).status_code == 200
    place.change("enrolled_device", device, revoked_at=NOW)
    problem(send(door, scan), 401, "not_enrolled")
    problem(door.post("/api/v1/scans", json={"code": codes[0]}, headers=AUTH), 401, "not_enrolled")


@pytest.mark.parametrize("body", [{}, {"scans": []}, {"scans": {}}, {"scans": [1] * 501}, [], {"scans": [1], "x": 1}])
def test_what_is_no_batch_is_refused_whole(door: TestClient, device: int, body: Any) -> None:
    problem(door.post("/api/v1/scans/batch", json=body, headers=AUTH), 422, "invalid")


def test_five_hundred_at_once(door: TestClient, place: World, device: int) -> None:
    block = place.batch(((500, "ACTIVE", place.lot("L2")),))
    items = [{"code": place.text(index), "nonce": f"n{index}", "scanned_at": earlier(2)} for index in block]
    answer = send(door, items).json()["scans"]
    assert {one["status"] for one in answer} == {200}
    assert len({one["answer"]["receipt"] for one in answer}) == 500
    assert len(place.rows("scan")) == 500


def test_an_enrolled_device_scans_for_its_people_one_by_one_too(
    door: TestClient, place: World, codes: list[str], device: int
) -> None:
    assert door.post("/api/v1/scans", json={"code": codes[0]}, headers=AUTH).json()["first_scan"] is False
    assert [row.role for row in place.rows("scan")] == ["inspector"]
