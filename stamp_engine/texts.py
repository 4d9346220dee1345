"""The texts and serials of whole blocks of stamps at once; `stamp_engine.format` does the same for one."""

from functools import cache

import numpy as np
import numpy.typing as npt

from stamp_engine.ff1 import U64
from stamp_engine.format import ALPHABET, TOKEN_CHARS, Template, check_character, compact_text

U8 = npt.NDArray[np.uint8]
_LETTERS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
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


def compact_texts(template: Template, high: U64, low: U64) -> list[str]:
    """The links of compact tokens, given as 40-bit halves."""
    head = compact_text(template, 0)[:-TOKEN_CHARS]
    return [head + token for token in _lines(_LETTERS[_values(high, low)])]


def serials(high: U64, low: U64) -> list[str]:
    """The printed serials of tokens, given as 40-bit halves."""
    values = _values(high, low)
    sums = np.bitwise_xor.reduce(_checks()[np.arange(TOKEN_CHARS), values], axis=1)
    text = np.full((len(values), 21), ord("-"), dtype=np.uint8)
    for group in range(4):
        text[:, 5 * group : 5 * group + 4] = _LETTERS[values[:, 4 * group : 4 * group + 4]]
    text[:, 20] = _LETTERS[sums]
    return _lines(text)


def _lines(text: U8) -> list[str]:
    width = text.shape[1]
    whole = text.tobytes().decode("ascii")
    return [whole[at : at + width] for at in range(0, len(whole), width)]
