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
    order = f"/office/orders/new?product={made.first_product.uid}"
    EXTRA["/office/orders/new"] = (f"{order}&step=2", f"{order}&step=3&quantity=5")
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
    # A choice of nothing that is readable is none, which is right where none must be made.
    yield from (value for value in WRONG.get(one.kind, ()) if one.required or value.strip("\0"))
    if one.required and one.kind != "checkbox":
        yield ""
    if one.most and one.kind in {"text", "textarea", "code"}:
        yield "x" * (one.most + 1)


@pytest.mark.parametrize("who", ["owner", "coord"])
def test_what_is_wrong_is_said_at_its_field(flask: Flask, desk: Office, village: Village, who: str) -> None:
    wrong = []
    client = Browser(flask, who).client
    for path, form in list(walked(flask, village, who)):
        if lists(form):
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


_MISSING = {
    "en": " is missing|Give a reason|No file was chosen",
    "vi": "Thiếu |Hãy ghi lý do|Chưa chọn tệp",
}


def lists(form: Form) -> bool:
    """Whether a form only looks for something: nothing in it must be answered."""
    return form.method == "get" and not any(one.required for one in form.fields)


@pytest.mark.parametrize("who", WHO)
def test_a_form_that_was_left_empty_says_what_is_missing(
    flask: Flask, desk: Office, village: Village, who: str
) -> None:
    """Each form as a hasty thumb sends it, a step of several too: each missing answer is named, in either tongue."""
    silent, tried = [], 0
    client = Browser(flask, who).client
    for path, form in list(walked(flask, village, who)):
        must = [one.name for one in form.fields if one.required and one.kind not in {"checkbox", "hidden"}]
        if lists(form) or not must:
            continue
        tried += 1
        for lang, missing in _MISSING.items():
            fields = {**form.filled, "csrf_token": csrf(client, f"{path}{'&' if '?' in path else '?'}lang={lang}")}
            answer = send(client, form, {**fields, **dict.fromkeys(must, "")})
            text = followed(client, answer)
            for name in must:
                named = re.search(rf'class="field-error" id="e-{name}">([^<]+)', text)
                said = named[1] if named else flashed(text) if len(must) == 1 else ""
                if answer.status_code not in {303, 422} or not re.search(missing, said):
                    silent.append((answer.status_code, lang, form.action, name, said or flashed(text)))
    assert silent == [], "\n".join(map(str, silent))
    assert tried > 5 or who == "p001"


def test_an_order_is_not_led_on_to_a_step_that_would_be_refused(flask: Flask, desk: Office) -> None:
    """What no order may say is told where it was answered, before anything else is asked; nothing chosen is lost."""
    product, other = desk.product(annual_packs=50), desk.product(name="Mận sấy", annual_packs=None)
    client = Browser(flask, "owner").client
    for asked, at, field, words in (
        ("step=2", 1, "product", "Thiếu Sản phẩm"),
        ("step=3&quantity=5", 1, "product", "Thiếu Sản phẩm"),
        (f"step=2&product={desk.people['owner'].user_id}", 1, "product", "Sản phẩm"),
        (f"step=3&product={product.uid}", 2, "quantity", "Thiếu Số tem"),
        (f"step=3&product={product.uid}&quantity=x", 2, "quantity", "Số tem"),
        (f"step=3&product={product.uid}&quantity=51", 2, "quantity", "50"),
        (f"step=3&product={product.uid}&quantity=0", 2, "quantity", "10.000.000"),
        (f"step=3&product={product.uid}&quantity=5&with_gtin=on", 2, "with_gtin", "GTIN"),
        (f"step=3&product={other.uid}&quantity=5", 2, "lot", "sản lượng năm"),
    ):
        answer = client.get(f"/office/orders/new?{asked}&note=gấp")
        said = re.search(rf'id="e-{field}">([^<]+)', answer.text)
        assert said, (asked, flashed(answer.text))
        assert words in said[1], asked
        assert answer.status_code == 422, asked
        assert f'name="step" value="{at + 1}"' in answer.text, asked
        assert 'name="note" value="gấp"' in answer.text, asked
    assert client.get(f"/office/orders/new?step=3&product={product.uid}&quantity=50").status_code == 200


def followed(client: FlaskClient, answer: Any) -> str:
    """The page that one sees in the end."""
    return client.get(answer.location).text if answer.status_code == 303 else str(answer.text)


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
