"""Passkeys: enrolled once, bound to this office and to one page's challenge, a way in alone and after a password."""

import html
import json
import re
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.errors import Refusal
from app.domain.permissions import SYSTEM
from app.models.users import Passkey, RecoveryCode, SpentChallenge, User
from app.services import access, passkeys
from app.services.passkeys import Party, party
from tests.app.office import PASSWORD, Office
from tests.app.softkey import SoftKey
from tests.app.test_web import CSRF, Browser, flask
from tests.verifier.world import Clock

__all__ = ["flask"]
HERE = Party("localhost", "http://localhost:8000")
QUESTION = re.compile(r'data-passkey="([^"]+)"')


def found(desk: Office, who: str) -> User:
    user: User = next(row for row in desk.rows(User) if row.name == who)
    return user


def enrolled(desk: Office, who: str = "coord", **values: Any) -> SoftKey:
    key = SoftKey(**values)
    with desk.reading(desk.people[who]) as work:
        asked = passkeys.question_to_enrol(work, HERE)
    desk.do(who, passkeys.enrol, HERE, asked.challenge, key.made(asked.options), "Điện thoại")
    return key


def refused(desk: Office, who: str, *args: Any) -> None:
    before = desk.counts()
    with pytest.raises(Refusal) as refusal:
        desk.do(who, *args)
    assert refusal.value.code == "passkey_refused"
    assert desk.counts() == before


def test_a_passkey_lets_its_owner_in_and_only_with_its_challenge(desk: Office) -> None:
    key = enrolled(desk)
    (row,) = desk.rows(Passkey)
    assert (row.name, row.credential_id, row.sign_count) == ("Điện thoại", key.id, 0)
    assert len(desk.rows(RecoveryCode)) == access.RECOVERY_CODES
    asked, other = passkeys.question_to_sign_in(HERE), passkeys.question_to_sign_in(HERE)
    answer = key.signed(asked.options)
    refused(desk, "coord", passkeys.confirm, HERE, other.challenge, answer)
    assert desk.do("coord", passkeys.confirm, HERE, asked.challenge, answer).name == "coord"
    assert desk.rows(Passkey)[0].sign_count == 1
    refused(desk, "coord", passkeys.confirm, HERE, asked.challenge, answer)  # its counter has gone on
    enrolled(desk)
    assert len(desk.rows(RecoveryCode)) == access.RECOVERY_CODES, "the codes that were kept still hold"


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://evil.example"},
        {"host": "evil.example"},
        {"verified": False},
        {"id": b"another"},
    ],
    ids=str,
)
def test_what_is_not_quite_it_lets_nobody_in(desk: Office, wrong: dict[str, Any]) -> None:
    key = enrolled(desk)
    for name, value in wrong.items():
        setattr(key, name, value)
    asked = passkeys.question_to_sign_in(HERE)
    refused(desk, "coord", passkeys.confirm, HERE, asked.challenge, key.signed(asked.options))
    if "id" not in wrong:
        with desk.reading(desk.people["owner"]) as work:
            question = passkeys.question_to_enrol(work, HERE)
        fresh = SoftKey(**wrong)
        refused(desk, "owner", passkeys.enrol, HERE, question.challenge, fresh.made(question.options), "x")


def test_a_key_is_of_one_account_and_signs_for_it_alone(desk: Office) -> None:
    key, theirs = enrolled(desk), enrolled(desk, "owner")
    asked = passkeys.question_to_sign_in(HERE, found(desk, "coord"))
    assert [one["id"] for one in json.loads(asked.options)["allowCredentials"]]
    refused(desk, "coord", passkeys.confirm, HERE, asked.challenge, theirs.signed(asked.options), found(desk, "coord"))
    key.user = theirs.user
    refused(desk, "coord", passkeys.confirm, HERE, asked.challenge, key.signed(asked.options))
    with desk.reading(desk.people["owner"]) as work:
        question = passkeys.question_to_enrol(work, HERE)
    with pytest.raises(Refusal, match="already_used"):
        desk.do("owner", passkeys.enrol, HERE, question.challenge, key.made(question.options), "của người khác")
    with pytest.raises(Refusal, match="not_found"):
        desk.do("owner", passkeys.remove, next(row.uid for row in desk.rows(Passkey) if row.credential_id == key.id))


def test_a_copied_key_is_noticed_by_its_counter_and_a_counterless_one_works_on(desk: Office) -> None:
    key, still = enrolled(desk), enrolled(desk, "owner", counts=False)
    for one in (key, still, key, still):
        asked = passkeys.question_to_sign_in(HERE)
        desk.do("coord", passkeys.confirm, HERE, asked.challenge, one.signed(asked.options))
    key.count = 0
    asked = passkeys.question_to_sign_in(HERE)
    refused(desk, "coord", passkeys.confirm, HERE, asked.challenge, key.signed(asked.options))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_answer_breaks_anything(desk: Office, data: st.DataObject) -> None:
    """Whatever a browser sends: refused, never an error of ours."""
    if not desk.rows(Passkey):
        enrolled(desk)
    key = SoftKey(id=desk.rows(Passkey)[0].credential_id)
    asked = passkeys.question_to_sign_in(HERE)
    right = json.loads(key.signed(asked.options))
    junk = st.one_of(st.none(), st.integers(), st.text(max_size=20), st.lists(st.none(), max_size=2), st.just({}))
    place = data.draw(st.sampled_from(["", "id", "rawId", "type", "response", *right["response"]]))
    value = data.draw(junk)
    if place == "":
        answer = data.draw(st.one_of(st.text(max_size=40), junk.map(json.dumps)))
    else:
        (right["response"] if place in right["response"] else right)[place] = value
        answer = json.dumps(right)
    refused(desk, "coord", passkeys.confirm, HERE, asked.challenge, answer)
    refused(desk, "coord", passkeys.enrol, HERE, asked.challenge, answer, "x")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://tem.sonla.vn", Party("tem.sonla.vn", "https://tem.sonla.vn")),
        ("http://127.0.0.1:8000", HERE),
        ("https://tem.sonla.vn:8443", Party("tem.sonla.vn", "https://tem.sonla.vn:8443")),
    ],
)
def test_keys_are_bound_to_a_name(url: str, expected: Party) -> None:
    assert party(url) == expected


def question(page: str) -> str:
    asked = QUESTION.search(page)
    assert asked, page
    return html.unescape(asked[1])


def test_pages_enrol_sign_in_and_keep_what_was_typed(flask: Flask, desk: Office) -> None:
    flask.extensions["second_factor"] = True
    browser = Browser(flask, "coord")
    assert browser.client.get("/office/").location == "/office/account/second-factor"
    key = SoftKey()
    made = key.made(question(browser.get("/office/account/passkeys")))
    kept_codes = browser.post("/office/account/passkeys", answer=made, name="Máy bàn")
    assert len(re.findall(r"<li><code>[0-9a-f]{8}-[0-9a-f]{8}</code>", kept_codes.text)) == access.RECOVERY_CODES
    assert "Máy bàn" in browser.get("/office/account/passkeys")
    replayed = browser.post("/office/account/passkeys", answer=made, name="Lần nữa")
    assert replayed.status_code == 422
    # Alone, without a password.
    client = flask.test_client()
    page = client.get("/office/sign-in").text
    token = CSRF.search(page)
    assert token
    answer = {"csrf_token": token[1], "answer": key.signed(question(page))}
    assert client.post("/office/sign-in/passkey?next=/office/orders", data=answer).location == "/office/orders"
    assert client.get("/office/orders").status_code == 200
    assert client.post("/office/sign-in/passkey", data=answer).status_code in {400, 422}
    # After a password, with what was typed into a form whose session had ended.
    lost = flask.test_client()
    page = lost.post("/office/recalls/new", data={"reason": "Lẫn tạp chất"}).text
    token = CSRF.search(page)
    kept = re.search(r'name="kept" value="([^"]+)"', page)
    assert token
    assert kept
    carried = {"kept": html.unescape(kept[1]), "resume": "/office/recalls/new"}
    page = lost.post(
        "/office/sign-in",
        data={"csrf_token": token[1], "login": "coord@example.vn", "password": PASSWORD, **carried},
    ).text
    assert "Dùng khoá truy cập" in page
    assert lost.get("/office/").status_code == 302
    token = CSRF.search(page)
    assert token
    signed = {"csrf_token": token[1], "answer": key.signed(question(page)), **carried}
    resumed = lost.post("/office/sign-in/passkey", data=signed)
    assert resumed.status_code == 200
    assert "Lẫn tạp chất" in resumed.text
    # Taken away, or lost and the way in given anew: no second factor is left.
    row = desk.rows(Passkey)[0]
    browser.get("/office/account/passkeys")
    assert browser.post(f"/office/account/passkeys/{row.uid}/remove").status_code == 303
    assert desk.rows(Passkey) == []
    enrolled(desk)
    desk.do("admin", access.recover, found(desk, "coord").uid)
    assert desk.rows(Passkey) == desk.rows(RecoveryCode) == []


def test_a_challenge_is_answered_once_whoever_kept_the_cookie(flask: Flask, desk: Office) -> None:
    """A key that does not count, and a session cookie sent again as it was before the answer."""
    key = enrolled(desk, counts=False)
    first = flask.test_client()
    page = first.get("/office/sign-in").text
    cookie, token = first.get_cookie("sl_office"), CSRF.search(page)
    assert cookie
    assert token
    answer = {"csrf_token": token[1], "answer": key.signed(question(page))}
    assert first.post("/office/sign-in/passkey", data=answer).status_code == 303
    thief = flask.test_client()
    thief.set_cookie("sl_office", cookie.value)
    assert thief.post("/office/sign-in/passkey", data=answer).status_code == 422
    assert thief.get("/office/orders").status_code == 302
    # A wrong answer takes the challenge too; the next page asks anew.
    page = thief.get("/office/sign-in").text
    cookie, token = thief.get_cookie("sl_office"), CSRF.search(page)
    assert cookie
    assert token
    wrong = {"csrf_token": token[1], "answer": "{}"}
    assert thief.post("/office/sign-in/passkey", data=wrong).status_code == 422
    thief.set_cookie("sl_office", cookie.value)
    right = {"csrf_token": token[1], "answer": key.signed(question(page))}
    assert thief.post("/office/sign-in/passkey", data=right).status_code == 422


def test_a_spent_challenge_is_kept_as_long_as_it_lives(desk: Office) -> None:
    at = desk.clock()
    with desk.work(SYSTEM) as work:
        passkeys.spend(work, b"one", at)
    refused(desk, "coord", passkeys.spend, b"one", at)
    refused(desk, "coord", passkeys.spend, b"", at)
    refused(desk, "coord", passkeys.spend, b"two", at - passkeys.CHALLENGE_US - 1)
    assert isinstance(desk.clock, Clock)
    desk.clock.now += passkeys.CHALLENGE_US + 10
    refused(desk, "coord", passkeys.spend, b"one", at)
    desk.do("coord", passkeys.spend, b"three", desk.clock.now)
    assert len(desk.rows(SpentChallenge)) == 1


def test_a_recovery_code_stands_in_for_a_lost_passkey(flask: Flask, desk: Office) -> None:
    key = SoftKey()
    with desk.reading(desk.people["coord"]) as work:
        asked = passkeys.question_to_enrol(work, HERE)
    (code, *_) = desk.do("coord", passkeys.enrol, HERE, asked.challenge, key.made(asked.options), "Máy")
    client = flask.test_client()
    token = CSRF.search(client.get("/office/sign-in").text)
    assert token
    fields = {"csrf_token": token[1], "login": "coord@example.vn", "password": PASSWORD}
    assert client.post("/office/sign-in", data=fields).location == "/office/sign-in/code"
    token = CSRF.search(client.get("/office/sign-in/code").text)
    assert token
    assert client.post("/office/sign-in/code", data={"csrf_token": token[1], "code": "123456"}).status_code == 422
    assert client.post("/office/sign-in/code", data={"csrf_token": token[1], "code": code}).location == "/office/"
