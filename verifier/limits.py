"""Limits that only failures use up: a valid code is answered whatever its network or its neighbours did.

Counted in this process, so that no request waits for a cache; `Shared` adds up what all processes counted, off the
request path. Redis down means limits by process, nothing else.

A window is cut into ten slots and reaches back over ten whole ones, so it never misses an event inside it and may see
one up to a tenth of its length older.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

import redis

SLOTS: Final = 10
_CAPACITY = 50_000
_PATIENCE_S = 0.25
_REST_US = 5_000_000
_PREFIX = "estamp:l:"


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """At most `most` events in `seconds`. Each is itself only, so that counters find it by its identity."""

    name: str
    seconds: int
    most: int

    @property
    def slot_us(self) -> int:
        """How long one slot is, in microseconds."""
        return self.seconds * 1_000_000 // SLOTS


# Forged and unknown codes. Who meets a forgery scans it once or twice; ten a minute is somebody who tries codes.
TRIED_A_MINUTE = Limit("tried-minute", 60, 10)
TRIED_AN_HOUR = Limit("tried-hour", 3600, 30)
# One network may be a whole carrier: its share grows with the valid codes it sends.
TRIED_BY_NETWORK = Limit("tried-network", 600, 60)
VALID_BY_NETWORK = Limit("valid-network", 600, 1 << 62)
# What raises an alert (the issue's own figure); officers are told, nobody is refused by it.
ENUMERATION = Limit("enumeration", 600, 19)
REPORTS_BY_DEVICE = Limit("reports", 3600, 10)
REPORTS_BY_NETWORK = Limit("reports-network", 3600, 100)
ERASURES_BY_NETWORK = Limit("erasures", 3600, 20)
BATCHES = Limit("batches", 60, 60)

Key = tuple[Limit, str]


@dataclass(slots=True)
class _Window:
    """Events by slot: those of this process that nobody else knows yet, and what all are known to have counted."""

    fresh: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    shared: Mapping[int, int] = field(default_factory=dict)


class Windows:
    """The counters of this process; the subjects seen last are kept. Safe between threads."""

    def __init__(self, clock: Callable[[], int], capacity: int = _CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._kept: OrderedDict[Key, _Window] = OrderedDict()
        self._touched: set[Key] = set()
        self._lock = Lock()

    def add(self, limit: Limit, who: str) -> None:
        """Count one event."""
        key, slot = (limit, who), self._clock() // limit.slot_us
        with self._lock:
            window = self._kept.get(key)
            if window is None:
                window = self._kept[key] = _Window()
            else:
                self._kept.move_to_end(key)
            window.fresh[slot] += 1
            self._touched.add(key)
            if len(self._kept) > self._capacity:
                self._touched.discard(self._kept.popitem(last=False)[0])

    def count(self, limit: Limit, who: str) -> int:
        """How many events are in the window now."""
        with self._lock:
            window = self._kept.get((limit, who))
            return _sum(window, self._clock() // limit.slot_us) if window is not None else 0

    def wait_s(self, limit: Limit, who: str, most: int | None = None) -> int:
        """Seconds until another event fits under the limit; 0 where it fits now. `most` overrides the limit's."""
        allowed, now = limit.most if most is None else most, self._clock()
        slot = now // limit.slot_us
        with self._lock:
            window = self._kept.get((limit, who))
            total = _sum(window, slot) if window is not None else 0
            if window is None or total < allowed:
                return 0
            for gone in range(slot - SLOTS, slot + 1):
                total -= window.fresh.get(gone, 0) + window.shared.get(gone, 0)
                if total < allowed:
                    free = (gone + SLOTS + 1) * limit.slot_us
                    return max(1, -(-(free - now) // 1_000_000))
            return limit.seconds

    def taken(self, most: int) -> dict[Key, dict[int, int]]:
        """What this process counted since it was last asked, to be told to the others."""
        with self._lock:
            keys = [self._touched.pop() for _ in range(min(most, len(self._touched)))]
            return {key: dict(self._kept[key].fresh) for key in keys if key in self._kept}

    def told(self, counted: Mapping[Key, Mapping[int, int]], shared: Mapping[Key, Mapping[int, int]]) -> None:
        """What was counted here has been told; `shared` is what all have counted now."""
        with self._lock:
            for key, slots in counted.items():
                window = self._kept.get(key)
                if window is None:
                    continue
                for slot, events in slots.items():
                    window.fresh[slot] -= events
                    if not window.fresh[slot]:
                        del window.fresh[slot]
                window.shared = shared[key]

    def missed(self, keys: Iterable[Key]) -> None:
        """It could not be told; the next time will do."""
        with self._lock:
            self._touched.update(key for key in keys if key in self._kept)


def _sum(window: _Window, slot: int) -> int:
    recent = range(slot - SLOTS, slot + 1)
    return sum(window.fresh.get(one, 0) + window.shared.get(one, 0) for one in recent)


class Shared:
    """Adds up the counters of all processes in Redis or Valkey. Single-key commands, so a cluster will do."""

    def __init__(self, url: str, clock: Callable[[], int]) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S, protocol=2
        )
        self._clock = clock
        self._resting_until = 0

    def exchange(self, windows: Windows, most: int = 500) -> None:
        """Tell what this process counted and hear of the others; does nothing for a while after Redis was away."""
        if self._clock() < self._resting_until:
            return
        counted = windows.taken(most)
        if not counted:
            return
        try:
            shared = self._added(counted)
        except redis.RedisError:
            self._resting_until = self._clock() + _REST_US
            windows.missed(counted)
            return
        windows.told(counted, shared)

    def first(self, name: str, seconds: int) -> bool:
        """Whether nobody else has said this within that time; True where Redis cannot tell."""
        try:
            return bool(self._redis.set(f"{_PREFIX}{name}", 1, nx=True, ex=seconds))
        except redis.RedisError:
            return True

    def close(self) -> None:
        """Let the connections go."""
        self._redis.close()

    def _added(self, counted: Mapping[Key, Mapping[int, int]]) -> dict[Key, dict[int, int]]:
        with self._redis.pipeline(transaction=False) as pipeline:
            for (limit, who), slots in counted.items():
                name = f"{_PREFIX}{limit.name}:{who}"
                for slot, events in slots.items():
                    pipeline.hincrby(name, str(slot), events)
                pipeline.expire(name, limit.seconds * 2)
                pipeline.hgetall(name)
            answers = iter(pipeline.execute())
        shared: dict[Key, dict[int, int]] = {}
        for key, slots in counted.items():
            *_, found = [next(answers) for _ in range(len(slots) + 2)]
            oldest = self._clock() // key[0].slot_us - SLOTS
            shared[key] = {int(slot): int(events) for slot, events in found.items() if int(slot) >= oldest}
        return shared
