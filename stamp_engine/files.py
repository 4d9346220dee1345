"""A file that is whole or absent: written under another name, hashed as it goes, synced, then renamed."""

import errno
import hashlib
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_BLOCK = 1 << 20
_AHEAD = 64 << 20
"""How much room is asked of the disk at a time. Writing into room that was asked for costs a tenth of growing a file by
each write, and a full disk says so before it is full of halves."""

_SEND = 4 << 20
"""How much is written before the disk is told to begin: three times as fast as filling the memory of the system with
it, measured on a virtual machine (docs/benchmarks.md)."""


class WholeFile:
    """Written in order through `write`; `settled` gives it its name. Raises OSError, and then leaves nothing behind."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._path = folder / name
        self._partial = folder / f"{name}.part"
        self._handle = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._hash = hashlib.sha256()
        self._waiting: list[bytes] = []
        self._held = 0
        self._room = self._at = self._sent = 0

    def write(self, content: bytes | memoryview) -> int:
        """Append; gives how many bytes were taken, which is all of them."""
        size = memoryview(content).nbytes
        if size >= _BLOCK:
            self.flush()
            self._put(content)
        else:
            self._waiting.append(bytes(content))
            self._held += size
            if self._held >= _BLOCK:
                self.flush()
        return size

    def flush(self) -> None:
        """Hand what waits to the system."""
        if self._waiting:
            block = b"".join(self._waiting)
            self._waiting, self._held = [], 0
            self._put(block)

    def _put(self, block: bytes | memoryview) -> None:
        self._hash.update(block)
        view = memoryview(block).cast("B")
        if self._at + len(view) > self._room:
            self._ask(len(view))
        self._at += len(view)
        while view:
            view = view[os.write(self._handle, view) :]
        if self._at - self._sent >= _SEND:
            self._send()

    def _send(self) -> None:
        """Have the disk begin with what it got: the next pages then reuse its memory, and the last sync waits less."""
        if hasattr(os, "posix_fadvise"):
            # The last pages are still being written into, and a page under way is passed over: ask again from there.
            os.posix_fadvise(self._handle, max(0, self._sent - _SEND), self._at, os.POSIX_FADV_DONTNEED)
        self._sent = self._at

    def _ask(self, least: int) -> None:
        more = max(least, _AHEAD) if self._at else least
        # Not every system has this call and not every disk can do it; then the file simply grows.
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(self._handle, self._at, more)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    os.posix_fallocate(self._handle, self._at, least)
        self._room = self._at + more

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            os.close(self._handle)
            self._drop()

    def close(self) -> None:
        """Bring all of it to the disk, still under the other name. Raises OSError, and then nothing is left."""
        try:
            self.flush()
            os.ftruncate(self._handle, self._at)
            os.fsync(self._handle)
        except OSError:
            self._drop()
            raise
        finally:
            os.close(self._handle)

    def _drop(self) -> None:
        with suppress(OSError):
            self._partial.unlink()

    def settled(self) -> str:
        """Give it its name, and have the folder remember it; gives its SHA-256."""
        self._partial.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return self._hash.hexdigest()
