"""Tokens and PINs: what only the symmetric keys can make or open (docs/spec/stamp-payload.md).

A token is FF1 over the index, zero-extended to 80 bits, tweaked with format version, deployment and epoch. Forty of the
eighty bits must come back as zero, so a guess hits an issued stamp with probability issued / 2^80.
"""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from stamp_engine.errors import KeyStoreError
from stamp_engine.ff1 import U64, FF1Binary80
from stamp_engine.format import INDEX_LIMIT
from stamp_engine.lifecycle import KeyState
from stamp_engine.texts import decimals

FORMAT_VERSION = 1
LIVE_EPOCHS = 4
PIN_DIGITS = 8
_PIN_CONTEXT = int.from_bytes(b"SLPIN/1\0", "big")
_MASK40 = (1 << 40) - 1


@dataclass(frozen=True, slots=True)
class EpochKey:
    """One epoch's AES-256 key; `repr` hides it."""

    number: int
    state: KeyState
    key: bytes

    def __repr__(self) -> str:
        return f"EpochKey({self.number}, {self.state.value})"


@dataclass(frozen=True, slots=True)
class Opened:
    """What a token held."""

    epoch: int
    index: int
    compromised: bool = False


class TokenKeys:
    """Makes and opens the tokens of one deployment (`deployment`: 4 bytes)."""

    def __init__(self, deployment: bytes, epochs: Iterable[EpochKey]) -> None:
        self._epochs = sorted(epochs, key=lambda epoch: -epoch.number)
        if sum(epoch.state is KeyState.LIVE for epoch in self._epochs) > LIVE_EPOCHS:
            raise KeyStoreError(f"more than {LIVE_EPOCHS} live epochs; retire one")
        self._ciphers = {
            epoch.number: FF1Binary80(epoch.key, bytes([FORMAT_VERSION]) + deployment + epoch.number.to_bytes(4, "big"))
            for epoch in self._epochs
        }

    def seal(self, indices: npt.NDArray[np.integer], epoch: int) -> tuple[U64, U64]:
        """The tokens of many indices as `(high, low)` arrays of 40 bits each."""
        low = indices.astype(np.uint64)
        return self._cipher(epoch).encrypt(np.zeros_like(low), low)

    def seal_one(self, index: int, epoch: int) -> int:
        """The 80-bit token of one index."""
        high, low = self.seal(np.array([index], dtype=np.uint64), epoch)
        return int(high[0]) << 40 | int(low[0])

    def open(self, tokens: Sequence[int]) -> list[Opened | None]:
        """What each token holds, None where no epoch of ours made it."""
        found: list[Opened | None] = [None] * len(tokens)
        high = np.array([token >> 40 for token in tokens], dtype=np.uint64)
        low = np.array([token & _MASK40 for token in tokens], dtype=np.uint64)
        for epoch in self._epochs:
            zero, index = self._ciphers[epoch.number].decrypt(high, low)
            for place in np.flatnonzero((zero == 0) & (index < INDEX_LIMIT)):
                if found[place] is None:
                    found[place] = Opened(epoch.number, int(index[place]), epoch.state is KeyState.COMPROMISED)
        return found

    def _cipher(self, epoch: int) -> FF1Binary80:
        try:
            return self._ciphers[epoch]
        except KeyError:
            raise KeyStoreError(f"there is no epoch {epoch}") from None


class PinKeys:
    """Derives the scratch code of a stamp from a key of its own: one AES-256 block over the index, to eight digits."""

    def __init__(self, key: bytes) -> None:
        # ECB over independent blocks is the raw permutation, used as a pseudo-random function, not a mode for messages.
        self._ecb = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305

    def pins(self, indices: npt.NDArray[np.integer]) -> npt.NDArray[np.uint8]:
        """The digits of many stamps as (N, 8) ASCII. Printed under the scratch layer, and kept nowhere."""
        blocks = np.empty((len(indices), 2), dtype=">u8")
        blocks[:, 0] = _PIN_CONTEXT
        blocks[:, 1] = indices
        out = np.frombuffer(self._ecb.update(blocks.tobytes()), dtype=">u8").reshape(-1, 2)
        numbers = out[:, 0].astype(np.uint64)
        # NumPy divides by a constant fast, but takes remainders slowly.
        numbers -= numbers // np.uint64(10**PIN_DIGITS) * np.uint64(10**PIN_DIGITS)
        return decimals(numbers)[:, -PIN_DIGITS:]

    def pin(self, index: int) -> str:
        """Eight digits."""
        return self.pins(np.array([index], dtype=np.uint64)).tobytes().decode()

    def check(self, index: int, pin: str) -> bool:
        """Whether the digits are right, in constant time."""
        return hmac.compare_digest(self.pin(index).encode(), pin.encode())
