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
def _pairs() -> tuple[npt.NDArray[np.uint16], U8]:
    """For the 1,024 values of two characters: their letters as one number, and by place what they add to the check.

    The check character's value is the XOR of what all eight pairs of a token add.
    """
    letters = "".join(one + other for one in ALPHABET for other in ALPHABET)
    checks = [
        [ALPHABET.index(check_character(value << (70 - 10 * place))) for value in range(1024)]
        for place in range(TOKEN_CHARS // 2)
    ]
    return np.frombuffer(letters.encode(), dtype=np.uint16), np.array(checks, dtype=np.uint8)


def letters(values: U8) -> U8:
    """Tokens, given as `characters`, spelled with their check character: (N, 17) ASCII."""
    spelled, checks = _pairs()
    count = values.shape[1]
    found = np.empty((count, TOKEN_CHARS + 2), dtype=np.uint8)
    two = found.view(np.uint16)
    sums = np.zeros(count, dtype=np.uint8)
    for place in range(TOKEN_CHARS // 2):
        pair = values[2 * place].astype(np.intp)
        pair *= len(ALPHABET)
        pair += values[2 * place + 1]
        two[:, place] = spelled.take(pair)
        sums ^= checks[place].take(pair)
    found[:, TOKEN_CHARS] = _LETTERS.take(sums)
    return found[:, : TOKEN_CHARS + 1]


def compact_texts(template: Template, spelled: U8) -> U8:
    """The links of compact tokens, given as `letters`: (N, length) ASCII."""
    head = compact_text(template, 0).encode()[:-TOKEN_CHARS]
    texts = np.empty((len(spelled), len(head) + TOKEN_CHARS), dtype=np.uint8)
    texts[:, : len(head)] = np.frombuffer(head, dtype=np.uint8)
    texts[:, len(head) :] = spelled[:, :TOKEN_CHARS]
    return texts


def sealed_texts(template: Template, digits: U8) -> U8:
    """The links of sealed stamps, given as `sealed_digits`: (N, length) ASCII."""
    texts = np.tile(np.frombuffer(sealed_text(template, 0, bytes(64)).encode(), dtype=np.uint8), (digits.shape[1], 1))
    start = len(f"https://{template.host}/")
    letters = digits.T + np.uint8(48)
    texts[:, start : start + SIGNATURE_DIGITS] = letters[:, :SIGNATURE_DIGITS]
    texts[:, -INDEX_DIGITS:] = letters[:, SIGNATURE_DIGITS:]
    return texts


def sealed_digits(indices: Sequence[int], signatures: bytes) -> U8:
    """The values of the digits of signatures (64 bytes each) and indices, in the same order: (167, N)."""
    numbers = (int.from_bytes(signatures[at : at + 64], "big") for at in range(0, len(signatures), 64))
    # A third faster than formatting with a width.
    spelled = "".join([str(number).zfill(SIGNATURE_DIGITS) for number in numbers])
    digits = np.frombuffer(spelled.encode(), dtype=np.uint8).reshape(-1, SIGNATURE_DIGITS)
    tail = decimals(np.asarray(indices, dtype=np.uint64))
    return np.ascontiguousarray(np.concatenate([digits, tail[:, -INDEX_DIGITS:]], axis=1).T) - np.uint8(48)


def serials(spelled: U8) -> U8:
    """The printed serials of tokens, given as `letters`: (N, 21) ASCII."""
    text = np.empty((len(spelled), SERIAL_CHARS), dtype=np.uint8)
    for group in range(5):
        text[:, 5 * group : 5 * group + 4] = spelled[:, 4 * group : 4 * group + 4]
        text[:, 5 * group + 4 : 5 * group + 5] = ord("-")
    return text


_FOUR_DIGITS = np.frombuffer(b"".join(b"%04d" % value for value in range(10_000)), dtype=np.uint32)


def decimals(numbers: U64) -> U8:
    """Numbers below 10^12 with leading zeros: (N, 12) ASCII. Look-ups of four digits, for divisions are slow."""
    found = np.empty((len(numbers), 3), dtype=np.uint32)
    for column in (2, 1, 0):
        left = numbers // np.uint64(10_000)
        found[:, column] = _FOUR_DIGITS.take(numbers - left * np.uint64(10_000))
        numbers = left
    return found.view(np.uint8)


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
        numbers = decimals(np.arange(first + start, first + stop, dtype=np.uint64))
        parts = [numbers[:, -digits:], *(column[start:stop] for column in columns)]
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
