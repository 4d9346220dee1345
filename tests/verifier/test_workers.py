"""Two real worker processes under gunicorn: nobody waits for one that is new, and both are counted."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

import verifier.facts
from tests.conftest import Servers, Stack
from tests.hammer.hammer import free_port
from tests.verifier.doors import JSON, opened, path, settings
from tests.verifier.test_facts import LONGEST_S, silent
from tests.verifier.world import HOST, World, world
from verifier.asgi import create
from verifier.opener import OpenerClient, OpenerDown

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2


class Served:
    """A verifier with two workers at a port of its own."""

    def __init__(self, place: World) -> None:
        self.port = free_port()
        env = {
            **os.environ,
            "DATA_DIR": str(place.stack.data_dir),
            "DATABASE_URL": place.stack.verifier_url,
            "REDIS_URL": place.stack.redis_url,
            "STAMP_HOST": HOST,
            "OPENER_SOCKET": str(place.socket),
            "PORT": str(self.port),
            "WEB_CONCURRENCY": str(WORKERS),
            "LOG_LEVEL": "ERROR",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--role", "verifier"], env=env, cwd=ROOT
        )

    def workers(self) -> list[int]:
        """Their process ids."""
        return [
            int(one) for one in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]

    def get(self, path: str, body: bytes | None = None) -> tuple[int, str]:
        """Status and text of an answer on a new connection, which any worker may take."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", body, {**JSON, "content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(asked, timeout=LONGEST_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@contextmanager
def served(place: World) -> Iterator[Served]:
    made = Served(place)
    try:
        until = time.monotonic() + 60
        # Before the modules are loaded nobody listens; from then on a connection is answered in time, or `get` raises.
        while True:
            try:
                made.get("/healthz")
                break
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > until:
                    raise
                time.sleep(0.05)
        yield made
    finally:
        made.process.terminate()
        made.process.wait(20)


@pytest.mark.timeout(120)
def test_nobody_waits_for_a_new_worker(production: Stack) -> None:
    with world(production) as place:
        block = place.batch(((40, "ACTIVE", place.lot("L1")),))
        with served(place) as server:
            old = set()
            for turn, stamp in enumerate(block):
                if turn in {5, 20}:
                    old |= set(server.workers())
                    for pid in server.workers():
                        os.kill(pid, signal.SIGKILL)
                    while not set(server.workers()) - old:
                        time.sleep(0.01)
                try:
                    status, text = server.get("/api/v1/scans", json.dumps({"code": place.text(stamp)}).encode())
                except ConnectionError:
                    # The connection was in a killed worker's hands.
                    continue
                assert (status, json.loads(text)["verdict"]) == (200, "valid_first")
            assert old.isdisjoint(server.workers())


def test_a_silent_opener_is_not_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent_opener:
        silent_opener.bind(str(tmp_path / "o.sock"))
        silent_opener.listen()
        client, began = OpenerClient(tmp_path / "o.sock"), time.monotonic()
        for _ in range(2):
            with pytest.raises(OpenerDown):
                client.open([0])
        assert time.monotonic() - began < LONGEST_S


def test_the_facts_are_loaded_before_the_first_phone(place: World, monkeypatch: pytest.MonkeyPatch) -> None:
    block = place.batch(((1, "ACTIVE", place.lot("L1")),))

    def loaded(*_: object) -> None:
        raise AssertionError("a phone waited for the facts")

    with opened(place) as phone:
        monkeypatch.setattr(verifier.facts, "_read", loaded)
        assert phone.get(path(place.text(block[0])), headers=JSON).json()["verdict"] == "valid_first"


def test_a_worker_that_starts_without_its_servers_says_so_at_once(production: Stack, servers: Servers) -> None:
    with world(production) as place:
        block = place.batch(((1, "ACTIVE", place.lot("L1")),))
        app = create(replace(settings(place), opener_socket=place.socket.with_name("nobody.sock")))
        with silent(servers):
            began = time.monotonic()
            with TestClient(app) as phone:
                answer = phone.get(path(place.text(block[0])), headers=JSON)
                assert (answer.status_code, answer.json()["verdict"]) == (503, "unavailable")
                assert int(answer.headers["retry-after"]) > 0
                assert time.monotonic() - began < 2 * LONGEST_S


@pytest.mark.timeout(60)
def test_no_door_waits_for_a_silent_database(production: Stack, servers: Servers) -> None:
    with world(production) as place, TestClient(create(settings(place))) as phone:
        block = place.batch(((1, "ACTIVE", place.lot("L1")),))
        receipt = phone.get(path(place.text(block[0])), headers=JSON).json()["receipt"]
        here = {"lat": 21.3, "lon": 103.9, "accuracy_m": 20}
        asked: list[Callable[[], httpx.Response]] = [
            lambda: phone.get(f"/r/{receipt}", headers=JSON),
            lambda: phone.post(f"/api/v1/scans/{receipt}/claim", json={}),
            lambda: phone.post(f"/api/v1/scans/{receipt}/location", json=here),
            lambda: phone.post("/api/v1/reports", json={"text": "Tem lạ", "receipt": receipt}),
            lambda: phone.delete(f"/api/v1/scans/{receipt}"),
        ]
        with silent(servers):
            for ask in asked:
                began = time.monotonic()
                assert ask().status_code == 503
                assert time.monotonic() - began < LONGEST_S
        until = time.monotonic() + 3
        while (claimed := asked[1]()).status_code == 503:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert claimed.json()["outcome"] == "claimed"


@pytest.mark.timeout(120)
def test_every_worker_shows_what_all_have_counted(production: Stack) -> None:
    with world(production) as place:
        block = place.batch(((30, "ACTIVE", place.lot("L1")),))
        with served(place) as server:
            until = time.monotonic() + 30
            for stamp in block:
                assert server.get("/api/v1/scans", json.dumps({"code": place.text(stamp)}).encode())[0] == 200
            files = list(place.stack.data_dir.glob("metrics-*/counter_*.db"))
            assert len(files) == WORKERS
            wanted = {
                'estamp_scans_total{verdict="valid_first"} 30.0',
                'estamp_request_seconds_count{door="api.scan"} 30.0',
                'estamp_request_seconds_bucket{door="api.scan",le="+Inf"} 30.0',
            }
            for _ in range(8):
                assert wanted <= set(server.get("/metrics")[1].splitlines())
            lost = server.workers()[0]
            os.kill(lost, signal.SIGKILL)
            while lost in server.workers() or len(server.workers()) < WORKERS:
                assert time.monotonic() < until
                time.sleep(0.05)
            assert wanted <= set(server.get("/metrics")[1].splitlines())
