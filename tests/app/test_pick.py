"""Choices among many: looked up by what is typed, without script; few of them stand in a list."""

import re
from typing import Any

import pytest
from flask import Flask

from app.models.lots import Lot
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.units import AdminUnit
from app.models.users import User
from app.web import pick
from stamp_engine.format import Profile
from tests.app.office import WARD, Office
from tests.app.test_web import Browser, flask
from tests.conftest import Stack

__all__ = ["flask"]
USUAL = {"profile": Profile.COMPACT.value, "layout": "a4-40x30"}


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


def test_one_of_many_products_is_typed_at_the_first_step_of_an_order(flask: Flask, many: Office) -> None:
    made = {pack: many.product(name="Chè Shan tuyết", pack=pack) for pack in ("gói 100 g", "hộp 250 g")}
    for number in range(5):
        many.product(name=f"Mận {number}")
        many.lot(made["hộp 250 g"].uid, f"H-{number}")
    owner = Browser(flask, "owner")
    assert "data-pick" in owner.get("/office/orders/new")
    ask = owner.client.get
    asked = ask("/office/orders/new?step=2&product=&product=che shan").text
    shown = re.findall(r'type="radio" name="product" value="([0-9a-f-]{36})"> ([^<]+)<', asked)
    assert {name for _, name in shown} == {"Chè Shan tuyết · gói 100 g", "Chè Shan tuyết · hộp 250 g"}
    # Without script: the press of one of them; with it: what was offered, or enough of its name.
    box = str(made["hộp 250 g"].uid)
    for typed in (f"{box}&product=che shan", "&product=Chè Shan tuyết · hộp 250 g", "&product=hop 250"):
        page = ask(f"/office/orders/new?step=2&product={typed}")
        assert page.status_code == 200, typed
        assert f'name="product" value="{box}"' in page.text, typed
        assert f"/office/choices/open-lot?of={box}" in page.text, "its lots are many too"
    page = ask(f"/office/orders/new?step=3&product={box}&lot=H-3&quantity=5")
    assert page.status_code == 200
    lot = next(row for row in many.rows(Lot) if row.lot_no == "H-3")
    assert f'name="lot" value="{lot.uid}"' in page.text
    placed = owner.post("/office/orders/new", product=box, lot=str(lot.uid), quantity="5", **USUAL)
    assert placed.status_code == 303
    # Back at the first step, the field shows a name and no key.
    assert 'value="Chè Shan tuyết · hộp 250 g"' in ask(f"/office/orders/new?product={box}").text
    offered = ask(f"/office/choices/open-lot?of={made['gói 100 g'].uid}&q=H-").text
    assert "H-3" not in offered, "lots of another product are no choice"


def test_a_lot_of_one_of_many_products(flask: Flask, many: Office) -> None:
    for number in range(5):
        many.product(name=f"Mận {number}")
    owner = Browser(flask, "owner")
    assert "data-pick" in owner.get("/office/lots/new")
    said = {"lot_no": "M-1", "facility": "Xưởng", "produced_on": "2026-11-20", "quantity": "1", "unit": "kg"}
    assert owner.post("/office/lots/new", product="man 9", packs="5", **said).status_code == 422
    assert owner.post("/office/lots/new", product="man 3", packs="5", **said).status_code == 303
    made = next(row for row in many.rows(Lot) if row.lot_no == "M-1")
    assert next(row.name for row in many.rows(Product) if row.id == made.product_id) == "Mận 3"


def test_a_commune_is_typed_with_or_without_its_marks(flask: Flask, desk: Office) -> None:
    """There are 75: too many to look through on a phone."""
    coord = Browser(flask, "coord")
    page = coord.get("/office/organisations/new")
    assert "Xã Tà Xùa" not in page
    said = {"kind": "HTX", "address": "Bản Bẹ", "phone": "0912 345 678"}
    for typed, units in (("ta xua", {"Xã Tà Xùa"}), ("Phường Tô Hiệu", {"Phường Tô Hiệu"}), ("03646", {WARD})):
        answer = coord.post("/office/organisations/new", name=f"HTX {typed}", unit=typed, **said)
        assert answer.status_code == 303, typed
        made = next(row for row in desk.rows(Organisation) if row.name == f"HTX {typed}")
        unit = next(row for row in desk.rows(AdminUnit) if row.id == made.unit_id)
        assert {unit.name, unit.code} & units, typed
    answer = coord.post("/office/organisations/new", name="HTX", unit="mường", **said)
    assert answer.status_code == 422
    assert answer.text.count('type="radio" name="unit"') == 9, "eight of them, and none of these"
    assert 'value="Xã Mường' in coord.client.get("/office/choices/commune?q=muong").text


def test_few_stand_in_a_list(flask: Flask, desk: Office) -> None:
    page = Browser(flask, "admin").get("/office/users/invite")
    assert '<select id="f-organisation" name="organisation"' in page
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
