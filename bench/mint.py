"""`make bench-mint`: the whole minting command against its peers and its floors, in one run.

What is timed is what an office types, `python -m stamp_engine mint … --pdf --csv`, as a fresh process with its files
synced to disk. Start-up is the time of the same command for one stamp and is stated apart; rates are those after it.
Every figure is the best of several rounds in which ours and the peers take turns, so that a busy minute hits all alike.
Ratios of one run can be compared, rates of different machines cannot. `--long` adds ten million stamps (5 GB of disk).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.results import keep, rounded

# This process stays small: on Linux a child's peak memory is at least that of the process that started it.
_ROOT = Path(__file__).resolve().parents[1]
_MINT = ("-m", "stamp_engine", "mint", "--pdf", "--csv")
_GTIN = ("--gtin", "09521234000013")
MILLION = 1_000_000
ROUNDS = 3
DRAWING = (
    "qrcode_reportlab",
    "qrcode_reportlab_fixed",
    "reportlab_widget",
    "zint",
    "zint_auto",
    "segno_fixed",
    "segno",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A batch to mint, and the peers it is held against."""

    name: str
    count: int
    options: tuple[str, ...]
    cores: int = 1
    peers: tuple[str, ...] = ()
    peer_case: str = ""

    @property
    def sealed(self) -> bool:
        """Whether bare signing is its floor."""
        return "sealed" in self.options


CASES = (
    Case("compact", MILLION, (), peers=DRAWING, peer_case="compact"),
    Case("compact_gtin", MILLION, _GTIN, peers=DRAWING, peer_case="compact_gtin"),
    Case("compact_gtin_pins", MILLION, (*_GTIN, "--pins")),
    Case("sealed", 200_000, ("--profile", "sealed"), peers=DRAWING, peer_case="sealed"),
    Case("sealed_all_cores", 400_000, ("--profile", "sealed"), cores=len(os.sched_getaffinity(0))),
)


@dataclass
class Best:
    """The best of what was seen: seconds are the least, rates the most, memory the most."""

    seconds: dict[str, float] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    def took(self, name: str, seconds: float) -> None:
        """Keep the shortest time."""
        self.seconds[name] = min(seconds, self.seconds.get(name, seconds))

    def made(self, name: str, rate: float) -> None:
        """Keep the highest rate."""
        self.rates[name] = max(rate, self.rates.get(name, rate))


@contextmanager
def on(cores: Iterable[int]) -> Iterator[None]:
    """Processes started inside run on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def started(command: tuple[str, ...], env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A Python process with this command line."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, *command], cwd=_ROOT, env={**os.environ, **(env or {})}, stdout=pipe, stderr=pipe
    )


def answer(process: subprocess.Popen[bytes], name: str, missing: set[str]) -> object:
    """What a case of `bench.cases` printed; None, said loudly, where its peer is not installed."""
    out, errors = process.communicate()
    if process.returncode == 3:
        if name not in missing:
            print(f"!!! {errors.decode().strip().upper()}: {name} DID NOT RUN !!!", file=sys.stderr)
        missing.add(name)
        return None
    if process.returncode:
        raise SystemExit(f"{name} failed: {errors.decode()}")
    return json.loads(out)


class Bench:
    """One run over all cases in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cores = sorted(os.sched_getaffinity(0))
        self.best = Best()
        self.pairs: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        self._env = {"ESTAMP_PASSPHRASE": "bench", "XDG_CACHE_HOME": str(folder / "cache")}
        out = started(("-m", "stamp_engine", "keys", "new", "--keys", str(folder / "keys")), self._env).communicate()
        if not (folder / "keys").is_dir():
            raise SystemExit(out[1].decode())

    def mint(self, name: str, case: Case, count: int) -> float:
        """Seconds of the whole command; peak memory of its largest process and bytes written are kept too."""
        out = self.folder / "out"
        command = (*_MINT, *case.options, "--count", str(count), "--keys", str(self.folder / "keys"), "--out", str(out))
        with on(self.cores[: case.cores]):
            at = time.perf_counter()
            process = started(command, self._env)
            _, status, usage = os.wait4(process.pid, 0)
            took = time.perf_counter() - at
        process.returncode = os.waitstatus_to_exitcode(status)
        _, errors = process.communicate()
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed: {errors.decode()}")
        self.best.took(name, took)
        self.best.memory[name] = max(usage.ru_maxrss / 1024, self.best.memory.get(name, 0.0))
        self.best.bytes[name] = sum(path.stat().st_size for path in out.iterdir())
        shutil.rmtree(out)
        return took

    def floor(self, name: str, size: int) -> None:
        """The same bytes hashed, written and synced by nobody in particular."""
        with on(self.cores[:1]):
            found = answer(started(("-m", "bench.cases", "written", str(size))), "written", self.best.missing)
        self.best.took(name, float(str(found)))

    def peer(self, name: str, *given: str) -> None:
        """One peer's rate on one core."""
        with on(self.cores[:1]):
            found = answer(started(("-m", "bench.cases", name, *given)), name, self.best.missing)
        if found is not None:
            self.best.made("/".join((name, *given)), float(str(found)))

    def round(self) -> None:
        """Everything once, ours and the peers in turns."""
        for case in CASES:
            start = self.mint(f"{case.name}/one", case, 1)
            before = self.signing(case) if case.sealed else 0.0
            whole = self.mint(case.name, case, case.count)
            if case.sealed:
                bare = (before + self.signing(case)) / 2
                self.pairs[case.name].append((case.count / (whole - start), bare))
            self.floor(f"{case.name}/floor", self.best.bytes[case.name])
            for name in case.peers:
                self.peer(name, case.peer_case)

    def signing(self, case: Case) -> float:
        """Bare signatures a second on as many cores as the case has, a process pinned to each."""
        running = []
        for core in self.cores[: case.cores]:
            with on({core}):
                running.append(started(("-m", "bench.cases", "signing")))
        return sum(float(str(answer(process, "signing", self.best.missing) or 0)) for process in running)

    def warm(self, counts: tuple[int, ...]) -> dict[str, float]:
        """Microseconds a stamp by the size of the batch, and the time with scratch codes as a ratio to that without.

        In one warm process, without what a single stamp costs.
        """
        with on(self.cores[:1]):
            command = ("-m", "bench.cases", "warm", *map(str, counts))
            found = answer(started(command), "warm", self.best.missing)
        assert isinstance(found, dict)  # noqa: S101  what `bench.cases` prints
        costs = {f"us_at_{count}": (found[str(count)] - found["1"]) / count * 1e6 for count in counts}
        # Growth, not spread: the smallest batch may be dearer for what a batch costs once.
        growth = costs[f"us_at_{counts[-1]}"] / min(costs.values())
        return {**costs, "growth": growth, "pins": (found["pins"] - found["1"]) / (found["plain"] - found["1"])}

    def row(self, case: Case) -> dict[str, float]:
        """A case's figures; what does not apply or did not run is left out."""
        best = self.best
        start, whole, floor = (best.seconds[case.name + tail] for tail in ("/one", "", "/floor"))
        rate = case.count / (whole - start)
        row = {
            "stamps_per_s": rate,
            "whole_stamps_per_s": case.count / whole,
            "start_s": start,
            "rss_mb": best.memory[case.name],
            "bytes_per_stamp": best.bytes[case.name] / case.count,
            "vs_written_floor": rate * floor / case.count,
        }
        for name in case.peers:
            peer = best.rates.get(f"{name}/{case.peer_case}")
            if peer is not None:
                row |= {f"vs_{name}": rate / peer, f"{name}_per_s": peer}
        if case.sealed:
            # Signing takes nearly all of the time, so both are compared within a round, before the machine has changed.
            ratios = sorted(ours / bare for ours, bare in self.pairs[case.name])
            row |= {
                "vs_bare_signing": ratios[len(ratios) // 2],
                "bare_signing_per_s": max(bare for _, bare in self.pairs[case.name]),
            }
        return row


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure has to reach: at least `least`, or at most `most`."""

    case: str
    figure: str
    least: float = 0.0
    most: float = float("inf")
    goal: str = ""

    def line(self, found: Mapping[str, Mapping[str, float]]) -> str:
        """The figure beside its target."""
        value = found.get(self.case, {}).get(self.figure)
        wanted = f"≥ {self.least:,g}" if self.least else f"≤ {self.most:,g}"
        head = f"{self.case:18}{self.figure:26}"
        if value is None:
            return f"{head}{'not measured':>14}  {wanted:12}{self.goal:16}!!! MISSING"
        reached = self.least <= value <= self.most
        return f"{head}{value:14,.2f}  {wanted:12}{self.goal:16}{'reached' if reached else '!!! NOT REACHED'}"


TARGETS = (
    *(
        target
        for case in ("compact", "compact_gtin")
        for target in (
            Target(case, "stamps_per_s", least=500_000, goal="goal 1,000,000"),
            Target(case, "rss_mb", most=300),
            Target(case, "vs_qrcode_reportlab", least=1000),
            Target(case, "vs_zint", least=10),
        )
    ),
    Target("sealed", "vs_bare_signing", least=0.75, goal="goal 0.9"),
    Target("sealed_all_cores", "vs_bare_signing", least=0.75, goal="goal 0.9"),
    Target("warm", "pins", most=1.3),
    Target("warm", "growth", most=1.25),
)


def show(found: Mapping[str, Mapping[str, float]]) -> None:
    """Every figure by case, then the targets."""
    for name, row in found.items():
        print(f"\n{name}")
        for figure, value in row.items():
            print(f"  {figure:30}{value:16,.2f}")
    print("\n" + "\n".join(target.line(found) for target in TARGETS))


def main() -> None:
    """Run all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--long", action="store_true", help="ten million stamps too")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-mint-"))
    counts = (10_000, 100_000, MILLION, *((10 * MILLION,) if args.long else ()))
    found: dict[str, dict[str, float]] = defaultdict(dict)
    try:
        bench = Bench(folder)
        for _ in range(args.rounds):
            bench.round()
        for case in CASES:
            found[case.name] = bench.row(case)
        found["warm"] = bench.warm(counts)
        if args.long:
            case = Case("ten_million", 10 * MILLION, _GTIN)
            bench.mint(case.name, case, case.count)
            took = bench.best.seconds[case.name] - bench.best.seconds["compact_gtin/one"]
            found[case.name] = {"stamps_per_s": case.count / took, "rss_mb": bench.best.memory[case.name]}
    finally:
        shutil.rmtree(folder)
    show(found)
    keep("mint", rounded(found))


if __name__ == "__main__":
    main()
