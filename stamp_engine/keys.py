"""The key directory: epochs, PIN key and signing keys on disk, and the high-water mark of the index.

    public.json           deployment, kind, public keys and states: for anyone; names the two sealed files
    symmetric-….sealed    token and PIN keys: for the opener and whoever mints
    signing-….sealed      Ed25519 seeds: for whoever mints, never for the opener
    high-water, lock      the first index never handed out (`mark`)

How the files change together is `vault`'s affair. A directory may be opened by many processes: every change and every
reservation is made alone, upon what the disk says then. A stand-alone directory and a platform's directory are
different kinds and are never used for each other.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from stamp_engine import mark, vault
from stamp_engine.errors import KeyStoreError, MintRefused
from stamp_engine.format import INDEX_LIMIT
from stamp_engine.lifecycle import KeyState
from stamp_engine.mark import HIGH_WATER
from stamp_engine.signing import KeyUse, PublicKey, SecretKey
from stamp_engine.tokens import LIVE_EPOCHS, EpochKey, PinKeys, TokenKeys
from stamp_engine.vault import PUBLIC, Random

SYMMETRIC, SIGNING = "symmetric", "signing"
_KEY_BYTES = 32
# What may become of a key; what is known to others stays so.
_AFTER: Mapping[KeyState, frozenset[KeyState]] = {
    KeyState.LIVE: frozenset({KeyState.LIVE, KeyState.RETIRED, KeyState.COMPROMISED}),
    KeyState.RETIRED: frozenset({KeyState.RETIRED, KeyState.COMPROMISED}),
    KeyState.COMPROMISED: frozenset({KeyState.COMPROMISED}),
}

T = TypeVar("T")


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


@dataclass(frozen=True, slots=True)
class _Content:
    """Everything that is sealed, as it was at one moment."""

    symmetric: SymmetricKeys
    signing: tuple[SecretKey, ...]


class KeyDirectory:
    """An opened key directory. Changes show here at once, in other processes when they next reserve or change."""

    def __init__(
        self, path: Path, secret: bytes, kind: KeyKind, content: _Content, seen: bytes, random: Random
    ) -> None:
        self.path = path
        self.kind = kind
        self.warnings = vault.exposed(path)
        self._content = content
        self._seen = seen
        self._secret = secret
        self._random = random

    @classmethod
    def create(cls, path: Path, secret: bytes, kind: KeyKind, random: Random = os.urandom) -> "KeyDirectory":
        """A new directory with one epoch and one key of each use.

        Raises KeyStoreError when there are keys already, or what is left of some.
        """
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise KeyStoreError(f"cannot make {path}: {error.strerror}") from None
        with vault.locked(path) as handle:
            _require_empty(path)
            symmetric = SymmetricKeys(random(4), (EpochKey(1, KeyState.LIVE, random(_KEY_BYTES)),), random(_KEY_BYTES))
            content = _Content(symmetric, tuple(SecretKey.from_seed(random(_KEY_BYTES), use) for use in KeyUse))
            if not (path / HIGH_WATER).exists():
                mark.move(path, handle, 0)
            seen = _committed(path, secret, kind, content, random)
        return cls(path, secret, kind, content, seen, random)

    @classmethod
    def open(
        cls, path: Path, secret: bytes, kind: KeyKind | None = None, random: Random = os.urandom
    ) -> "KeyDirectory":
        """Raises KeyStoreError when there is none, it is of another kind, or the passphrase is wrong."""

        def read(seen: vault.Header) -> KeyDirectory:
            found = _kind(path, seen)
            if kind is not None and found is not kind:
                raise KeyStoreError(f"{path} is a {found.value} directory, not a {kind.value} one")
            return cls(path, secret, found, _opened(path, seen, secret), seen.raw, random)

        return vault.steady(path, read)

    @property
    def symmetric(self) -> SymmetricKeys:
        """Token and PIN keys."""
        return self._content.symmetric

    @property
    def signing(self) -> tuple[SecretKey, ...]:
        """The signing keys, in order of age."""
        return self._content.signing

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
        """The first index never handed out. Raises KeyStoreError."""
        return mark.read(self.path).value

    def reserve(self, count: int, floor: int | None = None, *, name: str = "") -> range:
        """A block of `count` indices never given before and not below `floor`, with the keys as they are then.

        The mark is on disk before this returns: a crash loses the block, and never gives it twice. `floor` is what
        others know to be free; without it a directory that may be a copy hands out nothing, and none does that has
        no live keys to mint with. A `name` is given one block, and that one again when it asks again, so that a job
        killed before it noted its block leaves no gap; unless `floor` says that it may be used.

        Raises MintRefused, KeyStoreError.
        """
        if count < 1:
            raise MintRefused("a batch has at least one stamp")
        with vault.locked(self.path) as handle:
            self._refresh()
            self.symmetric.current  # noqa: B018  raises before an index is lost
            self.manifest_key()
            found = mark.read(self.path)
            before = mark.given(self.path, name, found) if name else None
            if before is not None and before.start >= (floor or 0):
                if len(before) != count:
                    raise MintRefused(f"this job has a block of {len(before)} stamps already, not of {count}")
                return before
            if found.moved and floor is None:
                raise KeyStoreError(
                    f"{self.path} was copied, put back from a backup or given other rights since it last minted; "
                    f"{mark.remedy(self.path)}"
                )
            lo = max(found.value, floor or 0)
            if lo + count > INDEX_LIMIT:
                raise MintRefused(f"only {INDEX_LIMIT - lo} indices are left")
            block = range(lo, lo + count)
            if name:
                mark.note(self.path, name, block)
            mark.move(self.path, handle, block.stop)
        return block

    def raise_floor(self, floor: int) -> int:
        """Nothing below `floor` is handed out from now on; gives the mark, which never goes down.

        This is also how a directory that was put back is believed again. Raises KeyStoreError.
        """
        if not 0 <= floor <= INDEX_LIMIT:
            raise KeyStoreError(f"an index is 0 to {INDEX_LIMIT - 1}")
        with vault.locked(self.path) as handle:
            try:
                before = mark.read(self.path).value
            except KeyStoreError:
                before = 0  # it is missing or damaged: the floor is all that is known
            mark.move(self.path, handle, max(before, floor))
        return max(before, floor)

    def rotate(self, *, make_room: bool = False) -> None:
        """A new epoch and new signing keys; those before stay live until retired.

        Where as many epochs are live as may be, `make_room` retires the oldest. Raises KeyStoreError without it.
        """

        def rotated(content: _Content) -> _Content:
            epochs = content.symmetric.epochs
            live = [epoch.number for epoch in epochs if epoch.state is KeyState.LIVE]
            if len(live) >= LIVE_EPOCHS:
                if not make_room:
                    raise KeyStoreError(f"{LIVE_EPOCHS} epochs are live; retire epoch {min(live)} first")
                epochs = tuple(
                    replace(epoch, state=KeyState.RETIRED) if epoch.number == min(live) else epoch for epoch in epochs
                )
            number = max(epoch.number for epoch in epochs) + 1
            fresh = EpochKey(number, KeyState.LIVE, self._random(_KEY_BYTES))
            keys = tuple(SecretKey.from_seed(self._random(_KEY_BYTES), use) for use in KeyUse)
            return _Content(replace(content.symmetric, epochs=(*epochs, fresh)), content.signing + keys)

        self._change(rotated)

    def set_state(self, name: str, state: KeyState) -> None:
        """Retires or gives up an epoch (its number) or a signing key (its kid).

        Raises KeyStoreError when it is unknown, or was given up before.
        """

        def changed(content: _Content) -> _Content:
            names = {str(epoch.number) for epoch in content.symmetric.epochs}
            if name not in names | {key.public.kid for key in content.signing}:
                raise KeyStoreError(f"there is no {'epoch' if name.isdecimal() else 'key'} {name}")
            epochs = tuple(
                replace(epoch, state=_after(name, epoch.state, state)) if str(epoch.number) == name else epoch
                for epoch in content.symmetric.epochs
            )
            signing = tuple(
                replace(key, public=replace(key.public, state=_after(name, key.public.state, state)))
                if key.public.kid == name
                else key
                for key in content.signing
            )
            return _Content(replace(content.symmetric, epochs=epochs), signing)

        self._change(changed)

    def lock_with(self, secret: bytes) -> None:
        """From now on another passphrase opens the directory; copies made before keep theirs. Raises KeyStoreError."""
        with vault.locked(self.path):
            self._refresh()
            self._seen = _committed(self.path, secret, self.kind, self._content, self._random)
            self._secret = secret

    def _change(self, act: Callable[[_Content], _Content]) -> None:
        with vault.locked(self.path):
            self._refresh()
            content = act(self._content)
            self._seen = _committed(self.path, self._secret, self.kind, content, self._random)
            self._content = content

    def _refresh(self) -> None:
        """Take over what another process changed. Call it with the folder locked."""
        seen = vault.header(self.path)
        if seen.raw != self._seen:
            self._content, self._seen = _opened(self.path, seen, self._secret), seen.raw


def open_symmetric(path: Path, secret: bytes) -> SymmetricKeys:
    """The symmetric half alone, for the opener, whose user cannot read the signing file. Raises KeyStoreError."""
    return vault.steady(path, lambda seen: _symmetric(path, seen, secret))


def _symmetric(path: Path, seen: vault.Header, secret: bytes) -> SymmetricKeys:
    content = vault.unsealed(path, seen, SYMMETRIC, secret)

    def made() -> SymmetricKeys:
        epochs = tuple(EpochKey(e["number"], KeyState(e["state"]), vault.raw(e["key"])) for e in content["epochs"])
        return SymmetricKeys(bytes.fromhex(seen.deployment), epochs, vault.raw(content["pin"]))

    found = _understood(path, made)
    # Made once here, so that a directory that opens is one that can also be used.
    _understood(path, lambda: (found.token_keys(), found.pin_keys()))
    return found


def _opened(path: Path, seen: vault.Header, secret: bytes) -> _Content:
    sealed = vault.unsealed(path, seen, SIGNING, secret)

    def made() -> tuple[SecretKey, ...]:
        return tuple(
            SecretKey.from_seed(vault.raw(key["seed"]), KeyUse(key["use"]), KeyState(key["state"])) for key in sealed
        )

    return _Content(_symmetric(path, seen, secret), _understood(path, made))


def _understood(path: Path, made: Callable[[], T]) -> T:
    """What was unsealed, as keys. It was written by whoever had the secret, and perhaps by another version."""
    try:
        return made()
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise KeyStoreError(f"{path} was written by a version that this one does not understand") from None


def _kind(path: Path, seen: vault.Header) -> KeyKind:
    try:
        return KeyKind(seen.kind)
    except ValueError:
        raise KeyStoreError(f"{path / PUBLIC} is damaged; restore the whole directory from its backup") from None


def _after(name: str, before: KeyState, state: KeyState) -> KeyState:
    if state not in _AFTER[before]:
        raise KeyStoreError(f"{name} is {before.value} and cannot become {state.value}")
    return state


def _require_empty(path: Path) -> None:
    """Raises KeyStoreError unless a new directory may be made here; one whose making was cut short may."""
    if (path / PUBLIC).exists():
        raise KeyStoreError(f"{path} already holds keys")
    begun = (path / HIGH_WATER).exists()
    if (any(path.glob("*.sealed")) and not begun) or (begun and mark.read(path).value):
        raise KeyStoreError(f"{path} holds what is left of keys; restore its {PUBLIC}, or choose another directory")


def _committed(path: Path, secret: bytes, kind: KeyKind, content: _Content, random: Random) -> bytes:
    """Write everything; gives the public file."""
    epochs, signing = content.symmetric.epochs, content.signing
    public = {
        "kind": kind.value,
        "deployment": content.symmetric.deployment.hex(),
        "epochs": [{"number": epoch.number, "state": epoch.state.value} for epoch in epochs],
        "keys": [{**key.public.jwk(), "state": key.public.state.value} for key in signing],
    }
    symmetric = {
        "pin": vault.text(content.symmetric.pin),
        "epochs": [
            {"number": epoch.number, "state": epoch.state.value, "key": vault.text(epoch.key)} for epoch in epochs
        ],
    }
    seeds = [
        {"use": key.public.use.value, "state": key.public.state.value, "seed": vault.text(key.seed)} for key in signing
    ]
    return vault.commit(path, public, {SYMMETRIC: symmetric, SIGNING: seeds}, secret, random)
