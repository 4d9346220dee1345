"""The high-water mark: the first index never handed out, which goes up and never down (invariant 12).

It is written twice. The lock file gets the new mark first, in place; then `high-water` gets the mark and the time at
which the lock file last changed, which the kernel sets and no copy takes along. So:

* the lock file above `high-water`: a write was cut short, or an old `high-water` was put back alone. The higher counts.
* the lock file changed at another time: the folder is a copy, or was put back from a backup, or its rights were
  changed. How far minting had gone is not known any more, and somebody has to say it.

`blocks` says who was given which block: a line is written before the mark moves, so that a job that is killed in
between is given its block again (`given`).

A whole disk or machine put back as it was takes that time along too and cannot be told from the truth in here.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stamp_engine import vault
from stamp_engine.errors import KeyStoreError
from stamp_engine.format import INDEX_LIMIT

HIGH_WATER, BLOCKS = "high-water", "blocks"
_WIDTH = 13
_END = "."


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


def given(path: Path, name: str, mark: Mark) -> range | None:
    """The block that a name was given, None where it was given none.

    A line above the mark was cut short, and so was one that a later block overlaps: its block was never handed out.
    Raises KeyStoreError.
    """
    found: range | None = None
    for owner, block in _blocks(path):
        if owner == name:
            found = block
        elif found is not None and block.start < found.stop:
            found = None
    return found if found is not None and found.stop <= mark.value else None


def note(path: Path, name: str, block: range) -> None:
    """Say whose a block is, before the mark moves; on the disk before this returns. Raises KeyStoreError."""
    try:
        with (path / BLOCKS).open("a+b") as file:
            # What a crash cut short is ended, so that it spoils no line but its own.
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(f"{name} {block.start} {block.stop} {_END}\n".encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise KeyStoreError(f"cannot write to {path}: {error.strerror}; no index was handed out") from None


def _blocks(path: Path) -> Iterator[tuple[str, range]]:
    try:
        lines = (path / BLOCKS).read_text("ascii").splitlines()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError):
        raise KeyStoreError(f"{path / BLOCKS} cannot be read") from None
    for line in lines:
        # A line that was cut short lacks its end, and then its last number may lack digits.
        name, _, rest = line.partition(" ")
        numbers = rest.split(" ")
        if len(numbers) == 3 and numbers[2] == _END:
            yield name, range(int(numbers[0]), int(numbers[1]))


def remedy(path: Path) -> str:
    """What to do where the mark is not to be believed."""
    return f"say above which index nothing was minted: estamp keys floor --keys {path} --at INDEX or MANIFESTS"
