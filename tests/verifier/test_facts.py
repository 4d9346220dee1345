"""Reading the facts from a PostgreSQL that has fallen silent: every process of it stands still, its lines stay open."""

import os
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Servers, Stack
from tests.verifier.world import move, scan, world
from verifier import line
from verifier.contract import Verdict
from verifier.facts import Facts
from verifier.journal import Journal, JournalDown
from verifier.records import Recalled

LONGEST_S = 2.0


def signalled(servers: Servers, number: signal.Signals, pids: Collection[int] = ()) -> list[int]:
    """Send it to PostgreSQL's processes, or to these of them; gives their ids."""
    if not pids:
        with servers.admin.connect() as connection:
            folder = connection.exec_driver_sql("SHOW data_directory").scalar()
        first = int((Path(str(folder)) / "postmaster.pid").read_text().split()[0])
        pids = [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]
    for pid in pids:
        os.kill(pid, number)
    return list(pids)


@contextmanager
def silent(servers: Servers) -> Iterator[None]:
    """PostgreSQL says nothing meanwhile."""
    pids = signalled(servers, signal.SIGSTOP)
    try:
        yield
    finally:
        signalled(servers, signal.SIGCONT, pids)


class Falling(Journal):
    """A journal whose database falls silent as soon as it has answered the next recall."""

    servers: Servers
    armed = False
    stopped: list[int]

    def recall(self, stamps: Collection[int], nonces: Collection[str] = ()) -> Recalled:
        found = super().recall(stamps, nonces)
        if self.armed:
            self.armed, self.stopped = False, signalled(self.servers, signal.SIGSTOP)
        return found


def test_a_database_silent_when_a_fact_changed_holds_no_scan(production: Stack, servers: Servers) -> None:
    with world(production) as place:
        block = place.batch(((2, "ACTIVE", place.lot("L1")),))
        journal = Falling(production.verifier_engine)
        place.closing.callback(journal.close)
        journal.servers = servers
        scanner = place.scanner(replace(place.means(), journal=journal, facts=Facts(journal)))
        assert scan(scanner, place.text(block[0])).verdict is Verdict.VALID_FIRST
        with production.engine.begin() as connection:
            move(connection)
        journal.armed, began = True, time.monotonic()
        try:
            assert scan(scanner, place.text(block[1]), nonce="a").verdict is Verdict.UNAVAILABLE
            # Who queued behind it is told as well within what is promised to a phone.
            assert scan(scanner, place.text(block[1]), nonce="b").verdict is Verdict.UNAVAILABLE
            assert not journal.armed
            assert time.monotonic() - began < LONGEST_S
        finally:
            signalled(servers, signal.SIGCONT, journal.stopped)
        time.sleep(line.REST_S)
        assert scan(scanner, place.text(block[1]), nonce="a").verdict is Verdict.VALID_FIRST
        assert len(place.rows("scan")) == 2


def test_first_facts_of_a_silent_database_are_not_waited_for(production: Stack, servers: Servers) -> None:
    with world(production) as place:
        facts = place.means().facts
        with silent(servers):
            began = time.monotonic()
            for _ in range(2):
                with pytest.raises(JournalDown):
                    facts.snapshot()
            assert time.monotonic() - began < LONGEST_S
        time.sleep(line.REST_S)
        assert facts.snapshot().clock >= 0
