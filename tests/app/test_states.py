"""The axis of states: from each state of each thing, every move that its table does not allow is a planned refusal.

The table is the one the product uses; what is walked is every way in: the API's steps and edits, and the pages' forms.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.domain.cases import CASE, CaseEvent, CaseKind, CaseState
from app.domain.errors import Text
from app.domain.lots import LOT, LotEvent, LotState
from app.domain.orders import ORDER, PRINT_JOB, OrderEvent, OrderState, PrintJobEvent, PrintJobState
from app.domain.organisations import ORGANISATION, OrganisationEvent, OrganisationState
from app.domain.permissions import SYSTEM, Action
from app.domain.products import PRODUCT, ProductEvent, ProductState
from app.domain.recalls import RECALL, RecallEvent, RecallState
from app.domain.reports import REPORT, ReportEvent, ReportState
from app.models import Base
from app.models.cases import AlertCase
from app.models.facts import FactChange
from app.models.lots import Lot
from app.models.orders import PrintJob, StampOrder
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.recalls import Recall
from app.models.reports import ReportCase
from app.models.scans import Report
from app.models.stamps import Hold, StampRange
from app.services import alerts, holds, recalls, reports
from app.services import lots as lot_service
from app.services.alerts import Clue, Signal
from app.services.recalls import NewRecall
from stamp_engine.lifecycle import STAMP, Machine, StampEvent, StampState
from tests.app.office import Office
from tests.app.test_retention import insert
from tests.app.test_web import CSRF, Browser, bearer, flask
from tests.conftest import Stack

__all__ = ["flask"]
PLANNED_API = {403, 404, 409, 412, 422}
PLANNED_PAGE = {303, 403, 404, 409, 422}
WHO = ("coord", "coord2", "owner")


@pytest.fixture
def stack(embedded: Stack) -> Stack:
    """The rules are above the database, and its races are tested elsewhere."""
    return embedded


@dataclass(frozen=True)
class Move:
    """One way to do something to a thing: the event it is, its doors, and what is sent."""

    event: StrEnum | None
    api: str = ""
    page: str = ""
    method: str = "POST"
    body: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    allowed: frozenset[StrEnum] = frozenset()
    """The states it is allowed in, where its event does not say so."""


@dataclass(frozen=True)
class Noun:
    model: type[Base]
    machine: Machine[Any, Any]
    states: type[StrEnum]
    events: type[StrEnum]
    api: str
    page: str
    moves: tuple[Move, ...] = ()


def steps(noun: Noun) -> Iterator[Move]:
    """Every event by name at the doors that take one, those that no person may cause among them."""
    for event in noun.events:
        page = {"lots": f"/step/{event.value}", "recalls": f"/decide/{event.value}"}.get(noun.api, f"/{event.value}")
        yield Move(
            event,
            f"/{event.value}",
            page,
            form={"reason": "thử"},
            body={"reason": "thử"} if noun.api != "report-cases" else {"outcome": "thử"},
        )
    yield from noun.moves


_WISH = {"quantity": 10, "layout": "a4-40x30"}
_LOT = {"lot_no": "MỚI", "facility": "Xưởng", "produced_on": "2026-11-04", "quantity": "10", "unit": "kg", "packs": 20}
_PART = {"step": {"kind": "processing", "who": "Tổ sao", "place": "Xưởng", "done_on": "2026-11-04"}}
_SENT = {"buyer": "Chợ", "address": "Sơn La", "quantity": "1", "packs": 1, "dispatched_on": "2026-11-23"}
_DRAFTS = frozenset({LotState.DRAFT, LotState.PRODUCED, LotState.TESTING})
NOUNS = (
    Noun(
        StampOrder,
        ORDER,
        OrderState,
        OrderEvent,
        "orders",
        "orders",
        (Move(None, "", "/edit", "PUT", _WISH, {"quantity": "10"}, frozenset({OrderState.DRAFT})),),
    ),
    Noun(
        Lot,
        LOT,
        LotState,
        LotEvent,
        "lots",
        "lots",
        (
            Move(None, "", "/edit", "PUT", _LOT, {name: str(value) for name, value in _LOT.items()}, _DRAFTS),
            Move(None, "/parts", "/add/step", body=_PART, form=_PART["step"], allowed=_DRAFTS),
            Move(
                LotEvent.DISTRIBUTE,
                "/dispatches",
                "/dispatch",
                body=_SENT,
                form={name: str(value) for name, value in _SENT.items()},
            ),
        ),
    ),
    Noun(
        PrintJob,
        PRINT_JOB,
        PrintJobState,
        PrintJobEvent,
        "print-jobs",
        "print-jobs",
        (
            Move(PrintJobEvent.PRINT, "/printed", "/printed", body={}),
            Move(PrintJobEvent.RECEIVE, "/receive", "/receive", body={"good": 100}, form={"good": "100"}),
        ),
    ),
    Noun(
        Recall,
        RECALL,
        RecallState,
        RecallEvent,
        "recalls",
        "recalls",
        (
            Move(RecallEvent.CLOSE, "/close", "/close", body={"reason": "Đã trả lại"}, form={"reason": "Đã trả lại"}),
            Move(
                None,
                "/lots/{lot}",
                "/lots/{lot}",
                body={"result": "DESTROYED", "recovered": "1"},
                form={"result": "DESTROYED", "recovered": "1"},
                allowed=frozenset({RecallState.OPEN}),
            ),
        ),
    ),
    Noun(AlertCase, CASE, CaseState, CaseEvent, "cases", "cases"),
    Noun(ReportCase, REPORT, ReportState, ReportEvent, "report-cases", "reports"),
    Noun(Product, PRODUCT, ProductState, ProductEvent, "products", "products"),
    Noun(Organisation, ORGANISATION, OrganisationState, OrganisationEvent, "organisations", "organisations"),
)


class Walk:
    """One of everything with its people, and each thing put into any state by hand."""

    def __init__(self, flask: Flask, desk: Office) -> None:
        self.desk = desk
        self.batch, self.lot = desk.activated(20)
        made = desk.do("owner", recalls.request, NewRecall((self.lot.uid,), "Lẫn tạp chất", "Trả lại"))
        about = {"organisation_id": self.lot.organisation_id, "batch_id": self.batch.id, "lot_id": self.lot.id}
        with desk.work(SYSTEM) as work:
            clue = Clue("many_devices", work.now, Text("Nhiều thiết bị", "Many devices"))
            alerts.raised(work, [Signal(CaseKind.COPY, f"stamp:{self.batch.lo}", 2000, (clue,), **about)])
        told = Report(id=desk.new_id(), stamp=self.batch.lo, text="Nhãn mờ", at=desk.clock())
        insert(desk, told)
        desk.do("coord", reports.step, told.id, ReportEvent.CHECK, None)
        self.hold = desk.do("coord", holds.on_lot, self.lot.uid, "Chờ kiểm tra")
        first: Mapping[type[Base], Any] = {
            AlertCase: desk.rows(AlertCase)[0],
            ReportCase: desk.rows(ReportCase)[0],
            Lot: self.lot,
            Recall: made,
            StampOrder: desk.rows(StampOrder)[0],
            PrintJob: desk.rows(PrintJob)[0],
            Product: next(row for row in desk.rows(Product) if row.id == self.lot.product_id),
            Organisation: next(row for row in desk.rows(Organisation) if row.id == self.lot.organisation_id),
        }
        self.first = first
        self.browsers = {who: Browser(flask, who) for who in WHO}
        self.tokens = {}
        for who, browser in self.browsers.items():
            token = CSRF.search(browser.get("/office/more"))
            assert token
            self.tokens[who] = token[1]
        self.program: FlaskClient = flask.test_client()
        self.headers = {who: bearer(desk, who, *Action) for who in WHO}

    def put(self, model: type[Base], key: int, **values: Any) -> None:
        with self.desk.engine.begin() as connection:
            table: Any = model
            connection.execute(sa.update(table).where(table.id == key).values(values))
            # As if it had always been so.
            connection.execute(sa.delete(FactChange).where(FactChange.clock.is_(None)))

    def state(self, model: type[Base], key: int) -> Any:
        return next(row for row in self.desk.rows(model) if row.id == key).state

    def api(self, who: str, move: Move, path: str) -> int:
        headers = dict(self.headers[who])
        if move.method == "PUT":
            found = self.program.get(path, headers=headers).json
            headers["if-match"] = f'"{found["version"]}"'
        body = move.body
        if move.body is _WISH:
            body = {**_WISH, "product": str(self.first[Product].uid)}
        answer = self.program.open(path, method=move.method, json=body or {}, headers=headers)
        answer.get_data()
        return answer.status_code

    def page(self, who: str, move: Move, path: str) -> int:
        fields = {"csrf_token": self.tokens[who], "confirmed": "1", **(move.form or {})}
        if move.page == "/edit":
            named = {"orders": StampOrder, "lots": Lot}[path.split("/")[2]]
            fields["version"] = str(next(one for one in self.desk.rows(named) if str(one.uid) in path).version)
            fields |= {"product": str(self.first[Product].uid), "profile": "compact", "layout": "a4-40x30"}
        answer = self.browsers[who].client.post(path, data=fields)
        answer.get_data()
        return answer.status_code


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.api)
def test_no_state_lets_a_move_pass_that_its_table_does_not(flask: Flask, desk: Office, noun: Noun) -> None:
    walk = Walk(flask, desk)
    row = walk.first[noun.model]
    # A report is called by its reporter's number.
    uid = getattr(row, "uid", None) or row.report_id
    before = {**desk.counts(), "rate_limit": 0}
    tried = 0
    for state in noun.states:
        walk.put(noun.model, row.id, state=state)
        for move in steps(noun):
            legal = noun.machine.allows(state, move.event) if move.event is not None else state in move.allowed
            if legal:
                continue
            for who in WHO:
                tail = move.api.format(lot=walk.lot.uid)
                if move.api or move.method == "PUT":
                    status = walk.api(who, move, f"/api/v1/{noun.api}/{uid}{tail}")
                    assert status in PLANNED_API, (who, state, tail or move.method, status)
                status = walk.page(who, move, f"/office/{noun.page}/{uid}{move.page.format(lot=walk.lot.uid)}")
                assert status in PLANNED_PAGE, (who, state, move.page, status)
                assert walk.state(noun.model, row.id) == state, (who, state, move)
                tried += 1
        assert {**desk.counts(), "rate_limit": 0} == before, state
    assert tried > 3 * len(noun.states)


@pytest.mark.parametrize("state", StampState)
def test_no_stamp_takes_a_step_its_state_does_not_allow(flask: Flask, desk: Office, state: StampState) -> None:
    walk = Walk(flask, desk)
    walk.put(Lot, walk.lot.id, state=LotState.STAMPED, packs=1000)
    (tile,) = [row for row in desk.rows(StampRange) if row.batch_id == walk.batch.id]
    walk.put(StampRange, tile.id, state=state, lot_id=walk.lot.id if state is StampState.ACTIVE else None)
    other = desk.lot(walk.first[Product].uid, "L2", packs=100)
    desk.complete(other.uid)
    before = desk.counts()
    ends = {"first": "1", "last": "3"}
    for event in StampEvent:
        if STAMP.allows(state, event):
            continue
        if event is StampEvent.ACTIVATE:
            body, form, tail = (
                {"lot": str(other.uid), "first": 1, "last": 3},
                {"lot": str(other.uid), **ends},
                "activate",
            )
        else:
            body = {"event": event.value, "first": 1, "last": 3, "reason": "thử"}
            form, tail = {"event": event.value, **ends, "reason": "thử"}, "retire"
        move = Move(event, body=body, form=form)
        for who in WHO:
            assert walk.api(who, move, f"/api/v1/batches/{walk.batch.uid}/{tail}") in PLANNED_API, (who, event)
            status = walk.page(who, move, f"/office/stamps/{walk.batch.uid}/{tail}")
            assert status in PLANNED_PAGE - {303}, (who, event, status)
    assert desk.counts() == before
    (tile,) = [row for row in desk.rows(StampRange) if row.batch_id == walk.batch.id]
    assert tile.state == state


@pytest.mark.parametrize("state", [one for one in LotState if one not in lot_service.LIVE])
def test_no_lot_takes_stamps_before_its_release_or_after_its_end(flask: Flask, desk: Office, state: LotState) -> None:
    walk = Walk(flask, desk)
    (tile,) = [row for row in desk.rows(StampRange) if row.batch_id == walk.batch.id]
    walk.put(StampRange, tile.id, state=StampState.DELIVERED, lot_id=None)
    walk.put(Lot, walk.lot.id, state=state)
    before = desk.counts()
    move = Move(None, body={"lot": str(walk.lot.uid), "first": 1, "last": 3})
    move = replace(move, form={"lot": str(walk.lot.uid), "first": "1", "last": "3"})
    for who in WHO:
        assert walk.api(who, move, f"/api/v1/batches/{walk.batch.uid}/activate") in PLANNED_API
        assert walk.page(who, move, f"/office/stamps/{walk.batch.uid}/activate") in PLANNED_PAGE - {303}
    assert desk.counts() == before


@pytest.mark.parametrize("state", LotState)
def test_a_hold_is_lifted_once_and_placed_by_officers_alone_whatever_the_lot(
    flask: Flask, desk: Office, state: LotState
) -> None:
    walk = Walk(flask, desk)
    walk.put(Lot, walk.lot.id, state=state)
    place = Move(None, body={"reason": "Giữ lại"}, form={"reason": "Giữ lại"})
    lift = Move(None)
    doors = (f"/api/v1/holds/{walk.hold.uid}/lift", f"/office/lots/{walk.lot.uid}/holds/{walk.hold.uid}/lift")
    before = desk.counts()
    for move, api, page in (
        (place, f"/api/v1/lots/{walk.lot.uid}/holds", f"/office/lots/{walk.lot.uid}/hold"),
        (lift, *doors),
    ):
        assert walk.api("owner", move, api) in PLANNED_API
        assert walk.page("owner", move, page) in PLANNED_PAGE
    assert desk.counts() == before
    assert walk.api("coord2", lift, doors[0]) == 200
    (lifted,) = [row.lifted_at for row in desk.rows(Hold)]
    before = desk.counts()
    for who in WHO:
        assert walk.api(who, lift, doors[0]) in PLANNED_API
        assert walk.page(who, lift, doors[1]) in PLANNED_PAGE
    assert desk.counts() == before
    assert [row.lifted_at for row in desk.rows(Hold)] == [lifted]
    assert walk.api("coord", place, f"/api/v1/lots/{walk.lot.uid}/holds") == 201, "a lot in any state can be stopped"


def test_the_walk_knows_every_thing_that_has_states(flask: Flask, desk: Office) -> None:
    """A thing with a life of its own that is not walked here would be a hole in the axis."""
    walk = Walk(flask, desk)
    assert {noun.model for noun in NOUNS} == set(walk.first)
    # Rolls are minted by the worker, ranges walk by the stamps' own table, notices by the courier.
    elsewhere = {"batch", "stamp_range", "notice", "sighting", "signing_key", "epoch"}
    with_states = {name for name, table in Base.metadata.tables.items() if "state" in table.columns}
    assert with_states - elsewhere == {noun.model.__tablename__ for noun in NOUNS}
    uid: UUID = walk.lot.uid
    assert walk.api("owner", Move(None), f"/api/v1/lots/{uid}/dispose") == 200, "what the table allows does pass"
