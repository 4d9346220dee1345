"""Bad input, systematically: every field of every form the pages show, with everything that is not meant for it.

The forms are read from the pages, so a new one is walked from its first day. Each is sent with one field wrong and the
rest as an honest person would leave it, at a desk that never commits, so that every form stays as it was found.
"""

import gc
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy.orm import Session

from app.database import WRITING
from app.domain.permissions import Actor, RoleName
from app.models.files import StoredFile
from app.models.orders import PrintJob, StampOrder
from app.models.recalls import Recall
from app.models.stamps import Batch
from app.services import audit, recalls
from app.services.recalls import NewRecall
from app.services.work import Desk, Work
from tests.app.hostile import ANY, QUOTED, SCRIPT, WRONG, Field, Form, forms
from tests.app.office import Office
from tests.app.test_doors import ours, path_of
from tests.app.test_queries import Village
from tests.app.test_web import Browser, flask
from tests.conftest import Stack

__all__ = ["flask"]
WHO = ("owner", "coord", "admin", "p001")
# The file of an upload that was refused for its size is closed when it is forgotten.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Nothing of a refused upload is left for another test to be blamed for."""
    yield
    gc.collect()


class DryDesk(Desk):
    """A desk where all work is done as ever, up to the commit, and then undone."""

    @contextmanager
    def work(self, actor: Actor) -> Iterator[Work]:
        with Session(self.engine.execution_options(**{WRITING: True}), expire_on_commit=False) as session:
            yield (work := Work(session, actor, self.clock(), self.new_id, self.press))
            session.flush()
            audit.append(session, work.notes, at=work.now, actor_id=actor.user_id)
            session.flush()
            session.expunge_all()
            session.rollback()


def walked(flask: Flask, village: Village, who: str) -> Iterator[tuple[str, Form]]:
    """Every form of every page this person may open; the same form on two pages is one."""
    browser, seen = Browser(flask, who), set()
    for rule in ours(flask):
        if "GET" not in (rule.methods or ()) or not rule.rule.startswith("/office"):
            continue
        for path in (path_of(rule, village.things), *EXTRA.get(rule.rule, ())):
            answer = browser.client.get(path)
            if answer.status_code != 200 or answer.mimetype != "text/html":
                continue
            for form in forms(path, answer.text):
                key = (re.sub(r"[0-9a-f-]{36}", "…", form.action), tuple(sorted(one.name for one in form.fields)))
                if key not in seen and form.action.split("?")[0] != "/office/sign-out":
                    seen.add(key)
                    yield path, form


# Steps of a form that its first page does not show.
EXTRA: dict[str, tuple[str, ...]] = {
    "/office/orders/new": ("/office/orders/new?step=2", "/office/orders/new?step=3&quantity=5&layout=a4-40x30"),
    "/office/lots/<uuid:uid>/add/<kind>": (),
}


@pytest.fixture
def stack(production: Stack) -> Stack:
    """The stricter of the two databases: it holds columns to their sizes and takes no NUL."""
    return production


@pytest.fixture
def village(flask: Flask, desk: Office) -> Village:
    made = Village(desk)
    made.grow()
    EXTRA["/office/lots/<uuid:uid>/add/<kind>"] = tuple(
        f"/office/lots/{made.draft.uid}/add/{kind}" for kind in ("step", "test", "sample", "area")
    )
    real = flask.extensions["desk"]
    flask.extensions["desk"] = DryDesk(real.engine, real.clock, real.new_id, real.press)
    return made


def send(client: FlaskClient, form: Form, fields: dict[str, Any]) -> Any:
    if form.method == "get":
        return client.get(form.action, query_string=fields)
    return client.post(form.action, data=fields)


def raw(text: str) -> bool:
    """Whether a page shows a script as a script."""
    return SCRIPT in text or QUOTED in text or "<img src=x" in text


@pytest.mark.parametrize("who", WHO)
def test_no_field_of_any_form_chokes_or_speaks(flask: Flask, desk: Office, village: Village, who: str) -> None:
    """Never an error of ours, never a script on the page, and nothing kept of what was refused."""
    before, wrong, tried = desk.counts(), [], 0
    client = Browser(flask, who).client
    for path, form in list(walked(flask, village, who)):
        filled = {**form.filled, "csrf_token": csrf(client, path)}
        for one in form.fields:
            if one.name == "csrf_token" or one.kind == "file":
                continue
            for name, value in ANY.items():
                tried += 1
                answer = send(client, form, {**filled, one.name: value})
                if answer.status_code >= 500 or raw(answer.text):
                    wrong.append((answer.status_code, form.method, form.action, one.name, name))
    assert wrong == [], "\n".join(map(str, wrong))
    assert tried > 500 or who == "p001"
    after = desk.counts()
    assert {name for name in after if after[name] != before[name]} <= {"rate_limit"}


def flashed(text: str) -> str:
    """What is said at the top of a page."""
    found = re.search(r'class="flash error"[^>]*>([^<]*)', text)
    return found[1] if found else ""


def csrf(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    return found[1] if found else ""


def impossible(one: Field) -> Iterator[str]:
    """What cannot be right in this field."""
    yield from WRONG.get(one.kind, ())
    if one.required and one.kind != "checkbox":
        yield ""
    if one.most and one.kind in {"text", "textarea", "code"}:
        yield "x" * (one.most + 1)


@pytest.mark.parametrize("who", ["owner", "coord"])
def test_what_is_wrong_is_said_at_its_field(flask: Flask, desk: Office, village: Village, who: str) -> None:
    wrong = []
    client = Browser(flask, who).client
    for path, form in list(walked(flask, village, who)):
        if form.method == "get":
            continue
        filled = {**form.filled, "csrf_token": csrf(client, path)}
        refused = flashed(send(client, form, filled).text)
        for one in form.fields:
            if one.name in {"csrf_token", "version"} or one.kind in {"file", "hidden"}:
                continue
            for value in impossible(one):
                answer = send(client, form, {**filled, one.name: value})
                text = answer.text
                if answer.status_code == 303:
                    text = client.get(answer.location).text
                named = f'id="e-{one.name}"' in text or f'aria-describedby="{one.name}-error"' in text
                alone = flashed(text) and f'id="f-{one.name}"' not in text  # one field with a button
                # What nobody may do just now is refused as a whole, whatever stands in the fields.
                if not (named or alone or (refused and flashed(text) == refused)):
                    wrong.append((answer.status_code, form.action, one.name, value[:20]))
    assert wrong == [], "\n".join(map(str, wrong))


def polyglot() -> bytes:
    """A JPEG that is a ZIP with a page in it too, and says where it was taken."""
    out = io.BytesIO()
    image = Image.new("RGB", (400, 300), "#1f6b4a")
    exif = image.getexif()
    exif[0x010E] = "NHÀ RIÊNG"
    exif.get_ifd(0x8825).update({1: "N", 2: (21.0, 19.0, 30.0), 3: "E", 4: (103.0, 54.0, 0.0)})
    image.save(out, "JPEG", exif=exif)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("index.html", SCRIPT)
    return out.getvalue()


def bombs() -> dict[str, bytes]:
    """Files that nothing should take for what they say they are, or that would fill the memory."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (30 << 20))
    wide = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    return {
        "program": b"\x7fELF" + bytes(200),
        "script": SCRIPT.encode(),
        "drawing": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "zip bomb": packed.getvalue(),
        "picture bomb": wide + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""),
        "cut off": polyglot()[:900],
        "too large": polyglot()[:2] + bytes(9 << 20),
        "empty": b"",
        "no pages": b"%PDF-1.7\n%%EOF",
    }


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@pytest.mark.parametrize("who", ["owner", "p001"])
def test_no_file_passes_for_what_it_is_not(flask: Flask, desk: Office, village: Village, who: str) -> None:
    """Every file field of every form: wrong kinds are refused, and nothing of them is kept."""
    client, tried = Browser(flask, who).client, 0
    kept = files_of(desk)
    for path, form in list(walked(flask, village, who)):
        for one in form.fields:
            if one.kind != "file":
                continue
            for name, content in bombs().items():
                fields = {**form.filled, "csrf_token": csrf(client, path), one.name: (io.BytesIO(content), "ảnh.jpg")}
                answer = client.post(form.action, data=fields)
                text = client.get(answer.location).text if answer.status_code == 303 else answer.text
                left = name == "empty" and not one.required
                assert answer.status_code in {303, 413, 422}, (form.action, name, answer.status_code)
                assert left or "error" in text, (form.action, name)
                assert not raw(text)
                answer.close()
                tried += 1
    assert tried >= (40 if who == "owner" else 0)
    assert files_of(desk) == kept


def files_of(desk: Office) -> set[str]:
    return {path.name for path in (desk.stack.data_dir / "files").rglob("*") if path.is_file()}


def test_a_photo_keeps_its_looks_and_nothing_else(flask: Flask, desk: Office) -> None:
    """Where it was taken, what it was called and what was hidden in it are gone from every picture that is kept."""
    product = desk.product()
    lot = desk.lot(product.uid, "L1")
    before, browser = files_of(desk), Browser(flask, "owner")
    for path in (f"products/{product.uid}/picture", f"lots/{lot.uid}/photo"):
        sent = {
            "csrf_token": csrf(browser.client, f"/office/lots/{lot.uid}"),
            "picture": (io.BytesIO(polyglot()), "a.jpg"),
        }
        assert browser.client.post(f"/office/{path}", data=sent).status_code == 303
    test = {
        "laboratory": "Phòng thử",
        "report_no": "K1",
        "criteria": "Vi sinh",
        "sampled_on": "2026-11-04",
        "issued_on": "2026-11-05",
        "valid_until": "2027-11-20",
        "passed": "on",
        "csrf_token": csrf(browser.client, f"/office/lots/{lot.uid}/add/test"),
        "file": (io.BytesIO(polyglot()), "phiếu.jpg"),
    }
    assert browser.client.post(f"/office/lots/{lot.uid}/add/test", data=test).status_code == 303
    made = files_of(desk) - before
    assert made
    assert len([row for row in desk.rows(StoredFile) if row.sha256 in made]) == 3
    for name in made:
        content = (desk.stack.data_dir / "files" / name[:2] / name).read_bytes()
        assert content[8:12] == b"WEBP"
        assert not Image.open(io.BytesIO(content)).getexif()
        for hidden in (b"index.html", SCRIPT.encode(), "NHÀ RIÊNG".encode(), b"GPS", b"PK\x03\x04"):
            assert hidden not in content


def test_what_is_kept_is_shown_as_it_was_typed(flask: Flask, desk: Office) -> None:
    """Scripts that pass for names: every page that shows them shows them as text."""
    name = f"{SCRIPT}{QUOTED}"
    product = desk.product(name=name, description=name, brand=SCRIPT)
    lot = desk.lot(product.uid, SCRIPT[:40], facility=name, note=name)
    desk.complete(lot.uid)
    desk.delivered(desk.order(product.uid, 5, lot=lot.uid, note=name))
    desk.do("owner", recalls.request, NewRecall((lot.uid,), name, name))
    desk.user("hại", RoleName.COORD)
    for who in ("owner", "coord", "admin"):
        browser, shown = Browser(flask, who), 0
        things = {
            "products": product.uid,
            "lots": lot.uid,
            "trails": lot.uid,
            "orders": desk.rows(StampOrder)[0].uid,
            "recalls": desk.rows(Recall)[0].uid,
            "print-jobs": desk.rows(PrintJob)[0].uid,
            "stamps": desk.rows(Batch)[0].uid,
        }
        for rule in ours(flask):
            if "GET" in (rule.methods or ()) and rule.rule.startswith("/office"):
                answer = browser.client.get(path_of(rule, things))
                if answer.mimetype == "text/html":
                    assert not raw(answer.text), rule.rule
                    shown += "alert(&#39;tem&#39;)" in answer.text
        assert shown > 5 or who == "admin"
