"""Choices among many: looked up by what is typed, without script; few of them stand in a list."""

import re
from typing import Any

import pytest
from flask import Flask

from app.models.organisations import Organisation
from app.models.users import User
from app.web import pick
from tests.app.office import Office
from tests.app.test_web import Browser, flask
from tests.conftest import Stack

__all__ = ["flask"]


@pytest.fixture
def stack(embedded: Stack) -> Stack:
    """What is typed is looked up by the lists' own search, which other tests try on both databases."""
    return embedded


@pytest.fixture
def many(desk: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(pick, "FEW", 3)
    for number in range(12):
        desk.organisation(f"Hợp tác xã số {number}")
    return desk


def invited(browser: Browser, key: str, organisation: str) -> Any:
    browser.get("/office/users/invite")
    return browser.post(
        "/office/users/invite",
        name=key,
        email=f"{key}@example.vn",
        role="PRODUCER_OWNER",
        organisation=organisation,
    )


def owner_of(desk: Office, name: str) -> str:
    user = next(row for row in desk.rows(User) if row.name == name)
    return next(row.name for row in desk.rows(Organisation) if row.id == user.organisation_id)


def test_what_is_typed_is_taken_where_it_is_clear_and_asked_back_where_not(flask: Flask, many: Office) -> None:
    admin = Browser(flask, "admin")
    page = admin.get("/office/users/invite")
    assert "data-pick" in page
    assert "Hợp tác xã số 3" not in page, "thousands of names are no part of a page"
    assert invited(admin, "one", "xã số 3").status_code == 200
    assert owner_of(many, "one") == "Hợp tác xã số 3"
    several = invited(admin, "two", "xã số 1")
    assert several.status_code == 422
    assert "Có nhiều" in several.text
    shown = re.findall(r'type="radio" name="organisation" value="([0-9a-f-]{36})"> ([^<]+)<', several.text)
    assert [name.partition(" · ")[0] for _, name in shown] == [f"Hợp tác xã số {n}" for n in (11, 10, 1)]
    chosen = invited(admin, "two", shown[1][0])
    assert chosen.status_code == 200
    assert owner_of(many, "two") == "Hợp tác xã số 10"
    # What is offered while one types is taken as it stands.
    offered = re.findall(r'value="([^"]+)"', admin.get("/office/choices/organisation?q=xã số 1"))
    assert len(offered) == 3
    assert invited(admin, "three", offered[2]).status_code == 200
    assert owner_of(many, "three") == "Hợp tác xã số 1"
    nothing = invited(admin, "four", "không có đâu")
    assert (nothing.status_code, "Không tìm thấy" in nothing.text) == (422, True)
    assert "không có đâu" in nothing.text
    assert "four" not in {row.name for row in many.rows(User)}


def test_few_stand_in_a_list(flask: Flask, desk: Office) -> None:
    page = Browser(flask, "admin").get("/office/users/invite")
    assert 'name="organisation"' in page
    assert "data-pick" not in page
    assert "Hợp tác xã Ví dụ" in page


def test_only_ones_own_are_offered(flask: Flask, many: Office) -> None:
    _, sold = many.activated(5)
    product = many.product(name="Mận sấy")
    for number in range(6):
        many.lot(product.uid, f"L-{number}")
    assert "L-3" in Browser(flask, "owner").get("/office/choices/lot?q=L-3")
    assert "L-3" not in Browser(flask, "stranger").get("/office/choices/lot?q=L-3")
    for noun, who, status in (("user", "owner", 403), ("nothing", "owner", 404), ("lot", "admin", 200)):
        assert Browser(flask, who).client.get(f"/office/choices/{noun}?q=x").status_code == status, (noun, who)
    stranger = Browser(flask, "stranger")
    stranger.get("/office/recalls/new")
    lot = str(many.lot(product.uid, "L-9").uid)
    asked = stranger.post("/office/recalls/new", lot=lot, reason="Lẫn tạp chất", instruction="Trả lại")
    assert asked.status_code == 422
    owner = Browser(flask, "owner")
    assert "data-pick" in owner.get("/office/recalls/new")
    made = owner.post("/office/recalls/new", lot=sold.lot_no, reason="Lẫn tạp chất", instruction="Trả lại")
    assert made.status_code == 303
