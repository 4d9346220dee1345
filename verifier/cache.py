"""Where sighting states are remembered between scans, to spare the database a SELECT. Never the truth (invariant 4).

A stale or missing entry costs one lost compare-and-set and a second look, nothing else. Redis down is not an error: a
breaker skips it for a while, so that a phone does not wait for a cache.
"""

import struct
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

import redis
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.retry import Retry

from verifier.records import Stored

_N = struct.Struct(">Q")
_PREFIX = b"estamp:s2:"  # with the version of what is kept
_CAPACITY = 100_000
REST_S = 2.0
PATIENCE_S = 0.25


class Cache(Protocol):
    """Remembers the sightings of stamps, perhaps."""

    def recall(self, stamps: Collection[int]) -> dict[int, Stored]:
        """What is remembered of these stamps; what is missing is simply not there."""

    def remember(self, sightings: Mapping[int, Stored]) -> None:
        """Remember these, perhaps."""

    def ready(self) -> bool:
        """Whether the cache answers; it is no reason to refuse work when it does not."""


class ProcessCache:
    """Remembers the stamps used last, in this process only."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[int, Stored] = OrderedDict()

    def recall(self, stamps: Collection[int]) -> dict[int, Stored]:
        """See `Cache`."""
        return {stamp: self._kept[stamp] for stamp in stamps if stamp in self._kept}

    def remember(self, sightings: Mapping[int, Stored]) -> None:
        """See `Cache`."""
        for stamp, stored in sightings.items():
            self._kept[stamp] = stored
            self._kept.move_to_end(stamp)
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)

    def ready(self) -> bool:
        """See `Cache`."""
        return True


class RedisCache:
    """Remembers in Redis or Valkey, shared by all verifiers; single-key commands in one pipeline suit a cluster.

    What is remembered is sent without waiting for the reply, which is read in front of the next recall's own replies:
    one wait a micro-batch. After a failure nothing is asked for `REST_S`, and `on_rest` is told.
    """

    def __init__(
        self,
        url: str,
        monotonic: Callable[[], float] = time.monotonic,
        on_rest: Callable[[], None] = lambda: None,
    ) -> None:
        self._pool = redis.ConnectionPool.from_url(
            url,
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
        )
        self._monotonic = monotonic
        self._on_rest = on_rest
        self._line: Connection | None = None
        self._owed = 0
        self._resting_until = 0.0

    def recall(self, stamps: Collection[int]) -> dict[int, Stored]:
        """See `Cache`."""
        if not stamps or self._resting:
            return {}
        keys = [b"%s%d" % (_PREFIX, stamp) for stamp in stamps]
        try:
            line = self._sent(b"".join([b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n" % (len(key), key) for key in keys]))
            while self._owed:
                _read(line)
                self._owed -= 1
            found = [_read(line) for _ in keys]
        except (redis.RedisError, OSError):
            self._rest()
            return {}
        # A reply that is no value (an error, as a node gives for a key that has moved) is as good as none.
        pairs = zip(stamps, found, strict=True)
        return {stamp: Stored(_N.unpack_from(raw)[0], raw[_N.size :]) for stamp, raw in pairs if type(raw) is bytes}

    def remember(self, sightings: Mapping[int, Stored]) -> None:
        """See `Cache`."""
        if not sightings or self._resting:
            return
        parts = []
        for stamp, stored in sightings.items():
            key, value = b"%s%d" % (_PREFIX, stamp), _N.pack(stored.n) + stored.state
            parts.append(b"*3\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(key), key, len(value), value))
        try:
            self._sent(b"".join(parts))
            self._owed += len(parts)
        except (redis.RedisError, OSError):
            self._rest()

    def ready(self) -> bool:
        """See `Cache`."""
        try:
            with redis.Redis(connection_pool=self._pool) as asking:
                return bool(asking.ping())
        except (redis.RedisError, OSError):
            return False

    def close(self) -> None:
        """Let the connections go."""
        self._drop()
        self._pool.disconnect()

    @property
    def _resting(self) -> bool:
        return self._monotonic() < self._resting_until

    def _sent(self, commands: bytes) -> Connection:
        if self._line is None:
            self._line = self._pool.get_connection()
        self._line.send_packed_command([commands], check_health=False)  # type: ignore[no-untyped-call]
        return self._line

    def _rest(self) -> None:
        self._drop()
        self._resting_until = self._monotonic() + REST_S
        self._on_rest()

    def _drop(self) -> None:
        if self._line is not None:
            self._line.disconnect()  # type: ignore[no-untyped-call]
            self._pool.release(self._line)
        self._line, self._owed = None, 0


def _read(line: Connection) -> object:
    """One reply. An error is given, not raised: it is about one key, and the replies behind it are still to come."""
    try:
        return line.read_response(disable_decoding=True)
    except redis.ResponseError as error:
        return error
