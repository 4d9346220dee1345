"""What is kept of a device: never its id, but hashes of it that say nothing about each other. Pure.

In scan rows a key that changes every 30 days, so that no history of a person can be put together; in abuse counters a
day's hash.
"""

from functools import lru_cache
from hashlib import blake2b

_PERIOD_US = 30 * 86_400 * 1_000_000
_DAY_US = 86_400 * 1_000_000
# As many periods as raw scans may be kept for at most (3,650 days), and the one that has begun.
_PERIODS = 123


def device_hash(secret: bytes, device: str, at: int) -> bytes:
    """The device as a scan made at `at` (UTC microseconds) keeps it: 16 bytes."""
    return _of_period(secret, device, at // _PERIOD_US)


def device_hashes(secret: bytes, device: str, until: int) -> bytes:
    """All that any kept scan can have of a device, 16 bytes each, joined."""
    now = until // _PERIOD_US
    return b"".join(_of_period(secret, device, now - ago) for ago in range(_PERIODS) if now >= ago)


def day_mark(secret: bytes, device: str, at: int) -> str:
    """The device in the abuse counters of one day: 24 hexadecimal digits."""
    day = (at // _DAY_US).to_bytes(8, "big")
    return blake2b(device.encode(), digest_size=12, key=secret[:64], salt=day, person=b"estamp-abuse").hexdigest()


def _of_period(secret: bytes, device: str, period: int) -> bytes:
    return blake2b(device.encode(), digest_size=16, key=_key(secret, period)).digest()


@lru_cache(maxsize=_PERIODS)
def _key(secret: bytes, period: int) -> bytes:
    return blake2b(secret, digest_size=32, salt=period.to_bytes(8, "big"), person=b"estamp-device").digest()
