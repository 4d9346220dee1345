"""Default deny: every route says who may knock, and every route refuses every role and tenant it is not for."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.auth import Door, door_of
from app.domain.cases import CaseKind
from app.domain.errors import Text
from app.domain.lots import LotEvent
from app.domain.permissions import RIGHTS, SYSTEM, Action, RoleName
from app.models.orders import PrintJob, StampOrder
from app.models.organisations import Organisation
from app.models.stamps import RangeEvent
from app.models.users import User
from app.services import alerts, recalls
from app.services.alerts import Clue, Signal
from app.services.recalls import NewRecall
from tests.app.office import Office
from tests.app.test_web import CSRF, Browser, bearer, flask

__all__ = ["flask"]
OUTSIDE = re.compile(r"/static/|/openapi")
# A table is taken out of one's own list, and into it; what one may choose from is one's own.
TABLES = re.compile(r"/(exports|imports|choices)/")
ROLES = tuple(RoleName)
METHODS = {"GET", "POST", "PUT", "DELETE"}


def ours(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if not OUTSIDE.match(rule.rule)]


def test_every_route_declares_its_door(flask: Flask) -> None:
    bare = [rule.rule for rule in ours(flask) if door_of(flask.view_functions[rule.endpoint]) is None]
    assert bare == []
    open_to_all = {
        rule.rule for rule in ours(flask) if door_of(flask.view_functions[rule.endpoint]) == Door(anybody=True)
    }
    assert open_to_all == {
        "/office/sign-in",
        "/office/sign-in/code",
        "/office/sign-in/passkey",
        "/office/join",
        "/media/<sha256>",
    }


@pytest.fixture
def things(desk: Office) -> dict[str, UUID]:
    """One of everything, of the owner's organisation."""
    batch, lot = desk.activated(5)
    recall = desk.do("owner", recalls.request, NewRecall((lot.uid,), "Lẫn tạp chất", "Trả lại"))
    draft = desk.lot(desk.product(name="Mận").uid, "L9")
    order = desk.rows(StampOrder)[0]
    owner = next(row for row in desk.rows(Organisation) if row.id == desk.people["owner"].organisation_id)
    products = {row.id: row.uid for row in desk.rows(type(desk.product(name="Đào")))}
    with desk.work(SYSTEM) as work:
        clue = Clue("many_devices", work.now, Text("Nhiều thiết bị", "Many devices"))
        place = {"organisation_id": owner.id, "batch_id": batch.id, "lot_id": lot.id, "stamp": batch.lo}
        (case,) = alerts.raised(work, [Signal(CaseKind.COPY, "stamp:0", 2000, (clue,), **place)])
    return {
        "cases": case.uid,
        "organisations": owner.uid,
        "products": products[lot.product_id],
        "lots": draft.uid,
        "trails": draft.uid,
        "orders": order.uid,
        "print-jobs": desk.rows(PrintJob)[0].uid,
        "stamps": batch.uid,
        "batches": batch.uid,
        "recalls": recall.uid,
        "activations": desk.rows(RangeEvent)[-1].uid,
        "files": uuid4(),
        "holds": uuid4(),
        "stamp-flags": uuid4(),
        "sellers": uuid4(),
        "notices": uuid4(),
        "webhooks": uuid4(),
        "reports": uuid4(),
        "devices": uuid4(),
        "users": next(row.uid for row in desk.rows(User) if row.id == desk.people["staff"].user_id),
        "tokens": uuid4(),
    }


_EVENTS = {"lots": LotEvent.PRODUCE.value, "recalls": "approve", "reports": "check", "cases": "watch"}


def path_of(rule: Rule, things: dict[str, UUID]) -> str:
    """The address of a route for the things of one organisation."""
    noun = next((part for part in rule.rule.split("/") if part in things), "")
    path = rule.rule
    for name, value in {
        "<uuid:uid>": str(things.get(noun, uuid4())),
        "<uuid:lot>": str(things["lots"]),
        "<uuid:hold>": str(uuid4()),
        "<kind>": "input" if "/add/" in rule.rule else "lots",
        "<sheet>": "lots",
        "<noun>": "lot",
        "<form>": "csv",
        "<key>": "LotStep-1",
        "<name>": "a4-40x30",
        "<event>": _EVENTS.get(noun, "approve"),
        "<sha256>": "0" * 64,
    }.items():
        path = path.replace(name, value)
    assert "<" not in path, path
    return path


def asked(client: Any, rule: Rule, method: str, path: str, token: str, headers: dict[str, str]) -> Any:
    if rule.rule.startswith("/api/"):
        return client.open(path, method=method, json={"reason": "thử"} if method != "GET" else None, headers=headers)
    data = {"csrf_token": token, "reason": "thử"} if method == "POST" else None
    return client.open(path, method=method, data=data)


def planned(rule: Rule, app: Flask, role: RoleName) -> bool:
    """Whether the table of rights lets this role through this door at all."""
    door = door_of(app.view_functions[rule.endpoint])
    assert door is not None
    return door.anybody or not door.actions or any(action in RIGHTS[role][1] for action in door.actions)


# Without a body these may still answer something other than a refusal: it is one's own session, language or token.
OWN = {
    "web.sign_in",
    "web.sign_in_code",
    "web.sign_in_passkey",
    "web.passkeys",
    "web.join",
    "web.second_factor",
    "web.tokens",
    "web.new_token",
    "web.sign_out",
    "web.home",
    "web.more",
    "web.notices",
    "web.read_notices",
    "web.search",
    "web.label",
    "media.picture",
}


@pytest.mark.parametrize("role", ROLES)
def test_no_role_passes_a_door_that_is_not_its_own(
    flask: Flask, desk: Office, things: dict[str, UUID], role: RoleName
) -> None:
    """Rights by role: what the table does not give is 403 on every endpoint, and nothing is written."""
    stranger = desk.people["stranger"].organisation_id
    desk.user("knocker", role, organisation_id=stranger)
    browser = Browser(flask, "knocker")
    token = CSRF.search(browser.get("/office/more"))
    assert token
    headers = bearer(desk, "knocker", *Action)
    program = flask.test_client()
    before = desk.counts()
    for rule in ours(flask):
        if planned(rule, flask, role) or rule.endpoint in OWN:
            continue
        client = program if rule.rule.startswith("/api/") else browser.client
        for method in sorted((rule.methods or set()) & METHODS):
            answer = asked(client, rule, method, path_of(rule, things), token[1], headers)
            assert answer.status_code == 403, (role, method, rule.rule, answer.status_code)
    assert desk.counts() == before


@pytest.mark.parametrize("role", [role for role in ROLES if RIGHTS[role][0] != "all"])
def test_no_tenant_reaches_anothers_things(flask: Flask, desk: Office, things: dict[str, UUID], role: RoleName) -> None:
    """Rights by scope: with the right role but another organisation or unit, nothing is shown and nothing written."""
    stranger = desk.people["stranger"].organisation_id
    desk.user("knocker", role, organisation_id=stranger)
    browser = Browser(flask, "knocker")
    token = CSRF.search(browser.get("/office/more"))
    assert token
    headers = bearer(desk, "knocker", *Action)
    program = flask.test_client()
    before = desk.counts()
    names = [b"Ch\xc3\xa8 Shan", b"H\xe1\xbb\xa3p t\xc3\xa1c x\xc3\xa3 V\xc3\xad d\xe1\xbb\xa5", b"CT000001"]
    for rule in ours(flask):
        if rule.endpoint in OWN or not planned(rule, flask, role):
            continue
        client = program if rule.rule.startswith("/api/") else browser.client
        for method in sorted((rule.methods or set()) & METHODS):
            path = path_of(rule, things)
            answer = asked(client, rule, method, path, token[1], headers)
            named = "<" in rule.rule and not TABLES.search(rule.rule)
            if named and method == "GET":
                assert answer.status_code in {403, 404}, (role, path, answer.status_code)
            elif named:
                assert answer.status_code in {303, 403, 404, 422}, (role, path, answer.status_code)
            if method == "GET":
                assert not any(name in answer.data for name in names), (role, path)
    assert desk.counts() == before


def test_nobody_unknown_passes_any_door(flask: Flask, things: dict[str, UUID]) -> None:
    client = flask.test_client()
    for rule in ours(flask):
        if rule.endpoint in OWN:
            continue
        for method in sorted((rule.methods or set()) & METHODS):
            answer = asked(client, rule, method, path_of(rule, things), "", {})
            if rule.rule.startswith("/api/"):
                assert answer.status_code == 401, rule.rule
            else:
                kept = answer.status_code == 200 and "Đăng nhập" in answer.text
                assert kept or answer.status_code == 302, (method, rule.rule, answer.status_code)
