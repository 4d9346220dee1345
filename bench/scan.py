"""Scanning speed over HTTP on the embedded stack, against a Flask hello-world under the same server, in one run.

The load comes from `wrk`, which shares the machine; without it the benchmark says so and stops.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.results import keep

SECONDS, CONNECTIONS = 8, 64
PORT = 8971
HELLO = "from flask import Flask\napp = Flask(__name__)\napp.get('/')(lambda: 'hello')\n"
LUA = """
local codes = {{}}
for line in io.lines("{codes}") do codes[#codes + 1] = line end
local at = 0
request = function()
  at = at % #codes + 1
  local body = '{{"code":"' .. codes[at] .. '"}}'
  return wrk.format("POST", "/api/v1/scans", {{["content-type"] = "application/json"}}, body)
end
"""
_ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def serving(command: list[str], env: dict[str, str], path: str) -> Iterator[None]:
    """A server, once it answers."""
    process = subprocess.Popen(command, env={**os.environ, **env}, cwd=env.get("CWD", _ROOT), stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def load(path: str, script: Path | None = None) -> dict[str, float]:
    """What `wrk` measures: answers a second, median and 99th percentile in milliseconds, and wrong answers."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency"]
    command += ["-s", str(script)] if script else []
    out = subprocess.run(
        [*command, f"http://127.0.0.1:{PORT}{path}"], capture_output=True, text=True, check=True
    ).stdout

    def time_of(label: str) -> float:
        value, unit = re.findall(rf"{label}\s+([\d.]+)(us|ms|s)", out)[0]
        return float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]

    wrong = re.findall(r"Non-2xx or 3xx responses: (\d+)", out)
    rate = float(re.findall(r"Requests/sec:\s+([\d.]+)", out)[0])
    return {"per_s": rate, "p50_ms": time_of("50%"), "p99_ms": time_of("99%"), "wrong": float(wrong[0]) if wrong else 0}


def codes(env: dict[str, str], folder: Path) -> Path:
    """The texts of active stamps of the demo."""
    command = [sys.executable, "-m", "app.cli", "codes", "--state", "active", "--limit", "20000"]
    out = subprocess.run(
        command, env={**os.environ, **env}, cwd=_ROOT, capture_output=True, text=True, check=True
    ).stdout
    path = folder / "codes"
    path.write_text("\n".join(json.loads(line)["code"] for line in out.splitlines()))
    return path


def measured(folder: Path) -> dict[str, dict[str, float]]:
    """The hello-world first, then scans of genuine and of forged codes."""
    env = {"DATA_DIR": str(folder / "var"), "PORT": str(PORT), "LOG_LEVEL": "WARNING"}
    (folder / "hello.py").write_text(HELLO)
    server = [sys.executable, "-m", "gunicorn", "-k", "gthread", "--threads", "8", "--no-control-socket"]
    with serving([*server, "-b", f"127.0.0.1:{PORT}", "hello:app"], {"CWD": str(folder)}, "/"):
        found = {"hello": load("/")}
    subprocess.run([sys.executable, "-m", "app.cli", "demo"], env={**os.environ, **env}, cwd=_ROOT, check=True)
    forged = folder / "forged"
    forged.write_text("\n".join(f"https://T.SONLA.VN/{number:016d}" for number in range(20_000)))
    with serving([sys.executable, "-m", "app.cli", "serve"], env, "/readyz"):
        for name, path in (("embedded", codes(env, folder)), ("forged", forged)):
            script = folder / f"{name}.lua"
            script.write_text(LUA.format(codes=path))
            found[name] = load("/", script)
    return found


def main() -> None:
    """Run all and print a table."""
    if shutil.which("wrk") is None:
        print("!!! wrk IS NOT INSTALLED: the scan benchmark did not run !!!", file=sys.stderr)
        return
    folder = Path(tempfile.mkdtemp())
    try:
        found = measured(folder)
    finally:
        shutil.rmtree(folder)
    print(f"{'':10}{'answers/s':>11}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}{'wrong':>7}")
    for name, row in found.items():
        row["ratio"] = rate = row["per_s"] / found["hello"]["per_s"]
        timing = f"{row['p50_ms']:9.1f}{row['p99_ms']:9.1f}"
        print(f"{name:10}{row['per_s']:11,.0f}{rate:8.2f}{timing}{row['wrong']:7.0f}")
    keep("scan", {name: {key: round(value, 2) for key, value in row.items()} for name, row in found.items()})


if __name__ == "__main__":
    main()
