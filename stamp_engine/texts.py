"""The texts and serials of whole blocks of stamps at once; `stamp_engine.format` does the same for one."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from stamp_engine.ff1 import U64
from stamp_engine.format import ALPHABET, TOKEN_CHARS, Template, check_character, compact_text

U8 = npt.NDArray[np.uint8]
_LETTERS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
_END = np.frombuffer(b"\r\n", dtype=np.uint8)
SERIAL_CHARS = 21
_SHIFTS = np.arange(35, -1, -5, dtype=np.uint64)


@cache
def _checks() -> U8:
    """What each value at each place adds to the check character; their XOR is its value."""
    values = [
        [ALPHABET.index(check_character(value << (75 - 5 * place))) for value in range(32)]
        for place in range(TOKEN_CHARS)
    ]
    return np.array(values, dtype=np.uint8)


def _values(high: U64, low: U64) -> U8:
    return np.concatenate([(half[:, None] >> _SHIFTS) & np.uint64(31) for half in (high, low)], axis=1).astype(np.uint8)


def compact_texts(template: Template, high: U64, low: U64) -> U8:
    """The links of compact tokens, given as 40-bit halves: (N, length) ASCII."""
    head = np.frombuffer(compact_text(template, 0)[:-TOKEN_CHARS].encode(), dtype=np.uint8)
    return np.concatenate([np.tile(head, (len(low), 1)), _LETTERS[_values(high, low)]], axis=1)


def serials(high: U64, low: U64) -> U8:
    """The printed serials of tokens, given as 40-bit halves: (N, 21) ASCII."""
    values = _values(high, low)
    sums = np.bitwise_xor.reduce(_checks()[np.arange(TOKEN_CHARS), values], axis=1)
    text = np.full((len(values), SERIAL_CHARS), ord("-"), dtype=np.uint8)
    for group in range(4):
        text[:, 5 * group : 5 * group + 4] = _LETTERS[values[:, 4 * group : 4 * group + 4]]
    text[:, 20] = _LETTERS[sums]
    return text


def lines(text: U8) -> list[str]:
    """(N, width) ASCII as strings."""
    width = text.shape[1]
    whole = text.tobytes().decode("ascii")
    return [whole[at : at + width] for at in range(0, len(whole), width)]


def rows(first: int, columns: Sequence[U8]) -> bytes:
    """Lines of CSV: a position counted from `first`, then the columns."""
    count, start, out = len(columns[0]), 0, []
    while start < count:
        # Positions of as many digits make lines of one width.
        digits = len(str(first + start))
        stop = min(count, 10**digits - first)
        places = 10 ** np.arange(digits - 1, -1, -1, dtype=np.int64)
        numbers = np.arange(first + start, first + stop, dtype=np.int64)
        parts = [(numbers[:, None] // places % 10 + 48).astype(np.uint8)]
        for column in columns:
            parts += (np.full((stop - start, 1), ord(","), dtype=np.uint8), column[start:stop])
        parts.append(np.tile(_END, (stop - start, 1)))
        out.append(np.concatenate(parts, axis=1).tobytes())
        start = stop
    return b"".join(out)
