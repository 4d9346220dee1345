"""The office over HTTP: the whole story by forms and by the API, and what each refuses."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import config
from app.application import create
from app.domain.permissions import Action
from app.extensions import db
from app.models.orders import PrintJob
from app.models.stamps import Batch
from app.services import products, users
from tests.app.office import PASSWORD, Office

CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture
def flask(desk: Office) -> Iterator[Flask]:
    settings = config.management(
        {"DATA_DIR": str(desk.stack.data_dir), "DATABASE_URL": desk.stack.url, "SESSION_SECRET": "s" * 32}
    )
    made = create(settings)
    made.config["RATELIMIT_ENABLED"] = False
    yield made
    with made.app_context():
        db.engine.dispose()


class Browser:
    """A signed-in person who fills forms."""

    def __init__(self, flask: Flask, who: str) -> None:
        self.client: FlaskClient = flask.test_client()
        self.page = self.client.get("/office/sign-in").text
        answer = self.post("/office/sign-in", login=f"{who}@example.vn", password=PASSWORD)
        assert answer.status_code == 303, answer.text

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        self.page = answer.text
        return self.page

    def post(self, path: str, **fields: Any) -> Any:
        found = CSRF.search(self.page)
        assert found, self.page
        return self.client.post(path, data={"csrf_token": found[1], **fields})

    def fill(self, path: str, **fields: Any) -> str:
        """A form that must be accepted; gives where it leads."""
        self.get(path)
        answer = self.post(path, **fields)
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def confirm(self, path: str, words: str, **fields: Any) -> None:
        """A form that shows a sentence first and acts once that is confirmed."""
        self.get(path)
        shown = self.post(path, **fields)
        assert shown.status_code == 200, shown.text
        assert words in shown.text
        answer = self.post(path, **fields, confirmed="1")
        assert answer.status_code == 303, answer.text


def passphrase(page: str) -> str:
    found = re.search(r"<code>((?:[0-9A-Z]{4}-){5}[0-9A-Z]{4})</code>", page)
    assert found, page
    return found[1]


def opened(content: bytes, secret: str) -> dict[str, bytes]:
    """A print file as the print house opens it."""
    import io

    import pyzipper

    with pyzipper.AESZipFile(io.BytesIO(content)) as archive:
        archive.setpassword(secret.encode())
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_story_by_hand(flask: Flask, desk: Office) -> None:
    owner, coord = Browser(flask, "owner"), Browser(flask, "coord")
    product = owner.fill(
        "/office/products/new",
        name="Mận sấy dẻo",
        group="thuc-pham",
        pack="gói 200 g",
        description="Mận hậu Mộc Châu",
        standard="TCCS 02:2026",
        annual_packs="5000",
    )
    desk.do("owner", products.add_picture, desk.store, uid(product), b"x")
    owner.get(product)
    assert owner.post(f"{product}/submit").status_code == 303
    coord.get(product)
    assert coord.post(f"{product}/approve").status_code == 303
    assert "đang hoạt động" in owner.get(product)
    lot = owner.fill(
        "/office/lots/new",
        product=str(uid(product)),
        lot_no="MS-01",
        facility="Xưởng Mộc Châu",
        produced_on="2026-11-20",
        expires_on="2027-11-20",
        quantity="1.000,5",
        unit="kg",
        packs="50",
    )
    assert "Hồ sơ còn thiếu" in owner.get(lot)
    parts: dict[str, dict[str, str]] = {
        "input": {
            "material": "Mận",
            "supplier": "Hộ trồng",
            "origin": "Xã Mộc Châu",
            "quantity": "10,5",
            "unit": "kg",
            "received_on": "2026-11-19",
        },
        "step": {"kind": "processing", "who": "Tổ sấy", "place": "Xưởng", "done_on": "2026-11-20"},
        "test": {
            "laboratory": "Phòng thử",
            "report_no": "K1",
            "criteria": "Vi sinh",
            "sampled_on": "2026-11-20",
            "issued_on": "2026-11-22",
            "valid_until": "2027-11-22",
            "passed": "on",
        },
        "sample": {
            "code": "M1",
            "quantity": "1",
            "unit": "gói",
            "taken_on": "2026-11-20",
            "storage": "Kho",
            "keep_until": "2028-11-20",
            "custodian": "Thủ kho",
        },
    }
    for kind, fields in parts.items():
        owner.fill(f"{lot}/add/{kind}", **fields)
    owner.get(lot)
    owner.post(f"{lot}/step/produce")
    owner.post(f"{lot}/step/release")
    order = owner.fill(
        "/office/orders/new",
        product=str(uid(product)),
        lot=str(uid(lot)),
        quantity="50",
        profile="compact",
        layout="a4-40x30",
    )
    coord.get(order)
    coord.post(f"{order}/approve")
    assert desk.minter.run_once() == 1
    job = desk.rows(PrintJob)[0].uid
    page = f"/office/print-jobs/{job}"
    coord.get(page)
    coord.post(f"{page}/release")
    secret = passphrase(owner.get(page))
    file = owner.post(f"{page}/download", passphrase=secret)
    assert opened(file.data, secret).keys() == {
        "test-strip.pdf",
        "sheets.pdf",
        "codes.csv",
        "codes.json",
        "manifest.json",
    }
    again = owner.post(f"{page}/download", passphrase=secret)
    assert again.status_code == 303
    assert "chỉ tải được một lần" in owner.get(page)
    assert secret not in owner.page
    owner.fill(f"{page}/printed")
    assert "Nhận cuộn tem đã in" in owner.get("/office/")
    owner.fill(f"/office/print-jobs/{job}/receive", good="48", spoiled_at="3-4")
    roll = f"/office/stamps/{desk.rows(Batch)[0].uid}"
    owner.confirm(f"{roll}/activate", "46 tem, từ số 5 đến số 50", lot=str(uid(lot)), first="5", last="50")
    assert "còn <strong>2</strong>" in owner.get(roll)
    owner.confirm(f"{roll}/retire", "Huỷ: 2 tem", event="void", first="5", last="6", reason="Rách")
    recall = owner.fill("/office/recalls/new", lot=str(uid(lot)), reason="Lẫn tạp chất", instruction="Trả lại")
    coord.get(recall)
    coord.post(f"{recall}/decide/approve")
    assert "đang thực hiện" in coord.get(recall)
    assert "Chuỗi nhật ký nguyên vẹn" in coord.get("/office/audit?check=1")


def uid(path: str) -> Any:
    from uuid import UUID

    return UUID(path.rpartition("/")[2])


PAGES = ("", "orders", "stamps", "lots", "products", "organisations", "print-jobs", "recalls", "scans")


@pytest.mark.parametrize("who", ["owner", "staff", "coord", "admin"])
def test_every_list_opens_in_both_languages_or_is_refused(flask: Flask, desk: Office, who: str) -> None:
    desk.activated(5)
    browser = Browser(flask, who)
    for page in PAGES:
        for lang in ("vi", "en"):
            answer = browser.client.get(f"/office/{page}?lang={lang}")
            assert answer.status_code in {200, 403}
            assert f'<html lang="{lang}">' in answer.text


def test_a_large_order_offers_its_second_approval_to_another_officer_only(flask: Flask, desk: Office) -> None:
    path = f"/office/orders/{desk.order(desk.product().uid, 60_000).uid}"
    coord, coord2 = Browser(flask, "coord"), Browser(flask, "coord2")
    assert "Duyệt lần 1" in coord.get(path)
    coord.post(f"{path}/approve")
    assert "một cán bộ khác duyệt" in coord.get(path)
    assert f'action="{path}/approve"' not in coord.page
    assert f'action="{path}/reject"' in coord.page
    assert f'action="{path}/approve"' in coord2.get(path)


def test_lists_say_states_in_words(flask: Flask, desk: Office) -> None:
    desk.activated(5)
    browser = Browser(flask, "owner")
    for page, words in (("orders", "đã nhận"), ("lots", "đã dán tem"), ("products", "đang hoạt động")):
        text = browser.get(f"/office/{page}")
        assert f">{words}</span>" in text
        assert not re.search(r">(DELIVERED|STAMPED|ACTIVE)<", text)


def test_nobody_sees_the_office_without_signing_in(flask: Flask) -> None:
    client = flask.test_client()
    for page in PAGES:
        answer = client.get(f"/office/{page}")
        assert answer.status_code == 302
        assert answer.location.startswith("/office/sign-in")
    assert client.get("/office/sign-in?next=https://evil.example/").status_code == 200


def test_a_sign_in_leads_nowhere_else(flask: Flask) -> None:
    client = flask.test_client()
    token = CSRF.search(client.get("/office/sign-in").text)
    assert token
    fields = {"csrf_token": token[1], "login": "owner@example.vn", "password": PASSWORD}
    answer = client.post("/office/sign-in?next=//evil.example/office", data=fields)
    assert answer.location == "/office/"


def test_forms_without_the_csrf_token_are_refused(flask: Flask) -> None:
    browser = Browser(flask, "owner")
    assert browser.client.post("/office/lots/new", data={"lot_no": "x"}).status_code == 400


def test_form_errors_stand_at_their_fields_and_nothing_is_typed_twice(flask: Flask, desk: Office) -> None:
    product = desk.product()
    browser = Browser(flask, "owner")
    browser.get("/office/lots/new")
    before = desk.counts()
    answer = browser.post(
        "/office/lots/new",
        product=str(product.uid),
        lot_no="L7",
        facility="Xưởng",
        produced_on="2026-11-20",
        expires_on="2026-11-19",
        quantity="x",
        unit="kg",
    )
    assert answer.status_code == 422
    assert 'id="e-quantity"' in answer.text
    assert 'id="e-packs"' in answer.text
    assert 'value="L7"' in answer.text
    answer = browser.post(
        "/office/lots/new",
        product=str(product.uid),
        lot_no="L7",
        facility="Xưởng",
        produced_on="2026-11-20",
        expires_on="2026-11-19",
        quantity="5",
        unit="kg",
        packs="5",
    )
    assert 'id="e-expires_on"' in answer.text
    assert desk.counts() == before


def test_a_picture_is_drawn_again_and_anything_else_refused(flask: Flask, desk: Office) -> None:
    import io

    from PIL import Image

    product = desk.product()
    browser = Browser(flask, "owner")
    browser.get(f"/office/products/{product.uid}")
    out = io.BytesIO()
    Image.new("RGB", (2000, 1000), "green").save(out, "JPEG")
    token = CSRF.search(browser.page)
    assert token
    for content, words in ((out.getvalue(), "Đã xong"), (b"<svg onload=alert(1)>", "không phải ảnh")):
        browser.client.post(
            f"/office/products/{product.uid}/picture",
            data={"csrf_token": token[1], "picture": (io.BytesIO(content), "a.jpg")},
        )
        assert words in browser.get(f"/office/products/{product.uid}")
    shas = re.findall(r"/media/([0-9a-f]{64})", browser.page)
    with browser.client.get(f"/media/{shas[-1]}") as drawn:
        assert drawn.content_type == "image/webp"
        assert Image.open(io.BytesIO(drawn.data)).size == (640, 320)
    assert browser.client.get(f"/media/{'0' * 64}").status_code == 404


def test_other_organisations_pages_are_not_found(flask: Flask, desk: Office) -> None:
    batch, lot = desk.activated(5)
    stranger = Browser(flask, "stranger")
    for path in (f"lots/{lot.uid}", f"stamps/{batch.uid}", f"stamps/{batch.uid}/activate"):
        assert stranger.client.get(f"/office/{path}").status_code == 404


def bearer(desk: Office, who: str, *actions: Action) -> dict[str, str]:
    return {"authorization": "Bearer " + desk.do(who, users.issue_token, "máy", actions)}


def test_the_api_creates_once_and_edits_the_version_it_names(flask: Flask, desk: Office) -> None:
    product = desk.product()
    client = flask.test_client()
    headers = {
        **bearer(desk, "owner", Action.PLACE_ORDER, Action.READ_PRODUCT, Action.READ_ORDER),
        "idempotency-key": "k-1",
    }
    wish = {"product": str(product.uid), "quantity": 10}
    one = client.post("/api/v1/orders", json=wish, headers=headers)
    assert one.status_code == 201, one.text
    two = client.post("/api/v1/orders", json=wish, headers=headers)
    assert (two.status_code, two.json) == (201, one.json)
    assert two.headers["idempotency-replayed"] == "true"
    other = client.post("/api/v1/orders", json={**wish, "quantity": 11}, headers=headers)
    assert (other.status_code, other.json["type"]) == (409, "/problems/idempotency_reused")
    listed = client.get("/api/v1/orders", headers=headers)
    assert [item["number"] for item in listed.json["items"]] == [one.json["number"]]
    stale = client.post(f"{one.headers['location']}/cancel", json={}, headers={**headers, "if-match": '"99"'})
    assert (stale.status_code, stale.json["type"]) == (412, "/problems/changed_meanwhile")
    tag = client.get(one.headers["location"], headers=headers).headers["etag"]
    right = client.post(f"{one.headers['location']}/cancel", json={}, headers={**headers, "if-match": tag})
    assert right.json["state"] == "CANCELLED"


@pytest.mark.parametrize(
    ("content", "status", "pointer"),
    [
        (b"{", 422, None),
        (b"[]", 422, None),
        (b'{"quantity": 5}', 422, "/product"),
        (b'{"product": "x", "quantity": 5}', 422, "/product"),
        (b'{"product": "01a20e36-8e46-72d0-89ed-bbd0e3e900c6", "quantity": "many"}', 422, "/quantity"),
        (b'{"product": "01a20e36-8e46-72d0-89ed-bbd0e3e900c6", "quantity": 5}', 404, None),
    ],
)
def test_the_api_names_what_is_wrong(
    flask: Flask, desk: Office, content: bytes, status: int, pointer: str | None
) -> None:
    headers = bearer(desk, "owner", Action.PLACE_ORDER, Action.READ_PRODUCT)
    before = desk.counts()
    answer = flask.test_client().post("/api/v1/orders", data=content, headers=headers, content_type="application/json")
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert set(answer.json["detail"]) == {"vi", "en"}
    assert answer.json["request_id"]
    if pointer:
        assert pointer in {error["pointer"] for error in answer.json["errors"]}
    assert desk.counts() == before


def test_a_program_does_only_what_its_token_says(flask: Flask, desk: Office) -> None:
    product = desk.product()
    client = flask.test_client()
    assert client.get("/api/v1/products").status_code == 401
    assert client.get("/api/v1/products", headers={"authorization": "Bearer no"}).status_code == 401
    headers = bearer(desk, "owner", Action.READ_PRODUCT)
    assert client.get("/api/v1/products", headers=headers).status_code == 200
    wish = {"product": str(product.uid), "quantity": 1}
    assert client.post("/api/v1/orders", json=wish, headers=headers).status_code == 403
    assert client.get("/api/v1/nothing", headers=headers).content_type == "application/problem+json"


def test_openapi_is_3_1_and_valid(flask: Flask) -> None:
    from openapi_spec_validator import validate

    document = flask.test_client().get("/openapi/openapi.json").json
    assert document["openapi"].startswith("3.1")
    validate(document)
    assert "/api/v1/orders" in document["paths"]


def test_of_two_who_edit_one_record_the_later_is_told_and_loses_nothing(flask: Flask, desk: Office) -> None:
    lot = desk.lot(desk.product().uid, "L1")
    path = f"/office/lots/{lot.uid}/edit"
    first, second = Browser(flask, "owner"), Browser(flask, "staff")
    said = {"lot_no": "L1", "produced_on": "2026-11-04", "quantity": "10", "unit": "kg", "packs": "100"}
    version = {"version": str(lot.version)}
    for browser in (first, second):
        browser.get(path)
    assert first.post(path, **said, **version, facility="Xưởng mới").status_code == 303
    clash = second.post(path, **said, **version, facility="Xưởng cũ")
    assert clash.status_code == 422
    assert "Người khác vừa sửa" in clash.text
    assert "<strong>Xưởng mới</strong>" in clash.text
    assert 'value="Xưởng cũ"' in clash.text
    moved = re.search(r'name="version" value="(\d+)"', clash.text)
    assert moved
    assert moved[1] != version["version"]
    assert "Xưởng mới" in first.get(f"/office/lots/{lot.uid}")
    assert second.post(path, **said, version=moved[1], facility="Xưởng cũ").status_code == 303
    assert "Xưởng cũ" in first.get(f"/office/lots/{lot.uid}")


def test_the_audit_page_names_people_and_things(flask: Flask, desk: Office) -> None:
    desk.order(desk.product().uid, 5)
    page = Browser(flask, "admin").get("/office/audit")
    assert ">owner<" in page
    for words in ("đơn tem", "sản phẩm"):
        assert f">{words} " in page
    for raw in (">order ", ">product "):
        assert raw not in page
