"""Reports with photos: quarantined as they came, drawn again before anybody sees them; their outcome by their id."""

import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from PIL import Image
from starlette.testclient import TestClient

from app.database import open_engine
from app.domain.permissions import SYSTEM
from app.services import reports
from app.services.files import ContentStore
from app.services.work import Desk
from tests.verifier.doors import PHONE, opened, problem
from tests.verifier.world import World
from verifier.limits import REPORTS_BY_DEVICE
from verifier.reports import LARGEST_PHOTO


@pytest.fixture
def door(place: World) -> Iterator[TestClient]:
    with opened(place) as client:
        yield client


def photo(kind: str = "JPEG", size: tuple[int, int] = (3000, 2000)) -> bytes:
    """A picture as a telephone takes it: turned on its side, with the place in it."""
    image, out = Image.new("RGB", size, "green"), io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (21.0, 19.0, 30.0)
    exif[0x010F] = "a telephone"
    image.save(out, kind, exif=exif)
    return out.getvalue()


def send(door: TestClient, content: bytes | None, address: str = "/api/v1/reports", **fields: str) -> Any:
    files = {"photo": ("anh.jpg", content, "image/jpeg")} if content is not None else {"photo": ("", b"")}
    return door.post(address, data={"text": "Nhãn in mờ", **fields}, files=files)


def drawn(place: World) -> ContentStore:
    """The worker's turn."""
    store, engine = ContentStore(place.stack.data_dir / "files"), open_engine(place.stack.url)
    with Desk(engine, place.clock, place.new_id).work(SYSTEM) as work:
        reports.draw_photos(work, store)
    engine.dispose()
    return store


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_waits_in_quarantine_and_is_drawn_again_without_its_place(
    door: TestClient, place: World, kind: str
) -> None:
    raw = photo(kind)
    made = send(door, raw)
    assert made.status_code == 201, made.text
    where = made.headers["location"]
    assert door.get(where).json()["photo"] == "waiting"
    assert [bytes(row.content) for row in place.rows("report_photo")] == [raw]
    store = drawn(place)
    assert place.rows("report_photo") == []
    assert door.get(where).json()["photo"] == "drawn"
    (report,), (file,) = place.rows("report"), place.rows("stored_file")
    assert (report.photo_sha256, file.public, file.media_type) == (file.sha256, False, "image/webp")
    kept = store.path(file.sha256).read_bytes()
    picture = Image.open(io.BytesIO(kept))
    assert picture.size == (1067, 1600), "upright"
    assert dict(picture.getexif()) == {}
    assert b"telephone" not in kept
    assert raw[:64] not in kept


@pytest.mark.parametrize(
    "content",
    [
        b"<svg onload=alert(1)>",
        b"%PDF-1.7",
        b"GIF89a" + b"\0" * 40,
        b"\xff\xd8",
        b"MZ" + b"\0" * 90,
        b"RIFF\0\0\0\0WAVE",
    ],
)
def test_what_does_not_begin_as_a_picture_is_refused_by_name(door: TestClient, place: World, content: bytes) -> None:
    body = problem(send(door, content), 422, "invalid")
    assert [error["pointer"] for error in body["errors"]] == ["/photo"]
    assert place.rows("report") == place.rows("report_photo") == []


@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff" + b"x" * 500, b"\x89PNG\r\n\x1a\n" + b"\0" * 500, b"RIFF\0\0\0\0WEBPVP8 "]
)
def test_what_only_begins_as_a_picture_is_dropped_by_the_worker(door: TestClient, place: World, content: bytes) -> None:
    where = send(door, content).headers["location"]
    drawn(place)
    assert door.get(where).json()["photo"] == "refused"
    assert place.rows("stored_file") == place.rows("report_photo") == []
    assert len(place.rows("report")) == 1


def test_a_picture_that_would_fill_the_memory_is_not_drawn(door: TestClient, place: World) -> None:
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 100_000
    where = send(door, bomb.getvalue()).headers["location"]
    drawn(place)
    assert door.get(where).json()["photo"] == "refused"


def test_too_much_is_refused_before_it_is_kept(door: TestClient, place: World) -> None:
    problem(send(door, b"\xff\xd8\xff" + b"x" * LARGEST_PHOTO), 413, "photo_too_large")
    broken = door.post("/api/v1/reports", content=b"--x", headers={"content-type": "multipart/form-data"})
    problem(broken, 400, "bad_form")
    cut = b'--b\r\ncontent-disposition: form-data; name="text"\r\n\r\nhel'
    answer = door.post("/api/v1/reports", content=cut, headers={"content-type": "multipart/form-data; boundary=b"})
    assert answer.status_code in {400, 422}
    assert place.rows("report") == []


def test_the_public_side_cannot_take_a_photo_out_again(production_place: World) -> None:
    """Invariant 7: it may insert a photo and nothing else."""
    refused = (
        "SELECT content FROM report_photo",
        "DELETE FROM report_photo",
        "UPDATE report SET photo_sha256 = 'x'",
        "INSERT INTO report_case (report_id) VALUES (NULL)",
        "SELECT * FROM erasure",
        "SELECT * FROM probe_alert",
        "SELECT user_id FROM enrolled_device",
        "UPDATE enrolled_device SET revoked_at = NULL",
        "UPDATE snapshot_line SET line = 'x'",
        "INSERT INTO snapshot_head (number) VALUES (1)",
    )
    for statement in refused:
        with (
            production_place.stack.verifier_engine.connect() as connection,
            pytest.raises(sa.exc.ProgrammingError, match="permission denied"),
        ):
            connection.exec_driver_sql(statement)


@pytest.fixture
def production_place(production: Any) -> Iterator[World]:
    from tests.verifier.world import world

    with world(production) as made:
        yield made


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(door: TestClient, place: World) -> None:
    assert "Báo sản phẩm đáng ngờ" in door.get("/report", headers=PHONE).text
    answer = send(door, b"no picture", "/report", text=" ", place="Chợ Tô Hiệu")
    assert answer.status_code == 422
    assert 'value="Chợ Tô Hiệu"' in answer.text
    assert {'id="e-text"', 'id="e-photo"'} <= {part for part in ('id="e-text"', 'id="e-photo"') if part in answer.text}
    done = send(door, photo(), "/report", place="Chợ Tô Hiệu")
    assert done.status_code == 201
    (row,) = place.rows("report")
    assert f"/report/{row.id}" in done.text
    assert "Đã nhận, chờ cán bộ xem" in door.get(f"/report/{row.id}", headers=PHONE).text


def test_an_outcome_is_told_by_the_reports_id(door: TestClient, place: World) -> None:
    where = door.post("/api/v1/reports", json={"text": "x"}).headers["location"]
    key = UUID(where.rpartition("/")[2])
    place.insert(
        "report_case",
        report_id=key,
        state="CONFIRMED",
        outcome="Đã thu giữ 12 gói.",
        decided_by_id=1,
        decided_at=place.clock(),
    )
    told = door.get(where).json()
    assert (told["state"], told["outcome"]) == ("confirmed", "Đã thu giữ 12 gói.")
    assert told["decided_at"]
    assert "Đã thu giữ 12 gói." in door.get(f"/report/{key}", headers=PHONE).text


def test_an_idempotency_key_makes_one_report(door: TestClient, place: World) -> None:
    door.get("/check?code=x", headers=PHONE)
    headers = {"idempotency-key": "k-1"}
    one = door.post("/api/v1/reports", json={"text": "x"}, headers=headers).json()
    assert door.post("/api/v1/reports", json={"text": "x"}, headers=headers).json() == one
    problem(door.post("/api/v1/reports", json={"text": "y"}, headers=headers), 422, "key_reused")
    assert len(place.rows("report")) == 1


def test_reports_are_limited_by_device_and_by_network(door: TestClient, place: World) -> None:
    block = place.batch(((1, "ACTIVE", place.lot("L1")),))
    door.get("/" + place.text(block[0]).rpartition("/")[2], headers=PHONE)
    given = [door.post("/api/v1/reports", json={"text": "x"}).status_code for _ in range(REPORTS_BY_DEVICE.most + 1)]
    assert given == [201] * REPORTS_BY_DEVICE.most + [429]
    door.cookies.clear()
    assert door.post("/api/v1/reports", json={"text": "x"}).status_code == 201
