"""The lookout: who tries codes is slowed down, and officers hear of it within a minute.

A forged code costs CPU only (invariant 3): the door counts in this process and goes on. A thread of its own, once a
second, adds the counts of all processes up, writes the alerts that are due, and keeps one forged code out of many.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from verifier import limits
from verifier.journal import METADATA, Journal, JournalDown
from verifier.limits import Limit, Shared, Windows

PROBE_SAMPLE = sa.Table(
    "probe_sample",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("at", sa.BigInteger),
    sa.Column("verdict", sa.String),
    sa.Column("code", sa.String),
    sa.Column("network", sa.String),
    sa.Column("cell", sa.BigInteger),
)
PROBE_ALERT = sa.Table(
    "probe_alert",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.String),
    sa.Column("who", sa.String),
    sa.Column("codes", sa.Integer),
    sa.Column("at", sa.BigInteger),
)
TABLES = (PROBE_SAMPLE, PROBE_ALERT)

TURN_S = 1.0
LONGEST_CODE = 200
_MOST_WAITING = 1000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tried:
    """A forged or unknown code and where it came from: device's day mark (empty for none), truncated network, cell."""

    verdict: str
    code: str
    device: str
    network: str
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """Too many of them from one device or network."""

    kind: str
    who: str
    codes: int


class Lookout:
    """Counts, limits and tells. `start` runs `turn` in a thread of its own; every other method is for the doors."""

    def __init__(
        self,
        journal: Journal,
        *,
        clock: Callable[[], int],
        new_id: Callable[[], UUID],
        shared: Shared | None = None,
        alerted: Callable[[], None] = lambda: None,
        sample_every: int = 1,
    ) -> None:
        self.windows = Windows(clock)
        self._journal = journal
        self._clock = clock
        self._new_id = new_id
        self._shared = shared
        self._alerted = alerted
        self._sample_us = sample_every * 1_000_000
        self._sampled_at = 0
        self._sample: Tried | None = None
        self._suspects: set[tuple[str, str]] = set()
        self._told: dict[tuple[str, str], int] = {}
        self._waiting: deque[dict[str, object]] = deque(maxlen=_MOST_WAITING)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def valid(self, network: str) -> None:
        """A code of ours came from this network."""
        self.windows.add(limits.VALID_BY_NETWORK, network)

    def tried(self, what: Tried) -> int:
        """A forged or unknown code came; gives the seconds to wait before another is welcome, 0 where none."""
        self._sample = self._sample or what
        windows = self.windows
        waits = []
        for kind, who in (("device", what.device), ("network", what.network)):
            if who:
                windows.add(limits.ENUMERATION, f"{kind}:{who}")
                self._suspects.add((kind, who))
        if what.device:
            for limit in (limits.TRIED_A_MINUTE, limits.TRIED_AN_HOUR):
                waits.append(windows.wait_s(limit, what.device))
                windows.add(limit, what.device)
        share = windows.count(limits.VALID_BY_NETWORK, what.network)
        limit = limits.TRIED_BY_NETWORK
        waits.append(windows.wait_s(limit, what.network, limit.most + share))
        windows.add(limit, what.network)
        return max(waits)

    def spend(self, *asked: tuple[Limit, str]) -> int:
        """Count one event under each limit, where all have room; else the seconds to wait, and nothing is counted."""
        wait = max(self.windows.wait_s(limit, who) for limit, who in asked)
        if not wait:
            for limit, who in asked:
                self.windows.add(limit, who)
        return wait

    def start(self) -> None:
        """Look out until `stop`."""
        self._thread = threading.Thread(target=self._run, name="lookout", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take one last turn and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if self._shared is not None:
            self._shared.close()

    def _run(self) -> None:
        while not self._stop.wait(TURN_S):
            try:
                self.turn()
            except Exception:  # noqa: BLE001  the lookout must outlive whatever one turn meets
                _log.exception("the lookout's turn failed")
        self.turn()

    def turn(self) -> None:
        """Exchange the counts, and write what officers should see. A lost database is tried again next turn."""
        if self._shared is not None:
            self._shared.exchange(self.windows)
        for alert in self._due():
            self._waiting.append({"id": self._new_id(), "at": self._clock(), **_row(alert)})
        self._write()

    def _due(self) -> list[Alert]:
        now, length = self._clock(), limits.ENUMERATION.seconds
        self._told = {who: at for who, at in self._told.items() if now - at < length * 1_000_000}
        found = []
        for _ in range(len(self._suspects)):
            kind, who = suspect = self._suspects.pop()
            codes = self.windows.count(limits.ENUMERATION, f"{kind}:{who}")
            if codes <= limits.ENUMERATION.most or suspect in self._told:
                continue
            self._told[suspect] = now
            if self._shared is None or self._shared.first(f"alert:{kind}:{who}", length):
                found.append(Alert(kind, who, codes))
                self._alerted()
        return found

    def _write(self) -> None:
        now = self._clock()
        sample = self._sample if now - self._sampled_at >= self._sample_us else None
        if sample is None and not self._waiting:
            return
        rows = list(self._waiting)
        try:
            with self._journal.writing() as connection:
                if rows:
                    connection.execute(sa.insert(PROBE_ALERT), rows)
                if sample is not None:
                    connection.execute(sa.insert(PROBE_SAMPLE), {"id": self._new_id(), "at": now, **_kept(sample)})
        except JournalDown:
            return
        for _ in rows:
            self._waiting.popleft()
        if sample is not None:
            self._sample, self._sampled_at = None, now


def _row(alert: Alert) -> dict[str, object]:
    return {"kind": alert.kind, "who": alert.who, "codes": alert.codes}


def _kept(sample: Tried) -> dict[str, object]:
    # A surrogate or a NUL in a text somebody sent must not cost the row.
    code = sample.code.encode("utf-8", "replace").decode().replace("\0", "")[:LONGEST_CODE]
    return {"verdict": sample.verdict, "code": code, "network": sample.network or None, "cell": sample.cell}
