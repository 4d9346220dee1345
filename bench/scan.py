"""Scanning speed over HTTP against a Flask hello-world with a body of the same size, in one run on one machine.

`make bench-scan` runs PostgreSQL and Valkey from the wheels, an opener of its own and two verifier workers; then the
embedded default on SQLite with one. Each load takes 60 seconds unless told otherwise. It comes from `wrk`, which shares
the machine and checks every answer; without it the benchmark says so and stops.
"""

import argparse
import gzip
import itertools
import json
import shutil
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import redis
import sqlalchemy as sa

from bench import rig
from bench.results import keep
from bench.rig import ADDRESS, Load, Rig
from stamp_engine.format import Profile

STAMPS = 20_000
# What every answer must hold. A page is compressed, so the load looks at its status, and `Reader` at what it says.
_EXPECTED = {"genuine": '"verdict":"valid', "forged": '"verdict":"forged"', "page": ""}
_SAYS_VALID = '<div class="band green">'
Row = dict[str, float]


def bodies(codes: Sequence[str]) -> list[dict[str, str]]:
    """One scan of each code, each from a phone of its own."""
    return [{"code": code, "device": rig.device()} for code in codes]


def answer_to(code: str) -> str:
    """The answer to one scan, to give the hello-world a body of the same size."""
    request = urllib.request.Request(
        f"{ADDRESS}/api/v1/scans",
        json.dumps({"code": code}).encode(),
        {"Content-Type": "application/json", "Host": rig.HOST.lower()},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def page_of(path: str) -> bytes:
    """A result page as it goes over the wire, compressed."""
    headers = {"Accept": "text/html", "Accept-Encoding": "gzip", "Host": rig.HOST.lower()}
    with urllib.request.urlopen(urllib.request.Request(f"{ADDRESS}{path}", headers=headers), timeout=10) as answer:
        return bytes(answer.read())


class Reader(threading.Thread):
    """One more reader during a load of pages, which unpacks each of its own and looks at the verdict."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self._paths = paths
        self._enough = threading.Event()
        self.read, self.wrong = 0, 0

    def run(self) -> None:
        """Read until told to stop, some twenty pages a second."""
        for path in itertools.cycle(self._paths):
            if self._enough.wait(0.05):
                return
            self.read += 1
            self.wrong += _SAYS_VALID not in gzip.decompress(page_of(path)).decode()

    def stop(self) -> None:
        """End; raises SystemExit where a page said something else, or none was read."""
        self._enough.set()
        self.join()
        if self.wrong or not self.read:
            raise SystemExit(f"{self.wrong} of {self.read} pages read have another verdict")


def growth(place: Rig, work: Callable[[], Load]) -> tuple[Load, Row]:
    """What a load adds to the database, the write-ahead log and the cache, in bytes a scan and a stamp."""
    size = "SELECT pg_database_size(current_database())"
    wal = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
    with redis.Redis.from_url(place.place.stack.redis_url) as cache:
        cache.flushall()
        empty = int(cache.info("memory")["used_memory"])
        before = place.scalar(size), place.scalar(wal)
        load = work()
        after = place.scalar(size), place.scalar(wal)
        stamps = max(1, int(cache.dbsize()))
        used = int(cache.info("memory")["used_memory"]) - empty
    return load, {
        "database_bytes_a_scan": (after[0] - before[0]) / load.answers,
        "wal_bytes_a_scan": (after[1] - before[1]) / load.answers,
        "redis_bytes_a_stamp": used / stamps,
    }


_FILL = (
    # Scans of this month by other phones, with ids as new ones have them, on stamps that nobody asks for here.
    """
    INSERT INTO scan SELECT
        (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - 60000), 12, '0') || '7'
         || lpad(to_hex(i % 4096), 3, '0') || '8' || lpad(to_hex(i), 15, '0'))::uuid,
        :first + i % 5000000, 1, 1, 1 + i / 5000000, 0, 0, 'valid', 0, '{}', 'consumer', 'web',
        decode(md5(i::text), 'hex'), NULL, 'none', false
    FROM generate_series(CAST(:at AS bigint), :at + 999999) i
    """,
    """
    INSERT INTO sighting SELECT :first + i, 2, decode(repeat('00', 60), 'hex')
    FROM generate_series(CAST(:at AS bigint), :at + 999999) i
    """,
)
_MILLION = 1_000_000


def crowd(place: Rig) -> None:
    """Years of use: 10^9 more stamps in a thousand batches, 10^7 stored scans, 5 million sightings."""
    first = place.place.batch(((_MILLION, "ACTIVE", place.lot),)).start
    for _ in range(999):
        place.place.batch(((_MILLION, "ACTIVE", place.lot),))
    for statement, millions in zip(_FILL, (10, 5), strict=True):
        for at in range(millions):
            with place.place.stack.engine.begin() as connection:
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                connection.execute(sa.text(statement), {"first": first, "at": at * _MILLION})
    with place.place.stack.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("CHECKPOINT")


def production(place: Rig, folder: Path, seconds: float, *, crowded: bool) -> dict[str, Row]:
    """The public side alone on PostgreSQL and Valkey, two workers; each kind beside a hello-world of its size."""
    block = place.place.batch(((STAMPS, "ACTIVE", place.lot),))
    sealed = place.place.batch(((STAMPS // 4, "ACTIVE", place.lot),), profile=Profile.SEALED)
    links = place.compact(block)
    paths = [link.split(rig.HOST, 1)[1] for link in links]
    forged = [f"https://{rig.HOST}/{number:016d}" for number in range(STAMPS)]
    files = {
        "compact": rig.posts(folder / "compact", bodies(links)),
        "sealed": rig.posts(folder / "sealed", bodies(place.sealed(sealed))),
        "html": rig.gets(folder / "html", paths),
        "forged": rig.posts(folder / "forged", bodies(forged)),
    }
    loads, found = {}, {}
    with place.verifier():
        body, page = answer_to(links[0]), page_of(paths[0])
        rig.load(files["compact"], _EXPECTED["genuine"], 3)
        loads["compact"], spent = growth(place, lambda: rig.load(files["compact"], _EXPECTED["genuine"], seconds))
        for name, kind in (("sealed", "genuine"), ("forged", "forged")):
            loads[name] = rig.load(files[name], _EXPECTED[kind], seconds)
        reader = Reader(paths)
        reader.start()
        loads["html"] = rig.load(files["html"], _EXPECTED["page"], seconds)
        reader.stop()
        many = rig.load(files["compact"], _EXPECTED["genuine"], seconds, connections=128)
    with rig.hello(folder / "peer", body):
        rig.load(files["compact"], "", 2)
        hello = rig.load(files["compact"], "", seconds)
    with rig.hello(folder / "peer", "x" * len(page)):
        rig.load(files["html"], "", 2)
        hello_page = rig.load(files["html"], "", seconds)
    found["hello"], found["hello_page"] = hello.row(), hello_page.row()
    for name, load in loads.items():
        found[name] = load.row(hello_page if name == "html" else hello)
    found["compact"] |= {name: round(value, 1) for name, value in spent.items()}
    found["compact_128"] = many.row(hello)
    if crowded:
        crowd(place)
        with place.verifier():
            rig.load(files["compact"], _EXPECTED["genuine"], 10)
            found["compact_crowded"] = rig.load(files["compact"], _EXPECTED["genuine"], seconds).row(hello)
        flat = found["compact_crowded"]["per_s"] / found["compact"]["per_s"]
        found["compact_crowded"]["of_the_empty_one"] = round(flat, 2)
    return found


def embedded(place: Rig, folder: Path, seconds: float, hello: Mapping[str, float]) -> Row:
    """The public side on SQLite, one worker, beside the same hello-world."""
    block = place.place.batch(((STAMPS, "ACTIVE", place.lot),))
    file = rig.posts(folder / "embedded-scans", bodies(place.compact(block)))
    with place.verifier():
        rig.load(file, _EXPECTED["genuine"], 2)
        row = rig.load(file, _EXPECTED["genuine"], seconds).row()
    return {**row, "ratio": round(row["per_s"] / hello["per_s"], 2)}


def measured(folder: Path, seconds: float, *, crowded: bool) -> dict[str, Row]:
    """Both stacks, one after the other."""
    (folder / "production").mkdir()
    (folder / "embedded").mkdir()
    with rig.postgresql(folder / "production") as stack, rig.rig(stack) as place:
        found = production(place, folder, seconds, crowded=crowded)
    with rig.sqlite(folder / "embedded") as stack, rig.rig(stack, workers=1) as place:
        found["embedded"] = embedded(place, folder, seconds, found["hello"])
    return found


def main() -> None:
    """Run all and print a table; exits 1 where an answer was wrong, for a fast wrong answer is a failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="the length of each load")
    parser.add_argument("--crowded", action="store_true", help="again after years of use (10 GB of disk, some minutes)")
    args = parser.parse_args()
    if shutil.which("wrk") is None:
        print("!!! wrk IS NOT INSTALLED: the scan benchmark did not run !!!", file=sys.stderr)
        return
    folder = Path(tempfile.mkdtemp(prefix="scan-"))
    try:
        found = measured(folder, args.seconds, crowded=args.crowded)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{'':12}{'answers/s':>11}{'ratio':>8}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'wrong':>7}")
    for name, row in found.items():
        timing = f"{row['p50_ms']:9.1f}{row['p95_ms']:9.1f}{row['p99_ms']:9.1f}"
        print(f"{name:12}{row['per_s']:11,.0f}{row.get('ratio', 1.0):8.2f}{timing}{row['wrong']:7.0f}")
        for extra in row.keys() - {"per_s", "ratio", "p50_ms", "p95_ms", "p99_ms", "wrong"}:
            print(f"{'':12}{extra} {row[extra]}")
    keep("scan", found)
    if any(row["wrong"] for row in found.values()):
        raise SystemExit("wrong answers: see above")


if __name__ == "__main__":
    main()
