"""What the journal's statements read of a large table: the rows they ask for and no others."""

import time
from collections.abc import Collection, Mapping

import sqlalchemy as sa

from tests.conftest import Stack
from tests.verifier.world import answer, world
from verifier.contract import ScanRequest
from verifier.records import Stored

_READS = sa.text("SELECT idx_scan, seq_tup_read FROM pg_stat_user_tables WHERE relname = 'sighting'")


class _Forgetful:
    """A cache that remembers nothing, so that every sighting is recalled from the table."""

    def recall(self, _: Collection[int]) -> dict[int, Stored]:
        return {}

    def remember(self, _: Mapping[int, Stored]) -> None: ...

    def ready(self) -> bool:
        return True


def test_a_micro_batch_reads_its_own_sightings_only(production: Stack) -> None:
    """Once a plan hashed the whole table for every micro-batch, and nothing but the time told."""
    with world(production) as place, production.engine.connect() as connection:
        watching = connection.execution_options(isolation_level="AUTOCOMMIT")
        others = "INSERT INTO sighting SELECT 1000000 + i, 1, '\\x00' FROM generate_series(1, 20000) i"
        watching.exec_driver_sql(others)
        block = place.batch(((40, "ACTIVE", place.lot("L1")),))
        asked = [ScanRequest(place.text(stamp)) for stamp in block]
        scanner = place.scanner(place.means(_Forgetful()))
        before, until = watching.execute(_READS).one(), time.monotonic() + 20
        while (after := watching.execute(_READS).one()).idx_scan < before.idx_scan + 3 * len(asked):
            assert time.monotonic() < until, "PostgreSQL never told of the reading"
            assert all(answer(one).verdict.value.startswith("valid") for one in scanner.scan(asked))
        assert after.seq_tup_read == before.seq_tup_read
