"""No page and no list asks the database more often because there is more to show: queries are counted, not guessed."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from app.courier import Courier, post
from app.domain.cases import CaseKind
from app.domain.errors import Text
from app.domain.flags import FlagKind, SellerKind
from app.domain.permissions import SYSTEM, Action, RoleName
from app.domain.products import RuleSet
from app.extensions import db
from app.models.flags import StampFlag
from app.models.lots import Lot
from app.models.orders import PrintJob
from app.models.organisations import Organisation
from app.models.probes import ProbeAlert, ProbeSample
from app.models.products import Product
from app.models.recalls import RecallLot
from app.models.scans import Report, Scan
from app.models.stamps import Batch, RangeEvent
from app.models.users import User
from app.services import (
    alerts,
    certificates,
    devices,
    dossiers,
    holds,
    lots,
    products,
    recalls,
    sellers,
    stamps,
    users,
    webhooks,
)
from app.services.alerts import Clue, Signal
from app.services.certificates import NewCertificate
from app.services.devices import NewDevice
from app.services.lots import NewArea, NewDispatch
from app.services.recalls import NewRecall
from app.services.sellers import NewSeller
from app.services.stamps import Positions
from stamp_engine.lifecycle import StampEvent
from tests.app.office import PICTURE, TODAY, Office, dossier
from tests.app.test_doors import ours, path_of
from tests.app.test_retention import insert
from tests.app.test_web import Browser, bearer, flask
from tests.conftest import Stack

__all__ = ["flask"]


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(out, "JPEG")
    return out.getvalue()


class Village:
    """An office whose every list can be made longer, and whose first things get more parts with it."""

    def __init__(self, desk: Office) -> None:
        self.desk, self.turn = desk, 0
        owner = desk.people["owner"].organisation_id
        self.own = next(row.uid for row in desk.rows(Organisation) if row.id == owner)
        desk.user("inspector", RoleName.INSPECTOR, unit_id=None)
        self.first_product = desk.product(name="Mận")
        self.draft = desk.lot(self.first_product.uid, "NHAP")
        self.grow()
        self.recall = desk.do("owner", recalls.request, NewRecall((self.lots[0].uid,), "Lẫn tạp chất", "Trả lại"))
        (self.batch, *_), (self.job, *_) = desk.rows(Batch), desk.rows(PrintJob)

    @property
    def lots(self) -> list[Lot]:
        return [row for row in self.desk.rows(Lot) if row.lot_no.startswith("L-")]

    @property
    def things(self) -> dict[str, UUID]:
        reports, orders = self.desk.rows(Report), self.desk.order
        assert orders
        return {
            "organisations": self.own,
            "products": self.first_product.uid,
            "lots": self.draft.uid,
            "trails": self.draft.uid,
            "orders": self.order.uid,
            "print-jobs": self.job.uid,
            "stamps": self.batch.uid,
            "batches": self.batch.uid,
            "recalls": self.recall.uid,
            "activations": self.desk.rows(RangeEvent)[-1].uid,
            "reports": reports[0].id,
            "report-cases": reports[0].id,
            "users": self.user,
            "cases": self.case,
        }

    def grow(self) -> None:
        """One more of everything."""
        desk, self.turn = self.desk, self.turn + 1
        at = f"{self.turn:03d}"
        made = desk.organisation(f"Chủ thể {at}", prints=True)
        desk.user(f"p{at}", RoleName.PRINTER, organisation_id=made.id)
        self.user = next(row.uid for row in desk.rows(User) if row.email == "staff@example.vn")
        product = desk.product(name=f"Chè {at}")
        for one in (product, self.first_product):
            self._decorated(one)
        for part in (*dossier(), NewArea(f"Chợ {at}", 21.3, 103.9, 20)):
            desk.do("owner", lots.add, self.draft.uid, part)
        desk.do("owner", dossiers.add_photo, desk.store, self.draft.uid, photo())
        lot = desk.lot(product.uid, f"L-{at}", packs=30)
        desk.complete(lot.uid)
        order = desk.order(product.uid, 20, lot=lot.uid, printer=None)
        roll = desk.delivered(order)
        desk.do("owner", stamps.activate, roll.uid, lot.uid, Positions(1, 4))
        desk.do("owner", stamps.retire, roll.uid, Positions(2, 2), StampEvent.VOID, "Rách")
        desk.do("owner", lots.dispatch, lot.uid, NewDispatch(f"Chợ {at}", "Sơn La", Decimal(1), 2, TODAY))
        desk.do("coord", holds.on_lot, lot.uid, "Chờ kiểm tra")
        self.order = desk.order(product.uid, 2)
        desk.lot(product.uid, f"X-{at}")
        desk.product(name=f"Nháp {at}")
        if self.turn > 1:
            desk.do("owner", recalls.request, NewRecall((lot.uid,), "Lẫn tạp chất", "Trả lại"))
            insert(desk, RecallLot(recall_id=self.recall.id, lot_id=lot.id))
            first = Positions(2 * self.turn + 1, 2 * self.turn + 1)
            desk.do("owner", stamps.retire, self.batch.uid, first, StampEvent.LOSE, f"Mất {at}")
        self._scanned(lot, roll)
        shop = NewSeller(SellerKind.SHOP, f"Cửa hàng {at}", "Sơn La", 21.3, 103.9)
        desk.do("owner", sellers.add, self.own, shop)
        known = {"kind": FlagKind.DISPLAY, "words": f"Chợ {at}", "placed_by_id": desk.people["owner"].user_id}
        with desk.work(SYSTEM) as work:
            uid = work.new_id()
            work.session.add(StampFlag(uid=uid, stamp=roll.lo + 9, batch_id=roll.id, placed_at=work.now, **known))
        for who in ("owner", "coord"):
            desk.do(who, devices.enrol, NewDevice(f"Máy {at}"))
            desk.do(who, users.issue_token, f"máy {at}", (Action.READ_LOT,))
        if self.turn < 5:
            desk.do("owner", webhooks.add, self.own, f"https://vidu.example.vn/{at}")
        carrier = Courier(desk.stack.data_dir / "outbox", smtp="", sender="t@e.vn", public_url="https://t.vn")
        while post(desk, carrier):
            pass

    def _decorated(self, product: Product) -> None:
        desk = self.desk
        desk.do("owner", products.add_picture, desk.store, product.uid, PICTURE, media_type="image/svg+xml")
        points = (Decimal(30), Decimal(20), Decimal(30))
        granted = TODAY - timedelta(days=30)
        asked = NewCertificate("12/QĐ", "UBND tỉnh", RuleSet.QD_148_2023, *points, granted)
        desk.do("coord", certificates.grant, product.uid, asked)

    def _scanned(self, lot: Lot, roll: Batch) -> None:
        desk = self.desk
        now = desk.clock()
        for verdict in ("valid", "unusual"):
            insert(
                desk,
                Scan(
                    id=desk.new_id(),
                    stamp=roll.lo,
                    batch_id=roll.id,
                    lot_id=lot.id,
                    n=1,
                    at=now,
                    scanned_at=now,
                    verdict=verdict,
                    suspicion=0,
                    history="{}",
                    role="consumer",
                    channel="web",
                    source="none",
                    late=False,
                ),
            )
        where = {"organisation_id": roll.organisation_id, "batch_id": roll.id, "lot_id": lot.id, "stamp": roll.lo}
        clues = tuple(
            Clue(f"clue-{self.turn}-{at}", now, Text("Nhiều thiết bị", "Many devices")) for at in range(self.turn)
        )
        with desk.work(SYSTEM) as work:
            alerts.raised(work, [Signal(CaseKind.COPY, f"stamp:{roll.lo}", 2000, clues, **where)])
            first = alerts.raised(work, [Signal(CaseKind.COPY, "stamp:first", 2000, clues, **where)])
        self.case = first[0].uid
        insert(desk, Report(id=desk.new_id(), stamp=roll.lo, text="Nhãn mờ", at=now))
        insert(desk, ProbeAlert(id=desk.new_id(), kind="device", who="x", codes=30, at=now))
        insert(desk, ProbeSample(id=desk.new_id(), at=now, verdict="forged", code="0", network="n"))


@contextmanager
def counted(flask: Flask) -> Iterator[list[str]]:
    """The statements that the application sends meanwhile."""
    said: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        said.append(statement)

    with flask.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


WHO = ("owner", "coord", "admin", "p001")
# They show no list: one file, one stamp, a way on, or a step of getting in.
NOT_HERE = {
    "/office/files/<uuid:uid>",
    "/api/v1/files/<uuid:uid>",
    "/media/<sha256>",
    "/office/reports/<uuid:uid>/photo",
    "/api/v1/report-cases/<uuid:uid>/photo",
    "/api/v1/stamps",
    "/office/lots/start",
    "/office/join",
    "/office/sign-in/code",
}


def walked(flask: Flask, village: Village, who: str) -> dict[str, list[str]]:
    """The statements of every page and every list that this person may open."""
    browser, things = Browser(flask, who), village.things
    headers = bearer(village.desk, who, *Action)
    found = {}
    for rule in ours(flask):
        if "GET" not in (rule.methods or ()) or rule.rule in NOT_HERE:
            continue
        path = path_of(rule, things)
        own = {"headers": headers} if rule.rule.startswith("/api/") else {}
        with counted(flask) as said:
            answer = (flask.test_client() if own else browser.client).get(path, **own)
        if answer.status_code == 200:
            found[rule.rule] = said
        else:
            assert answer.status_code in {302, 303, 403, 404, 409, 422}, (who, path, answer.status_code)
    return found


MOST = 40
"""Statements that any one page may take at all."""


@pytest.fixture
def stack(embedded: Stack) -> Stack:
    """One database will do: both are sent the same statements."""
    return embedded


def test_no_page_asks_more_often_where_there_is_more(flask: Flask, desk: Office) -> None:
    village = Village(desk)
    village.grow()
    few = {who: walked(flask, village, who) for who in WHO}
    unseen = {rule.rule for rule in ours(flask) if "GET" in (rule.methods or ())} - NOT_HERE
    assert unseen - {page for pages in few.values() for page in pages} == set(), (
        "what nobody opens is counted by nobody"
    )
    for _ in range(4):
        village.grow()
    grown = {}
    for who in WHO:
        many = walked(flask, village, who)
        assert many.keys() == few[who].keys()
        for page, said in many.items():
            before = few[who][page]
            if len(said) > len(before) or len(said) > MOST:
                grown[who, page] = (len(before), len(said), Counter(said).most_common(2))
    assert grown == {}


def test_every_list_is_cut_by_the_database_and_goes_on_at_its_cursor(flask: Flask, desk: Office) -> None:
    village = Village(desk)
    village.grow()
    village.grow()
    document = flask.test_client().get("/openapi/openapi.json").json["paths"]
    lists = {
        path
        for path, doors in document.items()
        if any(one["name"] == "cursor" for one in doors.get("get", {}).get("parameters", ()))
    }
    assert lists >= {
        f"/api/v1/{noun}" for noun in ("lots", "orders", "devices", "report-cases", "probe-alerts", "notices")
    }
    client = flask.test_client()
    flagged = {"/api/v1/sellers", "/api/v1/stamp-flags"}
    for who, skipped in (("coord", {"/api/v1/users"}), ("admin", {"/api/v1/notices", *flagged})):
        headers = bearer(desk, who, *Action)
        for path in sorted(lists - skipped):
            whole = client.get(path, headers=headers)
            assert whole.status_code == 200, (path, whole.text)
            assert whole.json["next"] is None
            found, cursor = [], ""
            while cursor is not None:
                part = client.get(path, query_string={"limit": 2, "cursor": cursor or None}, headers=headers).json
                assert len(part["items"]) <= 2
                found, cursor = found + part["items"], part["next"]
            assert found == whole.json["items"], path
            assert len(found) > 2, path
            wrong = client.get(path, query_string={"cursor": str(desk.new_id())}, headers=headers)
            assert wrong.status_code == 422, path


def test_the_audit_chain_is_shown_in_pages_and_checked_when_asked(flask: Flask, desk: Office) -> None:
    desk.activated(5)
    desk.product(name="Mận")
    desk.product(name="Đào")
    browser = Browser(flask, "coord")
    first = browser.get("/office/audit")
    assert "Chuỗi nhật ký nguyên vẹn" not in first
    following = re.search(r'href="([^"]*after=[^"]*)"', first)
    assert following
    numbers = [re.findall(r'<td data-head="#">(\d+)</td>', page) for page in (first, browser.get(following[1]))]
    assert [int(one) for page in numbers for one in page] == list(range(int(numbers[0][0]), 0, -1))
    assert "Chuỗi nhật ký nguyên vẹn" in browser.get("/office/audit?check=1")
