"""Officers' decisions as rows for the fit: a file of `estamp labels` run through the production detector.

A stamp's label says which explanation it belongs to: several packs, or an ordinary one. Public photos and display units
that officers called false alarms are registered as such and stay out of the ordinary by that.
"""

import json
from pathlib import Path

import numpy as np

from bench.market.packs import Kind
from verifier.clones.evidence import NO_EVIDENCE, Evidence
from verifier.market import Market

KINDS = {"copied": Kind.COPIED, "genuine": Kind.PLAIN}
_LATEST_S = 4_102_444_799


def rows(path: Path) -> list[tuple[str, Kind, list[Evidence]]]:
    """Each labelled stamp with its kind and its evidence after every event that changed it. Raises Unreadable."""
    market = Market(_LATEST_S)
    evidence: dict[str, list[Evidence]] = {}
    kinds: dict[str, Kind] = {}
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            market.read(number, raw)
            line = json.loads(raw)
            if line["kind"] == "scan":
                seen, now = evidence.setdefault(line["stamp"], []), market.history(line["stamp"]).evidence
                if now != (seen[-1] if seen else NO_EVIDENCE):
                    seen.append(now)
            elif line["kind"] == "label" and "stamp" in line:
                kinds[line["stamp"]] = KINDS[line["label"]]
    return [(stamp, kind, evidence[stamp]) for stamp, kind in kinds.items() if evidence.get(stamp)]


def chosen(seen: list[Evidence], most: int) -> list[Evidence]:
    """At most so many of a stamp's rows, the last among them."""
    return [seen[at] for at in np.unique(np.linspace(0, len(seen) - 1, min(len(seen), most)).astype(int))]
