"""The page of every verdict, in a real browser at three widths and in both languages, under its own security policy."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.browser import chromium
from tests.pages.answers import ANSWERS, LOT, ORGANISATION, PRODUCT, RECEIPT, STAMP, TRACE
from tests.pages.test_pages import FLAGS, accessible
from verifier import pages
from verifier.contract import VERDICTS, ClaimAnswer, ClaimOutcome, ReasonCode, StarsView, Verdict, Words
from verifier.doors import PAGE_HEADERS
from verifier.findings import found_that, reason
from verifier.pages import Frame, View

WIDTHS = (320, 412, 1280)
PICTURE = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><rect width='9' height='9'/></svg>"
DETAILS = re.compile(r"<details.*?</details>", re.DOTALL)
browsing = [
    pytest.mark.skipif(chromium() is None, reason="NO CHROMIUM: set CHROMIUM or install one"),
    pytest.mark.xdist_group("browser"),
    # Playwright keeps an event loop of its own in this thread.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def frame(locale: str = "vi") -> Frame:
    return Frame(locale, "/7K3M9QXA0T5H2WZR", "0212 3852 000")


def page_of(verdict: Verdict, locale: str = "vi") -> str:
    answer = ANSWERS[verdict]
    return pages.result(frame(locale), answer, View(answer.receipt)).text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield found
        found.close()


class Shown:
    """A browser page that is given whole pages, with their own headers, and keeps what was asked and said."""

    def __init__(self, browser: Browser, width: int) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 800})
        self.page: Page = self.context.new_page()
        self.content, self.asked, self.said = "", list[str](), list[str]()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        self.asked.append(route.request.url)
        if "/media/" in route.request.url:
            route.fulfill(body=PICTURE, content_type="image/svg+xml")
        else:
            headers = {**PAGE_HEADERS, "content-type": "text/html; charset=utf-8"}
            route.fulfill(body=self.content, headers=headers)

    def open(self, content: str) -> Page:
        self.content = content
        self.page.goto("http://stamp.test/7K3M9QXA0T5H2WZR")
        return self.page


@pytest.mark.parametrize("width", WIDTHS)
class TestInABrowser:
    pytestmark = browsing

    def test_every_verdict_is_accessible_and_fits(self, browser: Browser, width: int) -> None:
        shown = Shown(browser, width)
        for verdict in Verdict:
            for locale in ("vi", "en"):
                page = shown.open(page_of(verdict, locale))
                status = page.locator("[role=status]")
                words = VERDICTS[verdict].headline
                assert (words.en if locale == "en" else words.vi) in status.inner_text()
                assert page.locator(".band svg").bounding_box() is not None
                assert page.locator("h1").bounding_box()["y"] < 200, "the verdict comes first"  # type: ignore[index]
                assert page.evaluate("document.documentElement.scrollWidth") <= width, verdict
                accessible(page)
                small = page.evaluate(
                    "[...document.querySelectorAll('a,button,input,summary')].filter(e => e.offsetParent && "
                    "e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"
                )
                assert small == []
        assert {url.split("/")[2] for url in shown.asked} == {"stamp.test"}, "nobody else is asked for anything"
        assert shown.said == [], "nothing was refused by the policy"
        shown.context.close()

    def test_forms_with_errors_and_answers_to_claims_are_accessible(self, browser: Browser, width: int) -> None:
        shown = Shown(browser, width)
        wrong = Words("Hãy xem lại.", "Look again.")
        good = ANSWERS[Verdict.VALID]
        found = [
            pages.check(frame(), wrong, "7K3M"),
            pages.report(frame(), {"receipt": str(RECEIPT)}, {"text": wrong, "photo": wrong, "contact": wrong}),
            pages.result(frame(), good, View(RECEIPT, past=True, own=False, pin_error=wrong)).text,
        ]
        for outcome in ClaimOutcome:
            claimed = ClaimAnswer(outcome, at=1, tries_left=2, place=Words("gần Vinh", "near Vinh"))
            found.append(pages.result(frame(), good, View(RECEIPT, past=True, claimed=claimed)).text)
        for content in found:
            page = shown.open(content)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            accessible(page)
        shown.context.close()


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("locale", ["vi", "en"])
def test_every_page_fits_one_round_trip_and_asks_nobody_else(verdict: Verdict, locale: str) -> None:
    content = page_of(verdict, locale)
    assert len(gzip.compress(content.encode())) < 14_000
    assert not re.search(r"(src|href|action)=\"(https?:)?//", content)
    assert content.count("<script") == 1
    assert content.index('role="status"') < content.index("<main")


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if ANSWERS[verdict].lot])
def test_the_ten_items_stand_there_without_a_tap(verdict: Verdict) -> None:
    """Circular 02/2024/TT-BKHCN, article 6(5)."""
    shown = DETAILS.sub("", page_of(verdict))
    lot = ANSWERS[verdict].lot
    assert lot is not None
    items = (
        PRODUCT.name.vi,
        PRODUCT.images[0],
        ORGANISATION.name,
        ORGANISATION.address,
        *(f'{step.what.vi}</strong> <span class="soft">{step.when:%d/%m/%Y}' for step in TRACE),
        *(step.where for step in TRACE),
        PRODUCT.code,
        f"{LOT.produced_on:%d/%m/%Y}",
        STAMP.serial,
        LOT.number,
        str(PRODUCT.brand),
        f"{lot.expires_on:%d/%m/%Y}",
        str(PRODUCT.standard),
    )
    assert [item for item in items if item not in shown] == []


def test_stars_of_the_day_and_stars_of_the_lot() -> None:
    answer = ANSWERS[Verdict.VALID]

    def shown(now: StarsView | None, then: StarsView | None) -> str:
        changed = answer._replace(product=replace(PRODUCT, stars=now), lot=replace(LOT, stars=then))
        return pages.result(frame(), changed, View(RECEIPT)).text

    four, three = (StarsView(n, "1", date(2028, 1, 1), expired=False) for n in (4, 3))
    ended = replace(four, expired=True, valid_until=date(2026, 1, 1))
    assert "Khi làm lô này" not in shown(four, four)
    assert "Khi làm lô này sản phẩm đạt 3 sao" in shown(four, three)
    assert "chưa được xếp hạng" in shown(four, None)
    assert "★" not in shown(ended, four)
    assert "Chứng nhận OCOP đã hết hạn ngày 01/01/2026" in shown(ended, four)
    assert "Khi làm lô này sản phẩm đạt 4 sao" in shown(ended, four)
    assert "sao" not in re.sub(r"<style>.*?</style>", "", shown(None, None)).replace("sao lưu", "").split("Nên làm")[0]


def test_a_forwarded_receipt_says_nothing_of_you() -> None:
    answer = ANSWERS[Verdict.VALID]
    own = pages.result(frame(), answer, View(RECEIPT, past=True)).text
    other = pages.result(frame(), answer, View(RECEIPT, past=True, own=False)).text
    assert "Bạn đã quét" in own
    assert "Bạn đã quét" not in other
    assert "Lần quét này của một thiết bị khác" in other


@pytest.mark.parametrize("verdict", list(Verdict))
def test_whoever_made_a_scan_may_say_where_after_every_verdict(verdict: Verdict) -> None:
    """Where a red stamp was met is worth more than where a good one was."""
    answer = ANSWERS[verdict]
    assert 'id="where"' in pages.result(frame(), answer, View(RECEIPT)).text
    assert 'id="where"' not in pages.result(frame(), answer, View(RECEIPT, past=True, own=False)).text
    assert 'id="where"' not in pages.result(frame(), answer, View()).text


def test_a_display_piece_says_so_at_the_top() -> None:
    good = ANSWERS[Verdict.VALID_FIRST]
    there = reason(found_that(ReasonCode.ON_DISPLAY, place="Siêu thị <b>Sơn La</b>"))
    page = pages.result(frame(), good._replace(reasons=(*good.reasons, there)), View(RECEIPT)).text
    head = page[: page.index("Nên làm gì?")]
    assert "<h2>Lưu ý</h2>" in head
    assert "Trưng bày tại Siêu thị &lt;b&gt;Sơn La&lt;/b&gt;." in head
    assert page.count("trưng bày") == 1
    assert "<h2>Lưu ý</h2>" not in page_of(Verdict.VALID_FIRST)


def test_a_closed_recall_keeps_its_line() -> None:
    assert "Vụ việc thu hồi đã đóng ngày 23/11/2026" in page_of(Verdict.RECALLED)


def test_never_fake_and_never_green_unchecked() -> None:
    for verdict in Verdict:
        for locale in ("vi", "en"):
            text = re.sub(r"<(style|script)>.*?</\1>", "", page_of(verdict, locale), flags=re.DOTALL).lower()
            assert not re.search(r"\b(fake|counterfeit|hàng giả|chính hãng|genuine)\b", text), verdict
    assert {VERDICTS[verdict].tone for verdict in (Verdict.UNAVAILABLE, Verdict.AUTHENTIC_OFFLINE)} & {"green"} == set()


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_page_drawn_for_one_scan_shows_only_the_next_ones_own(verdict: Verdict) -> None:
    """Pages of one kind are drawn once: what is somebody's own must never be left in them."""
    one = ANSWERS[verdict]
    stamp = None if one.stamp is None else one.stamp._replace(serial="AAAA-BBBB-CCCC-DDDD-E")
    scans = one.scans
    if scans is not None and scans.count:
        scans = replace(scans, count=97, by_you=41, elsewhere=56, first_at=1)
    # What was not recorded has no receipt; its page has none of the next one's either.
    receipt = None if one.receipt is None else UUID(int=77)
    later = one.checked_at + 86_400_000_000
    next_one = one._replace(stamp=stamp, scans=scans, checked_at=later, receipt=receipt)
    first = pages.result(frame(), one, View(one.receipt))
    kept = pages.result(replace(frame(), here="/NEXT</a>"), next_one, View(next_one.receipt))
    assert kept.stencil is first.stencil
    # A page with a query of its own is never kept.
    alone = pages.result(replace(frame(), here="/NEXT</a>", query="&own=1"), next_one, View(next_one.receipt))
    assert alone.stencil is not first.stencil
    assert kept.text == alone.text.replace("&amp;own=1", "")
    assert kept.text == gzip.decompress(kept.gzip()).decode()
    assert "\0" not in kept.text
    assert "/NEXT&lt;/a&gt;?lang=en" in kept.text
    own = [frame().here]
    own += [one.stamp.serial] if one.stamp else []
    own += [str(one.receipt)] if one.receipt else []
    assert all(text in first.text and text not in kept.text for text in own)
    assert receipt is None or str(receipt) in kept.text
