"""Fit the clone detector's tables on drawn worlds: `python -m bench.fit [WORLDS] [STAMPS] [LABELS]`.

LABELS is a file of `estamp labels`: the stamps that officers decided on are fitted beside the made-up ones.

The shifted worlds stay out. For each explanation a logistic regression over one-hot cells, copied stamps against stamps
with that explanation, both weighted to the same total, so that its score is a log-likelihood ratio. A ridge keeps cells
that were hardly seen near nothing. The thresholds are quantiles of honest stamps' highest weights in drawn worlds that
the tables were not fitted on.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import labels
from bench.market.attacks import Attack
from bench.market.histories import Histories, histories
from bench.market.packs import Kind
from bench.market.trace import attacked, honest
from bench.market.worlds import drawn
from verifier.clones.weights import AXES, HOURS, TABLES, Null, counters

FILE = Path(__file__).parent.parent / "verifier" / "clones" / "weights.json"
KINDS = {
    Null.HONEST: (Kind.PLAIN, Kind.OFFICE, Kind.DISPLAY, Kind.LINK),
    Null.SHOWN: (Kind.OFFICE, Kind.DISPLAY),
    Null.SHARED: (Kind.LINK, Kind.PHOTO),
}
FITTED_ON = (
    Attack("200 packs", 200),
    Attack("200 packs, six cities", 200, cities=6),
    Attack("200 packs, own town", 200, local=True),
    Attack("50 packs", 50),
    Attack("50 packs, stale", 50, stale=True),
    Attack("50 packs, own town", 50, local=True),
    Attack("20 packs, two cities", 20, cities=2),
    Attack("10 packs", 10),
)
RIDGE, STEPS, RATE, UNIT = 2.0, 250, 0.08, 64
FALSE_ALARMS = 1e-3
BOOST = 15
PROCESSES = 2
_CALIBRATED_ON = 1000  # the number of the first drawn world that only thresholds are taken from

Counters = NDArray[np.int64]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Rows of evidence as the bins of their counters, with the weight and the kind of each row."""

    bins: Counters
    weight: Reals
    kind: NDArray[np.int64]

    def part(self, rows: NDArray[np.bool_]) -> "Sample":
        """Some of the rows."""
        return Sample(self.bins[rows], self.weight[rows], self.kind[rows])


_NAMES = list(AXES)
_SPAN = _NAMES.index("span")
_BINS = [np.array(axis.bins) for axis in AXES.values()]
_PAIRS = [(_NAMES.index(first), _NAMES.index(second), AXES[second].size) for first, second, _ in TABLES]
_STARTS = np.cumsum([0, *[AXES[first].size * AXES[second].size for first, second, _ in TABLES]])


def binned(found: NDArray[Any]) -> Counters:
    """The bins of counters, the hours not yet cut."""
    cut = found.astype(np.int64)
    cut[:, _SPAN] = np.searchsorted(HOURS, cut[:, _SPAN] + 1)
    return np.stack([bins[cut[:, n]] for n, bins in enumerate(_BINS)], axis=1)


def placed(bins: Counters) -> Counters:
    """The cells of rows of bins, as positions in one long vector of all tables."""
    return np.stack(
        [bins[:, a] * size + bins[:, b] + start for (a, b, size), start in zip(_PAIRS, _STARTS, strict=False)], axis=1
    )


def sample(found: Histories, most: int) -> Sample:
    """At most `most` rows a stamp, the last among them; all rows of a stamp weigh one together.

    A code that nobody has scanned a copy of yet has an honest stamp's history and stays out.
    """
    rows = np.flatnonzero((found.kind != Kind.COPIED) | (found.clones > 0))
    order = rows[np.argsort(found.stamp[rows], kind="stable")]
    _, first, count = np.unique(found.stamp[order], return_index=True, return_counts=True)
    at = [
        order[begin + np.unique(np.linspace(0, size - 1, min(size, most)).astype(np.int64))]
        for begin, size in zip(first.tolist(), count.tolist(), strict=True)
    ]
    weight = [np.full(len(one), 1.0 / len(one)) for one in at]
    picked = np.concatenate(at)
    return Sample(binned(found.counters[picked]), np.concatenate(weight), found.kind[picked])


def labelled(path: Path, most: int) -> Sample:
    """The stamps that officers decided on; all rows of a stamp weigh one together."""
    rows = [
        (kind, one, len(picked))
        for _, kind, seen in labels.rows(path)
        for picked in [labels.chosen(seen, most)]
        for one in picked
    ]
    found = np.array([counters(one) for _, one, _ in rows], dtype=np.int64).reshape(-1, len(AXES))
    bins = np.stack([cut[found[:, n]] for n, cut in enumerate(_BINS)], axis=1)
    weight = np.array([1.0 / count for _, _, count in rows])
    return Sample(bins, weight, np.array([int(kind) for kind, _, _ in rows], dtype=np.int64))


def joined(parts: Sequence[Sample]) -> Sample:
    """All rows of all parts."""
    return Sample(
        np.concatenate([one.bins for one in parts]),
        np.concatenate([one.weight for one in parts]),
        np.concatenate([one.kind for one in parts]),
    )


def fitted(own: Sample, other: Sample) -> Reals:
    """The cells' values: log-odds that rows are `other`'s and not `own`'s."""
    rows, mine = np.unique(np.concatenate([own.bins, other.bins]), axis=0, return_inverse=True)
    mine, begun = mine.ravel(), len(own.weight)
    half = (len(own.weight) + len(other.weight)) / 2
    against = np.bincount(mine[:begun], own.weight / own.weight.sum(), len(rows)) * half
    towards = np.bincount(mine[begun:], other.weight / other.weight.sum(), len(rows)) * half
    cells, size = placed(rows), int(_STARTS[-1])
    value, slope, curve = np.zeros(size), np.zeros(size), np.zeros(size)
    flat, width = cells.ravel(), cells.shape[1]
    for step in range(1, STEPS + 1):
        score = np.clip(value[cells].sum(axis=1), -30, 30)
        off = (against + towards) / (1 + np.exp(-score)) - towards
        change = (np.bincount(flat, np.repeat(off, width), size) + RIDGE * value) / half
        slope = 0.9 * slope + 0.1 * change
        curve = 0.999 * curve + 0.001 * change**2
        rate = RATE * min(1.0, 2.0 * (1 - step / STEPS))
        value -= rate * (slope / (1 - 0.9**step)) / (np.sqrt(curve / (1 - 0.999**step)) + 1e-9)
    return value


def weights(bins: Counters, value: Reals) -> Reals:
    """What rows of bins weigh."""
    found: Reals = value[placed(bins)].sum(axis=1)
    return found


def highest(stamp: NDArray[np.int64], weight: Reals) -> Reals:
    """The highest weight of each stamp that spoke."""
    names, mine = np.unique(stamp, return_inverse=True)
    top = np.full(len(names), -np.inf)
    np.maximum.at(top, mine, weight)
    return top


def tables_of(values: dict[Null, Reals]) -> dict[str, Any]:
    """The tables as the file keeps them, in 1/64 nat."""
    return {
        null.value: {
            f"{first} × {second}": np.round(value[_STARTS[n] : _STARTS[n + 1]] * UNIT).astype(int).tolist()
            for n, (first, second, _) in enumerate(TABLES)
        }
        for null, value in values.items()
    }


def lived(seed: int, stamps: int) -> Sample:
    """One drawn world to fit on. Crowds are made more frequent and weigh that much less."""
    world = drawn(seed)
    crowds = sample(histories(honest(world, stamps // 4, boost=BOOST)), 4)
    crowds.weight[crowds.kind != Kind.PLAIN] /= BOOST
    copies = [sample(histories(attacked(world, attack, stamps // 25)), 4) for attack in FITTED_ON]
    return joined([sample(histories(honest(world, stamps)), 4), crowds, *copies])


def tried(seed: int, stamps: int) -> tuple[Counters, NDArray[np.int64]]:
    """One drawn world to take thresholds from: the rows of its honest stamps but public photos, and their stamps."""
    found = histories(honest(drawn(_CALIBRATED_ON + seed), stamps))
    calm = found.kind != Kind.PHOTO
    return binned(found.counters[calm]), found.stamp[calm] + seed * stamps


def main(worlds: int, stamps: int, decided: Path | None = None) -> None:
    """Simulate, fit, calibrate, write."""
    seeds = [(seed, stamps) for seed in range(worlds)]
    with get_context("spawn").Pool(PROCESSES) as pool:
        parts = pool.starmap(lived, seeds)
        if decided is not None:
            parts.append(labelled(decided, 4))
        everything = joined(parts)
        copied = everything.part(everything.kind == Kind.COPIED)
        values = {
            null: fitted(everything.part(np.isin(everything.kind, [int(kind) for kind in kinds])), copied)
            for null, kinds in KINDS.items()
        }
        calm = pool.starmap(tried, seeds)
    tops = highest(
        np.concatenate([stamp for _, stamp in calm]),
        np.concatenate([weights(bins, values[Null.HONEST]) for bins, _ in calm]),
    )
    write(values, tops, f"{worlds} drawn worlds of {stamps} honest stamps")


def write(values: dict[Null, Reals], tops: Reals, on: str) -> None:
    """Put tables and thresholds into the file."""
    raw = json.loads(FILE.read_text("utf-8"))
    raw["tables"] = tables_of(values)
    raw["unusual"] = {
        "value": round(float(np.quantile(tops, 1 - FALSE_ALARMS)), 2),
        "source": f"fitted: the weight that one honest stamp in 1,000 ever reaches, in other {on}",
    }
    raw["source"] = f"Tables fitted by bench.fit on {on}. Assumptions until field data come: see bench/market."
    FILE.write_text(json.dumps(raw, ensure_ascii=False) + "\n", "utf-8")
    sys.stdout.write(f"unusual from {raw['unusual']['value']} nats, {len(tops)} honest stamps\n")


if __name__ == "__main__":
    given = (*sys.argv[1:], *("48", "4000")[len(sys.argv) - 1 :])
    main(*(int(word) for word in given[:2]), *(Path(word) for word in given[2:3]))
