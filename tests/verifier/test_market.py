"""Recorded markets: `estamp replay`, its named errors, and that a replay gives the state the live path wrote."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from click.testing import CliRunner

from app.cli import main
from bench.market.attacks import ATTACKS
from bench.market.trace import Market as MadeUp
from bench.market.trace import attacked, honest, lot_lines, scan_lines
from bench.market.worlds import shifted
from tests.verifier.test_scan import race
from tests.verifier.world import World, answer
from verifier import places
from verifier.aftermath import Aftermath
from verifier.cache import ProcessCache
from verifier.claims import ClaimRequest, Claims
from verifier.clones import detector
from verifier.contract import Place, ScanRequest, ScanRole
from verifier.market import HANDLING, Fault, Market, Unreadable
from verifier.sightings import NEVER_SEEN, Sighting, device_mark
from verifier.verdict import Look, Standing, judge, local_day

NOW_S = 1_790_000_000
LOT = {"kind": "lot", "lot": "L", "activated_at": "2026-03-02T01:00:00Z", "areas": [], "shelf_life_days": 180}
SCAN = {
    "kind": "scan",
    "id": 1,
    "t": "2026-03-09T03:12:44Z",
    "stamp": "L-1",
    "lot": "L",
    "event": "scan",
    "role": "consumer",
    "device": "d",
    "lat": 21.0,
    "lon": 105.8,
    "accuracy_km": 1,
    "source": "gps",
}


def read(*lines: dict[str, object]) -> tuple[Market, list[dict[str, object]]]:
    market = Market(NOW_S)
    found = [market.read(number, json.dumps(line).encode()) for number, line in enumerate(lines, 1)]
    return market, [json.loads(one) for one in found if one is not None]


def trace(market: MadeUp) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in (*lot_lines(market), *scan_lines(market)))


def replayed(folder: Path, raw: bytes, *options: str) -> tuple[int, str, list[dict[str, object]]]:
    (folder / "trace.jsonl").write_bytes(raw)
    out = folder / "out.jsonl"
    run = CliRunner().invoke(main, ["replay", str(folder / "trace.jsonl"), "--out", str(out), *options])
    return run.exit_code, run.output, [json.loads(line) for line in out.read_bytes().splitlines()]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "bad_json"),
        (b"[1]", "bad_kind"),
        (b'{"kind": "sale"}', "bad_kind"),
        (json.dumps({name: value for name, value in SCAN.items() if name != "stamp"}).encode(), "missing_field"),
        (json.dumps({**SCAN, "event": "bought"}).encode(), "bad_field"),
        (json.dumps({**SCAN, "role": "robot"}).encode(), "bad_field"),
        (json.dumps({**SCAN, "source": "stars"}).encode(), "bad_field"),
        (json.dumps({**SCAN, "t": "yesterday"}).encode(), "bad_field"),
        (json.dumps({**SCAN, "t": "2026-03-09T03:12:44"}).encode(), "bad_field"),
        (json.dumps({**SCAN, "t": "9999-03-09T03:12:44Z"}).encode(), "bad_field"),
        (json.dumps({**SCAN, "t": 5}).encode(), "bad_field"),
        (json.dumps({**SCAN, "lat": "21"}).encode(), "bad_field"),
        (json.dumps({**LOT, "areas": 5}).encode(), "bad_field"),
        (json.dumps({**LOT, "areas": [{"lat": 21}]}).encode(), "missing_field"),
    ],
)
def test_a_line_that_is_no_line_is_named_with_its_number(tmp_path: Path, raw: bytes, code: str) -> None:
    good = json.dumps(LOT).encode() + b"\n" + json.dumps(SCAN).encode() + b"\n"
    status, said, answers = replayed(tmp_path, good + raw + b"\n")
    assert (status, len(answers)) == (2, 1)
    assert f"line 3: {code}: " in said


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        (Fault.OUT_OF_ORDER, {"t": "2026-03-08T00:00:00Z"}),
        (Fault.FUTURE_TIME, {"t": "2099-03-08T00:00:00Z"}),
        (Fault.UNKNOWN_LOT, {"lot": "M", "stamp": "M-1"}),
        (Fault.OTHER_LOT, {"lot": "M"}),
        (Fault.MISSING_PLACE, {"lat": None}),
        (Fault.ABSURD_PLACE, {"lat": 91.0}),
        (Fault.ABSURD_PLACE, {"accuracy_km": -1}),
        (Fault.DUPLICATE_ID, {"id": 1}),
    ],
)
def test_what_can_be_handled_is_handled_as_stated_and_counted(
    tmp_path: Path, fault: Fault, change: dict[str, object]
) -> None:
    lines = [LOT, SCAN, {**SCAN, "id": 2, "device": "e", **change}]
    raw = b"\n".join(json.dumps(line).encode() for line in lines)
    status, said, answers = replayed(tmp_path, raw)
    assert (status, len(answers)) == (0, 2)
    assert f"{fault}: 1 × ({HANDLING[fault]}), first on line 3" in said
    status, said, answers = replayed(tmp_path, raw, "--strict")
    assert (status, len(answers)) == (2, 1)
    assert f"line 3: {fault}: " in said


def test_every_fault_has_its_handling() -> None:
    assert set(HANDLING) == set(Fault)


def test_a_repeated_id_counts_once() -> None:
    _, once = read(LOT, SCAN)
    _, twice = read(LOT, SCAN, SCAN, {**SCAN, "id": 2})
    assert [one["verdict"] for one in twice] == ["valid_first", "valid", "valid"]
    assert [one["id"] for one in twice] == [1, 1, 2]
    assert once[0]["suspicion"] == twice[1]["suspicion"]


def test_staff_and_inspectors_use_up_no_first_scan() -> None:
    _, found = read(LOT, {**SCAN, "role": "inspector"}, {**SCAN, "id": 2, "role": "staff"}, {**SCAN, "id": 3})
    assert [one["verdict"] for one in found] == ["valid", "valid", "valid_first"]


def test_the_past_alone_is_used(tmp_path: Path) -> None:
    """A trace cut short gives the same answers as the whole one up to there."""
    raw = trace(attacked(shifted()[0], ATTACKS[0], 10))
    lines = raw.splitlines(keepends=True)
    _, _, whole = replayed(tmp_path, raw)
    _, _, part = replayed(tmp_path, b"".join(lines[: len(lines) * 2 // 3]))
    assert part
    assert part == whole[: len(part)]


def test_copies_are_found_and_honest_stamps_left_alone_in_a_world_not_fitted_on(tmp_path: Path) -> None:
    world = shifted()[0]
    attack = next(one for one in ATTACKS if one.name == "A1 k=200")
    _, _, copies = replayed(tmp_path, trace(attacked(world, attack, 40)))
    warned = {one["stamp"] for one in copies if one["verdict"] in {"unusual", "suspect_copy"}}
    assert len(warned) >= 0.9 * len({one["stamp"] for one in copies})
    _, _, calm = replayed(tmp_path, trace(honest(world, 1000)), "--lots", str(tmp_path / "lots.jsonl"))
    assert not [one for one in calm if one["verdict"] == "suspect_copy"]
    assert len({one["stamp"] for one in calm if one["verdict"] == "unusual"}) <= 0.01 * 1000
    days = [json.loads(line) for line in (tmp_path / "lots.jsonl").read_bytes().splitlines()]
    assert days == sorted(days, key=lambda one: (one["day"], one["lot"]))
    assert {"lot", "day", "suspicion", "areas"} <= set(days[0])


def test_unreadable_names_the_line() -> None:
    with pytest.raises(Unreadable, match="line 7: bad_json") as found:
        Market(NOW_S).read(7, b"}")
    assert (found.value.line, found.value.code) == (7, "bad_json")


@dataclass
class Crowded:
    """What several processes' threads did to a few stamps: which device made each scan and each claim."""

    scans: dict[UUID, str] = field(default_factory=dict)
    claims: dict[UUID, str] = field(default_factory=dict)


TOWNS = (None, Place(21.33, 103.91, 20), Place(21.03, 105.85, 20), Place(10.78, 106.70, 20))


def test_a_replay_in_recorded_order_gives_the_state_the_live_path_wrote(place: World) -> None:
    """Four processes' worth of scanners and claims race on four stamps; the rows tell the whole history again."""
    lot = place.lot("L1")
    place.insert("lot_area", lot_id=lot, name="Hà Nội", lat=21.03, lon=105.85, radius_km=40.0)
    block = place.batch(((4, "ACTIVE", lot),), pins=True)
    crowded = Crowded()
    workers = [_worker(place, block, crowded, number) for number in range(4)]
    race(lambda number: workers[number](), 4)
    facts = place.means().facts.refresh()
    history = _history(place)
    for row in place.rows("sighting"):
        events = history[row.stamp]
        assert [event.n for event in events] == list(range(1, row.n + 1))
        now = NEVER_SEEN
        for event in events:
            standing = facts.standing(row.stamp, local_day(event.at))
            now = _again(now, event, row.stamp, standing, crowded)
        assert now.pack() == bytes(row.state)
    kinds = {event.kind for events in history.values() for event in events}
    assert kinds == {"scan", "place", "bought", "pin", "wrong"}


def _worker(place: World, block: range, crowded: Crowded, number: int) -> Callable[[], list[object]]:
    means, dice = place.means(ProcessCache()), Random(number)
    scanner = place.scanner(means)
    claims = Claims(means.journal, means.facts, means.opener, clock=place.clock, new_id=place.new_id)
    aftermath = Aftermath(means.journal, clock=place.clock, facts=means.facts)

    def work() -> list[object]:
        for _ in range(25):
            index, device = dice.choice(block), f"{number % 2}-{dice.randrange(6)}"
            role = ScanRole.STAFF if dice.random() < 0.1 else ScanRole.CONSUMER
            request = ScanRequest(place.text(index), device=device, place=dice.choice(TOWNS), role=role)
            receipt = answer(scanner.scan([request])[0]).receipt
            assert receipt is not None
            crowded.scans[receipt] = device
            if dice.random() < 0.5:
                pin = dice.choice((None, place.pin(index), "00000000"))
                crowded.claims[receipt] = device
                claims.claim(ClaimRequest(receipt, pin, device, network=f"n{number}"))
            if request.place is None and role is ScanRole.CONSUMER:
                aftermath.locate(receipt, TOWNS[1 + dice.randrange(3)] or Place(0, 0, 0), device)
        return []

    return work


@dataclass(frozen=True)
class Event:
    """One row of the record, whatever its table."""

    n: int
    kind: str
    at: int
    scan: UUID
    cell: int | None
    source: str
    role: str


def _history(place: World) -> dict[int, list[Event]]:
    scans = {row.id: row for row in place.rows("scan")}
    found: dict[int, list[Event]] = {row.stamp: [] for row in scans.values()}
    for row in scans.values():
        found[row.stamp].append(Event(row.n, "scan", row.at, row.id, row.cell, row.source, row.role))
    for row in place.rows("scan_place"):
        scan = scans[row.scan_id]
        found[row.stamp].append(Event(row.n, "place", scan.at, scan.id, row.cell, row.source, scan.role))
    for row in place.rows("claim"):
        scan = scans[row.scan_id]
        found[row.stamp].append(Event(row.n, row.kind, row.at, scan.id, row.cell, scan.source, scan.role))
    return {stamp: sorted(events, key=lambda event: event.n) for stamp, events in found.items()}


def _again(before: Sighting, event: Event, stamp: int, standing: Standing, crowded: Crowded) -> Sighting:
    """The history after one row of the record, by the functions the live path uses."""
    who = crowded.scans if event.kind in {"scan", "place"} else crowded.claims
    mark = device_mark(who[event.scan], stamp)
    fix = places.fix_of_cell(event.cell, event.source, event.at, mark)
    match event.kind:
        case "scan":
            look = Look(event.at, mark, fix, consumer=event.role == ScanRole.CONSUMER)
            return judge(standing, before, look).sighting
        case "place":
            assert fix is not None
            return detector.located(before, fix, standing.plan)
        case "bought":
            return detector.claimed(before, mark, fix)
        case "pin":
            return detector.confirmed(before, event.at, mark, fix)
        case _:
            return detector.mistyped(before, mark)
