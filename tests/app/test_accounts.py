"""Accounts by programs and on pages: who invites whom, who sees whom, and that a closed account has no way in left."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.domain.permissions import Action, RoleName
from app.models.organisations import Organisation
from app.models.users import User
from tests.app.office import PASSWORD, WARD, Office
from tests.app.test_api import Program
from tests.app.test_web import CSRF, Browser, bearer, flask

__all__ = ["flask"]


def organisation(desk: Office, who: str) -> UUID:
    key = desk.people[who].organisation_id
    uid: UUID = next(row.uid for row in desk.rows(Organisation) if row.id == key)
    return uid


def person(desk: Office, name: str) -> User:
    user: User = next(row for row in desk.rows(User) if row.name == name)
    return user


def joined(flask: Flask, link: str) -> Any:
    """Somebody who opens their link and chooses a password."""
    client = flask.test_client()
    path = link.removeprefix("http://127.0.0.1:8000")
    token = CSRF.search(client.get(path).text)
    assert token
    fields = {"csrf_token": token[1], "key": path.partition("key=")[2], "password": PASSWORD}
    assert client.post("/office/join", data=fields).status_code == 303
    return client


def test_programs_invite_and_the_link_lets_in(flask: Flask, desk: Office) -> None:
    admin, owner = Program(flask, desk, "admin"), Program(flask, desk, "owner")
    wish = {"name": "Cán bộ xã", "role": "COMMUNE", "email": "xa@example.vn", "unit": WARD}
    made = admin.post("/users", wish, 201).json
    assert (made["roles"], made["unit"], made["organisation"], made["second_factor"]) == (
        ["COMMUNE"],
        WARD,
        None,
        False,
    )
    assert joined(flask, made["link"]).get("/office/").status_code == 200
    assert "link" not in admin.get(f"/users/{made['uid']}").json
    staff = owner.post("/users", {"name": "Mai", "role": "PRODUCER_STAFF", "phone": "0912 000 111"}, 201).json
    assert staff["organisation"] == str(organisation(desk, "owner"))
    assert admin.post("/users", wish, 409).json["type"] == "/problems/already_used"
    admin.post("/users", {**wish, "email": "b@example.vn", "unit": "99999"}, 422)
    admin.post("/users", {**wish, "role": "KING"}, 422)


@pytest.mark.parametrize("role", [role for role in RoleName if role is not RoleName.PRODUCER_STAFF])
def test_a_producer_invites_staff_alone(flask: Flask, desk: Office, role: RoleName) -> None:
    owner, before = Program(flask, desk, "owner"), desk.counts()
    owner.post("/users", {"name": "Ai", "role": role.value, "email": "ai@example.vn"}, 403)
    theirs = {"name": "Ai", "role": "PRODUCER_STAFF", "email": "ai@example.vn"}
    owner.post("/users", {**theirs, "organisation": str(organisation(desk, "stranger"))}, 404)
    assert desk.counts() == before


def test_each_sees_whom_they_look_after(flask: Flask, desk: Office) -> None:
    names = {one["name"] for one in Program(flask, desk, "admin").get("/users").json["items"]}
    assert names >= {"coord", "owner", "stranger", "admin"}
    owner = Program(flask, desk, "owner")
    assert {one["name"] for one in owner.get("/users").json["items"]} == {"owner", "staff"}
    for hidden in ("coord", "stranger"):
        owner.get(f"/users/{person(desk, hidden).uid}", 404)
        owner.post(f"/users/{person(desk, hidden).uid}/close", {}, 404)
    for who in ("coord", "staff"):
        assert flask.test_client().get("/api/v1/users", headers=bearer(desk, who, *Action)).status_code == 403
    assert "staff" in Browser(flask, "owner").get("/office/users")


def test_a_closed_account_has_no_way_in_left(flask: Flask, desk: Office) -> None:
    browser, headers = Browser(flask, "staff"), bearer(desk, "staff", Action.READ_LOT)
    admin, owner = Program(flask, desk, "admin"), Program(flask, desk, "owner")
    staff = person(desk, "staff")
    owner.post(f"/users/{staff.uid}/recover", {}, 403)
    link = admin.post(f"/users/{staff.uid}/recover", {}).json["link"]
    page = Browser(flask, "owner")
    page.get(f"/office/users/{staff.uid}")
    assert page.post(f"/office/users/{staff.uid}/close").status_code == 303
    assert "Tài khoản đã đóng" in page.get(f"/office/users/{staff.uid}")
    assert browser.client.get("/office/").status_code == 302
    assert flask.test_client().get("/api/v1/lots", headers=headers).status_code == 401
    assert flask.test_client().get(link.removeprefix("http://127.0.0.1:8000")).status_code == 404
    token = CSRF.search(browser.client.get("/office/sign-in").text)
    assert token
    fields = {"csrf_token": token[1], "login": "staff@example.vn", "password": PASSWORD}
    assert browser.client.post("/office/sign-in", data=fields).status_code == 422
    assert owner.post(f"/users/{staff.uid}/close", {}, 409).json["type"] == "/problems/account_closed"
    owner.post(f"/users/{person(desk, 'owner').uid}/close", {}, 403)
    again = admin.post(f"/users/{staff.uid}/recover", {}).json["link"]
    assert joined(flask, again).get("/office/").status_code == 200


def test_programs_manage_their_own_tokens(flask: Flask, desk: Office) -> None:
    owner = Program(flask, desk, "owner")
    secret = owner.post("/tokens", {"name": "Máy cân", "scopes": ["read_lot"]}, 201).json["token"]
    items = owner.get("/tokens").json["items"]
    (one,) = [item for item in items if item["name"] == "Máy cân"]
    assert one["scopes"] == ["read_lot"]
    assert secret not in str(items)
    Program(flask, desk, "stranger").post(f"/tokens/{one['uid']}/revoke", {}, 404)
    headers = {"authorization": f"Bearer {secret}"}
    assert flask.test_client().get("/api/v1/lots", headers=headers).status_code == 200
    owner.post(f"/tokens/{one['uid']}/revoke", {})
    assert flask.test_client().get("/api/v1/lots", headers=headers).status_code == 401


def test_a_program_gives_no_other_more_than_it_has(flask: Flask, desk: Office) -> None:
    headers, before = bearer(desk, "owner", Action.READ_LOT), desk.counts()
    wish = {"name": "Máy", "scopes": ["read_lot", "place_order"]}
    answer = flask.test_client().post("/api/v1/tokens", json=wish, headers=headers)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/token_scope")
    assert desk.counts() == before
    wish["scopes"] = ["read_lot"]
    assert flask.test_client().post("/api/v1/tokens", json=wish, headers=headers).status_code == 201
