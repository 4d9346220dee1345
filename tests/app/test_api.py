"""The API does what the pages do: the producer's story by programs, edits by version, and a walk with made-up input."""

import base64
import io
import threading
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from PIL import Image
from schemathesis.checks import not_a_server_error

from app.domain.permissions import SYSTEM, Action, RoleName
from app.domain.reports import PhotoState
from app.models.lots import Lot
from app.models.probes import ProbeSample
from app.models.reports import ReportPhoto
from app.models.scans import Report
from app.models.stamps import RangeEvent
from app.services import notices, recalls, reports
from app.services.codes import Reader
from app.services.recalls import NewRecall
from tests.app.office import Office
from tests.app.test_retention import insert
from tests.app.test_web import bearer, flask, opened

__all__ = ["flask"]


class Program:
    """A program with a token of everything its owner may do."""

    def __init__(self, flask: Flask, desk: Office, who: str) -> None:
        self.client: FlaskClient = flask.test_client()
        self.headers = bearer(desk, who, *(action for action in Action if _may(desk, who, action)))

    def get(self, path: str, status: int = 200, **headers: str) -> Any:
        return self._asked("GET", path, status, None, headers)

    def post(self, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        return self._asked("POST", path, status, body, headers)

    def put(self, path: str, body: Any, status: int = 200, **headers: str) -> Any:
        return self._asked("PUT", path, status, body, headers)

    def _asked(self, method: str, path: str, status: int, body: Any, headers: dict[str, str]) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"data": body} if isinstance(body, bytes) else {"json": body if method != "GET" else None}
        answer: Any = self.client.open(f"/api/v1{path}", method=method, headers={**self.headers, **named}, **sent)
        answer.get_data()
        answer.close()
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:500])
        return answer


def _may(desk: Office, who: str, action: Action) -> bool:
    from app.domain.permissions import scopes

    return bool(scopes(desk.people[who], action))


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(out, "JPEG")
    return out.getvalue()


LOT = {
    "lot_no": "API-1",
    "facility": "Xưởng Tô Hiệu",
    "produced_on": "2026-11-04",
    "expires_on": "2027-11-01",
    "quantity": "10",
    "unit": "kg",
    "packs": 20,
}
PARTS = {
    "input": {
        "material": "Búp chè",
        "supplier": "Hộ trồng",
        "quantity": "50",
        "unit": "kg",
        "received_on": "2026-11-03",
        "origin": "Tà Xùa",
    },
    "step": {"kind": "processing", "who": "Tổ sao", "place": "Xưởng", "done_on": "2026-11-04"},
    "test": {
        "laboratory": "Phòng thử nghiệm",
        "report_no": "KN-9",
        "criteria": "Thuốc BVTV",
        "sampled_on": "2026-11-05",
        "issued_on": "2026-11-08",
        "valid_until": "2027-11-08",
        "passed": True,
    },
    "sample": {
        "code": "ML-9",
        "quantity": "1",
        "unit": "gói",
        "taken_on": "2026-11-05",
        "storage": "Kho lạnh",
        "keep_until": "2028-01-01",
        "custodian": "Thủ kho",
    },
    "area": {"name": "Hà Nội", "lat": 21.03, "lon": 105.85, "radius_km": 45},
}


def test_the_story_by_programs(flask: Flask, desk: Office) -> None:
    from app.domain.lots import StepKind

    desk.user("machine", RoleName.PRODUCER_OWNER, organisation_id=desk.people["owner"].organisation_id)
    owner, coord = Program(flask, desk, "machine"), Program(flask, desk, "coord")
    product = desk.product()
    path = owner.post(f"/products/{product.uid}/lots", LOT, 201).headers["location"].removeprefix("/api/v1")
    parts = {**PARTS, "step": {**PARTS["step"], "kind": StepKind.PROCESSING.value}}
    owner.post(f"{path}/parts", {**parts, "report": base64.b64encode(photo()).decode()})
    owner.post(f"{path}/photos", photo())
    dossier = owner.get(f"{path}/parts").json
    assert dossier["missing"] == []
    assert [len(dossier[kind]) for kind in ("inputs", "steps", "tests", "samples", "areas", "photos")] == [1] * 6
    report = owner.get(f"/files/{dossier['tests'][0]['file']}")
    assert report.headers["content-disposition"].startswith("attachment")
    for event in ("produce", "release"):
        owner.post(f"{path}/{event}", {})
    lot = owner.get(path).json
    assert (lot["state"], lot["product"]) == ("RELEASED", str(product.uid))

    wish = {"product": str(product.uid), "lot": lot["uid"], "quantity": 20}
    order = owner.post("/orders", wish, 201).json
    assert owner.get(f"/orders/{order['uid']}").json["lot"] == lot["uid"]
    coord.post(f"/orders/{order['uid']}/approve", {})
    assert desk.minter.run_once() == 1
    job = owner.get("/print-jobs").json["items"][0]
    coord.post(f"/print-jobs/{job['uid']}/release", {})
    parcel = owner.post(f"/print-jobs/{job['uid']}/download")
    assert "sheets.pdf" in opened(parcel.data, parcel.headers["estamp-passphrase"])
    again = owner.post(f"/print-jobs/{job['uid']}/download", status=409)
    assert again.json["type"] == "/problems/already_downloaded"
    assert owner.get(f"/print-jobs/{job['uid']}/strip").data.startswith(b"%PDF")
    owner.post(f"/print-jobs/{job['uid']}/printed", {"spoiled": [{"first": 3, "last": 3}]})
    owner.post(f"/print-jobs/{job['uid']}/receive", {"good": 19})
    roll = owner.get(f"/print-jobs/{job['uid']}").json["batch"]

    made = owner.post("/activations", {"roll": roll, "first": "4", "last": "20", "lot": lot["uid"]}, 201).json
    assert [one["uid"] for one in owner.get("/activations").json["items"]] == [made["uid"]]
    owner.post(f"/activations/{made['uid']}/undo")
    owner.post("/activations", {"roll": roll, "first": "4", "last": "20", "lot": lot["uid"]}, 201)
    owner.post("/retirements", {"roll": roll, "first": "1", "last": "2", "event": "void", "reason": "ướt"})
    (line,) = owner.get("/sums").json["items"]
    assert (line["closes"], line["spoiled"], line["active"], line["void"], line["stock"]) == (True, 1, 17, 2, 0)
    assert owner.get("/supply").json["items"][0]["stock"] == 0
    assert {hit["noun"] for hit in owner.get("/search?q=API-1").json["items"]} == {"lot"}
    acts = [one["action"] for one in owner.get(f"/trails/lot/{lot['uid']}").json["items"]]
    assert acts[-1] == "record"
    assert "release" in acts
    length = coord.get("/audit").json["length"]
    assert coord.get("/audit?check=true").json == {"holds": True, "length": length}

    repeat = owner.get(f"{path}/repeat").json
    assert len(repeat["keep"]) == 5
    second = owner.post(f"{path}/repeat", repeat, 201).json
    assert second["lot_no"] == "API-2"
    assert owner.get(f"/lots/{second['uid']}/parts").json["missing"] == []


def test_an_edit_names_the_version_it_changes(flask: Flask, desk: Office) -> None:
    product = desk.product()
    lot = desk.lot(product.uid, "L1")
    owner, stranger = Program(flask, desk, "owner"), Program(flask, desk, "stranger")
    path = f"/lots/{lot.uid}"
    tag = owner.get(path).headers["etag"]
    assert owner.get(path, 304, if_none_match=tag).data == b""
    body = {**LOT, "lot_no": "L1b"}
    assert owner.put(path, body, 428).json["type"] == "/problems/version_required"
    assert owner.put(path, body, 412, if_match="*").json["type"] == "/problems/changed_meanwhile"
    stranger.put(path, body, 404, if_match=tag)
    changed = owner.put(path, body, if_match=tag)
    assert changed.json["lot_no"] == "L1b"
    assert owner.put(path, body, 412, if_match=tag).json["type"] == "/problems/changed_meanwhile"
    owner.put(path, body, if_match=changed.headers["etag"])


def test_one_key_makes_one_thing_whoever_comes_first(flask: Flask, desk: Office) -> None:
    product = desk.product()
    owner = Program(flask, desk, "owner")
    wall, answers = threading.Barrier(4), []

    def ask() -> None:
        client = flask.test_client()
        wall.wait()
        headers = {**owner.headers, "idempotency-key": "once"}
        answers.append(client.post(f"/api/v1/products/{product.uid}/lots", json=LOT, headers=headers))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 4, [answer.text for answer in answers]
    assert len({answer.json["uid"] for answer in answers}) == 1
    assert len(desk.rows(Lot)) == 1
    owner.post(f"/products/{product.uid}/lots", LOT, 422, idempotency_key="k" * 256)


def test_a_part_sent_twice_is_there_once(flask: Flask, desk: Office) -> None:
    lot = desk.lot(desk.product().uid)
    owner = Program(flask, desk, "owner")
    for _ in range(2):
        owner.post(f"/lots/{lot.uid}/parts", {"input": PARTS["input"]}, idempotency_key="part")
    assert len(owner.get(f"/lots/{lot.uid}/parts").json["inputs"]) == 1
    key = owner.get(f"/lots/{lot.uid}/parts").json["inputs"][0]["key"]
    owner.client.delete(f"/api/v1/lots/{lot.uid}/parts/{key}", headers=owner.headers)
    assert owner.get(f"/lots/{lot.uid}/parts").json["inputs"] == []


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/lots?limit=0", None, "/limit"),
        ("/lots?limit=101", None, "/limit"),
        ("/lots?cursor=x", None, "/cursor"),
        ("/stamps", None, "/code"),
        ("/activations", {"first": "1", "last": "2", "lot": "x"}, "/lot"),
    ],
)
def test_what_cannot_be_read_is_named(flask: Flask, desk: Office, path: str, body: Any, pointer: str) -> None:
    owner = Program(flask, desk, "owner")
    answer = owner.get(path, 422) if body is None else owner.post(path, body, 422)
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


def test_pages_follow_one_another(flask: Flask, desk: Office) -> None:
    product = desk.product()
    for number in range(5):
        desk.lot(product.uid, f"L{number}")
    owner = Program(flask, desk, "owner")
    found, cursor = [], ""
    while cursor is not None:
        page = owner.get(f"/lots?limit=2&cursor={cursor}" if cursor else "/lots?limit=2").json
        found += [item["lot_no"] for item in page["items"]]
        cursor = page["next"]
    assert found == ["L4", "L3", "L2", "L1", "L0"]


def test_a_picture_is_drawn_again_and_another_file_is_none(flask: Flask, desk: Office) -> None:
    product = desk.product()
    owner = Program(flask, desk, "owner")
    owner.post(f"/products/{product.uid}/pictures", photo())
    before = desk.counts()
    owner.post(f"/products/{product.uid}/pictures", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422)
    owner.post(f"/lots/{desk.lot(product.uid).uid}/photos", b"%PDF-1.7", 422)
    assert desk.counts()["stored_file"] == before["stored_file"]


def test_posters_empty_tables_and_notices(flask: Flask, desk: Office) -> None:
    owner, product = Program(flask, desk, "owner"), desk.product()
    posters = [
        Image.open(io.BytesIO(owner.get(f"/products/{product.uid}/poster?lang={lang}").data)) for lang in ("vi", "en")
    ]
    assert {one.format for one in posters} == {"JPEG"}
    assert posters[0].tobytes() != posters[1].tobytes()
    owner.get(f"/products/{product.uid}/poster?lang=fr", 422)
    left = owner.get(f"/products/{product.uid}/quota").json["left"]
    owner.post("/orders", {"product": str(product.uid), "quantity": 20}, 201)
    assert owner.get(f"/products/{product.uid}/quota").json == {"left": left - 20}
    assert "lot_no" in owner.get("/imports/lots/blank.csv").text.splitlines()[0]
    with desk.work(SYSTEM) as work:
        notices.tell(work)
    coord = Program(flask, desk, "coord")
    assert coord.get("/notices").json["unread"] > 0
    coord.post("/notices/read")
    assert coord.get("/notices").json["unread"] == 0


def test_reports_with_their_photo_samples_and_recalled_lots(flask: Flask, desk: Office) -> None:
    batch, lot = desk.activated(5)
    coord = Program(flask, desk, "coord")
    told, bare = (
        Report(id=desk.new_id(), stamp=batch.lo, text=text, photo=kept, at=desk.clock())
        for text, kept in (("Nhãn mờ", PhotoState.WAITING), ("Không có ảnh", None))
    )
    insert(desk, told)
    insert(desk, bare)
    insert(desk, ReportPhoto(report_id=told.id, content=photo(), at=desk.clock()))
    with desk.work(SYSTEM) as work:
        reports.draw_photos(work, flask.extensions["files"])
    shown = coord.get(f"/report-cases/{told.id}").json
    assert (shown["text"], shown["photo"], shown["steps"][0]) == ("Nhãn mờ", "drawn", "check")
    picture = Image.open(io.BytesIO(coord.get(f"/report-cases/{told.id}/photo").data))
    assert (picture.format, picture.size) == ("WEBP", (64, 48))
    coord.get(f"/report-cases/{bare.id}/photo", 404)
    insert(desk, ProbeSample(id=desk.new_id(), at=desk.clock(), verdict="forged", code="123", network="10.0.0.0/24"))
    assert [one["code"] for one in coord.get("/probe-samples").json["items"]] == ["123"]
    recall = desk.do("owner", recalls.request, NewRecall((lot.uid,), "Lẫn tạp chất", "Trả lại"))
    coord.post(f"/recalls/{recall.uid}/approve")
    coord.post(f"/recalls/{recall.uid}/lots/{lot.uid}", {"result": "DESTROYED", "recovered": "1"})
    (line,) = coord.get(f"/recalls/{recall.uid}/lots").json["items"]
    assert (line["lot"], line["result"]) == (str(lot.uid), "DESTROYED")


def test_codes_of_another_are_not_issued(flask: Flask, desk: Office) -> None:
    batch, _ = desk.activated(3)
    index = batch.lo
    flask.extensions["codes"] = Reader(("T.SONLA.VN",), lambda tokens: [_Opened(index)] * len(tokens))
    from stamp_engine.format import human_serial

    serial = human_serial(7)
    assert Program(flask, desk, "owner").get(f"/stamps?code={serial}").json["position"] == 1
    answer = Program(flask, desk, "stranger").get(f"/stamps?code={serial}", 404)
    assert answer.json["type"] == "/problems/code_not_issued"
    assert desk.rows(RangeEvent)


class _Opened:
    def __init__(self, index: int) -> None:
        self.index = index


@pytest.mark.parametrize("who", ["owner", "coord"])
def test_made_up_input_is_never_our_fault(flask: Flask, desk: Office, who: str) -> None:
    """Schemathesis on every operation: whatever is sent, the answer is no 5xx, and a fault is RFC 9457."""
    desk.activated(3)
    program = Program(flask, desk, who)
    schema = schemathesis.openapi.from_wsgi("/openapi/openapi.json", flask)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 50
    seen = set()
    for operation in operations:

        @settings(
            max_examples=4,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            response = case.call(headers={**program.headers, "idempotency-key": str(uuid4())})
            case.validate_response(response, checks=[not_a_server_error])
            seen.add(response.status_code)
            if response.status_code >= 400:
                assert response.headers["content-type"] == ["application/problem+json"], response.text

        check()
    assert {200, 404, 422} <= seen
