"""Getting in: links that work once, the second factor, freshness, and one's own tokens."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from flask import Flask

import config
from app.application import create
from app.auth import FRESH_US
from app.domain.errors import Refusal
from app.domain.permissions import Action, RoleName
from app.extensions import db
from app.models.users import AccessLink, ApiToken, User
from app.services import access
from app.services.access import Box
from app.services.users import NewUser
from app.web.words import RIGHTS
from tests.app.office import PASSWORD, Office
from tests.app.test_web import CSRF, Browser, flask

__all__ = ["flask"]
BOX = Box("s" * 32)
LINK = re.compile(r"/office/join\?key=([\w-]+)")


def found(desk: Office, who: str) -> User:
    user: User = next(row for row in desk.rows(User) if row.name == who)
    return user


def code_at(desk: Office, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(desk.clock() // 1_000_000 + 30 * steps)


def refused(desk: Office, who: str, code: str, *args: Any) -> None:
    before = desk.counts()
    with pytest.raises(Refusal) as refusal:
        desk.do(who, *args)
    assert refusal.value.code == code
    assert desk.counts() == before


def test_a_link_lets_in_once_and_ends_older_sessions(desk: Office) -> None:
    mine = desk.people["owner"].organisation_id
    asked = NewUser("Lò Thị Mai", None, (RoleName.PRODUCER_STAFF,), phone="0912 345 679", organisation_id=mine)
    user, secret = desk.do("owner", access.invite, asked)
    assert desk.rows(AccessLink)[0].digest != secret.encode()
    refused(desk, "owner", "password_weak", access.choose_password, secret, "ngắn")
    joined = desk.do("owner", access.choose_password, secret, PASSWORD)
    assert (joined.id, joined.fs_uniquifier != user.fs_uniquifier) == (user.id, True)
    refused(desk, "owner", "link_over", access.choose_password, secret, PASSWORD)


def test_a_link_ends_after_a_week_and_a_newer_use_ends_the_others(desk: Office) -> None:
    user = found(desk, "staff")
    old, late, new = (desk.do("admin", access.recover, user.uid) for _ in range(3))
    desk.do("staff", access.choose_password, new, PASSWORD)
    refused(desk, "staff", "link_over", access.choose_password, old, PASSWORD)
    late = desk.do("admin", access.recover, user.uid)
    desk.clock.now += access.LINK_US  # type: ignore[attr-defined]  # the clock of tests
    refused(desk, "staff", "link_over", access.choose_password, late, PASSWORD)


def test_nobody_invites_above_or_beyond_themselves(desk: Office) -> None:
    theirs, mine = desk.people["stranger"].organisation_id, desk.people["owner"].organisation_id
    for role, organisation, code in (
        (RoleName.COORD, mine, "forbidden"),
        (RoleName.PRODUCER_OWNER, mine, "forbidden"),
        (RoleName.PRODUCER_STAFF, theirs, "not_found"),
        (RoleName.PRODUCER_STAFF, None, "not_found"),
    ):
        asked = NewUser("Ai đó", None, (role,), email="x@example.vn", organisation_id=organisation)
        refused(desk, "owner", code, access.invite, asked)
    asked = NewUser("Ai đó", None, (RoleName.PRODUCER_STAFF,), email="x@example.vn", organisation_id=mine)
    refused(desk, "staff", "forbidden", access.invite, asked)
    refused(desk, "owner", "forbidden", access.recover, found(desk, "staff").uid)


def test_each_code_works_once(desk: Office) -> None:
    secret, user = access.new_secret(), found(desk, "coord")
    refused(desk, "coord", "code_wrong", access.enrol, BOX, user.id, secret, "000 000")
    codes = desk.do("coord", access.enrol, BOX, user.id, secret, code_at(desk, secret))
    assert len(set(codes)) == access.RECOVERY_CODES
    assert secret.encode() not in (found(desk, "coord").totp_sealed or b"")
    refused(desk, "coord", "code_wrong", access.confirm, BOX, user.id, code_at(desk, secret))
    desk.do("coord", access.confirm, BOX, user.id, code_at(desk, secret, 1))
    refused(desk, "coord", "code_wrong", access.confirm, BOX, user.id, code_at(desk, secret, -1))
    refused(desk, "coord", "code_wrong", access.confirm, BOX, user.id, code_at(desk, secret, 4))
    desk.do("coord", access.confirm, BOX, user.id, f" {codes[0].upper()} ")
    refused(desk, "coord", "code_wrong", access.confirm, BOX, user.id, codes[0])
    desk.do("admin", access.recover, user.uid)
    assert found(desk, "coord").totp_sealed is None


def test_a_password_alone_opens_nothing_where_there_is_a_second_factor(flask: Flask, desk: Office) -> None:
    secret, user = access.new_secret(), found(desk, "coord")
    (first, *_) = desk.do("coord", access.enrol, BOX, user.id, secret, code_at(desk, secret))
    client = flask.test_client()
    token = CSRF.search(client.get("/office/sign-in").text)
    assert token
    answer = client.post(
        "/office/sign-in", data={"csrf_token": token[1], "login": "coord@example.vn", "password": PASSWORD}
    )
    assert answer.location == "/office/sign-in/code"
    assert client.get("/office/").location.startswith("/office/sign-in")
    page = CSRF.search(client.get("/office/sign-in/code").text)
    assert page
    assert client.post("/office/sign-in/code", data={"csrf_token": page[1], "code": "1"}).status_code == 422
    assert client.get("/office/").status_code == 302
    answer = client.post("/office/sign-in/code", data={"csrf_token": page[1], "code": first})
    assert answer.location == "/office/"
    assert client.get("/office/").status_code == 200


@pytest.fixture
def strict(desk: Office) -> Iterator[Flask]:
    """An office as in production: officers need a second factor."""
    made = create(
        config.management(
            {
                "DATA_DIR": str(desk.stack.data_dir),
                "DATABASE_URL": desk.stack.url,
                "SESSION_SECRET": "s" * 32,
                "SECOND_FACTOR": "on",
            }
        )
    )
    made.config["RATELIMIT_ENABLED"] = False
    yield made
    with made.app_context():
        db.engine.dispose()


def test_an_officer_turns_the_second_factor_on_before_anything_else(strict: Flask) -> None:
    coord = Browser(strict, "coord")
    assert coord.client.get("/office/orders").location == "/office/account/second-factor"
    assert coord.client.get("/api/v1/orders").status_code == 403
    page = coord.get("/office/account/second-factor")
    key = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert key
    answer = coord.post("/office/account/second-factor", code=pyotp.TOTP(key[1]).now())
    assert len(re.findall(r"<code>[0-9a-f]{8}-[0-9a-f]{8}</code>", answer.text)) == access.RECOVERY_CODES
    assert coord.client.get("/office/orders").status_code == 200
    assert Browser(strict, "owner").client.get("/office/orders").status_code == 200


def test_from_invitation_to_a_session_by_hand(flask: Flask, desk: Office) -> None:
    owner = Browser(flask, "owner")
    owner.get("/office/users/invite")
    shown = owner.post("/office/users/invite", name="Lò Văn Nam", phone="0987 654 321", role="ADMIN").text
    key = LINK.search(shown)
    assert key
    assert [role.name for role in found(desk, "Lò Văn Nam").roles] == ["PRODUCER_STAFF"]
    client = flask.test_client()
    page = client.get(f"/office/join?key={key[1]}")
    token = CSRF.search(page.text)
    assert token
    answer = client.post("/office/join", data={"csrf_token": token[1], "key": key[1], "password": PASSWORD})
    assert answer.status_code == 303
    assert "Lò Văn Nam" in client.get("/office/").text
    assert flask.test_client().get(f"/office/join?key={key[1]}").status_code == 404


def test_dangerous_acts_ask_for_the_password_again_and_keep_what_was_typed(flask: Flask, desk: Office) -> None:
    batch, _ = desk.activated(5)
    owner = Browser(flask, "owner")
    path = f"/office/stamps/{batch.uid}/retire"
    owner.get(path)
    with owner.client.session_transaction() as session:
        session["signed_in_at"] -= FRESH_US + 1
    wish = {"event": "void", "first": "1", "last": "1", "reason": "Rách lúc dán"}
    asked = owner.post(path, **wish, confirmed="1")
    assert "gõ lại mật khẩu" in asked.text
    carried = re.search(r'name="kept" value="([^"]+)"', asked.text)
    assert carried
    kept = html.unescape(carried[1])
    assert dict(json.loads(kept)) == {**wish, "confirmed": "1"}
    owner.page = asked.text
    again = owner.post("/office/sign-in", login="owner@example.vn", password=PASSWORD, kept=kept, resume=path)
    owner.page = again.text
    assert "Rách lúc dán" in again.text
    assert owner.post(path, **wish, confirmed="1").status_code == 303


def test_tokens_are_issued_for_no_more_than_one_may_and_revoked(flask: Flask, desk: Office) -> None:
    staff = Browser(flask, "staff")
    form = staff.get("/office/account/tokens")
    assert "Xem lô hàng" in form
    assert "Đặt tem" not in form
    assert set(RIGHTS) == set(Action)
    assert staff.post("/office/account/tokens", name="Cân", action="place_order").status_code == 422
    assert staff.post("/office/account/tokens", name="Cân").status_code == 422
    shown = staff.post("/office/account/tokens", name="Cân", action=Action.READ_LOT.value)
    secret = re.search(r'<p class="secret"><code>([\w-]+)</code>', shown.text)
    assert secret
    assert '<span class="soft">Xem lô hàng</span>' in shown.text
    headers = {"authorization": f"Bearer {secret[1]}"}
    assert flask.test_client().get("/api/v1/lots", headers=headers).status_code == 200
    (row,) = desk.rows(ApiToken)
    stranger = Browser(flask, "stranger")
    stranger.get("/office/account/tokens")
    stranger.post(f"/office/account/tokens/{row.uid}/revoke")
    assert flask.test_client().get("/api/v1/lots", headers=headers).status_code == 200
    staff.post(f"/office/account/tokens/{row.uid}/revoke")
    assert flask.test_client().get("/api/v1/lots", headers=headers).status_code == 401
