"""The texts and serials of whole blocks of stamps at once; `stamp_engine.format` does the same for one."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from stamp_engine.ff1 import U64
from stamp_engine.format import (
    ALPHABET,
    INDEX_DIGITS,
    SIGNATURE_DIGITS,
    TOKEN_CHARS,
    Template,
    check_character,
    compact_text,
    sealed_text,
)

U8 = npt.NDArray[np.uint8]
_LETTERS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
SERIAL_CHARS = 21


def characters(high: U64, low: U64) -> U8:
    """The values 0 to 31 of the characters of tokens, given as 40-bit halves: (16, N)."""
    found = np.empty((TOKEN_CHARS, len(low)), dtype=np.uint8)
    for half, places in ((high, found[:8]), (low, found[8:])):
        for place in range(8):
            np.bitwise_and(half >> np.uint64(35 - 5 * place), np.uint64(31), out=places[place], casting="unsafe")
    return found


@cache
def _checks() -> U8:
    """What each value at each place adds to the check character; their XOR is its value."""
    values = [
        [ALPHABET.index(check_character(value << (75 - 5 * place))) for value in range(32)]
        for place in range(TOKEN_CHARS)
    ]
    return np.array(values, dtype=np.uint8)


def compact_texts(template: Template, values: U8) -> U8:
    """The links of compact tokens, given as `characters`: (N, length) ASCII."""
    texts = np.tile(np.frombuffer(compact_text(template, 0).encode(), dtype=np.uint8), (values.shape[1], 1))
    texts[:, -TOKEN_CHARS:] = _LETTERS[values].T
    return texts


def sealed_texts(template: Template, digits: U8) -> U8:
    """The links of sealed stamps, given as `sealed_digits`: (N, length) ASCII."""
    texts = np.tile(np.frombuffer(sealed_text(template, 0, bytes(64)).encode(), dtype=np.uint8), (digits.shape[1], 1))
    start = len(f"https://{template.host}/")
    letters = digits.T + np.uint8(48)
    texts[:, start : start + SIGNATURE_DIGITS] = letters[:, :SIGNATURE_DIGITS]
    texts[:, -INDEX_DIGITS:] = letters[:, SIGNATURE_DIGITS:]
    return texts


def sealed_digits(indices: Sequence[int], signatures: Sequence[bytes]) -> U8:
    """The values of the digits of signatures and indices, in the same order: (167, N)."""
    spelled = "".join(
        f"{int.from_bytes(signature, 'big'):0{SIGNATURE_DIGITS}d}{index:0{INDEX_DIGITS}d}"
        for signature, index in zip(signatures, indices, strict=True)
    )
    digits = np.frombuffer(spelled.encode(), dtype=np.uint8).reshape(-1, SIGNATURE_DIGITS + INDEX_DIGITS)
    return np.ascontiguousarray(digits.T) - np.uint8(48)


def serials(values: U8) -> U8:
    """The printed serials of tokens, given as `characters`: (N, 21) ASCII."""
    checks = _checks()
    sums = checks[0][values[0]]
    for place in range(1, TOKEN_CHARS):
        sums ^= checks[place][values[place]]
    letters = _LETTERS[values].T
    text = np.full((len(letters), SERIAL_CHARS), ord("-"), dtype=np.uint8)
    for group in range(4):
        text[:, 5 * group : 5 * group + 4] = letters[:, 4 * group : 4 * group + 4]
    text[:, 20] = _LETTERS[sums]
    return text


def lines(text: U8) -> list[str]:
    """(N, width) ASCII as strings."""
    width = text.shape[1]
    whole = text.tobytes().decode("ascii")
    return [whole[at : at + width] for at in range(0, len(whole), width)]


def rows(first: int, columns: Sequence[U8], between: Sequence[bytes]) -> bytes:
    """Lines that hold a position counted from `first`, then the columns.

    `between` are the bytes around them: before the position, before each column, and at the end.
    """
    count, start, out = len(columns[0]), 0, []
    glue = [np.frombuffer(piece, dtype=np.uint8) for piece in between]
    while start < count:
        # Positions of as many digits make lines of one width.
        digits = len(str(first + start))
        stop = min(count, 10**digits - first)
        numbers = np.arange(first + start, first + stop, dtype=np.int64)
        places = 10 ** np.arange(digits - 1, -1, -1, dtype=np.int64)
        spelled = (numbers[:, None] // places % 10 + 48).astype(np.uint8)
        parts = [spelled, *(column[start:stop] for column in columns)]
        width = sum(part.shape[1] for part in parts) + sum(map(len, glue))
        block = np.empty((stop - start, width), dtype=np.uint8)
        at = 0
        for piece, part in zip(glue, [*parts, None], strict=True):
            block[:, at : at + len(piece)] = piece
            at += len(piece)
            if part is not None:
                block[:, at : at + part.shape[1]] = part
                at += part.shape[1]
        out.append(block.tobytes())
        start = stop
    return b"".join(out)
