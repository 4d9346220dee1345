"""The opener: the one process of the public side that holds symmetric keys (invariant 7).

It answers two questions over a Unix socket, many at a time: what do these tokens hold, and is this the PIN of that
stamp. It makes neither tokens nor PINs, speaks no network and knows no database.

A frame is a 4-byte length and a body, big-endian. Question `o`: tokens of 10 bytes each; its answer: 13 bytes each
(0 none, 1 ours, 2 ours with a compromised key; epoch, index). Question `p`: an index (8 bytes) and the PIN's digits;
its answer: 0 or 1.
"""

import os
import signal
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import config
from stamp_engine.keys import SymmetricKeys, open_symmetric
from stamp_engine.tokens import Opened, PinKeys, TokenKeys
from stamp_engine.vault import PUBLIC

_LENGTH = struct.Struct(">I")
_OPENED = struct.Struct(">BIQ")
_TOKEN_BYTES = 10
MOST_TOKENS = 4096
_LONGEST = 1 + _TOKEN_BYTES * MOST_TOKENS
# As long as the journal waits (`verifier.line`), and then left alone for as long: behind one scan wait others.
PATIENCE_S = 1.2
REST_S = 0.3


class OpenerDown(Exception):
    """The opener did not answer; nothing about the codes is known."""


class OpenerClient:
    """Asks the opener at a socket; connects when first asked and again after it was restarted. Safe between threads."""

    def __init__(self, path: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._monotonic = monotonic
        self._resting_until = 0.0
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def open(self, tokens: Sequence[int]) -> list[Opened | None]:
        """What each 80-bit token holds, None where no key of ours made it. Raises OpenerDown."""
        found: list[Opened | None] = []
        for start in range(0, len(tokens), MOST_TOKENS):
            some = tokens[start : start + MOST_TOKENS]
            body = self._ask(b"o" + b"".join(token.to_bytes(_TOKEN_BYTES, "big") for token in some))
            if len(body) != _OPENED.size * len(some):
                raise OpenerDown("the opener's answer is of the wrong length")
            for kind, epoch, index in _OPENED.iter_unpack(body):
                found.append(Opened(epoch, index, kind == 2) if kind else None)
        return found

    def check_pin(self, index: int, pin: str) -> bool:
        """Whether these digits are the stamp's PIN. Raises OpenerDown."""
        return self._ask(b"p" + struct.pack(">Q", index) + pin.encode()) == b"\1"

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            self._drop()

    def _ask(self, question: bytes) -> bytes:
        with self._lock:
            if self._monotonic() < self._resting_until:
                raise OpenerDown("the opener did not answer a moment ago")
            # A restarted opener leaves a dead connection behind, so a question is put twice before giving up.
            for last in (False, True):
                try:
                    connection = self._connected()
                    connection.sendall(_LENGTH.pack(len(question)) + question)
                    return _received(connection, _LENGTH.unpack(_received(connection, _LENGTH.size))[0])
                except OSError as error:
                    self._drop()
                    silent = isinstance(error, TimeoutError)
                    if silent:
                        self._resting_until = self._monotonic() + REST_S
                    if last or silent:
                        raise OpenerDown(f"no opener at {self._path}: {error}") from error
        raise AssertionError("unreachable")

    def _connected(self) -> socket.socket:
        if self._socket is None:
            fresh = socket.socket(socket.AF_UNIX)
            fresh.settimeout(PATIENCE_S)
            try:
                fresh.connect(str(self._path))
            except OSError:
                fresh.close()
                raise
            self._socket = fresh
        return self._socket

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _received(connection: socket.socket, length: int) -> bytes:
    if length > _LONGEST:
        raise ConnectionError("frame too long")
    parts = bytearray()
    while len(parts) < length:
        part = connection.recv(length - len(parts))
        if not part:
            raise ConnectionError("closed")
        parts += part
    return bytes(parts)


class _Keys:
    """The keys, read again when the directory has changed: a rotation needs no restart."""

    def __init__(self, keys_dir: Path, passphrase: bytes) -> None:
        self._keys_dir = keys_dir
        self._passphrase = passphrase
        self._lock = threading.Lock()
        self._stamp = (0, 0)
        self._tokens: TokenKeys
        self._pins: PinKeys
        self.current()

    def current(self) -> tuple[TokenKeys, PinKeys]:
        with self._lock:
            seen = (self._keys_dir / PUBLIC).stat()
            changed = seen.st_mtime_ns, seen.st_ino
            if changed != self._stamp:
                keys: SymmetricKeys = open_symmetric(self._keys_dir, self._passphrase)
                self._tokens, self._pins, self._stamp = keys.token_keys(), keys.pin_keys(), changed
            return self._tokens, self._pins


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64
    keys: _Keys


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        connection: socket.socket = self.request
        try:
            while True:
                body = _received(connection, _LENGTH.unpack(_received(connection, _LENGTH.size))[0])
                answer = self._answer(body)
                connection.sendall(_LENGTH.pack(len(answer)) + answer)
        except (OSError, ValueError):
            # The client went away or does not speak the protocol; either way it is not answered further.
            return

    def _answer(self, body: bytes) -> bytes:
        tokens, pins = self.server.keys.current()
        kind, payload = body[:1], body[1:]
        if kind == b"o":
            if len(payload) % _TOKEN_BYTES:
                raise ValueError("tokens have 10 bytes")
            starts = range(0, len(payload), _TOKEN_BYTES)
            opened = tokens.open([int.from_bytes(payload[at : at + _TOKEN_BYTES], "big") for at in starts])
            return b"".join(_OPENED.pack(1 + one.compromised, one.epoch, one.index) if one else _NONE for one in opened)
        if kind == b"p" and len(payload) > 8:
            return bytes([pins.check(int.from_bytes(payload[:8], "big"), payload[8:].decode("ascii"))])
        raise ValueError("unknown question")


_NONE = _OPENED.pack(0, 0, 0)


def listen(path: Path, keys_dir: Path, passphrase: bytes) -> _Server:
    """A bound server, readable by its own user and group; call `serve_forever` on it. Raises KeyStoreError."""
    keys = _Keys(keys_dir, passphrase)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    before = os.umask(0o117)
    try:
        server = _Server(str(path), _Handler)
    finally:
        os.umask(before)
    server.keys = keys
    return server


def run(settings: config.Opener) -> None:
    """Serve until told to stop (SIGTERM or SIGINT). Raises KeyStoreError where the keys cannot be opened."""
    with listen(settings.opener_socket, settings.keys_dir, settings.passphrase.encode()) as server:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever()
    settings.opener_socket.unlink(missing_ok=True)


if __name__ == "__main__":
    run(config.opener())
