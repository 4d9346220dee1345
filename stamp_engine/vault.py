"""Secrets on disk: sealed under a passphrase, and changed all at once or not at all.

`public.json` is the one file that counts. It names each sealed file by the SHA-256 of its bytes, so a change writes new
sealed files beside the old ones, replaces `public.json`, and then removes what nothing names any more. Whoever is
killed on the way leaves the folder as it was before the change or as it is after it; damage is told from a wrong
passphrase by the name alone.

A sealed file is AES-256-GCM under scrypt of the secret.
"""

import base64
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from stamp_engine.errors import KeyStoreError

PUBLIC, LOCK = "public.json", "lock"
_SCRYPT = {"n": 1 << 15, "r": 8, "p": 1}
_NAME = re.compile(r"[a-z]+-([0-9a-f]{64})\.sealed|[a-z]+\.sealed", re.ASCII)
_LONGEST = 1 << 20
_TRIES = 10

Random = Callable[[int], bytes]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Header:
    """What `public.json` says: whose directory it is, and which sealed file holds what."""

    kind: str
    deployment: str
    sealed: Mapping[str, str]
    raw: bytes


def text(raw: bytes) -> str:
    """Bytes as JSON carries them."""
    return base64.b64encode(raw).decode()


def raw(spelled: str) -> bytes:
    """The inverse of `text`. Raises ValueError."""
    return base64.b64decode(spelled, validate=True)


def secret_in(files: Iterable[Path]) -> str:
    """The secret that files hold: text, white space around it aside. Several people's count together, in any order.

    Raises KeyStoreError naming the file that cannot be used.
    """
    parts = []
    for file in files:
        try:
            part = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            part, why = "", error.strerror if isinstance(error, OSError) else "it is not text"
        else:
            why = "it is empty"
        if not part:
            raise KeyStoreError(f"{file}: {why}; make one with: openssl rand -hex 32 > {file}")
        parts.append(part)
    return "\n".join(sorted(parts))


def header(path: Path) -> Header:
    """The header of a folder. Raises KeyStoreError where there is none or it is damaged."""
    try:
        found = (path / PUBLIC).read_bytes()
    except FileNotFoundError:
        raise KeyStoreError(f"{path} holds no keys; make some with: estamp keys new --keys {path}") from None
    except OSError as error:
        raise KeyStoreError(f"cannot read {path / PUBLIC}: {error.strerror}") from None
    try:
        content = json.loads(found[:_LONGEST])
        # Folders made before sealed files had names of their own say nothing about them.
        names = content.get("sealed", {"symmetric": "symmetric.sealed", "signing": "signing.sealed"})
        deployment: str = content["deployment"]
        if len(bytes.fromhex(deployment)) != 4 or not all(_NAME.fullmatch(name) for name in names.values()):
            raise ValueError  # noqa: TRY301  one clause below says what every kind of damage means
        return Header(str(content["kind"]), deployment, names, found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise KeyStoreError(f"{path / PUBLIC} is damaged; restore the whole directory from its backup") from None


def steady(path: Path, read: Callable[[Header], T]) -> T:
    """What `read` makes of a header and the files it names, read again when a change came between."""
    for _ in range(_TRIES):
        seen = header(path)
        try:
            return read(seen)
        except KeyStoreError:
            if header(path).raw == seen.raw:
                raise
    raise KeyStoreError(f"{path} keeps changing; try again")


def unsealed(path: Path, seen: Header, part: str, secret: bytes) -> Any:
    """The content of a sealed part. Raises KeyStoreError: missing, damaged, or another passphrase."""
    name = seen.sealed.get(part)
    if name is None:
        raise KeyStoreError(f"{path / PUBLIC} names no {part} file; restore the whole directory from its backup")
    try:
        content = (path / name).read_bytes()
    except FileNotFoundError:
        raise KeyStoreError(f"{path / name} is missing; restore the whole directory from one backup") from None
    except OSError as error:
        raise KeyStoreError(f"cannot read {path / name}: {error.strerror}") from None
    match = _NAME.fullmatch(name)
    digest = match and match[1]
    if digest is not None and hashlib.sha256(content).hexdigest() != digest:
        raise KeyStoreError(f"{path / name} is damaged; restore the whole directory from its backup")
    try:
        box = json.loads(content)
        key = AESGCM(_derived(secret, raw(box["salt"])))
        return json.loads(key.decrypt(raw(box["nonce"]), raw(box["data"]), _bound(part, seen.deployment)))
    except (InvalidTag, ValueError, KeyError, TypeError, RecursionError):
        maybe = "" if digest is not None else f", or {path / name} is damaged"
        raise KeyStoreError(f"wrong passphrase for {path}{maybe}") from None


def commit(
    path: Path, content: Mapping[str, object], parts: Mapping[str, object], secret: bytes, random: Random
) -> bytes:
    """Put a new public content and new sealed parts in the place of the old; gives the new `public.json`.

    Call it with the folder locked. Raises KeyStoreError, and then nothing has changed.
    """
    try:
        before: Mapping[str, str] = header(path).sealed if (path / PUBLIC).exists() else {}
        names = {}
        for part, value in parts.items():
            box = _box(part, value, secret, str(content["deployment"]), random)
            names[part] = f"{part}-{hashlib.sha256(box).hexdigest()}.sealed"
            write(path / names[part], box, like=path / before.get(part, names[part]))
        public = json.dumps({**content, "sealed": names}, indent=1).encode()
        write(path / PUBLIC, public, like=path / PUBLIC, mode=0o644)
    except OSError as error:
        raise KeyStoreError(f"cannot write to {path}: {error.strerror}; nothing was changed") from None
    for left in (*path.glob("*.sealed"), *path.glob("*.new")):
        if left.name not in names.values():
            with suppress(OSError):
                left.unlink()
    return public


def write(path: Path, content: bytes, *, like: Path, mode: int = 0o600) -> None:
    """A whole file under its name at once, on the disk before this returns.

    It keeps the mode and the group of the file `like`, so that what an operator has opened to another user stays so.
    """
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with suppress(FileNotFoundError):
            old = like.stat()
            mode = S_IMODE(old.st_mode)
            if os.fstat(handle).st_gid != old.st_gid:
                os.fchown(handle, -1, old.st_gid)
        os.fchmod(handle, mode)
        left = memoryview(content)
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Alone with a folder, among processes and threads; gives the handle of the lock file. Raises KeyStoreError."""
    try:
        handle = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise KeyStoreError(f"cannot lock {path}: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def exposed(path: Path) -> tuple[str, ...]:
    """What of a folder is open to more people than it should be, one sentence each.

    Raises KeyStoreError where anybody at all may write: they could put yesterday's copy back.
    """
    found = []
    for one in (path, *sorted(path.iterdir())):
        try:
            mode = S_IMODE(one.stat().st_mode)
        except FileNotFoundError:
            continue  # a change came between
        if mode & 0o002:
            raise KeyStoreError(f"anybody may write to {one}; look what happened to it, then: chmod o-w {one}")
        if mode & 0o007 and (one == path or one.suffix == ".sealed"):
            found.append(f"{one} is open to every user of this machine; chmod o-rwx {one}")
    return tuple(found)


def _derived(secret: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, **_SCRYPT).derive(secret)


def _bound(part: str, deployment: str) -> bytes:
    """What a sealed part is bound to: it opens as nothing else."""
    return f"{part}.sealed/{deployment}".encode()


def _box(part: str, content: object, secret: bytes, deployment: str, random: Random) -> bytes:
    salt, nonce = random(16), random(12)
    data = AESGCM(_derived(secret, salt)).encrypt(nonce, json.dumps(content).encode(), _bound(part, deployment))
    return json.dumps({"kdf": "scrypt", "salt": text(salt), "nonce": text(nonce), "data": text(data)}).encode()
