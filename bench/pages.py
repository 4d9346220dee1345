"""How long the office's pages and lists take with years of data: the demo many times over, on both databases.

`make bench-pages` loads the demo 150 times (30 million stamps, two million scans, 6,900 products, one large producer),
starts the management side as production does, signs in as each role, and asks for every page and every list of the API
again and again: with things taken at random, and lists filtered, searched and paged; and for every table to take away,
whole. One request at a time, as the server's own time is what is asked for. A Flask page that says hello, asked the
same way, is the floor.
"""

import argparse
import http.client
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa
from werkzeug.routing import Rule

import config
from app.application import create
from app.cli.demo import PASSWORD
from app.database import open_engine
from app.models import Base
from app.services.exports import Form, Sheet
from bench import rig
from bench.results import keep
from bench.rig import ROOT

TIMES, EACH, PORT = 150, 40, 8972
AIM_MS = 100.0
# A table to take away is made of thousands of rows, and whoever asks for one waits for a file: it has its own aim.
TABLE_AIM_MS, TABLE_EACH = 5000.0, 3
WHO = {
    "producer": "chuthe1@vidu.example",
    "officer": "dieuphoi@vidu.example",
    "print house": "nhain@vidu.example",
    "admin": "quantri@vidu.example",
    "inspector": "kiemtra@vidu.example",
}
TABLES = re.compile(r"/exports/<(?:sheet|kind)>\.<form>$")
OUTSIDE = re.compile(r"/static/|/openapi|/sign-in|/join|/sign-out")
NOUNS = {
    "organisations": "organisation",
    "products": "product",
    "lots": "lot",
    "trails": "lot",
    "orders": "stamp_order",
    "print-jobs": "print_job",
    "stamps": "batch",
    "batches": "batch",
    "recalls": "recall",
    "activations": "range_event",
    "users": "user_account",
    "cases": "alert_case",
    "media": "stored_file",
}
WORDS = ("Chè", "mận", "L26", "CT0000", "không có gì như thế")
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass(slots=True)
class Timing:
    """How long one page took, in milliseconds, and the address that took longest."""

    took: list[float] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    largest: int = 0

    def add(self, ms: float, path: str, size: int) -> None:
        """One answer."""
        self.took.append(ms)
        self.slowest = max(self.slowest, (ms, path))
        self.largest = max(self.largest, size)

    def row(self) -> dict[str, float | int | str]:
        """For the results."""
        ordered = sorted(self.took)
        return {
            "p50_ms": round(statistics.median(ordered), 1),
            "p95_ms": round(ordered[max(0, -(-len(ordered) * 95 // 100) - 1)], 1),
            "answers": len(ordered),
            "largest_kb": self.largest // 1024,
            "slowest": self.slowest[1],
        }


class Reader:
    """Somebody who is signed in and asks for one page after the other on one connection."""

    def __init__(self, login: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        self._cookies: dict[str, str] = {}
        self.size = 0
        found = _TOKEN.search(self.ask("/office/sign-in")[1])
        if found is None:
            raise SystemExit(f"the sign-in page has no form: {self.ask('/office/sign-in')[1][-3000:]}")
        status, _ = self.ask("/office/sign-in", {"csrf_token": found[1], "login": login, "password": PASSWORD})
        if status != 303:
            raise SystemExit(f"{login} cannot sign in: {status}")

    def ask(self, path: str, fields: Mapping[str, str] | None = None) -> tuple[int, str]:
        """The status and the body of one page."""
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        body = None
        if fields is not None:
            body, headers["content-type"] = urlencode(fields), "application/x-www-form-urlencoded"
        self._connection.request("GET" if fields is None else "POST", path, body, headers)
        answer = self._connection.getresponse()
        self.size = len(content := answer.read())
        for cookie in answer.headers.get_all("set-cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, content.decode("utf-8", "replace")


class Addresses:
    """Addresses of a page: things of every noun at random, lists filtered, searched and paged."""

    def __init__(self, engine: sa.Engine, seed: int = 6) -> None:
        self._chance = random.Random(seed)  # noqa: S311  which address is asked next is no secret
        self._engine = engine
        self._known: dict[tuple[str, int | None], Sequence[sa.Row[tuple[object, object]]]] = {}

    def of(self, rule: Rule, organisation: int | None, count: int) -> Iterator[str]:
        """So many addresses of a route, of things of this organisation where there is one."""
        path = self._named(rule.rule)
        noun = next((NOUNS[part] for part in path.split("/") if part in NOUNS), "lot")
        if "<" not in path:
            yield from self._list(path, noun, organisation, count)
            return
        for uid, mark in self._some(noun, organisation, count):
            yield path.replace("<uuid:uid>", str(uid)).replace("<sha256>", str(mark))

    def _named(self, path: str) -> str:
        kind = "input" if "/add/" in path else "lots"
        for name, value in {
            "<kind>": kind,
            "<sheet>": "lots",
            "<noun>": "lot",
            "<form>": "csv",
            "<name>": "a4-40x30",
            "<event>": "approve",
        }.items():
            path = path.replace(name, value)
        return path

    def _list(self, path: str, noun: str, organisation: int | None, count: int) -> Iterator[str]:
        cursor = "cursor" if path.startswith("/api/") else "after"
        some = self._some(noun, organisation, count)
        for at in range(count):
            match at % 4:
                case 0 if path.endswith("/search"):
                    yield f"{path}?{urlencode({'q': self._chance.choice(WORDS)})}"
                case 1:
                    yield f"{path}?{urlencode({'q': self._chance.choice(WORDS)})}"
                case 2 if some and path.rpartition("/")[2] in NOUNS:
                    yield f"{path}?{cursor}={some[at % len(some)][0]}"
                case 3:
                    yield f"{path}?state={self._chance.choice(('ACTIVE', 'DELIVERED', 'RECEIVED', 'SUBMITTED'))}"
                case _:
                    yield path

    def _some(self, noun: str, organisation: int | None, count: int) -> Sequence[sa.Row[tuple[object, object]]]:
        key = (noun, organisation)
        if key not in self._known:
            self._known[key] = self._read(noun, organisation)
        known = self._known[key]
        return [self._chance.choice(known) for _ in range(count)] if known else []

    def _read(self, noun: str, organisation: int | None) -> Sequence[sa.Row[tuple[object, object]]]:
        table = Base.metadata.tables[noun]
        mark = table.columns.get("sha256", table.c.uid)
        statement = sa.select(table.c.uid, mark)
        owner = table.c.id if noun == "organisation" else table.columns.get("organisation_id")
        if organisation is not None and owner is not None:
            statement = statement.where(owner == organisation)
        if noun == "print_job" and organisation is not None:
            batch = Base.metadata.tables["batch"].c
            statement = statement.where(
                sa.or_(
                    table.c.printer_id == organisation,
                    table.c.batch_id.in_(sa.select(batch.id).where(batch.organisation_id == organisation)),
                )
            )
        with self._engine.connect() as connection:
            return connection.execute(statement).all()


def measured(
    url: str, data_dir: Path, each: int, whom: Sequence[str] = tuple(WHO)
) -> dict[str, dict[str, dict[str, float | int | str]]]:
    """Every page of every role on this database."""
    env = _environment(url, data_dir)
    settings = config.management({**os.environ, **env})
    flask = create(settings)
    rules = [
        rule for rule in flask.url_map.iter_rules() if "GET" in (rule.methods or ()) and not OUTSIDE.search(rule.rule)
    ]
    engine = open_engine(url)
    addresses = Addresses(engine)
    found: dict[str, dict[str, dict[str, float | int | str]]] = {}
    serve = [sys.executable, "-m", "app.cli", "serve", "--role"]
    opener = subprocess.Popen([*serve, "opener"], env={**os.environ, **env}, cwd=ROOT)
    try:
        with rig.serving([*serve, "management"], env, "/office/sign-in", port=PORT):
            for who in whom:
                found[who] = _role(WHO[who], rules, addresses, engine, each)
                print(f"{who}: {len(found[who])} pages", flush=True)
    finally:
        opener.terminate()
        opener.wait(10)
        engine.dispose()
    return found


def _role(
    login: str, rules: Sequence[Rule], addresses: Addresses, engine: sa.Engine, each: int
) -> dict[str, dict[str, float | int | str]]:
    user = Base.metadata.tables["user_account"].c
    with engine.connect() as connection:
        organisation = connection.scalar(sa.select(user.organisation_id).where(user.email == login))
    reader, timings = Reader(login), defaultdict[str, Timing](Timing)
    for rule, asked in _asked(rules, addresses, organisation, each):
        for number, path in enumerate(asked):
            started = time.perf_counter()
            status, body = reader.ask(path)
            took = (time.perf_counter() - started) * 1000
            if status >= 500:
                raise SystemExit(f"{login} {path}: {status} {body[:400]}")
            # The first two warm what is kept in the process: templates, statements, connections.
            if status == 200 and number > 1:
                timings[rule].add(took, path, reader.size)
    return {path: timing.row() for path, timing in timings.items() if timing.took}


def _asked(
    rules: Sequence[Rule], addresses: Addresses, organisation: int | None, each: int
) -> Iterator[tuple[str, Iterable[str]]]:
    """The addresses to ask for, by page; of tables, each kind in each form, whole."""
    for rule in rules:
        if not TABLES.search(rule.rule):
            yield rule.rule, addresses.of(rule, organisation, each + 2)
            continue
        before = rule.rule.partition("<")[0]
        for sheet in Sheet:
            for form in Form:
                path = f"{before}{sheet.value}.{form.value}"
                yield path, [path] * (min(each, TABLE_EACH) + 2)


def _environment(url: str, data_dir: Path) -> dict[str, str]:
    return {
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": url,
        "VERIFIER_DATABASE_URL": url,
        "PORT": str(PORT),
        "LOG_LEVEL": "WARNING",
        "SESSION_SECRET": "a secret of this benchmark alone, long enough",
    }


def floor(folder: Path, each: int) -> dict[str, float | int | str]:
    """A page that says hello, with as many bytes as a page of the office has, asked the same way."""
    with rig.hello(folder / "peer", "x" * 12_000, port=PORT):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
        timing = Timing()
        for number in range(each * 10 + 20):
            started = time.perf_counter()
            connection.request("GET", "/x")
            connection.getresponse().read()
            if number >= 20:
                timing.add((time.perf_counter() - started) * 1000, "/x", 12_000)
    return timing.row()


@contextmanager
def _loaded(folder: Path, kind: str, times: int) -> Iterator[tuple[str, Path]]:
    """A database of this kind with the demo so many times over."""
    folder.mkdir()
    made = {"postgresql": rig.postgresql, "sqlite": rig.sqlite}[kind]
    with made(folder) as stack:
        env = {**os.environ, **_environment(stack.url, folder)}
        started = time.monotonic()
        command = [sys.executable, "-m", "app.cli", "demo", "--times", str(times)]
        subprocess.run(command, env=env, cwd=ROOT, check=True)
        print(f"{kind}: loaded in {time.monotonic() - started:.0f} s", flush=True)
        yield stack.url, folder


def _show(kind: str, found: Mapping[str, Mapping[str, Mapping[str, float | int | str]]]) -> list[str]:
    """The table, the slowest first; gives the pages above the aim."""
    rows = [(float(row["p95_ms"]), who, path, row) for who, pages in found.items() for path, row in pages.items()]
    rows.sort(key=lambda row: row[:3], reverse=True)
    pages = [row for row in rows if "/exports/" not in row[2]]
    tables = [row for row in rows if "/exports/" in row[2]]
    slow: list[str] = []
    for what, some, aim in (("pages", pages, AIM_MS), ("tables to take away", tables, TABLE_AIM_MS)):
        print(f"\n{kind}: {len(some)} {what}\n{'p50 ms':>8}{'p95 ms':>8}{'kB':>8}  who, page")
        for p95, who, path, row in some[:40]:
            print(f"{row['p50_ms']:8}{p95:8}{row['largest_kb']:8}  {who:12} {path}   {row['slowest']}")
        slow += [f"{who} {path}: {p95} ms" for p95, who, path, _ in some if p95 > aim]
    return slow


def main() -> None:
    """Measure both databases, or one that is there already; exits 1 where a page is above the aim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES, help="so many times the demo")
    parser.add_argument("--each", type=int, default=EACH, help="so many requests of each page by each role")
    parser.add_argument("--who", nargs="*", choices=list(WHO), default=list(WHO), help="as whom")
    parser.add_argument("--data", type=Path, help="a data folder with a demo that is there already")
    parser.add_argument("--url", help="its database")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pages-"))
    found: dict[str, object] = {}
    slow: list[str] = []
    try:
        found["hello"] = hello = floor(folder, args.each)
        print(f"hello: p50 {hello['p50_ms']} ms, p95 {hello['p95_ms']} ms")
        if args.data is not None:
            slow += _show("this one", measured(args.url, args.data, args.each, args.who))
            raise SystemExit("\n".join(slow) or 0)
        for kind in ("sqlite", "postgresql"):
            with _loaded(folder / kind, kind, args.times) as (url, data_dir):
                pages = measured(url, data_dir, args.each)
            found[kind] = pages
            slow += [f"{kind} {line}" for line in _show(kind, pages)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    keep("pages", found)
    if slow:
        raise SystemExit("above the aim:\n" + "\n".join(slow))


if __name__ == "__main__":
    main()
