"""Bad input, systematically: every field of every form the pages show, with everything that is not meant for it.

The forms are read from the pages, so a new one is walked from its first day. Each is sent with one field wrong and the
rest as an honest person would leave it, at a desk that never commits, so that every form stays as it was found.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.database import WRITING
from app.domain.permissions import Actor
from app.services import audit
from app.services.work import Desk, Work
from tests.app.hostile import ANY, QUOTED, SCRIPT, WRONG, Field, Form, forms
from tests.app.office import Office
from tests.app.test_doors import ours, path_of
from tests.app.test_queries import Village
from tests.app.test_web import Browser, flask
from tests.conftest import Stack

__all__ = ["flask"]
WHO = ("owner", "coord", "admin", "p001")


class DryDesk(Desk):
    """A desk where all work is done as ever, up to the commit, and then undone."""

    @contextmanager
    def work(self, actor: Actor) -> Iterator[Work]:
        with Session(self.engine.execution_options(**{WRITING: True}), expire_on_commit=False) as session:
            yield (work := Work(session, actor, self.clock(), self.new_id, self.press))
            session.flush()
            audit.append(session, work.notes, at=work.now, actor_id=actor.user_id)
            session.flush()
            session.expunge_all()
            session.rollback()


def walked(flask: Flask, village: Village, who: str) -> Iterator[tuple[str, Form]]:
    """Every form of every page this person may open; the same form on two pages is one."""
    browser, seen = Browser(flask, who), set()
    for rule in ours(flask):
        if "GET" not in (rule.methods or ()) or not rule.rule.startswith("/office"):
            continue
        for path in (path_of(rule, village.things), *EXTRA.get(rule.rule, ())):
            answer = browser.client.get(path)
            if answer.status_code != 200 or answer.mimetype != "text/html":
                continue
            for form in forms(path, answer.text):
                key = (re.sub(r"[0-9a-f-]{36}", "…", form.action), tuple(sorted(one.name for one in form.fields)))
                if key not in seen and form.action.split("?")[0] != "/office/sign-out":
                    seen.add(key)
                    yield path, form


# Steps of a form that its first page does not show.
EXTRA: dict[str, tuple[str, ...]] = {
    "/office/orders/new": ("/office/orders/new?step=2", "/office/orders/new?step=3&quantity=5&layout=a4-40x30"),
    "/office/lots/<uuid:uid>/add/<kind>": (),
}


@pytest.fixture
def stack(production: Stack) -> Stack:
    """The stricter of the two databases: it holds columns to their sizes and takes no NUL."""
    return production


@pytest.fixture
def village(flask: Flask, desk: Office) -> Village:
    made = Village(desk)
    made.grow()
    EXTRA["/office/lots/<uuid:uid>/add/<kind>"] = tuple(
        f"/office/lots/{made.draft.uid}/add/{kind}" for kind in ("step", "test", "sample", "area")
    )
    real = flask.extensions["desk"]
    flask.extensions["desk"] = DryDesk(real.engine, real.clock, real.new_id, real.press)
    return made


def send(client: FlaskClient, form: Form, fields: dict[str, Any]) -> Any:
    if form.method == "get":
        return client.get(form.action, query_string=fields)
    return client.post(form.action, data=fields)


def raw(text: str) -> bool:
    """Whether a page shows a script as a script."""
    return SCRIPT in text or QUOTED in text or "<img src=x" in text


@pytest.mark.parametrize("who", WHO)
def test_no_field_of_any_form_chokes_or_speaks(flask: Flask, desk: Office, village: Village, who: str) -> None:
    """Never an error of ours, never a script on the page, and nothing kept of what was refused."""
    before, wrong, tried = desk.counts(), [], 0
    client = Browser(flask, who).client
    for path, form in list(walked(flask, village, who)):
        filled = {**form.filled, "csrf_token": csrf(client, path)}
        for one in form.fields:
            if one.name == "csrf_token" or one.kind == "file":
                continue
            for name, value in ANY.items():
                tried += 1
                answer = send(client, form, {**filled, one.name: value})
                if answer.status_code >= 500 or raw(answer.text):
                    wrong.append((answer.status_code, form.method, form.action, one.name, name))
    assert wrong == [], "\n".join(map(str, wrong))
    assert tried > 500 or who == "p001"
    after = desk.counts()
    assert {name for name in after if after[name] != before[name]} <= {"rate_limit"}


def flashed(text: str) -> str:
    """What is said at the top of a page."""
    found = re.search(r'class="flash error"[^>]*>([^<]*)', text)
    return found[1] if found else ""


def csrf(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    return found[1] if found else ""


def impossible(one: Field) -> Iterator[str]:
    """What cannot be right in this field."""
    yield from WRONG.get(one.kind, ())
    if one.required and one.kind != "checkbox":
        yield ""
    if one.most and one.kind in {"text", "textarea", "code"}:
        yield "x" * (one.most + 1)


@pytest.mark.parametrize("who", ["owner", "coord"])
def test_what_is_wrong_is_said_at_its_field(flask: Flask, desk: Office, village: Village, who: str) -> None:
    wrong = []
    client = Browser(flask, who).client
    for path, form in list(walked(flask, village, who)):
        if form.method == "get":
            continue
        filled = {**form.filled, "csrf_token": csrf(client, path)}
        refused = flashed(send(client, form, filled).text)
        for one in form.fields:
            if one.name in {"csrf_token", "version"} or one.kind in {"file", "hidden"}:
                continue
            for value in impossible(one):
                answer = send(client, form, {**filled, one.name: value})
                text = answer.text
                if answer.status_code == 303:
                    text = client.get(answer.location).text
                named = f'id="e-{one.name}"' in text or f'aria-describedby="{one.name}-error"' in text
                alone = flashed(text) and f'id="f-{one.name}"' not in text  # one field with a button
                # What nobody may do just now is refused as a whole, whatever stands in the fields.
                if not (named or alone or (refused and flashed(text) == refused)):
                    wrong.append((answer.status_code, form.action, one.name, value[:20]))
    assert wrong == [], "\n".join(map(str, wrong))
