"""The doors over HTTP: every answer, header and error a phone or a program meets."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from tests.verifier.doors import JSON, PHONE, opened, path, problem, settings
from tests.verifier.world import World
from verifier import pages, service
from verifier.asgi import create
from verifier.clients import DEVICE_COOKIE


@pytest.fixture
def door(place: World) -> Iterator[TestClient]:
    with opened(place) as client:
        yield client


@pytest.fixture
def codes(place: World) -> list[str]:
    block = place.batch(((5, "ACTIVE", place.lot("L1")), (1, "DELIVERED", None)), pins=True)
    return [place.text(index) for index in block]


def test_the_page_of_a_good_stamp_says_the_verdict_first(door: TestClient, codes: list[str]) -> None:
    answer = door.get(path(codes[0]), headers=PHONE)
    assert answer.status_code == 200
    assert "Mã hợp lệ – lần quét đầu tiên" in answer.text
    assert 'role="status"' in answer.text
    assert "Chè Shan tuyết" in answer.text
    assert '<html lang="vi">' in answer.text
    assert answer.headers["content-security-policy"] == pages.POLICY
    assert answer.headers["cache-control"] == "no-store"


def test_a_reload_is_no_second_scan_but_another_phone_is(door: TestClient, place: World, codes: list[str]) -> None:
    door.get(path(codes[0]), headers=PHONE)
    door.get(path(codes[0]), headers=PHONE)
    assert len(place.rows("scan")) == 1
    door.cookies.clear()
    door.get(path(codes[0]), headers=PHONE)
    assert len(place.rows("scan")) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"user-agent": "facebookexternalhit/1.1"},
        {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
    ],
)
def test_prefetches_and_previews_are_answered_and_not_counted(
    door: TestClient, place: World, codes: list[str], headers: dict[str, str]
) -> None:
    answer = door.get(path(codes[0]), headers={**PHONE, **headers})
    assert "Mã hợp lệ" in answer.text
    assert "data-receipt" not in answer.text
    assert door.head(path(codes[0])).status_code == 200
    assert place.rows("scan") == []


def test_the_same_path_answers_json_to_programs(door: TestClient, codes: list[str]) -> None:
    body = door.get(path(codes[0]), headers=JSON).json()
    assert (body["verdict"], body["tone"], body["first_scan"]) == ("valid_first", "green", True)
    assert body["product"]["name"] == "Chè Shan tuyết"
    assert body["organisation"]["phone"] == "0912345678"
    assert body["scans"]["count"] == 1


def test_the_receipt_shows_the_scan_again_dated_and_is_no_scan(
    door: TestClient, place: World, codes: list[str]
) -> None:
    receipt = door.post("/api/v1/scans", json={"code": codes[0]}).json()["receipt"]
    answer = door.get(f"/r/{receipt}", headers=PHONE)
    assert "Đây là kết quả của một lần quét lúc" in answer.text
    assert "This is the result of a scan" in door.get(f"/r/{receipt}?lang=en", headers=PHONE).text
    assert len(place.rows("scan")) == 1
    assert path(codes[0]) not in answer.text
    assert door.get(f"/r/{uuid4()}", headers=PHONE).status_code == 404
    assert door.get("/r/nothing", headers=PHONE).status_code == 404


def test_a_forwarded_receipt_shows_no_code_that_could_be_scanned_again(
    door: TestClient, place: World, codes: list[str]
) -> None:
    """Invariant 11: the printed serial is the code, so only who scanned sees it whole."""
    door.get(path(codes[0]), headers=PHONE)
    receipt = door.get(path(codes[1]), headers=JSON).json()["receipt"]
    where = {"lat": 21.33, "lon": 103.91, "accuracy_m": 20}
    door.post(f"/api/v1/scans/{receipt}/location", json=where)
    mine = door.get(f"/r/{receipt}", headers=JSON).json()["stamp"]["serial"]
    assert mine == place.serial(place.rows("scan")[-1].stamp)
    door.cookies.clear()
    before = place.rows("scan")
    for answer in (
        door.get(f"/r/{receipt}", headers=PHONE),
        door.get(f"/r/{receipt}", headers=JSON),
        door.post(f"/r/{receipt}/claim", headers=PHONE),
    ):
        assert answer.status_code == 200
        assert mine not in answer.text
        assert mine.replace("-", "")[:16] not in answer.text
        assert "103.9" not in answer.text
    assert place.rows("scan") == before


def test_a_page_is_compressed_where_the_phone_can_unpack_it(door: TestClient, codes: list[str]) -> None:
    plain = door.get(path(codes[0]), headers={**PHONE, "accept-encoding": "identity"})
    packed = door.get(path(codes[1]), headers={**PHONE, "accept-encoding": "br, gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert int(packed.headers["content-length"]) < len(packed.content) * 0.6
    assert "<h1>" in packed.text


def test_a_forwarded_receipt_says_in_json_nothing_of_you(door: TestClient, codes: list[str]) -> None:
    door.get(path(codes[0]), headers=PHONE)
    receipt = door.post("/api/v1/scans", json={"code": codes[0]}).json()["receipt"]
    mine = door.get(f"/r/{receipt}", headers=JSON).json()
    assert (mine["scans"]["by_you"], mine["scans"]["elsewhere"]) == (2, 0)
    assert "seen_before" in {reason["code"] for reason in mine["reasons"]}
    door.cookies.clear()
    theirs = door.get(f"/r/{receipt}", headers=JSON).json()
    assert (theirs["scans"]["by_you"], theirs["scans"]["elsewhere"], theirs["scans"]["count"]) == (0, 2, 2)
    assert "seen_before" not in {reason["code"] for reason in theirs["reasons"]}


def test_nonce_and_repeat(door: TestClient, place: World, codes: list[str]) -> None:
    one = door.post("/api/v1/scans", json={"code": codes[0], "nonce": "n-1"}).json()
    assert door.post("/api/v1/scans", json={"code": codes[0], "nonce": "n-1"}).json() == one
    problem(door.post("/api/v1/scans", json={"code": codes[1], "nonce": "n-1"}), 422, "nonce_reused")
    assert len(place.rows("scan")) == 1


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("https://T.SONLA.VN/0000000000000000", "forged"),
        ("https://example.com/0000000000000000", "foreign"),
        ("hello", "malformed"),
        ("x" * 4000, "malformed"),
        ("https://T.SONLA.VN/" + "9" * 155 + "/000000000001", "malformed"),
        ("chè", "malformed"),
    ],
)
def test_what_is_no_stamp_is_answered_and_leaves_no_row(
    door: TestClient, place: World, codes: list[str], code: str, verdict: str
) -> None:
    answer = door.post("/api/v1/scans", json={"code": code})
    assert (answer.status_code, answer.json()["verdict"]) == (200, verdict)
    assert answer.json()["receipt"] is None
    assert place.rows("scan") == place.rows("sighting") == []


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/code"}),
        ({"code": 7}, {"/code"}),
        ({"code": " "}, {"/code"}),
        ({"code": "x" * 5000}, {"/code"}),
        ({"code": "a\0b"}, {"/code"}),
        ([], {""}),
        ({"code": "x", "nonce": "n" * 65, "extra": 1}, {"/nonce", "/extra"}),
        (
            {"code": "x", "location": {"lat": 91, "lon": "a", "accuracy_m": -1}},
            {"/location/lat", "/location/lon", "/location/accuracy_m"},
        ),
        ({"code": "x", "scanned_at": "yesterday"}, {"/scanned_at"}),
        ({"code": "x", "scanned_at": "2019-01-01T00:00:00Z"}, {"/scanned_at"}),
    ],
)
def test_every_wrong_field_is_named(door: TestClient, place: World, body: object, pointers: set[str]) -> None:
    found = problem(door.post("/api/v1/scans", json=body), 422, "invalid")
    assert {error["pointer"] for error in found["errors"]} == pointers
    assert place.rows("scan") == []


def test_bad_json_oversize_unknown_routes_and_methods(door: TestClient) -> None:
    problem(door.post("/api/v1/scans", content=b"{"), 400, "bad_json")
    problem(door.post("/api/v1/scans", content=b'"' + b"x" * 20_000 + b'"'), 413, "too_large")
    problem(door.get("/api/v1/nothing"), 404, "not_found")
    problem(door.get("/api/v1/scans"), 405, "method_not_allowed")
    page = door.get("/khong/co/trang", headers=PHONE)
    assert "Không đọc được mã tem" in page.text


def test_claims_by_form_and_by_program(door: TestClient, place: World, codes: list[str]) -> None:
    receipt = door.post("/api/v1/scans", json={"code": codes[0]}).json()["receipt"]
    assert door.post(f"/api/v1/scans/{receipt}/claim", json={}).json()["outcome"] == "claimed"
    assert "Somebody has already" in door.post(f"/r/{receipt}/claim?lang=en", headers=PHONE).text
    wrong = door.post(f"/api/v1/scans/{receipt}/claim", json={"pin": "00000000", "device": "a"}).json()
    assert (wrong["outcome"], wrong["tries_left"]) == ("wrong_pin", 4)
    index = place.rows("scan")[0].stamp
    page = door.post(f"/r/{receipt}/claim", data={"pin": place.pin(index)}, headers=PHONE)
    assert "Xác nhận lần đầu" in page.text
    problem(door.post(f"/api/v1/scans/{uuid4()}/claim", json={}), 404, "no_receipt")
    faults = problem(door.post(f"/api/v1/scans/{receipt}/claim", json={"pin": "12ab"}), 422, "invalid")["errors"]
    assert faults[0]["pointer"] == "/pin"
    idle = door.post("/api/v1/scans", json={"code": codes[5]}).json()["receipt"]
    problem(door.post(f"/api/v1/scans/{idle}/claim", json={}), 409, "not_active")


def test_place_and_report_after_the_verdict(door: TestClient, place: World, codes: list[str]) -> None:
    receipt = door.post("/api/v1/scans", json={"code": codes[0]}).json()["receipt"]
    where = {"lat": 21.33, "lon": 103.91, "accuracy_m": 20}
    assert door.post(f"/api/v1/scans/{receipt}/location", json=where).status_code == 204
    assert [row.source for row in place.rows("scan_place")] == ["gps"]
    made = door.post("/api/v1/reports", json={"text": "Nhãn in mờ", "place": "Chợ Tô Hiệu", "receipt": receipt})
    assert made.status_code == 201
    assert door.get(made.headers["location"]).json()["state"] == "received"
    problem(door.post("/api/v1/reports", json={"place": "x"}), 422, "invalid")
    problem(door.post("/api/v1/reports", json={"text": "x", "receipt": str(uuid4())}), 422, "invalid")
    problem(door.get(f"/api/v1/reports/{uuid4()}"), 404, "no_receipt")
    page = door.post("/report", data={"text": "Giá quá rẻ", "receipt": receipt}, headers=PHONE)
    assert "Đã nhận báo cáo của bạn" in page.text
    assert len(place.rows("report")) == 2


def test_a_typed_serial_and_its_typing_error(door: TestClient, place: World, codes: list[str]) -> None:
    serial = place.serial(1)
    assert "Mã hợp lệ" in door.post("/check", data={"code": serial.lower()}, headers=PHONE).text
    other = "A" if serial[-1] != "A" else "B"
    assert "typing error" in door.post("/check?lang=en", data={"code": serial[:-1] + other}, headers=PHONE).text
    assert door.post("/check", data={}, headers=PHONE).status_code == 422


def test_keys_are_public_halves_only(door: TestClient) -> None:
    keys = door.get("/api/v1/keys").json()["keys"]
    assert {key["kty"] for key in keys} == {"OKP"}
    assert all("d" not in key and "k" not in key for key in keys)


def test_health_and_readiness_follow_the_parts(place: World, codes: list[str]) -> None:
    with TestClient(create(settings(place))) as door:
        assert door.get("/healthz").text == "ok\n"
        assert door.get("/readyz").json() == {
            "ready": True,
            "parts": dict.fromkeys(("database", "schema", "partitions", "opener", "cache"), True),
        }
        door.post("/api/v1/scans", json={"code": codes[0]})
        assert 'estamp_scans_total{verdict="valid_first"} 1.0' in door.get("/metrics").text
    gone = settings(place, OPENER_SOCKET=str(place.socket) + ".gone")
    with TestClient(create(gone)) as door:
        answer = door.get("/readyz")
        assert (answer.status_code, answer.json()["parts"]["opener"]) == (503, False)
        scan = door.post("/api/v1/scans", json={"code": codes[0]})
        assert (scan.status_code, scan.json()["verdict"], scan.json()["tone"]) == (503, "unavailable", "grey")
        assert scan.headers["retry-after"]


def test_a_made_up_device_cookie_is_not_believed(door: TestClient, codes: list[str]) -> None:
    door.cookies.set(DEVICE_COOKIE, "somebody.else")
    door.get(path(codes[0]), headers=PHONE)
    assert door.cookies.get(DEVICE_COOKIE, domain="testserver.local") not in {None, "somebody.else"}


def test_the_page_fits_one_round_trip(door: TestClient, codes: list[str]) -> None:
    import gzip

    assert len(gzip.compress(door.get(path(codes[0]), headers=PHONE).content)) < 14_000


def test_the_schema_the_code_expects_is_the_newest() -> None:
    from app import schema

    assert schema.head() == service.SCHEMA_HEAD
