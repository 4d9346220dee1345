"""A scratch code locked by a thousand wrong tries: an officer who has seen the pack lets it answer again."""

from flask import Flask

from app.domain.permissions import Action
from app.models.scans import PinTry
from app.services import pins, stamps
from app.services.codes import Reader
from app.services.stamps import Positions
from tests.app.office import Office
from tests.app.test_guards import refused
from tests.app.test_story import codes, scanner
from tests.app.test_web import Browser, bearer, flask
from tests.verifier.world import HOST, World, scan
from verifier.claims import ClaimRequest
from verifier.contract import TRIES_IN_ALL, ClaimOutcome
from verifier.scan import Scanner

__all__ = ["flask", "scanner"]


def test_an_officer_opens_a_locked_scratch_code_again(
    flask: Flask, desk: Office, public: World, scanner: Scanner
) -> None:
    product = desk.product()
    lot = desk.lot(product.uid, packs=10)
    desk.complete(lot.uid)
    batch = desk.delivered(desk.order(product.uid, 10, lot=lot.uid, pins=True))
    desk.do("owner", stamps.activate, batch.uid, lot.uid, Positions(1, 10))
    text, stamp = codes(desk)[0], batch.lo
    receipt = scan(scanner, text).receipt
    assert receipt is not None
    owners = ClaimRequest(receipt, public.pin(stamp), "owner", "5.6.7.0")
    public.insert("pin_try", stamp=stamp, who=b"", day=0, wrong=TRIES_IN_ALL)
    locked = public.claims().claim(owners)
    assert (locked.outcome, locked.locked_until) == (ClaimOutcome.LOCKED, None)

    flask.extensions["codes"] = Reader((HOST,), public.means().opener.open)
    said = {"stamp": text, "reason": "Đã xem gói hàng tại chợ Mộc Châu"}
    assert Browser(flask, "owner").client.get("/office/known/scratch-codes/reopen").status_code == 403
    coord = Browser(flask, "coord")
    coord.get("/office/known/scratch-codes/reopen")
    empty = coord.post("/office/known/scratch-codes/reopen", stamp=text, reason="")
    assert empty.status_code == 422
    assert public.claims().claim(owners).outcome is ClaimOutcome.LOCKED
    coord.fill("/office/known/scratch-codes/reopen", **said)
    assert desk.rows(PinTry) == []
    assert public.claims().claim(owners).outcome is ClaimOutcome.VERIFIED_FIRST

    again = flask.test_client().post(
        "/api/v1/scratch-codes/reopen", json=said, headers=bearer(desk, "coord", Action.REOPEN_PIN)
    )
    assert (again.status_code, again.json["type"]) == (409, "/problems/pin_not_locked")
    denied = flask.test_client().post("/api/v1/scratch-codes/reopen", json=said, headers=bearer(desk, "owner", *Action))
    assert denied.status_code == 403


def test_a_code_that_is_not_locked_stays_as_it_is(desk: Office, public: World, scanner: Scanner) -> None:
    del scanner
    batch, _ = desk.activated(5)
    public.insert("pin_try", stamp=batch.lo, who=b"", day=0, wrong=TRIES_IN_ALL - 1)
    asked = pins.Reopening(codes(desk)[0], "thử")
    reader = Reader((HOST,), public.means().opener.open)
    refused(desk, "pin_not_locked", lambda: desk.do("coord", pins.reopen, reader, asked), "/stamp")
    assert [row.wrong for row in desk.rows(PinTry)] == [TRIES_IN_ALL - 1]
