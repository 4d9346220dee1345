"""Lines to PostgreSQL on which no wait lasts for ever, and the breaker that all lines of one journal share.

A server that has stopped without closing its lines looks like one that is slow. Whoever hears nothing for `PATIENCE_S`
throws the line away, and then nothing is asked for `REST_S`, so that those who queued behind are told at once.
"""

import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import pq
from psycopg.waiting import Ready

from verifier.records import JournalDown

PATIENCE_S = 1.2
REST_S = 0.3


class Breaker:
    """Whether the database may be asked; `monotonic` gives seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self._resting_until = 0.0

    def deadline(self) -> float:
        """When a question put now must have its answer. Raises JournalDown while the database is left alone."""
        now = self.monotonic()
        if now < self._resting_until:
            raise JournalDown("the database did not answer a moment ago")
        return now + PATIENCE_S

    def trip(self) -> None:
        """Leave the database alone for a while."""
        self._resting_until = self.monotonic() + REST_S

    def wait(self, socket: int, events: int, until: float) -> int:
        """What of these poll events came on the socket. Raises TimeoutError at `until`."""
        poll = select.poll()
        poll.register(socket, events)
        ready = poll.poll(max(0.0, until - self.monotonic()) * 1000)
        if not ready:
            raise TimeoutError("the database did not answer in time")
        return ready[0][1]


def opened(conninfo: bytes, breaker: Breaker, until: float) -> pq.abc.PGconn:
    """A new, non-blocking line. Raises psycopg.Error, TimeoutError."""
    line = pq.PGconn.connect_start(conninfo)
    try:
        while (step := line.connect_poll()) != pq.PollingStatus.OK:
            require(step != pq.PollingStatus.FAILED, line)
            breaker.wait(line.socket, select.POLLIN if step == pq.PollingStatus.READING else select.POLLOUT, until)
        line.nonblocking = 1
    except BaseException:
        line.finish()
        raise
    return line


def require(done: bool, line: pq.abc.PGconn) -> None:  # noqa: FBT001  what was just done
    """Raises psycopg.OperationalError with the line's own message where it is not done."""
    if not done:
        raise psycopg.OperationalError(line.get_error_message())


class _Heard(psycopg.Connection[Any]):
    """A connection that is given up when nothing was heard on it for `PATIENCE_S`; what comes in bits may take longer.

    The facts of a large province are more than one wait, and their loading must not fail for that.
    """

    breaker: Breaker

    def wait(self, gen: Any, interval: float = 0.0, timeout: float | None = None) -> Any:
        """See `psycopg.Connection.wait`; raises psycopg.OperationalError where nothing is heard."""
        del interval, timeout
        try:
            wanted = next(gen)
            while True:
                until = self.breaker.monotonic() + PATIENCE_S
                events = (select.POLLIN if wanted & Ready.R else 0) | (select.POLLOUT if wanted & Ready.W else 0)
                came = self.breaker.wait(self.pgconn.socket, events, until)
                # A line that broke is readable: the reader finds out.
                wanted = gen.send(Ready.W if came == select.POLLOUT else Ready.RW & wanted)
        except StopIteration as end:
            return end.value
        except TimeoutError as error:
            self.pgconn.finish()
            self.breaker.trip()
            raise psycopg.OperationalError(str(error)) from error


class Reader:
    """One more line, for reading many rows through SQLAlchemy; one thread at a time."""

    def __init__(self, url: sa.URL, conninfo: bytes, breaker: Breaker) -> None:
        self._conninfo = conninfo
        self._breaker = breaker
        self._lock = Lock()
        self._engine = sa.create_engine(
            url,
            creator=self._connected,
            pool_size=1,
            max_overflow=0,
            isolation_level="AUTOCOMMIT",
            use_native_hstore=False,
        )

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        """A connection in autocommit. Raises JournalDown."""
        with self._lock:
            self._breaker.deadline()
            try:
                with self._engine.connect() as connection:
                    yield connection
            except (sa.exc.SQLAlchemyError, psycopg.Error, OSError) as error:
                raise JournalDown(str(error)) from error

    def close(self) -> None:
        """Let the line go; the next reading opens another."""
        self._engine.dispose()

    def _connected(self) -> _Heard:
        try:
            line = opened(self._conninfo, self._breaker, self._breaker.deadline())
        except (psycopg.Error, OSError):
            self._breaker.trip()
            raise
        made = _Heard(line)
        made.breaker = self._breaker
        return made
