"""The offline pack: signed by the worker, handed out whole or as what changed, checked by whoever takes it."""

import gzip
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient

from stamp_engine.errors import SnapshotInvalid
from stamp_engine.format import Profile
from stamp_engine.signing import PublicKey
from stamp_engine.snapshot import apply
from tests.conftest import NOW
from tests.verifier.doors import opened, problem, publish
from tests.verifier.world import DAY, TABLES, World, move

LARGEST = 2_500_000


@pytest.fixture
def door(place: World) -> Iterator[TestClient]:
    with opened(place) as client:
        yield client


def keys(place: World) -> dict[str, PublicKey]:
    return {key.kid: key for key in place.keys.public_keys()}


def pack(door: TestClient, since: int = 0) -> Any:
    answer = door.get(f"/api/v1/snapshot?since={since}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def sealed(place: World) -> range:
    return place.batch(
        ((5, "ACTIVE", place.lot("L1")), (2, "VOID", None), (3, "DELIVERED", None)), profile=Profile.SEALED
    )


def records(lines: dict[str, str]) -> dict[str, Any]:
    return {key: json.loads(line)[1] for key, line in lines.items()}


def test_before_the_first_pack_there_is_none(door: TestClient) -> None:
    problem(door.get("/api/v1/snapshot"), 503, "unavailable")
    problem(door.get("/api/v1/snapshot?since=x"), 422, "invalid")
    problem(door.get("/api/v1/snapshot?since=-1"), 422, "invalid")


def test_the_whole_pack_says_all_that_an_inspector_needs(door: TestClient, place: World) -> None:
    block = sealed(place)
    place.batch(((5, "ACTIVE", place.lot("L2")),))
    publish(place)
    head, lines = apply(pack(door), {}, keys(place))
    found = records(lines)
    kid = place.keys.stamp_key().public.kid
    assert found[f"k/{kid}"] == {"state": "live", "x": place.keys.stamp_key().public.public.hex()}
    assert found[f"b/{block.start:012d}"] == {
        "hi": block.stop,
        "k": kid[:8],
        "p": "P1",
        "r": [[0, "ACTIVE", "O1/L1"], [5, "VOID"], [7, "DELIVERED"]],
    }
    assert found["l/O1/L1"] == {"m": "2026-11-01", "e": "2027-11-01"}
    assert found["p/P1"]["n"] == "Chè Shan tuyết"
    assert found["o/O1"]["a"] == "Phường Tô Hiệu, Sơn La"
    assert sum(key.startswith("b/") for key in found) == 1, "compact stamps cannot be checked offline"
    assert (head.records, head.deployment) == (len(lines), place.keys.deployment.hex())


def test_what_changed_leads_from_one_number_to_the_next(door: TestClient, place: World) -> None:
    sealed(place)
    publish(place)
    one, lines = apply(pack(door), {}, keys(place))
    lot = place.rows("lot")[0].id
    hold = place.add("hold", lot_id=lot, reason="chờ kiểm nghiệm", placed_by_id=1, placed_at=NOW)
    publish(place)
    two, after = apply(pack(door, one.number), lines, keys(place))
    change = pack(door, one.number)
    assert [record[0][:2] for record in change["lines"]] == ["h/"]
    assert (two.number, change["since"], change["removed"]) == (one.number + 1, one.number, [])
    assert set(after) - set(lines) == {change["lines"][0][0]}
    place.change("hold", hold, lifted_at=NOW)
    publish(place)
    three, last = apply(pack(door, two.number), after, keys(place))
    assert last == lines
    assert apply(pack(door, one.number), lines, keys(place)) == (three, lines)
    assert pack(door, three.number)["lines"] == []
    assert pack(door, 999)["since"] == 0, "a number that was never signed leads nowhere: everything"


def test_a_confirmed_copy_is_in_the_pack_until_that_is_taken_back(door: TestClient, place: World) -> None:
    block = sealed(place)
    compact = place.batch(((5, "ACTIVE", place.lot("L2")),))
    publish(place)
    one, lines = apply(pack(door), {}, keys(place))

    def flag(kind: str, block: range, at: int) -> Any:
        batch = next(row.id for row in place.rows("batch") if row.lo == block.start)
        said = {"uid": place.new_id(), "placed_by_id": 1, "placed_at": NOW}
        return place.add("stamp_flag", stamp=block[at], batch_id=batch, kind=kind, **said)

    copied = flag("copied", block, 3)
    flag("cleared", block, 1)
    flag("copied", compact, 2)
    publish(place)
    two, after = apply(pack(door, one.number), lines, keys(place))
    assert set(after) - set(lines) == {f"c/{block[3]:012d}"}
    assert records(after)[f"c/{block[3]:012d}"] == {"on": "2026-11-24"}
    place.change("stamp_flag", copied, ended_at=NOW)
    publish(place)
    assert apply(pack(door, two.number), after, keys(place))[1] == lines


def test_a_pack_that_was_tampered_with_is_refused(door: TestClient, place: World) -> None:
    sealed(place)
    publish(place)
    good = pack(door)

    def broken(**changes: Any) -> dict[str, Any]:
        return {**json.loads(json.dumps(good)), **changes}

    void = json.loads(json.dumps(good["lines"]).replace('"VOID"', '"ACTIVE"'))
    stamp_key = place.keys.stamp_key().public.kid
    for wrong in (
        broken(lines=void),
        broken(lines=good["lines"][1:]),
        broken(lines=[*good["lines"], ["z/1", {}]]),
        broken(head={**good["head"], "issued_at": good["head"]["issued_at"] + 1}),
        broken(signature="AA" + good["signature"][2:]),
        broken(kid="nobody"),
        broken(kid=stamp_key),
        broken(since=1),
        {},
    ):
        with pytest.raises(SnapshotInvalid):
            apply(wrong, {"x": "y"} if wrong.get("since") else {}, keys(place))


def test_the_pack_says_its_age_and_comes_gzipped(door: TestClient, place: World) -> None:
    sealed(place)
    publish(place)
    plain = door.get("/api/v1/snapshot", headers={"accept-encoding": "identity"})
    packed = door.get("/api/v1/snapshot", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert int(plain.headers["age"]) >= 0
    assert plain.json()["head"]["issued_at"] >= NOW


def test_ten_thousand_lots_fit(embedded_place: World) -> None:
    """Each lot with a sealed roll of its own in three parts, as printed numbers are long: at most 2.5 MB, plain."""
    place, many = embedded_place, 10_000
    block = place.keys.reserve(many * 100)
    kid = place.keys.stamp_key().public.kid
    common = {"organisation_id": 1, "product_id": 1, "created_at": NOW, "version": 1}
    lots = [
        {
            **common,
            "id": 10_000 + at,
            "uid": place.new_id(),
            "lot_no": f"CH-2611-{at:05d}",
            "state": "STAMPED",
            "facility": "Xưởng",
            "produced_on": date(2026, 11, 1),
            "expires_on": date(2027, 11, 1),
            "quantity": 1,
            "unit": "kg",
            "packs": 100,
        }
        for at in range(many)
    ]
    orders = [
        {
            **common,
            "id": 10_000 + at,
            "uid": place.new_id(),
            "number": f"D-{at}",
            "state": "DELIVERED",
            "quantity": 100,
            "profile": "sealed",
            "with_gtin": True,
            "pins": False,
            "layout": "a4-40x30",
            "requested_by_id": 1,
        }
        for at in range(many)
    ]
    batches = [
        {
            **common,
            "id": 10_000 + at,
            "uid": place.new_id(),
            "number": f"B-{at}",
            "order_id": 10_000 + at,
            "state": "MINTED",
            "lo": block.start + at * 100,
            "hi": block.start + at * 100 + 100,
            "profile": "sealed",
            "gtin": "08938512345673",
            "host": "T.SONLA.VN",
            "symbol_version": 6,
            "ecc": "M",
            "mask": 0,
            "epoch": 1,
            "kid": kid,
            "pins": False,
            "layout": "a4-40x30",
        }
        for at in range(many)
    ]
    parts = [
        {"batch_id": 10_000 + at, "lo": lo + start, "hi": lo + end, "state": state, "lot_id": lot, "changed_at": NOW}
        for at in range(many)
        for lo in (block.start + at * 100,)
        for start, end, state, lot in (
            (0, 90, "ACTIVE", 10_000 + at),
            (90, 92, "VOID", None),
            (92, 100, "DELIVERED", None),
        )
    ]
    with place.stack.engine.begin() as connection:
        for name, rows in (("lot", lots), ("stamp_order", orders), ("batch", batches), ("stamp_range", parts)):
            connection.execute(TABLES[name].insert(), rows)
        move(connection)
    publish(place)
    with opened(place) as door:
        answer = door.get("/api/v1/snapshot", headers={"accept-encoding": "identity"})
        assert len(answer.content) <= LARGEST, len(answer.content)
        assert len(gzip.compress(answer.content)) < LARGEST / 8
        head, _ = apply(answer.json(), {}, keys(place))
        assert head.records >= 2 * many
        place.change("lot", 10_005, state="DISPOSED")
        publish(place)
        change = door.get(f"/api/v1/snapshot?since={head.number}")
        assert len(change.content) < 1500


@pytest.fixture
def embedded_place(embedded: Any) -> Iterator[World]:
    from tests.verifier.world import world

    with world(embedded) as made:
        yield made


def test_the_worker_signs_when_facts_move_and_once_an_hour(place: World) -> None:
    from app.database import open_engine
    from app.domain.permissions import SYSTEM
    from app.services import snapshots
    from app.services.work import Desk

    sealed(place)
    engine = open_engine(place.stack.url)
    desk = Desk(engine, place.clock, place.new_id)

    def due() -> bool:
        with desk.reading(SYSTEM) as work:
            return snapshots.due(work)

    assert due()
    publish(place)
    assert not due()
    place.add("hold", lot_id=place.rows("lot")[0].id, reason="x", placed_by_id=1, placed_at=NOW)
    assert not due(), "many facts in a minute make one pack"
    place.clock.now += 61_000_000
    assert due()
    publish(place)
    assert not due()
    place.clock.now += DAY // 24
    assert due(), "so that its age tells something"
    engine.dispose()
