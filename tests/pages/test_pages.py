"""Real pages in a real browser, at a phone's width and a desk's, served by `estamp serve` with all its children."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from app.cli.ledger import code_of
from app.domain.cases import CaseKind
from app.domain.errors import Text
from app.domain.permissions import SYSTEM
from app.domain.recalls import RecallEvent
from app.services import alerts, recalls, stamps
from app.services.alerts import Clue, Signal
from app.services.recalls import NewRecall
from app.services.stamps import Positions
from stamp_engine.lifecycle import StampEvent
from tests.app.office import PASSWORD, office
from tests.browser import chromium
from tests.conftest import Stack
from tests.verifier.world import HOST, PASSPHRASE

ROOT = Path(__file__).resolve().parents[2]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="NO CHROMIUM: set CHROMIUM or install one"),
    pytest.mark.xdist_group("browser"),
    # Playwright keeps an event loop of its own in this thread.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@dataclass
class Site:
    url: str
    codes: dict[str, str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def site(embedded: Stack) -> Iterator[Site]:
    with office(embedded) as desk:
        batch, _ = desk.activated(30)
        desk.do("owner", stamps.retire, batch.uid, Positions(2, 2), StampEvent.VOID, "Rách")
        product = desk.product(name="Mận sấy dẻo")
        other = desk.lot(product.uid, "L2", packs=5)
        desk.complete(other.uid)
        recalled = desk.delivered(desk.order(product.uid, 5, lot=other.uid))
        desk.do("owner", stamps.activate, recalled.uid, other.uid, Positions(1, 4))
        recall = desk.do("owner", recalls.request, NewRecall((other.uid,), "Lẫn tạp chất", "Trả lại nơi mua"))
        desk.do("coord", recalls.decide, recall.uid, RecallEvent.APPROVE)
        with desk.work(SYSTEM) as work:
            clue = Clue("many_devices", work.now, Text("Nhiều điện thoại đã quét tem này.", "Many devices."))
            about = {"organisation_id": batch.organisation_id, "batch_id": batch.id, "stamp": batch.lo}
            alerts.raised(work, [Signal(CaseKind.COPY, f"stamp:{batch.lo}", 2000, (clue,), **about)])
        wanted = {"good": (batch, 0), "void": (batch, 1), "recalled": (recalled, 0), "idle": (recalled, 4)}
        keys = desk.minter.keys
        codes = {
            name: "/" + code_of(keys, roll, roll.lo + place)[0].split("/", 3)[3]
            for name, (roll, place) in wanted.items()
        }
    with served(embedded) as url:
        yield Site(url, codes)


@contextmanager
def served(embedded: Stack) -> Iterator[str]:
    """`estamp serve` with all its children on that database; gives its address."""
    port = free_port()
    env = {
        **os.environ,
        "DATA_DIR": str(embedded.data_dir),
        "DATABASE_URL": embedded.url,
        "KEYS_PASSPHRASE": PASSPHRASE.decode(),
        "STAMP_HOST": HOST,
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "app.cli", "serve"]
    process = subprocess.Popen(command, env=env, cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url + "/readyz")
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def wait_for(url: str) -> None:
    for _ in range(120):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if json.load(answer)["ready"]:
                    return
        except OSError:
            pass
        time.sleep(0.25)
    raise AssertionError(f"{url} never answered")


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield found
        found.close()


def accessible(page: Page) -> None:
    from axe_core_python.sync_playwright import Axe

    page.wait_for_load_state("load")
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []


def test_a_stamp_is_scanned_claimed_and_reported_in_a_browser(site: Site, browser: Browser) -> None:
    page = browser.new_context(viewport=PHONE).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for name, words, tone in (
        ("good", "Mã hợp lệ", "green"),
        ("recalled", "Lô bị thu hồi", "red"),
        ("void", "Tem đã huỷ", "red"),
        ("idle", "Tem chưa kích hoạt", "amber"),
    ):
        page.goto(site.url + site.codes[name])
        band = page.get_by_role("status").first
        assert words in band.inner_text()
        assert tone in (band.locator("..").get_attribute("class") or "")
        assert page.url.startswith(f"{site.url}/r/"), "the address bar shows the receipt"
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        accessible(page)
    page.goto(site.url + site.codes["good"])
    page.get_by_role("button", name="Tôi đã mua").click()
    assert "bạn là người mua sản phẩm này" in page.content()
    page.get_by_text("Báo sản phẩm đáng ngờ").click()
    page.get_by_label("Bạn thấy điều gì đáng ngờ?").fill("Nhãn mờ")
    page.get_by_role("button", name="Gửi báo cáo").click()
    assert "Đã nhận báo cáo của bạn" in page.content()
    page.goto(site.url + "/")
    accessible(page)
    page.get_by_label("Dãy ký tự in trên tem").fill("0000-0000-0000-0000-A")
    page.get_by_role("button", name="Kiểm tra tem").click()
    assert "có chỗ sai" in page.content()
    assert [line for line in said if "Content Security Policy" in line] == []


PAGES = (
    "",
    "more",
    "orders/new",
    "lots",
    "lots/new",
    "imports/lots",
    "imports/products",
    "stamps",
    "sums",
    "products",
    "recalls",
    "scans",
    "notices",
    "labels",
    "users",
    "users/invite",
    "account/second-factor",
    "account/passkeys",
    "account/tokens",
    "webhooks",
    "search?q=L1",
    "known",
    "known/stamps/new",
    "known/sellers/new",
)


def test_the_office_on_a_phone_and_on_a_desk(site: Site, browser: Browser) -> None:
    for size in (PHONE, DESK):
        page = browser.new_context(viewport=size).new_page()
        page.goto(site.url + "/office/")
        accessible(page)
        page.get_by_label("Thư điện tử hoặc số điện thoại").fill("owner@example.vn")
        page.get_by_label("Mật khẩu").fill(PASSWORD)
        page.get_by_role("button", name="Đăng nhập", exact=True).click()
        assert "Chào owner" in page.content()
        page.goto(f"{site.url}/office/products")
        product = page.locator("tbody a").first.get_attribute("href") or ""
        for path in (*PAGES, *(f"{product.removeprefix('/office/')}/{one}" for one in ("preview", "poster"))):
            page.goto(f"{site.url}/office/{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            accessible(page)
        page.goto(f"{site.url}/office/stamps")
        page.locator("tbody a").first.click()
        accessible(page)


def test_an_alert_case_on_a_phone_and_on_a_desk(site: Site, browser: Browser) -> None:
    for size in (PHONE, DESK):
        page = browser.new_context(viewport=size).new_page()
        said: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text))  # type: ignore[misc]
        page.goto(site.url + "/office/")
        page.get_by_label("Thư điện tử hoặc số điện thoại").fill("coord@example.vn")
        page.get_by_label("Mật khẩu").fill(PASSWORD)
        page.get_by_role("button", name="Đăng nhập", exact=True).click()
        page.goto(f"{site.url}/office/cases")
        accessible(page)
        page.locator("tbody a").first.click()
        assert "Nhiều điện thoại" in page.content()
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        accessible(page)
        page.get_by_role("link", name="Xác nhận có vi phạm").click()
        accessible(page)
        assert [line for line in said if "Content Security Policy" in line] == []


def test_scans_work_without_javascript(site: Site, browser: Browser) -> None:
    page = browser.new_context(viewport=PHONE, java_script_enabled=False).new_page()
    page.goto(site.url + site.codes["good"] + "?lang=en")
    assert "Valid code" in page.content()
    page.get_by_role("button", name="I bought this").click()
    assert "you bought this product" in page.content()
