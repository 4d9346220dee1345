"""Fit the clone detector's tables on drawn worlds: `python -m bench.fit [WORLDS] [STAMPS] [LABELS]`.

LABELS is a file of `estamp labels`: the stamps that officers decided on are fitted beside the made-up ones.

The shifted worlds stay out. For each honest explanation a logistic regression over one-hot cells, copied stamps against
stamps with that explanation, both weighted to the same total, so that its score is a log-likelihood ratio. A ridge
keeps cells that were hardly seen near nothing. The threshold is the quantile of honest stamps' highest weights in drawn
worlds that the tables were not fitted on.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import labels
from bench.market.attacks import ATTACKS
from bench.market.histories import Histories, histories
from bench.market.packs import Kind
from bench.market.trace import attacked, honest
from bench.market.worlds import drawn
from verifier.clones.evidence import Evidence
from verifier.clones.weights import AXES, TABLES, Null, cells, load, weigh

FILE = Path(__file__).parent.parent / "verifier" / "clones" / "weights.json"
KINDS = {
    Null.ORDINARY: (Kind.PLAIN,),
    Null.SHOWN: (Kind.OFFICE, Kind.DISPLAY),
    Null.SHARED: (Kind.LINK, Kind.PHOTO),
}
FITTED_ON = ("A1 k=200", "A1 k=50", "A1 naive k=50", "A1L k=200", "A1L k=50", "A2 k=10")
RIDGE, STEPS, RATE, UNIT = 2.0, 250, 0.08, 64
FALSE_ALARMS = 1e-3
# Unseen worlds inflate the false alarms of a threshold; it stands this much above the fitted worlds' quantile (nats).
MARGIN = 0.3

Cells = NDArray[np.int64]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Rows of evidence as positions in one long vector of cells, with the weight and the kind of each row."""

    cells: Cells
    weight: Reals
    kind: NDArray[np.int64]


_SIZES = [AXES[first].size * AXES[second].size for first, second, _ in TABLES]
_STARTS = np.cumsum([0, *_SIZES])


def evidence_of(row: NDArray[np.uint16]) -> Evidence:
    """The evidence with these counters."""
    return Evidence(*row.tolist())


def sample(found: Histories, most: int) -> Sample:
    """At most `most` rows a stamp, the last among them; all rows of a stamp weigh one together."""
    order = np.argsort(found.stamp, kind="stable")
    names, first, count = np.unique(found.stamp[order], return_index=True, return_counts=True)
    rows, weight = [], []
    for begin, size in zip(first.tolist(), count.tolist(), strict=True):
        chosen = np.unique(np.linspace(0, size - 1, min(size, most)).astype(np.int64))
        rows.append(order[begin + chosen])
        weight.append(np.full(len(chosen), 1.0 / len(chosen)))
    del names
    picked = np.concatenate(rows)
    placed = np.array([cells(evidence_of(row)) for row in found.counters[picked]], dtype=np.int64) + _STARTS[:-1]
    return Sample(placed, np.concatenate(weight), found.kind[picked])


def labelled(path: Path, most: int) -> Sample:
    """The stamps that officers decided on; all rows of a stamp weigh one together."""
    rows = [
        (kind, one, len(picked))
        for _, kind, seen in labels.rows(path)
        for picked in [labels.chosen(seen, most)]
        for one in picked
    ]
    placed = np.array([cells(one) for _, one, _ in rows], dtype=np.int64).reshape(-1, len(TABLES)) + _STARTS[:-1]
    weight = np.array([1.0 / count for _, _, count in rows])
    return Sample(placed, weight, np.array([int(kind) for kind, _, _ in rows], dtype=np.int64))


def joined(parts: list[Sample]) -> Sample:
    """All rows of all parts."""
    return Sample(
        np.concatenate([one.cells for one in parts]),
        np.concatenate([one.weight for one in parts]),
        np.concatenate([one.kind for one in parts]),
    )


def fitted(own: Sample, other: Sample) -> Reals:
    """The cells' values: log-odds that rows are `other`'s and not `own`'s."""
    placed = np.concatenate([own.cells, other.cells])
    label = np.concatenate([np.zeros(len(own.cells)), np.ones(len(other.cells))])
    weight = np.concatenate([own.weight / own.weight.sum(), other.weight / other.weight.sum()])
    weight *= len(placed) / 2
    size = int(_STARTS[-1])
    value, slope, curve = np.zeros(size), np.zeros(size), np.zeros(size)
    flat = placed.ravel()
    for step in range(1, STEPS + 1):
        score = np.clip(value[placed].sum(axis=1), -30, 30)
        off = weight * (1 / (1 + np.exp(-score)) - label)
        change = (np.bincount(flat, np.repeat(off, placed.shape[1]), size) + RIDGE * value) / len(placed)
        slope = 0.9 * slope + 0.1 * change
        curve = 0.999 * curve + 0.001 * change**2
        value -= RATE * (slope / (1 - 0.9**step)) / (np.sqrt(curve / (1 - 0.999**step)) + 1e-9)
    return value


def highest(found: Histories, weights: NDArray[np.float64]) -> tuple[NDArray[np.int64], Reals]:
    """The stamps that spoke and the highest weight each ever had."""
    names, mine = np.unique(found.stamp, return_inverse=True)
    top = np.full(len(names), -np.inf)
    np.maximum.at(top, mine, weights)
    return names, top


def tables_of(values: dict[Null, Reals]) -> dict[str, Any]:
    """The tables as the file keeps them, in 1/64 nat."""
    return {
        null.value: {
            f"{first} × {second}": np.round(value[_STARTS[n] : _STARTS[n + 1]] * UNIT).astype(int).tolist()
            for n, (first, second, _) in enumerate(TABLES)
        }
        for null, value in values.items()
    }


def main(worlds: int, stamps: int, decided: Path | None = None) -> None:
    """Simulate, fit, calibrate, write."""
    parts: list[Sample] = []
    for seed in range(worlds):
        world = drawn(seed)
        parts.append(sample(histories(honest(world, stamps)), 2))
        parts.append(sample(histories(honest(world, stamps // 4, boost=15)), 4))
        parts += [sample(histories(attacked(world, a, stamps // 25)), 4) for a in ATTACKS if a.name in FITTED_ON]
        sys.stderr.write(f"{world.name}\n")
    if decided is not None:
        parts.append(labelled(decided, 4))
    everything = joined(parts)

    def of(*kinds: Kind) -> Sample:
        rows = np.isin(everything.kind, [int(kind) for kind in kinds])
        return Sample(everything.cells[rows], everything.weight[rows], everything.kind[rows])

    values = {null: fitted(of(*kinds), of(Kind.COPIED)) for null, kinds in KINDS.items()}
    raw = json.loads(FILE.read_text("utf-8"))
    raw["tables"] = tables_of(values)
    parameters = load(json.dumps(raw))
    tops = []
    for seed in range(1000, 1000 + worlds):
        found = histories(honest(drawn(seed), stamps))
        weights = np.array([weigh(evidence_of(row), parameters) / 256 for row in found.counters])
        names, top = highest(found, weights)
        kind = dict(zip(found.stamp.tolist(), found.kind.tolist(), strict=True))
        tops.append(top[[kind[name] != Kind.PHOTO for name in names.tolist()]])
    limit = float(np.quantile(np.concatenate(tops), 1 - FALSE_ALARMS)) + MARGIN
    raw["unusual"] = {
        "value": round(limit, 2),
        "source": f"fitted: {MARGIN} nats above the {1 - FALSE_ALARMS:.3%} quantile of honest stamps' highest weights"
        f" in {worlds} drawn worlds that the tables were not fitted on",
    }
    raw["source"] = (
        f"Tables fitted by bench.fit on {worlds} drawn worlds of {stamps} honest stamps."
        " Assumptions until field data come: see bench/market."
    )
    FILE.write_text(json.dumps(raw, ensure_ascii=False) + "\n", "utf-8")
    sys.stdout.write(f"unusual from {limit:.2f} nats, {len(np.concatenate(tops))} honest stamps\n")


if __name__ == "__main__":
    given = (*sys.argv[1:], *("12", "5000")[len(sys.argv) - 1 :])
    main(*(int(word) for word in given[:2]), *(Path(word) for word in given[2:3]))
