"""The high-water mark: the first index never handed out, which goes up and never down (invariant 12).

It is written twice. The lock file gets the new mark first, in place; then `high-water` gets the mark and the time at
which the lock file last changed, which the kernel sets and no copy takes along. So:

* the lock file above `high-water`: a write was cut short, or an old `high-water` was put back alone. The higher counts.
* the lock file changed at another time: the folder is a copy, or was put back from a backup, or its rights were
  changed. How far minting had gone is not known any more, and somebody has to say it.

A whole disk or machine put back as it was takes that time along too and cannot be told from the truth in here.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from stamp_engine import vault
from stamp_engine.errors import KeyStoreError
from stamp_engine.format import INDEX_LIMIT

HIGH_WATER = "high-water"
_WIDTH = 13


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark of a locked folder: `value`, and whether the folder may be a copy."""

    value: int
    moved: bool


def read(path: Path) -> Mark:
    """The mark of a folder. Raises KeyStoreError where it is missing or damaged."""
    try:
        value, _, place = (path / HIGH_WATER).read_bytes().partition(b" ")
        lock = path / vault.LOCK
        with lock.open("rb") as file:
            told = int(file.read(_WIDTH + 1) or b"-1")
            changed = os.fstat(file.fileno()).st_ctime_ns
        mark = int(value)
        if mark < 0 or max(mark, told) > INDEX_LIMIT:
            raise ValueError  # noqa: TRY301  one clause below says what every kind of damage means
        # Marks written before places were kept have none.
        moved = told <= mark and place != b"" and int(place) != changed
    except (OSError, ValueError):
        raise KeyStoreError(f"{path / HIGH_WATER} is missing or damaged; {remedy(path)}") from None
    return Mark(max(mark, told), moved)


def move(path: Path, handle: int, value: int) -> None:
    """Write a mark; on the disk before this returns. `handle` is the lock's. Raises KeyStoreError."""
    try:
        os.pwrite(handle, f"{value:0{_WIDTH}d}\n".encode(), 0)
        os.fsync(handle)
        place = os.fstat(handle).st_ctime_ns
        vault.write(path / HIGH_WATER, f"{value} {place}".encode(), like=path / HIGH_WATER)
    except OSError as error:
        raise KeyStoreError(f"cannot write to {path}: {error.strerror}; no index was handed out") from None


def remedy(path: Path) -> str:
    """What to do where the mark is not to be believed."""
    return f"say above which index nothing was minted: estamp keys floor --keys {path} --at INDEX or MANIFESTS"
