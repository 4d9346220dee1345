"""The key directory: epochs, PIN key and signing keys on disk, and the high-water mark of the index.

    public.json        deployment, kind, public keys and states: for anyone
    symmetric.sealed   token and PIN keys: for the opener and whoever mints
    signing.sealed     Ed25519 seeds: for whoever mints, never for the opener
    high-water         the first index never handed out; fsynced before a block is given (invariant 12)

The two sealed files are encrypted with AES-256-GCM under scrypt of a passphrase. A stand-alone directory and a
platform's directory are different kinds and are never used for each other.
"""

import base64
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from stamp_engine.errors import KeyStoreError, MintRefused
from stamp_engine.format import INDEX_LIMIT
from stamp_engine.signing import KeyUse, PublicKey, SecretKey
from stamp_engine.tokens import LIVE_EPOCHS, EpochKey, KeyState, PinKeys, TokenKeys

PUBLIC, SYMMETRIC, SIGNING, HIGH_WATER, LOCK = (
    "public.json",
    "symmetric.sealed",
    "signing.sealed",
    "high-water",
    "lock",
)
_SCRYPT = {"n": 1 << 15, "r": 8, "p": 1}

Random = Callable[[int], bytes]


class KeyKind(StrEnum):
    """Whose directory it is."""

    STANDALONE = "standalone"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class SymmetricKeys:
    """What opens tokens and checks PINs, and could make them."""

    deployment: bytes
    epochs: tuple[EpochKey, ...]
    pin: bytes

    def __repr__(self) -> str:
        return f"SymmetricKeys({self.deployment.hex()}, {self.epochs})"

    @property
    def current(self) -> int:
        """The newest live epoch, which new batches use."""
        live = [epoch.number for epoch in self.epochs if epoch.state is KeyState.LIVE]
        if not live:
            raise KeyStoreError("no live epoch; rotate the keys first")
        return max(live)

    def token_keys(self) -> TokenKeys:
        """The token cipher over every epoch."""
        return TokenKeys(self.deployment, self.epochs)

    def pin_keys(self) -> PinKeys:
        """The PIN derivation."""
        return PinKeys(self.pin)


class KeyDirectory:
    """An opened key directory. Every change is written to a new file, synced, and renamed over the old one."""

    def __init__(
        self,
        path: Path,
        secret: bytes,
        kind: KeyKind,
        symmetric: SymmetricKeys,
        signing: tuple[SecretKey, ...],
        random: Random,
    ) -> None:
        self.path = path
        self.kind = kind
        self.symmetric = symmetric
        self.signing = signing
        self._secret = secret
        self._random = random

    @classmethod
    def create(cls, path: Path, secret: bytes, kind: KeyKind, random: Random = os.urandom) -> "KeyDirectory":
        """A new directory with one epoch and one key of each use. Raises KeyStoreError when there is one already."""
        if (path / PUBLIC).exists():
            raise KeyStoreError(f"{path} already holds keys")
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        symmetric = SymmetricKeys(random(4), (EpochKey(1, KeyState.LIVE, random(32)),), random(32))
        signing = tuple(SecretKey.from_seed(random(32), use) for use in KeyUse)
        made = cls(path, secret, kind, symmetric, signing, random)
        if not (path / HIGH_WATER).exists():
            _write(path / HIGH_WATER, b"0")
        made._save()
        return made

    @classmethod
    def open(
        cls, path: Path, secret: bytes, kind: KeyKind | None = None, random: Random = os.urandom
    ) -> "KeyDirectory":
        """Raises KeyStoreError when there is none, it is of another kind, or the passphrase is wrong."""
        public = _public(path)
        found = KeyKind(public["kind"])
        if kind is not None and found is not kind:
            raise KeyStoreError(f"{path} is a {found.value} directory, not a {kind.value} one")
        sealed = _unseal(path / SIGNING, secret, public["deployment"])
        signing = tuple(
            SecretKey.from_seed(_bytes(key["seed"]), KeyUse(key["use"]), KeyState(key["state"])) for key in sealed
        )
        return cls(path, secret, found, open_symmetric(path, secret), signing, random)

    @property
    def deployment(self) -> bytes:
        """The four bytes that name this deployment in every token and signature."""
        return self.symmetric.deployment

    def stamp_key(self, kid: str | None = None) -> SecretKey:
        """The live sealing key, or the one named. Raises KeyStoreError."""
        return self._signing_key(KeyUse.STAMP, kid)

    def manifest_key(self, kid: str | None = None) -> SecretKey:
        """The live manifest key, or the one named. Raises KeyStoreError."""
        return self._signing_key(KeyUse.MANIFEST, kid)

    def _signing_key(self, use: KeyUse, kid: str | None) -> SecretKey:
        for key in reversed(self.signing):
            if key.public.use is use and (key.public.kid == kid or (kid is None and key.public.state is KeyState.LIVE)):
                return key
        raise KeyStoreError(f"no {use.value} key {kid or 'is live'}")

    def public_keys(self) -> tuple[PublicKey, ...]:
        """The public halves, in order of age."""
        return tuple(key.public for key in self.signing)

    @property
    def high_water(self) -> int:
        """The first index never handed out."""
        return _read_mark(self.path / HIGH_WATER)

    def reserve(self, count: int, floor: int = 0) -> range:
        """A block of `count` indices never given before and not below `floor`.

        The mark is on disk before this returns: a crash loses the block, and never gives it twice. Raises MintRefused.
        """
        if count < 1:
            raise MintRefused("a batch has at least one stamp")
        with self._locked():
            lo = max(_read_mark(self.path / HIGH_WATER), floor)
            if lo + count > INDEX_LIMIT:
                raise MintRefused(f"only {INDEX_LIMIT - lo} indices are left")
            _write(self.path / HIGH_WATER, str(lo + count).encode())
        return range(lo, lo + count)

    def rotate(self) -> None:
        """A new epoch and new signing keys; those before stay live until retired. Raises KeyStoreError when full."""
        live = [epoch for epoch in self.symmetric.epochs if epoch.state is KeyState.LIVE]
        if len(live) >= LIVE_EPOCHS:
            raise KeyStoreError(f"{LIVE_EPOCHS} epochs are live; retire epoch {min(e.number for e in live)} first")
        number = max(epoch.number for epoch in self.symmetric.epochs) + 1
        fresh = EpochKey(number, KeyState.LIVE, self._random(32))
        self.symmetric = replace(self.symmetric, epochs=(*self.symmetric.epochs, fresh))
        self.signing += tuple(SecretKey.from_seed(self._random(32), use) for use in KeyUse)
        self._save()

    def set_state(self, name: str, state: KeyState) -> None:
        """Retires or gives up an epoch (its number) or a signing key (its kid). Raises KeyStoreError when unknown."""
        if name.isdecimal():
            epochs = self.symmetric.epochs
            if int(name) not in {epoch.number for epoch in epochs}:
                raise KeyStoreError(f"there is no epoch {name}")
            changed = tuple(replace(epoch, state=state) if epoch.number == int(name) else epoch for epoch in epochs)
            self.symmetric = replace(self.symmetric, epochs=changed)
        else:
            if name not in {key.public.kid for key in self.signing}:
                raise KeyStoreError(f"there is no key {name}")
            self.signing = tuple(
                replace(key, public=replace(key.public, state=state)) if key.public.kid == name else key
                for key in self.signing
            )
        self._save()

    def _save(self) -> None:
        deployment = self.deployment.hex()
        symmetric = {
            "pin": _text(self.symmetric.pin),
            "epochs": [
                {"number": epoch.number, "state": epoch.state.value, "key": _text(epoch.key)}
                for epoch in self.symmetric.epochs
            ],
        }
        signing = [
            {"use": key.public.use.value, "state": key.public.state.value, "seed": _text(key.seed)}
            for key in self.signing
        ]
        public = {
            "kind": self.kind.value,
            "deployment": deployment,
            "epochs": [{"number": e.number, "state": e.state.value} for e in self.symmetric.epochs],
            "keys": [{**key.public.jwk(), "state": key.public.state.value} for key in self.signing],
        }
        _write(self.path / SYMMETRIC, _seal(SYMMETRIC, symmetric, self._secret, deployment, self._random))
        _write(self.path / SIGNING, _seal(SIGNING, signing, self._secret, deployment, self._random))
        _write(self.path / PUBLIC, json.dumps(public, indent=1).encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.path / LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def open_symmetric(path: Path, secret: bytes) -> SymmetricKeys:
    """The symmetric half alone, for the opener, whose user cannot read the signing file. Raises KeyStoreError."""
    deployment = _public(path)["deployment"]
    sealed = _unseal(path / SYMMETRIC, secret, deployment)
    epochs = tuple(EpochKey(e["number"], KeyState(e["state"]), _bytes(e["key"])) for e in sealed["epochs"])
    return SymmetricKeys(bytes.fromhex(deployment), epochs, _bytes(sealed["pin"]))


def _public(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((path / PUBLIC).read_bytes())
    except FileNotFoundError:
        raise KeyStoreError(f"{path} holds no keys; make some with: estamp keys new --keys {path}") from None
    return found


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


def _derive(secret: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, **_SCRYPT).derive(secret)


def _seal(name: str, content: object, secret: bytes, deployment: str, random: Random) -> bytes:
    salt, nonce = random(16), random(12)
    data = AESGCM(_derive(secret, salt)).encrypt(nonce, json.dumps(content).encode(), f"{name}/{deployment}".encode())
    return json.dumps({"kdf": "scrypt", "salt": _text(salt), "nonce": _text(nonce), "data": _text(data)}).encode()


def _unseal(path: Path, secret: bytes, deployment: str) -> Any:
    try:
        box = json.loads(path.read_bytes())
        key = _derive(secret, _bytes(box["salt"]))
        aad = f"{path.name}/{deployment}".encode()
        return json.loads(AESGCM(key).decrypt(_bytes(box["nonce"]), _bytes(box["data"]), aad))
    except OSError as error:
        raise KeyStoreError(f"cannot read {path}: {error.strerror}") from None
    except (InvalidTag, ValueError, KeyError):
        raise KeyStoreError(f"wrong passphrase, or {path} is damaged") from None


def _read_mark(path: Path) -> int:
    try:
        return int(path.read_bytes())
    except (OSError, ValueError):
        raise KeyStoreError(f"{path} is missing or damaged; restore it, never guess it") from None


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
