"""What a change of a fact costs the public side of a province with many lots.

One worker's own time for the next facts: all read again, and only what changed; then how long phones wait while a fact
changes every second, in the same two ways, beside no change at all. A clock that moves without a note makes everybody
read all (`migrations/versions/0027_fact_changes.py`): so the old way is measured in the same run.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.models import Base
from bench import rig
from bench.results import keep
from bench.rig import Load, Rig
from bench.scan import STAMPS, bodies
from stamp_engine.format import Profile, choose_template
from stamp_engine.manifest import Manifest, sign
from tests.conftest import NOW
from tests.verifier.world import HOST, TABLES, World, move
from verifier.facts import Facts
from verifier.journal import Journal

LOTS = 10_000
SIZE = 10
FIRST = 1_000_000
TIMES = 15
_VALID = '"verdict":"valid'
Row = dict[str, float]


Rows = dict[str, list[dict[str, Any]]]
_COMMON = {"organisation_id": 1, "product_id": 1, "created_at": NOW, "version": 1}
_ROLL = {"profile": "compact", "pins": False, "layout": "a4-40x30"}


def dossier(rows: Rows, lot: int, uid: UUID, today: date) -> None:
    """A lot with its journey, its report, its sample and its plan."""
    later = today + timedelta(days=365)
    said = {"facility": "Xưởng Tô Hiệu", "produced_on": today, "expires_on": later, "lot_no": f"L-{lot}"}
    much = {"quantity": 100, "unit": "kg", "packs": SIZE, "state": "STAMPED"}
    rows["lot"].append({"id": lot, "uid": uid, **_COMMON, **said, **much})
    for kind in ("planting", "harvest", "processing", "packing"):
        step = {"kind": kind, "who": "Tổ hái số 3", "place": "Xã Chiềng Đi", "done_on": today}
        rows["lot_step"].append({"lot_id": lot, **step})
    test = {"laboratory": "Trung tâm Kiểm nghiệm", "report_no": f"KN-{lot}", "criteria": "Dư lượng", "passed": True}
    dates = {"sampled_on": today, "issued_on": today, "valid_until": later}
    rows["lot_test"].append({"lot_id": lot, "mandatory": True, **test, **dates})
    sample = {"code": f"ML-{lot}", "quantity": 1, "unit": "gói", "taken_on": today, "keep_until": later}
    rows["retained_sample"].append({"lot_id": lot, "storage": "Kho lạnh", "custodian": "Thủ kho", **sample})
    rows["lot_area"].append({"lot_id": lot, "name": "Sơn La", "lat": 21.3, "lon": 103.9, "radius_km": 80.0})


def roll(rows: Rows, world: World, key: int, lo: int) -> None:
    """A lot's roll of stamps, with a manifest that verifies."""
    template, keys = choose_template(Profile.COMPACT, HOST, None), world.keys
    said = Manifest(
        deployment=keys.deployment.hex(),
        batch=f"B-{key}",
        lo=lo,
        hi=lo + SIZE,
        profile=Profile.COMPACT,
        host=HOST,
        gtin=None,
        epoch=keys.symmetric.current,
        kid=None,
        pins=False,
        product="P1",
        organisation="O1",
        order=f"D-{key}",
        created_at=NOW,
        files=(),
        version=template.version,
        ecc=template.ecc.value,
        mask=template.mask,
    )
    order = {"number": f"D-{key}", "state": "DELIVERED", "quantity": SIZE, "with_gtin": False, "requested_by_id": 1}
    rows["stamp_order"].append({"id": key, "uid": world.new_id(), **_COMMON, **_ROLL, **order})
    batch = {"number": f"B-{key}", "order_id": key, "state": "MINTED", "lo": lo, "hi": lo + SIZE, "host": HOST}
    signed = {"epoch": said.epoch, "manifest": sign(said, keys.manifest_key()), "minted_at": NOW}
    shape = {"symbol_version": said.version, "ecc": said.ecc, "mask": said.mask}
    rows["batch"].append({"id": key, "uid": world.new_id(), **_COMMON, **_ROLL, **batch, **shape, **signed})
    part = {"batch_id": key, "lo": lo, "hi": lo + SIZE, "state": "ACTIVE", "lot_id": key, "changed_at": NOW}
    rows["stamp_range"].append(part)


def province(place: Rig, lots: int) -> list[int]:
    """That many lots with all that is said of them, each with a roll of stamps of the same key; gives the keys."""
    world, today = place.place, datetime.now(UTC).date()
    rows: Rows = defaultdict(list)
    ids, block = list(range(FIRST, FIRST + lots)), world.keys.reserve(SIZE * lots)
    for at, lot in enumerate(ids):
        dossier(rows, lot, world.new_id(), today)
        roll(rows, world, lot, block.start + SIZE * at)
    with world.stack.engine.begin() as connection:
        for table in (one for one in Base.metadata.sorted_tables if one.name in rows):
            numbered = ({"id": FIRST + place, **row} for place, row in enumerate(rows[table.name]))
            connection.execute(sa.insert(table), list(numbered))
        move(connection)
    with world.stack.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    return ids


def activate(place: Rig, lot: int) -> None:
    """What an activation leaves: the roll's range and the lot, then the clock."""
    with place.place.stack.engine.begin() as connection:
        ranges, lots = TABLES["stamp_range"], TABLES["lot"]
        moved = ranges.c.changed_at + 1
        connection.execute(sa.update(ranges).where(ranges.c.batch_id == lot).values(changed_at=moved))
        connection.execute(sa.update(lots).where(lots.c.id == lot).values(version=lots.c.version + 1))
        move(connection)


def everything(place: Rig, lot: int) -> None:
    """The same, after which all is read again."""
    activate(place, lot)
    with place.place.stack.engine.begin() as connection:
        move(connection)


def reading(place: Rig, lots: list[int], change: Callable[[Rig, int], None]) -> float:
    """Milliseconds that a worker needs for the next facts, the median."""
    journal = Journal(place.place.stack.verifier_engine)
    facts, spent = Facts(journal), []
    facts.refresh()
    for lot in lots[:TIMES]:
        change(place, lot)
        began = time.perf_counter()
        facts.refresh()
        spent.append((time.perf_counter() - began) * 1000)
    journal.close()
    return statistics.median(spent)


def loaded(file: Path, seconds: float, change: Callable[[int], None] | None, lots: list[int]) -> Load:
    """A load during which a fact changes every second."""
    enough = threading.Event()

    def office() -> None:
        for lot in lots:
            if enough.wait(1.0) or change is None:
                return
            change(lot)

    thread = threading.Thread(target=office, daemon=True)
    thread.start()
    try:
        return rig.load(file, _VALID, seconds)
    finally:
        enough.set()
        thread.join()


def measured(folder: Path, lots: int, seconds: float) -> dict[str, Row]:
    """Both ways, on PostgreSQL with two workers."""
    with rig.postgresql(folder) as stack, rig.rig(stack) as place:
        block = place.place.batch(((STAMPS, "ACTIVE", place.lot),))
        file = rig.posts(folder / "compact", bodies(place.compact(block)))
        ids = province(place, lots)
        kept, whole = (reading(place, ids, change) for change in (activate, everything))
        found: dict[str, Row] = {
            "worker": {
                "lots": lots,
                "whole_ms": round(whole, 1),
                "kept_ms": round(kept, 1),
                "ratio": round(whole / kept),
            }
        }
        with place.verifier():
            rig.load(file, _VALID, 3)
            # Reading all leaves garbage behind, so it comes last.
            for name, change in (("quiet", None), ("kept", activate), ("whole", everything)):
                act = None if change is None else lambda lot, change=change: change(place, lot)
                found[name] = loaded(file, seconds, act, ids[TIMES:]).row()
    return found


def main() -> None:
    """Run all and print a table; exits 1 where an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lots", type=int, default=LOTS)
    parser.add_argument("--seconds", type=float, default=30.0, help="the length of each load")
    args = parser.parse_args()
    if shutil.which("wrk") is None:
        print("!!! wrk IS NOT INSTALLED: the benchmark of facts did not run !!!", file=sys.stderr)
        return
    folder = Path(tempfile.mkdtemp(prefix="facts-"))
    try:
        found = measured(folder, args.lots, args.seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for name, row in found.items():
        print(f"{name:8}", " ".join(f"{key} {value:,.1f}" for key, value in row.items()))
    keep("facts", found)
    if any(row.get("wrong") for row in found.values()):
        raise SystemExit("wrong answers: see above")


if __name__ == "__main__":
    main()
