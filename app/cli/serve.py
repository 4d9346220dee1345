"""`estamp init|demo|serve|run`: create what is missing, load the demo, and run the servers.

`serve --role all` starts the opener and the worker as children beside one server, starts a lost child again, and stops
all of them together.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import click

import config
from app import worker as worker_process
from app.cli import demo as demo_command
from app.cli.stage import prepared
from verifier import opener as opener_process

_ROLES = ("all", "management", "verifier", "opener", "worker")
_CHECK_S = 0.5
_HEAD_START_S = 3.0


@click.command()
def init() -> None:
    """Create keys and schema where they are missing."""
    prepared()
    click.echo("sẵn sàng / ready")


@click.command()
@click.option("--times", type=click.IntRange(1, 1000), default=1, help="so many times over, with a large first maker")
def demo(times: int) -> None:
    """Load the demo, once; refused in production and beside real organisations."""
    demo_command.load(prepared(), times)


@click.command()
@click.option("--role", type=click.Choice(_ROLES), default="all")
def serve(role: str) -> None:
    """Run the combined server, or one role of it."""
    if role == "opener":
        opener_process.run(config.opener())
    elif role == "worker":
        worker_process.run(config.worker())
    elif role == "verifier":
        _become(_gunicorn("verifier.asgi:app", asgi=True))
    elif role == "management":
        _become(_gunicorn("wsgi:management()", asgi=False))
    else:
        prepared().desk.engine.dispose()
        sys.exit(_supervise())


@click.command()
def run() -> None:
    """Create what is missing, load the demo, print where to look, and serve until stopped."""
    started = time.monotonic()
    minter = prepared()
    demo_command.load(minter)
    minter.desk.engine.dispose()
    settings = config.management()
    _require_free(settings.host, settings.port)
    demo_command.announce(settings, time.monotonic() - started)
    sys.exit(_supervise())


def _require_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise config.BadSettings({"PORT": f"{host}:{port}: {error.strerror}; choose another PORT"}) from None


def _gunicorn(target: str, *, asgi: bool) -> list[str]:
    settings = config.verifier() if asgi else config.management()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"{settings.host}:{settings.port}", "--no-control-socket"]
    command += ["--log-level", settings.log_level.lower(), "--graceful-timeout", "10"]
    if asgi:
        workers = settings.workers if isinstance(settings, config.Verifier) and target.startswith("verifier") else 1
        if workers > 1:
            command += ["--env", f"PROMETHEUS_MULTIPROC_DIR={_counters(settings)}"]
        return [*command, "--preload", "--worker-class", "asgi", "--workers", str(workers), target]
    return [*command, "--worker-class", "gthread", "--workers", "2", "--threads", "8", target]


def _counters(settings: config.Management | config.Verifier) -> Path:
    """An empty folder where the workers of this server count together."""
    folder = settings.data_dir / f"metrics-{settings.port}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _become(command: Sequence[str]) -> None:
    os.execv(command[0], list(command))  # noqa: S606  this process becomes the server


class _Child:
    """A process that is started again when it ends by itself."""

    def __init__(self, *command: str) -> None:
        self._command = command
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        # A group of its own: Ctrl-C reaches the supervisor alone, which then stops the others in order.
        return subprocess.Popen(self._command, start_new_session=True)  # noqa: S603  our own programs

    def mend(self) -> None:
        """Start it again if it is gone."""
        if self.process.poll() is not None:
            self.process = self._start()

    def stop(self) -> int:
        """Ask it to end, and wait."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def _supervise() -> int:
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    server = _Child(*_gunicorn("wsgi:app", asgi=True))
    opener = _Child(sys.executable, "-m", "verifier.opener")
    # Nobody waits for minting: the worker starts once the server has had the processor to itself.
    stop.wait(_HEAD_START_S)
    worker = _Child(sys.executable, "-m", "app.cli", "serve", "--role", "worker")
    while not stop.wait(_CHECK_S):
        if server.process.poll() is not None:
            break
        opener.mend()
        worker.mend()
    code = server.stop()
    worker.stop()
    opener.stop()
    return code if not stop.is_set() else 0
