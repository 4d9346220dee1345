"""The watch over the scan table: what it opens cases for, once, however often it is killed or reads again."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app import watch as watching
from app.cli.ledger import code_of
from app.domain.cases import CaseEvent, CaseKind, CaseState
from app.domain.flags import FlagKind
from app.domain.permissions import RoleName
from app.models.cases import AlertCase, AlertEvidence, WatchCount, WatchMark, WatchSign, WatchStamp
from app.models.probes import ProbeAlert
from app.models.scans import Claim, Scan
from app.services import cases as service
from app.services import flags, lots, stamps
from app.services import watching as service_of_rows
from app.services.cases import Said
from app.services.codes import Reader
from app.services.flags import NewFlag
from app.services.stamps import Positions
from app.services.work import Work
from app.watch import Watch
from tests.app.office import Office, office
from tests.app.test_notices import everything, quiet, told
from tests.app.test_story import codes, scanner
from tests.conftest import Stack
from tests.verifier.world import DAY, HOST, Clock, World, scan
from verifier.aftermath import Aftermath
from verifier.claims import ClaimRequest
from verifier.clones.lot_areas import where
from verifier.clones.lot_weights import CLASSES, LEVELS
from verifier.clones.lots import HEIGHTS, SCORES
from verifier.contract import Place, Verdict
from verifier.scan import Scanner

V = Verdict

__all__ = ["scanner"]
HOUR = 3_600_000_000


@pytest.fixture
def watch(desk: Office) -> Iterator[Watch]:
    made = Watch(desk)
    yield made
    made.close()


TOWNS = ((21.03, 105.85), (16.07, 108.22), (10.78, 106.70))


def wait(desk: Office, micros: int) -> None:
    clock = desk.clock
    assert isinstance(clock, Clock)
    clock.now += micros


def copy(desk: Office, public: World, text: str, scans: int = 36) -> None:
    """One code on many packs in three cities, bought and said so."""
    scanner, claims = public.scanner(), public.claims()
    for number in range(scans):
        wait(desk, 30 * HOUR)
        device = f"buyer {desk.clock()}"
        place = Place(*TOWNS[number % 3], 20) if number % 4 == 0 else None
        receipt = scan(scanner, text, device=device, place=place).receipt
        if number % 3 == 0 and receipt is not None:
            claims.claim(ClaimRequest(receipt, device=device))
    wait(desk, HOUR)


def class_of(row: WatchStamp) -> int:
    return row.sign // LEVELS % CLASSES


def cases(desk: Office) -> list[AlertCase]:
    found: list[AlertCase] = desk.rows(AlertCase)
    return found


def remembered(desk: Office) -> list[Any]:
    """All that a watch may have written, but for the mark."""
    made = (AlertCase, AlertEvidence, WatchSign, WatchStamp, WatchCount)
    tables = [one.__table__ for one in made]
    with desk.engine.connect() as connection:
        return [connection.execute(sa.select(table).order_by(*table.primary_key)).all() for table in tables]


def test_a_copied_stamp_opens_one_case_that_grows(desk: Office, watch: Watch, public: World, scanner: Scanner) -> None:
    batch, lot = desk.activated(20)
    texts = codes(desk)
    scan(scanner, texts[1], device="one")
    copy(desk, public, texts[0])
    assert watch.turn() == len(desk.rows(Scan)) + len(desk.rows(Claim))
    (case,) = cases(desk)
    assert (case.kind, case.state, case.stamp, case.red) == (CaseKind.COPY, CaseState.NEW, batch.lo, False)
    assert (case.organisation_id, case.lot_id, case.number) == (lot.organisation_id, lot.id, "CB2027-00001")
    evidence = desk.rows(AlertEvidence)
    assert {"many_devices", "far_places", "several_buyers"} & {one.source for one in evidence}
    assert all(one.vi != one.en for one in evidence)
    assert watch.turn() == 0
    copy(desk, public, texts[0], 3)
    assert watch.turn() == 3 + 1
    (grown,) = cases(desk)
    assert (grown.id, grown.level >= case.level, grown.last_at > case.last_at) == (case.id, True, True)


def test_a_watch_that_is_killed_or_reads_again_writes_the_same(
    desk: Office, watch: Watch, public: World, scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.activated(20)
    texts = codes(desk)
    for text in texts[1:8]:
        scan(scanner, text, device="one", place=Place(*TOWNS[0], 20))
    copy(desk, public, texts[0])
    monkeypatch.setattr(watching, "PAGE", 10)
    raised = watching.alerts.raised

    def killed(work: Work, signals: Any) -> Any:
        raised(work, signals)
        raise KeyboardInterrupt

    monkeypatch.setattr(watching.alerts, "raised", killed)
    with pytest.raises(KeyboardInterrupt):
        watch.turn()
    assert remembered(desk) == [[], [], [], [], []]
    assert desk.rows(WatchMark) == []
    monkeypatch.setattr(watching.alerts, "raised", raised)
    assert watch.turn() == 7 + 36 + 12
    done = remembered(desk)
    assert done[0]
    with desk.engine.begin() as connection:
        connection.execute(sa.delete(WatchMark))
    assert watch.turn() == 7 + 36 + 12
    assert [len(rows) for rows in remembered(desk)] == [len(rows) for rows in done]
    assert remembered(desk)[3:] == done[3:]


def test_fresh_rows_are_left_until_their_commit_is_sure(desk: Office, watch: Watch, scanner: Scanner) -> None:
    desk.activated(5)
    scan(scanner, codes(desk)[0], device="one")
    assert watch.turn() == 0
    wait(desk, watching.LAG_US + 1_000_000)
    assert watch.turn() == 1


def test_stamps_of_a_roll_that_was_never_activated(desk: Office, watch: Watch, scanner: Scanner) -> None:
    product = desk.product()
    batch = desk.delivered(desk.order(product.uid, 20))
    texts = codes(desk)
    for number in range(2):
        assert scan(scanner, texts[number], place=Place(*TOWNS[number], 20)).verdict is V.NOT_ACTIVATED
    wait(desk, HOUR)
    watch.turn()
    assert cases(desk) == []  # a late activation looks like this
    scan(scanner, texts[2], device="three")
    wait(desk, HOUR)
    watch.turn()
    (case,) = cases(desk)
    assert (case.kind, case.batch_id, case.level) == (CaseKind.STOLEN, batch.id, 3)


def test_a_code_that_was_never_issued_pages_the_administrators(desk: Office, watch: Watch, scanner: Scanner) -> None:
    batch, _ = desk.activated(5)
    desk.user("inspector", RoleName.INSPECTOR)
    text, _ = code_of(desk.minter.keys, batch, batch.hi + 1000)
    assert scan(scanner, text).verdict is V.UNKNOWN
    wait(desk, HOUR)
    watch.turn()
    (case,) = cases(desk)
    assert (case.kind, case.level, case.organisation_id) == (CaseKind.UNISSUED, 1, None)
    everything(desk, quiet(desk))
    assert "alert_case.page" in told(desk, "admin")
    assert "alert_case.page" not in told(desk, "coord")


def test_scans_where_nothing_was_shipped(desk: Office, watch: Watch, scanner: Scanner) -> None:
    product = desk.product()
    lot = desk.lot(product.uid, packs=100)
    desk.do("owner", lots.add, lot.uid, lots.NewArea("Sơn La", 21.25, 104.0, 110.0))
    desk.complete(lot.uid)
    batch = desk.delivered(desk.order(product.uid, 100, lot=lot.uid))
    desk.do("owner", stamps.activate, batch.uid, lot.uid, Positions(1, 100))
    wait(desk, 10 * DAY)  # what is scanned at once is with who packs it
    for number, text in enumerate(codes(desk)[:60]):
        lat, lon = (10.78, 106.70) if number % 2 else (21.33, 103.91)
        scan(scanner, text, device=f"buyer {number}", place=Place(lat, lon, 20))
    wait(desk, HOUR)
    watch.turn()
    (case,) = [one for one in cases(desk) if one.kind is CaseKind.AREA]
    assert (case.lot_id, case.organisation_id) == (lot.id, lot.organisation_id)
    words = [one.vi for one in desk.rows(AlertEvidence) if one.case_id == case.id]
    assert any("gần Thành phố Hồ Chí Minh" in one and one.startswith("30 tem") for one in words), words


def test_a_lot_that_nothing_is_seen_of_is_forgotten(desk: Office, watch: Watch, scanner: Scanner) -> None:
    test_scans_where_nothing_was_shipped(desk, watch, scanner)
    heights = [row.stamps for row in desk.rows(WatchCount) if row.sign > HEIGHTS and row.owner == service_of_rows.ALL]
    assert len(desk.rows(WatchStamp)) == 60
    assert sum(one for one in heights if one < 60) >= 3  # the lot stands on a step of each part
    for days, left in ((80, 60), (20, 0)):
        wait(desk, days * DAY)
        watching.forget(desk, keep_days=90)
        assert len(desk.rows(WatchStamp)) == left
    assert {(row.owner, row.stamps) for row in desk.rows(WatchCount)} == {(service_of_rows.ALL, 0)}
    scan(scanner, codes(desk)[0], device="late", place=Place(21.33, 103.91, 20))
    wait(desk, HOUR)
    watch.turn()
    assert len(desk.rows(WatchStamp)) == 1


def test_what_is_put_on_display_says_nothing_of_its_lot(
    desk: Office, watch: Watch, public: World, scanner: Scanner
) -> None:
    _, lot = desk.activated(5)
    text = codes(desk)[0]
    scan(scanner, text, device="one", place=Place(*TOWNS[0], 20))
    wait(desk, HOUR)
    watch.turn()
    assert [row.lot_id for row in desk.rows(WatchStamp)] == [lot.id]
    reader = Reader((HOST,), public.means().opener.open)
    desk.do("owner", flags.register, reader, NewFlag(FlagKind.DISPLAY, text, "Siêu thị"))
    scan(scanner, text, device="two", place=Place(*TOWNS[1], 20))
    wait(desk, HOUR)
    watch.turn()
    assert desk.rows(WatchStamp) == []
    assert {row.stamps for row in desk.rows(WatchCount) if row.sign < SCORES} == {0}


def test_a_place_given_after_the_verdict_counts_too(
    desk: Office, watch: Watch, public: World, scanner: Scanner
) -> None:
    product = desk.product()
    lot = desk.lot(product.uid, packs=10)
    desk.do("owner", lots.add, lot.uid, lots.NewArea("Sơn La", 21.25, 104.0, 110.0))
    desk.complete(lot.uid)
    batch = desk.delivered(desk.order(product.uid, 10, lot=lot.uid))
    desk.do("owner", stamps.activate, batch.uid, lot.uid, Positions(1, 10))
    wait(desk, 10 * DAY)
    receipts = [scan(scanner, text, device="one").receipt for text in codes(desk)[:3]]
    wait(desk, HOUR)
    assert watch.turn() == 3
    assert {(class_of(row), row.square) for row in desk.rows(WatchStamp)} == {(0, 0)}
    doors = Aftermath(public.means().journal, clock=desk.clock)
    for receipt in receipts:
        assert receipt is not None
        doors.locate(receipt, Place(10.78, 106.70, 20), "one")
    wait(desk, HOUR)
    assert (watch.turn(), watch.turn()) == (3, 0)
    ((met, square),) = {(class_of(row), row.square) for row in desk.rows(WatchStamp)}
    assert (met, square) == (CLASSES - 1, where(10.78, 106.70, 1000.0, 10))
    for owner in (lot.id, service_of_rows.ALL):
        counted = {row.sign: row.stamps for row in desk.rows(WatchCount) if row.owner == owner and row.stamps}
        assert sum(many for sign, many in counted.items() if sign < SCORES) == counted[square] == 3


def test_a_corroborated_copy_is_told_to_officers_though_buyers_see_amber(
    desk: Office, watch: Watch, public: World
) -> None:
    product = desk.product()
    lot = desk.lot(product.uid, packs=10)
    desk.complete(lot.uid)
    batch = desk.delivered(desk.order(product.uid, 10, lot=lot.uid, pins=True))
    desk.do("owner", stamps.activate, batch.uid, lot.uid, Positions(1, 10))
    text, scanner, claims = codes(desk)[0], public.scanner(), public.claims()
    copy(desk, public, text)
    watch.turn()
    assert [one.red for one in cases(desk)] == [False]
    for number in (0, 2):
        scanned = scan(scanner, text, device=f"owner {number}", place=Place(*TOWNS[number], 20))
        assert scanned.receipt is not None
        claims.claim(ClaimRequest(scanned.receipt, pin=public.pin(batch.lo), device=f"owner {number}"))
    assert scan(scanner, text, device="x").verdict is V.UNUSUAL  # copies are in the shadow
    wait(desk, HOUR)
    watch.turn()
    (case,) = cases(desk)
    assert case.red
    assert any("60 km" in one.vi for one in desk.rows(AlertEvidence))
    everything(desk, quiet(desk))
    assert "alert_case.raise" in told(desk, "coord")
    assert "alert_case.raise" not in told(desk, "owner")


def test_a_turn_reads_a_page_of_the_key_and_never_the_table(production: Stack) -> None:
    with office(production) as desk:
        now = desk.clock()
        rows = [
            {
                "id": UUID(int=((now // 1000 + number) << 80) | 7 << 76 | 2 << 62 | number),
                "stamp": number % 50,
                "n": number,
                "at": now,
                "scanned_at": now,
                "verdict": "valid",
                "suspicion": 0,
                "history": "{}",
                "role": "consumer",
                "channel": "page",
                "source": "none",
                "late": False,
            }
            for number in range(4000)
        ]
        with desk.engine.begin() as connection:
            connection.execute(sa.insert(Scan), rows)
            connection.exec_driver_sql("ANALYZE scan")
        seen: list[str] = []
        with desk.reading(desk.people["admin"]) as work:
            statement = service_of_rows.by_key(Scan.id, (0, rows[2000]["id"]), now * 2, 500, Scan.id)
            compiled = statement.compile(desk.engine, compile_kwargs={"literal_binds": True})
            seen += [row[0] for row in work.session.execute(sa.text(f"EXPLAIN {compiled}"))]
        plan = "\n".join(seen)
        assert "Index" in plan, plan
        assert "Seq Scan on scan_2026_11" not in plan, plan
        assert "->  Sort" not in plan, plan


def test_who_tries_codes_has_one_case_a_week(desk: Office, watch: Watch) -> None:
    now = desk.clock()
    rows = [
        {"id": UUID(int=(at // 1000) << 80 | 7 << 76 | 2 << 62), "kind": "network", "who": who, "codes": 25, "at": at}
        for at, who in ((now, "10.0.0.0/24"), (now + HOUR, "10.0.0.0/24"), (now + 2 * HOUR, "10.9.0.0/24"))
    ]
    with desk.engine.begin() as connection:
        connection.execute(sa.insert(ProbeAlert), rows)
    wait(desk, DAY)
    assert (watch.turn(), watch.turn()) == (3, 0)
    assert sorted((one.kind, one.level) for one in cases(desk)) == [(CaseKind.PROBING, 25), (CaseKind.PROBING, 50)]
    assert not any("10." in one.subject for one in cases(desk))  # a network is forgotten after a week


def test_a_false_alarm_of_a_roll_stays_closed_until_twice_as_much_is_seen(
    desk: Office, watch: Watch, scanner: Scanner
) -> None:
    product = desk.product()
    desk.delivered(desk.order(product.uid, 20))
    texts = codes(desk)

    def seen(first: int, last: int) -> CaseState:
        for number in range(first, last):
            scan(scanner, texts[number], place=Place(*TOWNS[number % 3], 20))
        wait(desk, HOUR)
        watch.turn()
        return cases(desk)[0].state

    assert seen(0, 3) is CaseState.NEW
    desk.do("coord", service.step, cases(desk)[0].uid, CaseEvent.DISMISS, Said("Hàng đang chờ dán tem"))
    assert seen(3, 5) is CaseState.FALSE_ALARM
    assert seen(5, 6) is CaseState.NEW
