"""Passkeys in a real browser, with an authenticator that the browser makes up: added, used alone, used second."""

import pytest
from playwright.sync_api import Browser, Page

from tests.app.office import PASSWORD
from tests.pages.test_pages import DESK, PHONE, Site, accessible, browser, pytestmark, site

__all__ = ["browser", "pytestmark", "site"]
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def sign_in(page: Page, who: str) -> None:
    page.get_by_label("Thư điện tử hoặc số điện thoại").fill(f"{who}@example.vn")
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập", exact=True).click()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_passkey_is_added_and_signs_in(site: Site, browser: Browser, size: dict[str, int]) -> None:
    # A passkey is bound to a name, so one's own machine is opened by its.
    url = site.url.replace("127.0.0.1", "localhost")
    context = browser.new_context(viewport=size)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    made = devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]
    page.goto(f"{url}/office/sign-in")
    accessible(page)
    sign_in(page, "coord")
    page.goto(f"{url}/office/account/passkeys")
    accessible(page)
    page.get_by_label("Gọi khoá này là").fill("Máy thử")
    page.get_by_role("button", name="Thêm khoá truy cập").click()
    page.get_by_role("heading", name="Mã dự phòng").wait_for()
    page.goto(f"{url}/office/account/passkeys")
    assert "Máy thử" in page.content()
    accessible(page)
    page.get_by_role("button", name="Thoát").click()
    page.get_by_role("button", name="Đăng nhập bằng khoá truy cập").click()
    page.get_by_role("heading", name="Chào coord").wait_for()
    page.get_by_role("button", name="Thoát").click()
    sign_in(page, "coord")
    accessible(page)
    page.get_by_role("button", name="Dùng khoá truy cập").click()
    page.get_by_role("heading", name="Chào coord").wait_for()
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.get_by_role("button", name="Thoát").click()
    # Somebody who says no, or whose device cannot, is told so and may go another way.
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": made, "isUserVerified": False})
    page.get_by_role("button", name="Đăng nhập bằng khoá truy cập").click()
    page.get_by_text("Thiết bị này chưa xác nhận").wait_for()
    assert [line for line in said if "Content Security Policy" in line] == []


def test_without_script_the_office_asks_for_the_other_ways(site: Site, browser: Browser) -> None:
    page = browser.new_context(viewport=PHONE, java_script_enabled=False).new_page()
    page.goto(f"{site.url}/office/sign-in")
    assert not page.get_by_role("button", name="Đăng nhập bằng khoá truy cập").is_visible()
    sign_in(page, "coord")
    page.goto(f"{site.url}/office/account/passkeys")
    assert page.locator("noscript p").is_visible()
