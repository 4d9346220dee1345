"""What people are told of a mint: its turn, its steps, that it was interrupted and went on, and that it failed."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.domain.minting import QUIET_US, Heard, Phase, Progress, Standing, told
from app.domain.orders import OrderEvent
from app.models.orders import StampOrder
from app.models.stamps import MintProgress
from app.services import orders, progress
from stamp_engine.errors import ReadBackFailed
from tests.app.office import Office
from tests.app.test_api import Program
from tests.app.test_web import Browser, flask
from tests.verifier.world import Clock

__all__ = ["flask"]


def ordered(desk: Office, quantity: int = 100) -> StampOrder:
    order = desk.order(desk.product().uid, quantity)
    desk.do("coord", orders.decide, order.uid, OrderEvent.APPROVE)
    return order


def seen(desk: Office, order: StampOrder, who: str = "owner") -> Progress | None:
    with desk.reading(desk.people[who]) as work:
        return progress.of_order(work, order.uid)


@pytest.fixture(autouse=True)
def one_clock(request: pytest.FixtureRequest) -> None:
    """The pages' clock is the worker's, as on one machine."""
    if "flask" in request.fixturenames:
        app, desk = request.getfixturevalue("flask"), request.getfixturevalue("desk")
        app.extensions["desk"] = replace(app.extensions["desk"], clock=desk.clock)


class Killed(BaseException):
    """Not an error that anything catches: the process is gone."""


def test_each_step_is_told_while_it_goes_on(desk: Office, flask: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ordered(desk)
    second = desk.order(desk.product(name="Mận").uid, 50)
    desk.do("coord", orders.decide, second.uid, OrderEvent.APPROVE)
    assert seen(desk, second) == Progress(Standing.WAITING, ahead=1)
    heard: list[Any] = []
    tell = progress.tell

    def listened(*given_: Any) -> None:
        tell(*given_)
        heard.append(given_[2:])

    monkeypatch.setattr(progress, "tell", listened)
    browser, coord = Browser(flask, "owner"), Browser(flask, "coord")
    finish = progress.finish

    def watched(work: Any, batch_id: int) -> None:
        if not pages:
            pages.append((browser.get(f"/office/orders/{first.uid}"), coord.get("/office/print-jobs")))
            pages.append((Program(flask, desk, "owner").get(f"/orders/{first.uid}/minting").json,))
        finish(work, batch_id)

    pages: list[Any] = []
    if desk.stack.name == "production":
        monkeypatch.setattr(progress, "finish", watched)
    desk.minter.run_once()
    assert [phase for phase, *_ in heard][:3] == [Phase.DRAWING, Phase.READING, Phase.PACKING]
    assert heard[0] == (Phase.DRAWING, 100, 100)
    assert seen(desk, first) is seen(desk, second) is None
    assert desk.rows(MintProgress) == []
    if pages:
        for page in pages[0]:
            assert "Bước 3 trên 3" in page
            assert "data-live" in page
            assert '<noscript><meta http-equiv="refresh"' in page
        assert pages[1][0]["minting"]["standing"] == "packing"
    assert "data-live" not in browser.get(f"/office/orders/{first.uid}")


def test_a_killed_mint_says_so_and_goes_on(desk: Office, flask: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    order = ordered(desk)
    clock = desk.clock
    assert isinstance(clock, Clock)
    with monkeypatch.context() as patch:
        patch.setattr("app.worker.check", _killed)
        with pytest.raises(Killed):
            desk.minter.run_once()
    found = seen(desk, order)
    assert found is not None
    assert (found.standing, found.tries) == (Standing.DRAWING, 1)
    clock.now += QUIET_US + 1
    browser = Browser(flask, "owner")
    page = browser.get(f"/office/orders/{order.uid}")
    assert "Máy cấp mã đang dừng" in page
    assert "data-live" in page
    with monkeypatch.context() as patch:
        patch.setattr("app.worker.check", _killed)
        with pytest.raises(Killed):
            desk.minter.run_once()
    assert "Làm lại sau khi bị ngắt, lần 2" in browser.get(f"/office/orders/{order.uid}")
    assert desk.minter.run_once() == 1
    assert "Cấp mã</h2>" not in browser.get(f"/office/orders/{order.uid}")


def _killed(*_: object, **__: object) -> None:
    raise Killed


def test_a_mint_that_fails_says_so_until_it_succeeds(
    desk: Office, flask: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = ordered(desk)

    def refused(*_: object, **__: object) -> None:
        raise ReadBackFailed("page 1, position 1 does not read as its code")

    with monkeypatch.context() as patch:
        patch.setattr("app.worker.check", refused)
        assert desk.minter.run_once() == 0
    assert "Chưa cấp mã được" in Browser(flask, "owner").get(f"/office/orders/{order.uid}")
    with desk.reading(desk.people["coord"]) as work:
        ((_, name, at),) = progress.in_hand(work)
    assert (name, at.standing) == ("Chè Shan tuyết", Standing.FAILED)
    with desk.reading(desk.people["stranger"]) as work:
        assert progress.in_hand(work) == []
    assert desk.minter.run_once() == 1
    assert seen(desk, order) is None


@given(st.sampled_from(Phase), st.integers(0, 10), st.integers(0, 10 * QUIET_US))
def test_silence_is_told_apart_from_failure(phase: Phase, done: int, silent: int) -> None:
    found = told(Heard(phase, done, 10, 1, 1_000), 3, 1_000 + silent)
    stopped = silent > QUIET_US and phase is not Phase.FAILED
    assert found.standing is (Standing.STOPPED if stopped else Standing(phase.value))
