"""The short forms: every fault once under load, and 20,000 forged codes (1,000,000 with ESTAMP_LONG)."""

import asyncio
import os
import tempfile
from collections import Counter
from pathlib import Path

import pytest
import redis
from starlette.testclient import TestClient

from stamp_engine.format import Profile
from tests.conftest import Servers, Stack
from tests.hammer.forgeries import forgeries
from tests.hammer.hammer import FAULTS, checked, estate, struck
from tests.verifier.test_doors import settings
from tests.verifier.world import answer, scan, world
from verifier.asgi import create
from verifier.contract import ScanRequest, Verdict
from verifier.journal import Journal

_LONG = "ESTAMP_LONG" in os.environ
_MANY = 1_000_000 if _LONG else 20_000
_REFUSALS = {Verdict.FORGED, Verdict.MALFORMED, Verdict.FOREIGN}


# A connection cut by a killed server is closed late, when its reader is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(300)
def test_every_fault_once_loses_nothing_doubles_nothing_and_gives_no_wrong_verdict(
    servers: Servers,
) -> None:
    """Invariants 4, 5 and 6."""
    # PostgreSQL runs as a user of its own, who may not look below pytest's folders.
    with (
        tempfile.TemporaryDirectory(prefix="hammer-", ignore_cleanup_errors=True) as folder,
        estate(Path(folder)) as at,
    ):
        report = checked(at, asyncio.run(struck(at, 1, calm_s=0.5)))
    assert report.wrong == []
    assert report.acknowledged > 1000
    assert len(report.recovery_s) == len(FAULTS)


@pytest.mark.timeout(1200)
def test_no_forged_code_is_accepted_and_none_reaches_a_server(
    production: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 3."""

    def touched(*_: object) -> None:
        raise AssertionError("a forged code reached the database")

    with world(production) as place, redis.Redis.from_url(production.redis_url) as cache:
        lot = place.lot("L1")
        compact, sealed = (place.batch(((50, "ACTIVE", lot),), profile=profile) for profile in Profile)
        genuine = [place.text(index) for index in compact]
        genuine += [place.text(index, profile=Profile.SEALED) for index in sealed]
        scanner = place.scanner()
        assert scan(scanner, genuine[0]).verdict is Verdict.VALID_FIRST
        rows, asked = place.rows("scan"), cache.info("commandstats")["cmdstat_get"]["calls"]
        for name in ("recall", "record", "find"):
            monkeypatch.setattr(Journal, name, touched)
        verdicts: Counter[Verdict] = Counter()
        texts = list(forgeries(genuine, _MANY))
        for start in range(0, _MANY, 256):
            outcomes = scanner.scan([ScanRequest(text) for text in texts[start : start + 256]])
            verdicts.update(answer(outcome).verdict for outcome in outcomes)
        assert set(verdicts) == _REFUSALS
        assert verdicts.total() == _MANY
        assert place.rows("scan") == rows
        assert cache.info("commandstats")["cmdstat_get"]["calls"] == asked


def test_forged_codes_at_the_door_are_answered_or_refused_never_a_fault(production: Stack) -> None:
    with world(production) as place:
        block = place.batch(((20, "ACTIVE", place.lot("L1")),))
        genuine = [place.text(index) for index in block]
        with TestClient(create(settings(place))) as door:
            for text in forgeries(genuine, 1_000, seed=7):
                found = door.post("/api/v1/scans", json={"code": text})
                # Who tries many is refused after a while, which is no fault either.
                assert found.status_code in {200, 422, 429}, text
                if found.status_code == 200:
                    assert found.json()["tone"] in {"red", "grey"}
        assert place.rows("scan") == []
