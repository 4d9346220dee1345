"""Alert cases as officers lead them: what each step does to the next scan, to reporters, and to the producer."""

import json
from typing import Any

import pytest
from flask import Flask

from app.domain.cases import CaseEvent, CaseKind, CaseState
from app.domain.errors import Refusal
from app.domain.flags import FlagKind, SellerKind
from app.domain.permissions import Action, RoleName
from app.domain.reports import ReportState
from app.models.cases import AlertCase, AlertEvidence
from app.models.flags import KnownSeller, StampFlag
from app.models.organisations import Organisation
from app.models.stamps import Hold
from app.services import cases, casework, flags, labels, reports, sellers
from app.services.cases import Said
from app.services.codes import Reader
from app.services.flags import NewFlag
from app.services.sellers import NewSeller
from app.services.tallies import FEWEST
from app.watch import Watch
from bench import labels as bench_labels
from bench.market.packs import Kind
from tests.app.office import Office
from tests.app.test_guards import refused
from tests.app.test_notices import everything, quiet, told
from tests.app.test_story import codes, scanner
from tests.app.test_watch import HOUR, copy, wait, watch
from tests.app.test_web import Browser, bearer, flask
from tests.verifier.world import HOST, World, scan
from verifier.contract import ReasonCode, Verdict
from verifier.market import Market
from verifier.reports import ReportRequest, Reports
from verifier.scan import Scanner

V = Verdict

__all__ = ["flask", "scanner", "watch"]


@pytest.fixture
def case(desk: Office, public: World, watch: Watch) -> AlertCase:
    """A copied stamp, noticed."""
    desk.activated(20)
    copy(desk, public, codes(desk)[0])
    watch.turn()
    (found,) = desk.rows(AlertCase)
    assert isinstance(found, AlertCase)
    return found


def step(desk: Office, who: str, case: AlertCase, event: CaseEvent, *said: str) -> AlertCase:
    made: AlertCase = desk.do(who, cases.step, case.uid, event, Said(*said))
    return made


def test_a_confirmed_copy_is_red_at_once_and_a_reopened_case_is_not(
    desk: Office, scanner: Scanner, watch: Watch, case: AlertCase
) -> None:
    text = codes(desk)[0]
    assert scan(scanner, text, device="x").verdict is V.UNUSUAL
    step(desk, "coord", case, CaseEvent.CONFIRM, "Đã gặp hai gói cùng mã ở chợ")
    answer = scan(scanner, text, device="x")
    assert (answer.verdict, answer.suspicion) == (V.SUSPECT_COPY, 3)  # though the scanner keeps copies in the shadow
    assert ReasonCode.COPY_CONFIRMED in {one.code for one in answer.reasons}
    everything(desk, quiet(desk))
    assert "alert_case.confirm" in told(desk, "owner")
    assert "alert_case.confirm" not in told(desk, "stranger")
    wait(desk, HOUR)
    assert watch.turn() == 2
    (now,) = desk.rows(AlertCase)
    assert (now.state, now.red) == (CaseState.UPHELD, False)  # an officer's word is no evidence for itself
    assert "copy_confirmed" not in {one.source for one in desk.rows(AlertEvidence)}
    step(desk, "coord2", case, CaseEvent.REOPEN)
    assert scan(scanner, text, device="x").verdict is V.UNUSUAL


def test_a_false_alarm_lifts_the_warning_until_more_is_seen(
    desk: Office, public: World, watch: Watch, case: AlertCase
) -> None:
    scanner, text = public.scanner(), codes(desk)[0]
    step(desk, "coord", case, CaseEvent.DISMISS, "Hàng mẫu của hội chợ")
    answer = scan(scanner, text, device="x")
    assert (answer.verdict, answer.suspicion) == (V.VALID, 0)
    flag = desk.rows(StampFlag)[0]
    assert (flag.kind, flag.weight) == (FlagKind.CLEARED, case.level)
    copy(desk, public, text, 10)
    watch.turn()
    assert desk.rows(AlertCase)[0].state is CaseState.FALSE_ALARM
    copy(desk, public, text, 40)
    assert scan(scanner, text, device="x").verdict is V.UNUSUAL
    watch.turn()
    assert desk.rows(AlertCase)[0].state is CaseState.NEW


def test_a_hold_takes_four_eyes(desk: Office, scanner: Scanner, case: AlertCase) -> None:
    refused(desk, "reason_required", lambda: step(desk, "coord", case, CaseEvent.ASK_HOLD), "/reason")
    refused(desk, "illegal_step", lambda: step(desk, "coord2", case, CaseEvent.APPROVE_HOLD))
    step(desk, "coord", case, CaseEvent.ASK_HOLD, "Nghi tem bị sao chép")
    assert desk.rows(Hold) == []
    refused(desk, "four_eyes", lambda: step(desk, "coord", case, CaseEvent.APPROVE_HOLD))
    refused(desk, "illegal_step", lambda: step(desk, "coord2", case, CaseEvent.CONFIRM, "Vội"))
    everything(desk, quiet(desk))
    assert "alert_case.ask_hold" in told(desk, "coord2")
    assert "alert_case.ask_hold" not in told(desk, "owner")
    with desk.reading(desk.people["coord"]) as work:
        assert CaseEvent.APPROVE_HOLD not in {event for event, _ in cases.possible(work, cases.get(work, case.uid))}
    step(desk, "coord2", case, CaseEvent.APPROVE_HOLD)
    text = codes(desk)[1]
    assert scan(scanner, text, device="x").verdict is V.LOT_BLOCKED
    everything(desk, quiet(desk))
    assert "hold.place" in told(desk, "owner")
    step(desk, "coord", case, CaseEvent.DISMISS, "Đã kiểm tra kho")
    assert scan(scanner, text, device="x").verdict is V.VALID
    everything(desk, quiet(desk))
    assert "hold.lift" in told(desk, "owner")


def test_a_hold_without_an_alert_takes_four_eyes_too(desk: Office, scanner: Scanner, flask: Flask) -> None:
    _, lot = desk.activated(5)
    text = codes(desk)[1]
    coord, other, path = Browser(flask, "coord"), Browser(flask, "coord2"), f"/office/lots/{lot.uid}"
    refused(desk, "required", lambda: desk.do("coord", cases.ask_hold, lot.uid, " "), "/reason")
    refused(desk, "forbidden", lambda: desk.do("owner", cases.ask_hold, lot.uid, "x"))
    coord.get(path)
    coord.post(f"{path}/hold", reason="Nghi nhãn sai")
    (case,) = desk.rows(AlertCase)
    assert (case.kind, case.state, case.lot_id) == (CaseKind.OFFICE, CaseState.HOLD_ASKED, lot.id)
    assert (desk.rows(Hold), scan(scanner, text, device="x").verdict) == ([], V.VALID_FIRST)
    assert case.number in coord.get(path)
    refused(desk, "hold_asked", lambda: desk.do("coord2", cases.ask_hold, lot.uid, "Nghi nhãn sai"), "/lot")
    refused(desk, "four_eyes", lambda: step(desk, "coord", case, CaseEvent.APPROVE_HOLD))
    everything(desk, quiet(desk))
    assert "alert_case.ask_hold" in told(desk, "coord2")
    assert not {"alert_case.raise", "alert_case.open"} & set(told(desk, "coord2"))
    other.fill(f"/office/cases/{case.uid}/approve_hold")
    assert scan(scanner, text, device="x").verdict is V.LOT_BLOCKED
    assert "Nghi nhãn sai" in Browser(flask, "owner").get(path)


def test_reporters_read_the_outcome_by_their_receipt(
    desk: Office, public: World, scanner: Scanner, case: AlertCase
) -> None:
    receipt = scan(scanner, codes(desk)[0], device="x").receipt
    assert receipt is not None
    doors = Reports(public.means().journal, clock=desk.clock, new_id=public.new_id)
    number = doors.report(ReportRequest("Nhãn mờ, tem giống hệt gói khác", receipt=receipt))
    assert doors.outcome(receipt).state == "received"
    refused(desk, "reason_required", lambda: step(desk, "coord", case, CaseEvent.CONFIRM, "Hai gói"), "/outcome")
    step(desk, "coord", case, CaseEvent.CONFIRM, "Hai gói", "Chúng tôi đã thu giữ hàng giả ở chợ. Cảm ơn bạn.")
    for key in (number, receipt):
        found = doors.outcome(key)
        assert (found.state, found.outcome) == ("confirmed", "Chúng tôi đã thu giữ hàng giả ở chợ. Cảm ơn bạn.")
    with desk.reading(desk.people["coord"]) as work:
        assert [one.state for one in reports.page(work).rows] == [ReportState.CONFIRMED]


def test_who_sees_and_decides_what(desk: Office, case: AlertCase) -> None:
    desk.user("dept", RoleName.DEPT)
    from app.services import units

    with desk.reading(desk.people["admin"]) as work:
        here, elsewhere = units.present(work, "03646").id, units.present(work, "03670").id
    desk.user("near", RoleName.INSPECTOR, unit_id=here)
    desk.user("far", RoleName.INSPECTOR, unit_id=elsewhere)

    def seen(who: str) -> int:
        with desk.reading(desk.people[who]) as work:
            return len(cases.page(work).rows)

    assert [seen(who) for who in ("coord", "admin", "dept", "near", "far", "owner", "stranger")] == [
        1,
        1,
        1,
        1,
        0,
        0,
        0,
    ]
    refused(desk, "forbidden", lambda: step(desk, "dept", case, CaseEvent.WATCH))
    refused(desk, "not_found", lambda: step(desk, "far", case, CaseEvent.WATCH))
    refused(desk, "not_found", lambda: step(desk, "owner", case, CaseEvent.WATCH))
    step(desk, "near", case, CaseEvent.WATCH)
    step(desk, "near", case, CaseEvent.ASK_HOLD, "Nghi sao chép")
    refused(desk, "forbidden", lambda: step(desk, "near", case, CaseEvent.APPROVE_HOLD))
    step(desk, "coord", case, CaseEvent.APPROVE_HOLD)
    assert seen("owner") == 1  # what is decided about one's goods is no secret
    refused(desk, "forbidden", lambda: step(desk, "owner", case, CaseEvent.CONFIRM, "x"))


def test_a_scene_counts_by_place_and_names_nobody(desk: Office, case: AlertCase) -> None:
    with desk.reading(desk.people["coord"]) as work:
        scene = casework.scene(work, cases.get(work, case.uid), reports=True)
    named = {spot.name.vi: spot.counts.total() for spot in scene.spots}
    assert {"Quanh Hà Nội", "Quanh Đà Nẵng", "Quanh Thành phố Hồ Chí Minh", "Không rõ nơi"} == set(named)
    assert sum(count for _, count in scene.days) == sum(named.values()) == 25  # since thirty days before the first sign
    assert scene.spots[-1].lat is None
    assert min(named.values()) < FEWEST < max(named.values())
    step(desk, "coord", case, CaseEvent.CONFIRM, "Hai gói cùng mã")
    with desk.reading(desk.people["owner"]) as work:
        theirs = {spot.name.vi: spot for spot in casework.scene(work, cases.get(work, case.uid), reports=False).spots}
    # Who sells may know who bought the one pack that was scanned there.
    few = {name for name, count in named.items() if count < FEWEST and name != "Không rõ nơi"}
    assert few
    assert theirs.keys() == {*named, "Nơi khác"} - few
    assert sum(spot.counts.total() for spot in theirs.values()) == sum(named.values())
    assert theirs["Nơi khác"].lat is None


def test_decisions_are_labels_that_a_replay_and_a_fit_read(desk: Office, case: AlertCase) -> None:
    step(desk, "coord", case, CaseEvent.CONFIRM, "Hai gói cùng mã")
    with desk.reading(desk.people["coord"]) as work:
        lines = list(labels.lines(work))
    refused(desk, "forbidden", lambda: desk.do("owner", lambda work: list(labels.lines(work))))
    kinds = [json.loads(line)["kind"] for line in lines]
    assert kinds == ["lot", *["scan"] * 48, "label"]
    assert json.loads(lines[-1])["label"] == "copied"
    market = Market(4_000_000_000)
    answers = [market.read(number, line.encode()) for number, line in enumerate(lines, 1)]
    assert market.faults == {}
    last = json.loads(answers[-2] or b"")
    assert (last["stamp"], last["verdict"]) == (case.number, "unusual")
    path = desk.stack.data_dir / "labels.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    ((stamp, kind, seen),) = bench_labels.rows(path)
    assert (stamp, kind, seen[-1].voices) == (case.number, Kind.COPIED, case.voices)


def test_devices_of_two_stamps_have_no_label_in_common(
    desk: Office, public: World, watch: Watch, case: AlertCase
) -> None:
    """Else a replay of many labels would see one phone that scans dozens of stamps a day, and believe none of it."""
    copy(desk, public, codes(desk)[1])
    watch.turn()
    (other,) = (one for one in desk.rows(AlertCase) if one.id != case.id)
    for one in (case, other):
        step(desk, "coord", one, CaseEvent.CONFIRM, "Hai gói cùng mã")
    with desk.reading(desk.people["coord"]) as work:
        scans = [one for one in map(json.loads, labels.lines(work)) if one["kind"] == "scan"]
    devices = [{one["device"] for one in scans if one["stamp"] == name} for name in (case.number, other.number)]
    assert devices[0].isdisjoint(devices[1])
    assert min(len(one) for one in devices) > 1


def test_a_case_by_hand(flask: Flask, desk: Office, case: AlertCase) -> None:
    coord, other, owner = Browser(flask, "coord"), Browser(flask, "coord2"), Browser(flask, "owner")
    assert case.number in coord.get("/office/cases?kind=copy&state=NEW")
    assert case.number not in coord.get("/office/cases?kind=lot")
    assert case.number not in owner.get("/office/cases")
    assert owner.client.get(f"/office/cases/{case.uid}").status_code == 404
    page = coord.get(f"/office/cases/{case.uid}?lang=vi")
    assert "Quanh Thành phố Hồ Chí Minh" in page
    assert page.count("<svg viewBox") == 2
    assert "Around Hà Nội" in coord.get(f"/office/cases/{case.uid}?lang=en")
    path = f"/office/cases/{case.uid}"
    assert coord.client.get(f"{path}/nothing").status_code == 404
    empty = coord.post(f"{path}/ask_hold")
    assert empty.status_code == 422
    coord.fill(f"{path}/ask_hold", reason="Nghi tem bị sao chép")
    assert "approve_hold" not in coord.get(path)
    assert "approve_hold" in other.get(path)
    other.fill(f"{path}/approve_hold")
    other.fill(f"{path}/confirm", reason="Hai gói cùng mã")
    told_owner = owner.get(path)
    assert "xác nhận vi phạm" in told_owner
    assert "Hai gói cùng mã" not in told_owner  # the file is the officers'


def test_known_sellers_by_hand(flask: Flask, desk: Office) -> None:
    owner, coord = Browser(flask, "owner"), Browser(flask, "coord")
    shop = {"kind": "shop", "name": "Siêu thị Ví dụ", "address": "Quận 1"}
    owner.get("/office/known/sellers/new")
    assert owner.post("/office/known/sellers/new", **shop).status_code == 422
    owner.fill("/office/known/sellers/new", **shop, near="Thành phố Hồ Chí Minh")
    assert "Siêu thị Ví dụ" in owner.get("/office/known")
    (row,) = desk.rows(KnownSeller)
    assert (row.lat, row.lon) == (10.8, 106.7)
    assert "Siêu thị Ví dụ" in coord.get("/office/known")
    owner.get("/office/known")
    assert owner.post(f"/office/known/sellers/{row.uid}/end").status_code == 303
    assert "Siêu thị Ví dụ" not in owner.get("/office/known")
    owner.get("/office/known/stamps/new")
    wrong = owner.post("/office/known/stamps/new", kind="display", stamp="không phải mã", words="Cửa hàng")
    assert wrong.status_code == 422


def test_cases_and_known_things_by_programs(flask: Flask, desk: Office, case: AlertCase) -> None:
    headers = bearer(desk, "coord", *Action)
    client = flask.test_client()
    listed = client.get("/api/v1/cases?kind=copy", headers=headers).json
    assert [one["number"] for one in listed["items"]] == [case.number]
    whole = client.get(f"/api/v1/cases/{case.uid}", headers=headers)
    assert whole.json["steps"] == ["watch", "ask_hold", "confirm", "dismiss"]
    assert {one["name"]["en"] for one in whole.json["places"]} >= {"Around Hà Nội"}
    assert "level" not in whole.json
    stale = client.post(f"/api/v1/cases/{case.uid}/watch", headers={**headers, "if-match": '"99"'})
    assert stale.status_code == 412
    assert client.post(f"/api/v1/cases/{case.uid}/watch", headers=headers).json["state"] == "WATCHING"
    bare = client.post(f"/api/v1/cases/{case.uid}/confirm", headers=headers)
    assert (bare.status_code, bare.json["errors"][0]["pointer"]) == (422, "/reason")
    said = {"reason": "Hai gói cùng mã"}
    assert client.post(f"/api/v1/cases/{case.uid}/confirm", json=said, headers=headers).json["state"] == "UPHELD"
    lines = client.get("/api/v1/case-labels", headers=headers).text.splitlines()
    assert json.loads(lines[-1])["label"] == "copied"
    owner = next(row for row in desk.rows(Organisation) if row.id == case.organisation_id)
    shop = {"kind": "shop", "name": "Siêu thị", "address": "Quận 1", "lat": 10.78, "lon": 106.7}
    key = {**headers, "idempotency-key": "one"}
    made = [client.post(f"/api/v1/organisations/{owner.uid}/sellers", json=shop, headers=key) for _ in range(2)]
    assert [one.status_code for one in made] == [201, 201]
    assert len(client.get("/api/v1/sellers", headers=headers).json["items"]) == 1
    ended = client.post(f"/api/v1/sellers/{made[0].json['uid']}/end", headers=headers)
    assert ended.json["ended_at"]
    flagged = client.post("/api/v1/stamp-flags", json={"kind": "display", "stamp": "x", "words": "y"}, headers=headers)
    assert flagged.status_code == 422
    assert client.get("/api/v1/stamp-flags", headers=headers).json["items"] == []


def test_a_case_without_a_lot_holds_nothing(desk: Office) -> None:
    with desk.work(desk.people["coord"]) as work:
        from app.domain.errors import Text
        from app.services import alerts

        clue = alerts.Clue("alert:1", work.now, Text("dò", "probing"))
        (made,) = alerts.raised(work, [alerts.Signal(CaseKind.PROBING, "probe:1", 25, (clue,))])
    refused(desk, "case_without_lot", lambda: step(desk, "coord", made, CaseEvent.ASK_HOLD, "x"))


def _reader(public: World) -> Reader:
    return Reader((HOST,), public.means().opener.open)


def test_a_display_piece_is_no_alarm_and_says_where_it_is(
    desk: Office, public: World, scanner: Scanner, watch: Watch
) -> None:
    """A hundred strangers in one shop, day after day; then it is registered."""
    desk.activated(20)
    text = codes(desk)[0]
    asked = NewFlag(FlagKind.DISPLAY, text, "Cửa hàng OCOP Mộc Châu")
    made = desk.do("owner", flags.register, _reader(public), asked)
    answer = scan(scanner, text, device="x")
    told_there = [one for one in answer.reasons if one.code is ReasonCode.ON_DISPLAY]
    assert answer.verdict is V.VALID_FIRST
    assert told_there[0].evidence is not None
    assert told_there[0].evidence.vi == "Trưng bày tại Cửa hàng OCOP Mộc Châu."
    refused(desk, "already_used", lambda: desk.do("owner", flags.register, _reader(public), asked), "/stamp")
    desk.do("owner", flags.end, made.uid)
    assert not [one for one in scan(scanner, text, device="x").reasons if one.code is ReasonCode.ON_DISPLAY]
    refused(desk, "flag_ended", lambda: desk.do("owner", flags.end, made.uid))


def test_a_published_code_is_amber_from_the_next_scan_and_no_case(
    desk: Office, public: World, scanner: Scanner, watch: Watch
) -> None:
    desk.activated(20)
    text = codes(desk)[0]
    assert scan(scanner, text, device="x").verdict is V.VALID_FIRST
    asked = NewFlag(FlagKind.EXPOSED, text, "https://vidu.example/anh")
    refused(desk, "not_found", lambda: desk.do("stranger", flags.register, _reader(public), asked))
    refused(desk, "forbidden", lambda: desk.do("staff", flags.register, _reader(public), asked))
    wrong = NewFlag(FlagKind.COPIED, text, "x")
    refused(desk, "malformed", lambda: desk.do("owner", flags.register, _reader(public), wrong), "/kind")
    desk.do("owner", flags.register, _reader(public), asked)
    answer = scan(scanner, text, device="x")
    assert answer.verdict is V.UNUSUAL
    assert ReasonCode.EXPOSED in {one.code for one in answer.reasons}
    wait(desk, HOUR)
    assert watch.turn() == 2
    assert desk.rows(AlertCase) == []


def test_known_sellers_widen_a_plan_and_make_none(desk: Office, public: World) -> None:
    from app.services import lots, stamps
    from app.services.stamps import Positions
    from verifier.facts import Facts

    product = desk.product()
    planned, bare = desk.lot(product.uid), desk.lot(product.uid, "L2")
    desk.do("owner", lots.add, planned.uid, lots.NewArea("Sơn La", 21.25, 104.0, 110.0))
    owner = next(row for row in desk.rows(Organisation) if row.id == planned.organisation_id)
    facts = Facts(public.means().journal)

    def areas(lot: Any) -> list[tuple[float, float, float]]:
        return list(facts.refresh().plans[lot.id].areas)

    del stamps, Positions
    assert (areas(planned), areas(bare)) == ([(21.25, 104.0, 110.0)], [])
    shop = NewSeller(SellerKind.SHOP, "Siêu thị Ví dụ", "Quận 1", 10.78, 106.7)
    refused(desk, "malformed", lambda: desk.do("owner", sellers.add, owner.uid, NewSeller(SellerKind.SHOP, "A", "B")))
    refused(desk, "not_found", lambda: desk.do("stranger", sellers.add, owner.uid, shop))
    made = desk.do("owner", sellers.add, owner.uid, shop)
    assert (areas(planned), areas(bare)) == ([(21.25, 104.0, 110.0), (10.78, 106.7, 15.0)], [])
    online = NewSeller(SellerKind.ONLINE, "Sàn Ví dụ", "https://san.vidu.example")
    web = desk.do("owner", sellers.add, owner.uid, online)
    assert areas(planned) == []  # parcels go anywhere
    desk.do("owner", sellers.end, web.uid)
    desk.do("owner", sellers.end, made.uid)
    assert areas(planned) == [(21.25, 104.0, 110.0)]
    with pytest.raises(Refusal, match="flag_ended"):
        desk.do("owner", sellers.end, made.uid)
    wait(desk, 1)
