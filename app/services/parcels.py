"""The print file as it leaves the house: a ZIP with AES-256 (WinZip AE-2), made while it is sent, never kept.

7-Zip, WinRAR, Keka and `7z x` open it. The passphrase has 120 random bits, so that the format's cheap key stretching
does not matter; it is shown once, on the page with the button, and kept nowhere.
"""

import io
import re
import secrets
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyzipper

from app.domain.errors import Refusal

_CHUNK = 1 << 20
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PASSPHRASE = re.compile(r"([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}")


def new_passphrase() -> str:
    """Six groups of four characters of Crockford base32."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(6))


class _Outgoing(io.RawIOBase):
    """Collects what the archive writes until it is taken; it cannot seek, so nothing is written twice."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, content: object, /) -> int:
        self._parts.append(bytes(content))  # type: ignore[call-overload]  # bytes-like by contract
        return len(self._parts[-1])

    def taken(self) -> bytes:
        """What came since the last time."""
        found = b"".join(self._parts)
        self._parts.clear()
        return found


def packed(source: Path, passphrase: str) -> Iterator[bytes]:
    """The members of a print file in an encrypted archive, a megabyte at a time. Raises Refusal, OSError."""
    if not _PASSPHRASE.fullmatch(passphrase):
        raise Refusal("malformed", pointer="/passphrase", what="passphrase")
    return _stream(source, passphrase.encode())


def _stream(source: Path, passphrase: bytes) -> Iterator[bytes]:
    out = _Outgoing()
    with (
        zipfile.ZipFile(source) as plain,
        pyzipper.AESZipFile(
            out, "w", compression=pyzipper.ZIP_DEFLATED, compresslevel=1, encryption=pyzipper.WZ_AES
        ) as sealed,
    ):
        sealed.setpassword(passphrase)
        for name in plain.namelist():
            with plain.open(name) as reading, sealed.open(name, "w", force_zip64=True) as writing:
                while chunk := reading.read(_CHUNK):
                    writing.write(chunk)
                    yield out.taken()
            yield out.taken()
    yield out.taken()
