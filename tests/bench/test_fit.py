"""The fit with officers' decisions, end to end and small: what they found moves the tables that way."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bench import fit, labels
from verifier.clones.weights import Null, Parameters, cells, counters, load

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
STAMPS = 60


def lines(case: str, label: str, scans: list[tuple[float, float, float, str]]) -> Iterator[dict[str, object]]:
    """One decided stamp as `estamp labels` writes it: scans (hours, degrees north and east, event), then its label."""
    for number, (hours, north, east, event) in enumerate(scans):
        yield {
            "kind": "scan",
            "id": f"{case}-{number}",
            "t": (BEGIN + timedelta(hours=hours)).isoformat(),
            "stamp": case,
            "lot": "L",
            "event": event,
            "role": "consumer",
            "device": f"{case}-d{number}",
            "lat": 21 + north,
            "lon": 105 + east,
            "accuracy_km": 0.1,
            "source": "gps",
        }
    yield {"kind": "label", "stamp": case, "label": label}


def decided(path: Path) -> None:
    """Copies that only wrong scratch codes at one place tell, and honest stamps that strangers met in four towns."""
    quiet = [(hour, 0.0, 0.0, "pin_wrong") for hour in range(4)]
    abroad = [(100.0 * town, 1.5 * town, 0.0, "scan") for town in range(4)]
    made = [
        {"kind": "lot", "lot": "L", "activated_at": BEGIN.isoformat(), "areas": [], "shelf_life_days": 90},
        *(line for one in range(STAMPS) for line in lines(f"c{one}", "copied", [(0.0, 0.0, 0.0, "scan"), *quiet])),
        *(line for one in range(STAMPS) for line in lines(f"g{one}", "genuine", abroad)),
        {"kind": "label", "lot": "L", "label": "copied"},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in made), "utf-8")


def fitted(file: Path, monkeypatch: pytest.MonkeyPatch, *given: Path) -> Parameters:
    file.write_bytes(fit.FILE.read_bytes())
    with monkeypatch.context() as patch:
        patch.setattr(fit, "FILE", file)
        patch.setattr(fit, "PROCESSES", 1)
        fit.main(2, 300, *given)
    return load(file.read_text("utf-8"))


def test_what_officers_found_moves_the_tables_that_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "labels.jsonl"
    decided(path)
    last = {stamp: counters(seen[-1]) for stamp, _, seen in labels.rows(path)}
    assert len(last) == 2 * STAMPS
    plain, taught = (fitted(tmp_path / "weights.json", monkeypatch, *given) for given in ((), (path,)))

    def weight(of: Parameters, stamp: str) -> float:
        row = of.tables[list(Null).index(Null.HONEST)]
        return float(np.sum([table[cell] for table, cell in zip(row, cells(last[stamp]), strict=True)]))

    assert weight(taught, "c0") > weight(plain, "c0") + 0.5
    assert weight(taught, "g0") < weight(plain, "g0") - 0.5
    assert weight(taught, "c0") > weight(taught, "g0")
