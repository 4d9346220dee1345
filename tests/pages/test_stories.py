"""Whole days of work in a real browser: nothing is called but what a person can press, at both widths and languages."""

import csv
import io
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import pytest
import pyzipper
from PIL import Image
from playwright.sync_api import Browser, Locator, Page

from app.domain.permissions import RoleName
from app.services import printing
from tests.app.office import PASSWORD, Office, office
from tests.conftest import Stack
from tests.pages.test_pages import DESK, PHONE, Site, accessible, browser, pytestmark, served, site
from tests.verifier.world import HOST

__all__ = ["browser", "pytestmark", "site"]
WAYS = [
    pytest.param(PHONE, "vi", id="phone-vi"),
    pytest.param(DESK, "en", id="desk-en"),
    pytest.param(PHONE, "en", id="phone-en"),
    pytest.param(DESK, "vi", id="desk-vi"),
]


@dataclass
class Hand:
    """Somebody at a screen: every press and every field typed into is counted."""

    page: Page
    url: str
    taps: int = 0
    typed: int = 0

    def tap(self, what: str | Locator) -> None:
        found = self.page.locator(what) if isinstance(what, str) else what
        found.first.click()
        # A click returns with the new page's first bytes, before its style sheet.
        self.page.wait_for_load_state("load")
        self.taps += 1

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            box = self.page.locator(f"#f-{name}")
            if box.evaluate("one => one.tagName") == "SELECT":
                box.select_option(value)
            elif box.get_attribute("type") == "checkbox":
                box.check()
            else:
                box.fill(value)
            self.typed += 1

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)

    def send(self, path: str, **fields: str) -> str:
        """A form of its own page; gives where it leads."""
        self.go(path)
        self.fill(**fields)
        accessible(self.page)
        self.tap("main form button.main")
        assert not self.page.locator(".field-error, .flash.error").count(), self.page.inner_text("main")
        return self.path

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.url)

    def looks_right(self) -> None:
        width = self.page.viewport_size or PHONE
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width["width"]
        accessible(self.page)


def somebody(browser: Browser, url: str, who: str, size: dict[str, int], lang: str) -> Hand:
    page = browser.new_context(viewport=size).new_page()
    page.goto(f"{url}/office/sign-in?lang={lang}")
    page.locator("#login").fill(f"{who}@example.vn")
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button.main").click()
    page.wait_for_url(f"{url}/office/")
    return Hand(page, url)


def picture(folder: Path) -> Path:
    path = folder / "chè.jpg"
    Image.new("RGB", (800, 600), "#1f6b4a").save(path)
    return path


def taken(hand: Hand) -> dict[str, bytes]:
    """The print file, opened with the passphrase of the page it was taken from."""
    secret = hand.page.locator(".secret code").inner_text()
    with hand.page.expect_download() as waiting:
        hand.tap("form[action$='/download'] button")
    content = Path(waiting.value.path()).read_bytes()
    with pyzipper.AESZipFile(io.BytesIO(content)) as archive:
        archive.setpassword(secret.encode())
        return {name: archive.read(name) for name in archive.namelist()}


def invited(browser: Browser, coord: Hand, admin: Hand, size: dict[str, int], lang: str) -> Hand:
    """A co-operative is registered and approved, and its owner comes in by the link of the invitation."""
    made = coord.send(
        "/office/organisations/new",
        name="Hợp tác xã Mường La",
        kind="HTX",
        unit="03646",
        address="Bản Hua Ít",
        phone="0912 345 678",
    )
    coord.tap(f"form[action='{made}/approve'] button")
    admin.go("/office/users/invite")
    organisation = made.rpartition("/")[2]
    admin.fill(name="Quàng Thị Ban", email="ban@example.vn", role="PRODUCER_OWNER", organisation=organisation)
    admin.tap("main form button.main")
    link = re.search(r"/office/join\?key=\S+", admin.page.locator("#words").input_value())
    assert link
    owner = Hand(browser.new_context(viewport=size).new_page(), coord.url)
    owner.go(f"{link[0]}&lang={lang}")
    owner.looks_right()
    owner.page.locator("#password").fill(PASSWORD)
    owner.tap("main form button.main")
    owner.looks_right()
    return owner


def approved_product(owner: Hand, coord: Hand, photo: Path) -> None:
    product = owner.send(
        "/office/products/new",
        name="Mận hậu sấy",
        group="thuc-pham",
        pack="gói 200 g",
        description="Mận hậu sấy dẻo",
        standard="TCCS 03:2026",
        shelf_life_days="365",
        annual_packs="5000",
    )
    owner.page.locator("#picture").set_input_files(photo)
    owner.tap(f"form[action='{product}/picture'] button")
    owner.tap(f"form[action='{product}/submit'] button")
    coord.go(product)
    coord.tap(f"form[action='{product}/approve'] button")


def released_lot(owner: Hand) -> str:
    lot = owner.send(
        "/office/lots/new",
        lot_no="MH-01",
        facility="Xưởng Hua Ít",
        produced_on="2026-11-20",
        expires_on="2027-11-20",
        quantity="10",
        unit="kg",
        packs="50",
    )
    owner.send(f"{lot}/add/input", material="Mận", supplier="Hộ trồng", origin="Hua Ít", quantity="50", unit="kg")
    owner.send(f"{lot}/add/step", kind="processing", who="Tổ sấy", place="Xưởng")
    tested = {"laboratory": "Phòng thử", "report_no": "K1", "criteria": "Vi sinh", "valid_until": "2027-11-20"}
    owner.go(f"{lot}/add/test")
    owner.page.locator("input[name=passed]").check()
    owner.fill(**tested)
    owner.tap("main form button.main")
    kept = {"code": "M1", "quantity": "1", "unit": "gói", "storage": "Kho", "custodian": "Ban"}
    owner.send(f"{lot}/add/sample", keep_until="2028-01-01", **kept)
    owner.looks_right()
    owner.tap(f"form[action='{lot}/step/produce'] button")
    owner.tap(f"form[action='{lot}/step/release'] button")
    return lot


@pytest.mark.parametrize(("size", "lang"), WAYS)
def test_a_co_operative_from_its_invitation_to_an_activated_lot(
    site: Site, browser: Browser, tmp_path: Path, size: dict[str, int], lang: str
) -> None:
    coord, admin = (somebody(browser, site.url, who, DESK, lang) for who in ("coord", "admin"))
    owner = invited(browser, coord, admin, size, lang)
    approved_product(owner, coord, picture(tmp_path))
    lot = released_lot(owner)
    page = owner.page
    owner.tap("main a[href*='/office/orders/new']")
    owner.looks_right()
    owner.tap("main form button.main")
    owner.looks_right()
    owner.tap("main form button.main")
    order = owner.path
    coord.go(order)
    coord.tap(f"form[action='{order}/approve'] button")
    owner.go(order)
    owner.looks_right()
    # The page keeps itself up to date: nobody presses anything until the print job is there.
    page.locator("[data-live]").wait_for(state="detached", timeout=60_000)
    job = coord_releases(coord, order)
    owner.go(job)
    files = taken(owner)
    codes = [row["code"] for row in csv.DictReader(io.StringIO(files["codes.csv"].decode()))]
    owner.send(f"{job}/printed")
    owner.send(f"{job}/receive")
    owner.send(f"/office/activate?lot={lot.rpartition('/')[2]}", first=codes[0], last=codes[-1])
    owner.looks_right()
    owner.tap("main form button.main")
    assert "50" in page.locator(".flash").first.inner_text()
    owner.looks_right()
    page.goto(site.url + "/" + codes[7].split("/", 3)[-1])
    assert page.locator(".green").count()
    accessible(page)


def coord_releases(coord: Hand, order: str) -> str:
    """The province lets the print house have the file; gives the page of the job."""
    coord.go(order)
    coord.tap("a[href*='/office/print-jobs/']")
    coord.looks_right()
    job = coord.path
    coord.tap(f"form[action='{job}/release'] button")
    return job


MOST_TAPS, MOST_TYPED, MOST_SECONDS = 6, 3, 120
"""What a repeat lot and its activation may cost: lighter than a notebook."""


@pytest.mark.parametrize(("size", "lang"), WAYS[:2])
def test_a_repeat_lot_and_its_activation_are_a_few_taps(
    site: Site, browser: Browser, tmp_path: Path, size: dict[str, int], lang: str
) -> None:
    owner = somebody(browser, site.url, "owner", size, lang)
    began = time.monotonic()
    owner.tap("main .big a[href='/office/lots/start']")
    owner.looks_right()
    # A new number and today stand there already; so many packs were made this time.
    owner.fill(packs="4")
    owner.tap("button[name=release]")
    assert not owner.page.locator(".field-error, .flash.error").count(), owner.page.inner_text("main")
    owner.tap("main a[href*='/office/activate']")
    code = f"HTTPS://{HOST}{site.codes['idle']}"
    owner.fill(first=code, last=code)
    owner.tap("main form button.main")
    owner.looks_right()
    owner.tap("main form button.main")
    assert owner.page.locator(".flash").count()
    assert owner.taps <= MOST_TAPS, owner.taps
    assert owner.typed <= MOST_TYPED, owner.typed
    assert time.monotonic() - began < MOST_SECONDS


@pytest.fixture
def press(embedded: Stack) -> Iterator[tuple[Site, Office]]:
    """An order with scratch codes, minted and released to a print house."""
    with office(embedded) as desk:
        house = desk.organisation("Nhà in Sơn La", prints=True)
        desk.user("printer", RoleName.PRINTER, organisation_id=house.id)
        product = desk.product()
        _, job = desk.minted(desk.order(product.uid, 20, printer=house.uid, pins=True, layout="a4-70x50"))
        desk.do("coord", printing.release, job.uid)
        with served(embedded) as url:
            yield Site(url, {"job": f"/office/print-jobs/{job.uid}"}), desk


@pytest.mark.parametrize(("size", "lang"), WAYS[:2])
def test_a_print_house_from_its_job_to_the_hand_over(
    press: tuple[Site, Office], browser: Browser, tmp_path: Path, size: dict[str, int], lang: str
) -> None:
    site, job = press[0], press[0].codes["job"]
    printer = somebody(browser, site.url, "printer", size, lang)
    printer.looks_right()
    printer.tap("main a[href*='/office/print-jobs']")
    printer.looks_right()
    printer.tap(f"a[href='{job}']")
    printer.looks_right()
    files = taken(printer)
    pins = [row["pin"] for row in csv.DictReader(io.StringIO(files["codes.csv"].decode()))]
    assert len(pins) == 20
    printer.go(job)
    assert not printer.page.locator("form[action$='/download']").count(), "the file is taken once"
    printer.looks_right()
    strip = tmp_path / "strip.png"
    with pypdfium2.PdfDocument(files["test-strip.pdf"]) as document:
        document[0].render(scale=200 / 72).to_pil().save(strip)
    printer.page.locator("#picture").set_input_files(strip)
    printer.tap("form[action$='/strip'] button")
    assert "✓" in printer.page.inner_text("main")
    printer.send(f"{job}/printed", spoiled_at="3-4", unprinted_at="20")
    printer.looks_right()
    printer.tap("a[href$='/handover']")
    printer.looks_right()
    said = printer.page.inner_text("main")
    assert "17" in said
    assert re.search(r"[0-9a-f]{64}", said)
    for path in ("", "/handover"):
        printer.go(job + path)
        text = printer.page.content()
        assert not any(pin in text for pin in pins), "no scratch code stands on a page"
    owner = somebody(browser, site.url, "owner", size, lang)
    owner.send(f"{job}/receive", good="17")
    assert re.fullmatch(r"/office/stamps/[0-9a-f-]{36}", owner.path), "the roll, whose next step is to activate"
