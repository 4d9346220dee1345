"""FF1 format-preserving encryption (NIST SP 800-38G r1), twice.

`FF1` is the plain algorithm for any radix and is checked against the published vectors. `encrypt80` and `decrypt80` are
the same algorithm for radix 2 and n = 80 over NumPy arrays. With n = 80 each half has 40 bits and b = 5 bytes, d = 8;
Q is one block, and so is R: ten AES calls a value, which for an array are ten bulk calls.

An array of 80-bit values is a pair of uint64 arrays `(high, low)` of 40 bits each.
"""

from collections.abc import Sequence
from math import ceil

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

U64 = npt.NDArray[np.uint64]
ROUNDS = 10
_SMALLEST_DOMAIN = 1_000_000
_BLOCK = 16
_MASK40 = np.array([(1 << 40) - 1], dtype=np.uint64)
_R = np.dtype({"names": ["y"], "formats": [">u8"], "offsets": [4], "itemsize": 16})
"""Of the block R, y is the first d = 12 bytes as a number. Modulo 2^40 its last five matter, which end this field."""


def _ecb(key: bytes) -> CipherContext:
    # ECB over independent blocks is the raw AES permutation FF1 is built from, not a mode for messages.
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305


class FF1:
    """Plain FF1 for `radix` 2 to 65536 under an AES key of 16, 24 or 32 bytes. Raises ValueError for others."""

    def __init__(self, key: bytes, radix: int) -> None:
        if not 2 <= radix <= 1 << 16:
            raise ValueError("a radix is 2 to 65536")
        self._ecb = _ecb(key)
        self.radix = radix

    def encrypt(self, numerals: Sequence[int], tweak: bytes) -> list[int]:
        """The numerals of the ciphertext, as many as were given.

        Raises ValueError where a numeral is not below the radix, or fewer than a million strings have this length.
        """
        return self._run(numerals, tweak, range(ROUNDS), 1)

    def decrypt(self, numerals: Sequence[int], tweak: bytes) -> list[int]:
        """The inverse of `encrypt`."""
        return self._run(numerals, tweak, range(ROUNDS - 1, -1, -1), -1)

    def _run(self, numerals: Sequence[int], tweak: bytes, rounds: range, sign: int) -> list[int]:
        n = len(numerals)
        if self.radix**n < _SMALLEST_DOMAIN:
            raise ValueError(f"{n} numerals of radix {self.radix} are too few to be secret")
        if not all(0 <= numeral < self.radix for numeral in numerals):
            raise ValueError(f"a numeral of radix {self.radix} is 0 to {self.radix - 1}")
        u = n // 2
        v = n - u
        a, b = list(numerals[:u]), list(numerals[u:])
        p = bytes([1, 2, 1]) + self.radix.to_bytes(3, "big") + bytes([ROUNDS, u % 256])
        p += n.to_bytes(4, "big") + len(tweak).to_bytes(4, "big")
        for i in rounds:
            m = u if i % 2 == 0 else v
            kept, changed = (b, a) if sign > 0 else (a, b)
            y = self._round(i, kept, p, tweak, v)
            c = (self._number(changed) + sign * y) % self.radix**m
            fresh = self._numerals(c, m)
            a, b = (b, fresh) if sign > 0 else (fresh, a)
        return a + b

    def _round(self, i: int, kept: list[int], p: bytes, tweak: bytes, v: int) -> int:
        # b = ⌈⌈v·log2(radix)⌉ / 8⌉, counted in whole numbers: a logarithm may be rounded the wrong way.
        size = ceil((self.radix**v - 1).bit_length() / 8)
        d = 4 * ceil(size / 4) + 4
        q = tweak + bytes((-len(tweak) - size - 1) % 16) + bytes([i]) + self._number(kept).to_bytes(size, "big")
        r = bytes(16)
        whole = p + q
        for at in range(0, len(whole), 16):
            r = self._block(bytes(x ^ y for x, y in zip(r, whole[at : at + 16], strict=True)))
        s = r
        for j in range(1, ceil(d / 16)):
            s += self._block(bytes(x ^ y for x, y in zip(r, j.to_bytes(16, "big"), strict=True)))
        return int.from_bytes(s[:d], "big")

    def _block(self, block: bytes) -> bytes:
        return self._ecb.update(block)

    def _number(self, numerals: Sequence[int]) -> int:
        number = 0
        for numeral in numerals:
            number = number * self.radix + numeral
        return number

    def _numerals(self, number: int, length: int) -> list[int]:
        found = [0] * length
        for place in range(length - 1, -1, -1):
            number, found[place] = divmod(number, self.radix)
        return found


class FF1Binary80:
    """FF1 with radix 2 and n = 80 under one key and one tweak of at most 10 bytes, for whole arrays."""

    def __init__(self, key: bytes, tweak: bytes) -> None:
        if len(tweak) > 10:
            raise ValueError("a tweak of more than 10 bytes needs a second block")
        self._ecb = _ecb(key)
        p = bytes([1, 2, 1, 0, 0, 2, ROUNDS, 40]) + (80).to_bytes(4, "big") + len(tweak).to_bytes(4, "big")
        first = self._ecb.update(p)
        # Q = tweak ‖ zeros ‖ round ‖ 5 bytes; XORed with E(P) once, so that a round is one AES block a value.
        head = tweak + bytes(10 - len(tweak))
        self._high = np.uint64(int.from_bytes(bytes(x ^ y for x, y in zip(first[:8], head[:8], strict=True)), "big"))
        low = int.from_bytes(first[8:], "big") ^ int.from_bytes(head[8:10] + bytes(6), "big")
        self._lows = [np.array([low ^ i << 40], dtype=np.uint64) for i in range(ROUNDS)]

    def encrypt(self, high: U64, low: U64) -> tuple[U64, U64]:
        """Both halves of the ciphertext of every value."""
        rounds = _Rounds(self._ecb, self._high, len(low))
        a, b = high.astype(np.uint64), low.astype(np.uint64)
        for i in range(ROUNDS):
            a, b = b, rounds.changed(np.add, a, self._lows[i], b)
        return a, b

    def decrypt(self, high: U64, low: U64) -> tuple[U64, U64]:
        """The inverse of `encrypt`."""
        rounds = _Rounds(self._ecb, self._high, len(low))
        a, b = high.astype(np.uint64), low.astype(np.uint64)
        for i in range(ROUNDS - 1, -1, -1):
            a, b = rounds.changed(np.subtract, b, self._lows[i], a), a
        return a, b


class _Rounds:
    """Ten rounds over the same values in the same memory: where they are few, a new array costs more than its sums."""

    def __init__(self, ecb: CipherContext, high: np.uint64, count: int) -> None:
        self._ecb = ecb
        self._blocks = bytearray(count * _BLOCK)
        # The cipher wants room for almost one more block behind its output.
        self._out = bytearray(count * _BLOCK + _BLOCK - 1)
        words = np.frombuffer(self._blocks, dtype=">u8").reshape(count, 2)
        words[:, 0] = high
        self._last = words[:, 1]
        self._y = np.frombuffer(self._out, dtype=_R, count=count)["y"]
        self._mixed = np.empty(count, dtype=np.uint64)

    def changed(self, sign: np.ufunc, half: U64, low: U64, kept: U64) -> U64:
        """One half after a round, written over it; `low` is the round's part of Q beside the half that is kept."""
        self._last[:] = np.bitwise_xor(kept, low, out=self._mixed)
        self._ecb.update_into(self._blocks, self._out)
        sign(half, self._y, out=half)
        return np.bitwise_and(half, _MASK40, out=half)
