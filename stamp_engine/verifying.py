"""Checking codes with keys alone: no database, no network, no status.

The signed manifest of a batch says what else its codes must say. With manifests at hand a code that names another GTIN,
profile, epoch or key than its batch has frozen is forged, whatever its cryptography says. A code of no such batch is
judged by the keys alone.
"""

import os
from bisect import bisect_right
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from stamp_engine.errors import ErrorCode, Foreign, Forged, Malformed
from stamp_engine.format import CompactCode, Profile, SealedCode, parse
from stamp_engine.keys import KeyDirectory, SymmetricKeys
from stamp_engine.lifecycle import KeyState
from stamp_engine.manifest import Manifest
from stamp_engine.signing import KeyUse, PublicKey, sealed_message
from stamp_engine.tokens import Opened

_WORTH_A_THREAD = 64


class Outcome(StrEnum):
    """What can be said without a database."""

    AUTHENTIC = "authentic"
    FORGED = "forged"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Checked:
    """One code's outcome.

    `index` is there where a key of ours made the code, a compromised one too; `key` names it (`epoch-N` or a kid);
    `batch` is the batch whose manifest covers it. `reason` says why a code is not authentic.
    """

    outcome: Outcome
    index: int | None = None
    key: str | None = None
    batch: str | None = None
    reason: ErrorCode | None = None


_FORGED = Checked(Outcome.FORGED, reason=ErrorCode.FORGED)


class Checker:
    """Checks many codes with the same keys. Without `hosts` (upper case) any host is taken as ours."""

    def __init__(
        self,
        symmetric: SymmetricKeys,
        public: Sequence[PublicKey],
        hosts: Collection[str] | None = None,
        manifests: Sequence[Manifest] = (),
    ) -> None:
        self._tokens = symmetric.token_keys()
        self._deployment = symmetric.deployment
        # The newest key first, and those known to others last: they only say why a code is not believed.
        stamp = [key for key in reversed(public) if key.use is KeyUse.STAMP]
        self._keys = sorted(stamp, key=lambda key: key.state is KeyState.COMPROMISED)
        self._hosts = hosts
        self._manifests = sorted(manifests, key=lambda manifest: manifest.lo)
        self._starts = [manifest.lo for manifest in self._manifests]

    def check(self, texts: Sequence[str]) -> list[Checked]:
        """The outcome of each link or printed serial, in order."""
        found: list[Checked] = [_FORGED] * len(texts)
        compact: list[tuple[int, CompactCode]] = []
        sealed: list[tuple[int, SealedCode]] = []
        for place, text in enumerate(texts):
            try:
                code = parse(text, self._hosts)
            except (Malformed, Foreign) as error:
                found[place] = Checked(Outcome.MALFORMED, reason=error.code)
                continue
            if isinstance(code, CompactCode):
                compact.append((place, code))
            else:
                sealed.append((place, code))
        for (place, token), opened in zip(compact, self._tokens.open([code.token for _, code in compact]), strict=True):
            if opened is not None:
                found[place] = self._opened(token, opened, typed="://" not in texts[place])
        for (place, _), checked in zip(sealed, self._sealed([code for _, code in sealed]), strict=True):
            found[place] = checked
        return found

    def _opened(self, code: CompactCode, opened: Opened, *, typed: bool) -> Checked:
        """A typed serial stands for the whole stamp, sealed ones too, and carries no GTIN."""
        state = KeyState.COMPROMISED if opened.compromised else KeyState.LIVE
        batch = self._batch(opened.index)
        agrees = batch is None or (
            batch.epoch == opened.epoch and (typed or (batch.profile is Profile.COMPACT and batch.gtin == code.gtin))
        )
        return _made(opened.index, f"epoch-{opened.epoch}", state, batch, agrees=agrees)

    def _sealed(self, codes: list[SealedCode]) -> list[Checked]:
        """Libsodium checks outside the interpreter's lock, so every core helps."""
        cores = os.cpu_count() or 1
        step = max(_WORTH_A_THREAD, -(-len(codes) // cores))
        with ThreadPoolExecutor(cores) as pool:
            parts = pool.map(self._signed_some, [codes[at : at + step] for at in range(0, len(codes), step)])
            return [checked for part in parts for checked in part]

    def _signed_some(self, codes: list[SealedCode]) -> list[Checked]:
        return [self._signed(code) for code in codes]

    def _signed(self, code: SealedCode) -> Checked:
        message = sealed_message(self._deployment, code.gtin, code.index)
        for key in self._keys:
            try:
                key.verify(message, code.signature)
            except Forged:
                continue
            batch = self._batch(code.index)
            agrees = batch is None or (
                batch.profile is Profile.SEALED and batch.kid == key.kid and batch.gtin == code.gtin
            )
            return _made(code.index, key.kid, key.state, batch, agrees=agrees)
        return _FORGED

    def _batch(self, index: int) -> Manifest | None:
        place = bisect_right(self._starts, index) - 1
        return self._manifests[place] if place >= 0 and index < self._manifests[place].hi else None


def check(text: str, keys: KeyDirectory, hosts: Collection[str] | None = None) -> Checked:
    """Check one link or printed serial."""
    return Checker(keys.symmetric, keys.public_keys(), hosts).check([text])[0]


def _made(index: int, key: str, state: KeyState, batch: Manifest | None, *, agrees: bool) -> Checked:
    number = None if batch is None else batch.batch
    if state is KeyState.COMPROMISED:
        return Checked(Outcome.FORGED, index, key, number, ErrorCode.COMPROMISED)
    if not agrees:
        return Checked(Outcome.FORGED, index, key, number, ErrorCode.FORGED)
    return Checked(Outcome.AUTHENTIC, index, key, number)
