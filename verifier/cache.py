"""Where sighting states are remembered between scans, to spare the database a SELECT. Never the truth (invariant 4).

A stale or missing entry costs one lost compare-and-set and a second look, nothing else. Redis down is not an error: a
breaker skips it for a while, so that a phone does not wait for a cache.
"""

import struct
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

import redis

from verifier.journal import Stored

_N = struct.Struct(">Q")
_PREFIX = "estamp:s2:"  # with the version of what is kept
_CAPACITY = 100_000
_REST_S = 2.0
_PATIENCE_S = 0.25


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
    """Remembers in Redis or Valkey, shared by all verifiers; one pipeline of single-key commands suits a cluster."""

    def __init__(self, url: str, clock: Callable[[], int]) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S, protocol=2
        )
        self._clock = clock
        self._resting_until = 0

    def recall(self, stamps: Collection[int]) -> dict[int, Stored]:
        """See `Cache`."""
        if not stamps or self._clock() < self._resting_until:
            return {}
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for stamp in stamps:
                    pipeline.get(f"{_PREFIX}{stamp}")
                found: list[bytes | None] = pipeline.execute()
        except redis.RedisError:
            self._rest()
            return {}
        pairs = zip(stamps, found, strict=True)
        return {stamp: Stored(_N.unpack_from(raw)[0], raw[_N.size :]) for stamp, raw in pairs if raw}

    def remember(self, sightings: Mapping[int, Stored]) -> None:
        """See `Cache`."""
        if not sightings or self._clock() < self._resting_until:
            return
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for stamp, stored in sightings.items():
                    pipeline.set(f"{_PREFIX}{stamp}", _N.pack(stored.n) + stored.state)
                pipeline.execute()
        except redis.RedisError:
            self._rest()

    def ready(self) -> bool:
        """See `Cache`."""
        try:
            return bool(self._redis.ping())
        except redis.RedisError:
            return False

    def close(self) -> None:
        """Let the connections go."""
        self._redis.close()

    def _rest(self) -> None:
        self._resting_until = self._clock() + int(_REST_S * 1_000_000)
