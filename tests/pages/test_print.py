"""What is printed from the office, by the style sheet alone: no navigation, nothing cut off, and all that it is for."""

import pypdfium2
import pytest
from playwright.sync_api import Browser, Page

from tests.app.office import PASSWORD
from tests.browser import chromium
from tests.pages.test_pages import Site, browser, site

__all__ = ["browser", "site"]
pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="NO CHROMIUM: set CHROMIUM or install one"),
    pytest.mark.xdist_group("browser"),
    # Playwright keeps an event loop of its own in this thread.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
MARGIN = "15mm"
# A4 between these margins, in CSS pixels.
PAPER = {"width": 680, "height": 1009}
NAVIGATION = ("Trang chính", "Thoát", "English", "Đối soát\nSản phẩm", "Thông báo", "Đến nội dung", "Nhật ký")
# Whether a part of the page is wider or higher than what holds it, and so would be missing on paper.
CUT = """() => [...document.querySelectorAll("main, main *")].filter(one => {
    const style = getComputedStyle(one);
    if (style.display === "none" || style.display === "inline" || one.closest("svg, select, option")) return false;
    const hidden = ["hidden", "auto", "scroll"];
    const box = one.getBoundingClientRect();
    return box.right > innerWidth + 1
        || hidden.includes(style.overflowX) && one.scrollWidth > one.clientWidth + 1
        || hidden.includes(style.overflowY) && one.scrollHeight > one.clientHeight + 1;
}).map(one => one.outerHTML.slice(0, 120))"""


def signed_in(browser: Browser, site: Site, who: str) -> Page:
    page = browser.new_context(viewport=PAPER).new_page()
    page.goto(site.url + "/office/")
    page.get_by_label("Thư điện tử hoặc số điện thoại").fill(f"{who}@example.vn")
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập", exact=True).click()
    return page


def printed(page: Page, address: str) -> list[str]:
    """The text of each sheet."""
    page.goto(address)
    page.emulate_media(media="print")
    assert page.evaluate(CUT) == []
    page.emulate_media(media="null")
    sheet = page.pdf(format="A4", margin=dict.fromkeys(("top", "right", "bottom", "left"), MARGIN))
    with pypdfium2.PdfDocument(sheet) as document:
        return [document[at].get_textpage().get_text_range().replace("\r\n", "\n") for at in range(len(document))]


def first(page: Page, site: Site, section: str) -> str:
    page.goto(f"{site.url}/office/{section}")
    return site.url + (page.locator("tbody a").first.get_attribute("href") or "")


def test_what_goes_on_paper_is_whole_and_nothing_else(site: Site, browser: Browser) -> None:
    owner, officer = signed_in(browser, site, "owner"), signed_in(browser, site, "coord")
    job, lot = first(officer, site, "print-jobs"), first(owner, site, "lots")
    sheets = {
        "handover": (officer, f"{job}/handover", ("Biên bản giao nhận tem", "Bên giao ký", "Bên nhận ký", "SHA-256")),
        "lot": (owner, lot, ("Nguyên liệu", "Công đoạn", "Kiểm nghiệm", "Mẫu lưu", "Búp chè tươi", "KN-1")),
        "sums": (owner, f"{site.url}/office/sums", ("Tất cả cuộn trên trang này", "khớp", "kích hoạt")),
        "order": (officer, first(officer, site, "orders"), ("Đơn tem DT", "đã duyệt", "coord", "Số tem")),
        "product": (officer, first(officer, site, "products"), ("đang hoạt động", "Tiêu chuẩn", "TCCS 01:2026")),
        "organisation": (officer, first(officer, site, "organisations"), ("đang hoạt động", "phường Tô Hiệu")),
    }
    for name, (page, address, words) in sheets.items():
        pages = printed(page, address)
        text = "\n".join(pages)
        for word in words:
            assert word in text, (name, word, text)
        for word in NAVIGATION:
            assert word not in text, (name, word)
        assert all(one.strip() for one in pages), (name, "an empty sheet")
        assert len(pages) == 1 or name in {"lot", "sums"}, (name, len(pages))
