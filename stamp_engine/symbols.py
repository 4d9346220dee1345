"""QR symbols drawn by the thousand.

With version, error correction, mask and segment lengths fixed, every module of a symbol is an affine function over
GF(2) of the data bits: Reed-Solomon coding, interleaving, placement and mask are all linear or constant. So

    symbol = base XOR table[group 0][value] XOR table[group 1][value] XOR …

where a group is a pair of alphanumeric characters (2,025 values) or three digits (1,000 values). The tables are probed
from segno once a template: the symbol of a group value 2^k differs from the base in exactly the modules of bit k.
Rows are kept as bytes of a 1-bit image, each line padded to whole bytes, so what comes out can go into a file as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import segno
from segno import consts

from stamp_engine.ff1 import U64
from stamp_engine.format import (
    INDEX_DIGITS,
    SIGNATURE_DIGITS,
    TOKEN_CHARS,
    Mode,
    Profile,
    Template,
    compact_text,
    sealed_text,
)

U8 = npt.NDArray[np.uint8]
_QR_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_CROCKFORD = np.array([_QR_ALPHABET.index(char) for char in "0123456789ABCDEFGHJKMNPQRSTVWXYZ"], dtype=np.uint16)
_MODES = {
    Mode.BYTE: consts.MODE_BYTE,
    Mode.ALPHANUMERIC: consts.MODE_ALPHANUMERIC,
    Mode.NUMERIC: consts.MODE_NUMERIC,
}


def encode(template: Template, text: str) -> segno.QRCode:
    """One symbol through segno: the slow, trusted way, and the oracle of the fast one. Raises Malformed."""
    parts = [(part, _MODES[mode]) for part, mode in template.segments(text)]
    return segno.make(
        parts,  # type: ignore[arg-type]  # segno takes segments and annotates a single text
        version=template.version,
        error=template.ecc.value.lower(),
        mask=template.mask,
        boost_error=False,
        micro=False,
    )


def matrix(template: Template, text: str) -> U8:
    """The modules of one symbol through segno as a square array of 0 and 1 (dark), without quiet zone."""
    return np.bitwise_and(np.array(encode(template, text).matrix, dtype=np.uint8), np.uint8(1))


@dataclass(frozen=True, slots=True)
class _Group:
    """Characters `at` to `at + chars` of the text, read together as one number of `bits` bits."""

    at: int
    chars: int
    mode: Mode

    @property
    def radix(self) -> int:
        return 10 if self.mode is Mode.NUMERIC else 45

    @property
    def bits(self) -> int:
        if self.mode is Mode.NUMERIC:
            return (0, 4, 7, 10)[self.chars]
        return (0, 6, 11)[self.chars]

    def spell(self, value: int) -> str:
        found = ""
        for _ in range(self.chars):
            value, digit = divmod(value, self.radix)
            found = _QR_ALPHABET[digit] + found
        return found


def _groups(template: Template, text: str) -> Iterator[_Group]:
    at = 0
    for part, mode in template.segments(text):
        step = {Mode.BYTE: len(part), Mode.ALPHANUMERIC: 2, Mode.NUMERIC: 3}[mode]
        for offset in range(0, len(part), step):
            yield _Group(at + offset, min(step, len(part) - offset), mode)
        at += len(part)


class SymbolTable:
    """The tables of one template. Build it with `for_template`."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.stride = (template.size + 7) // 8
        blank = _blank(template)
        varying = _varying(template)
        self._groups = [
            group
            for group in _groups(template, blank)
            if group.mode is not Mode.BYTE and varying & set(range(group.at, group.at + group.chars))
        ]
        zero = list(blank)
        for group in self._groups:
            zero[group.at : group.at + group.chars] = group.spell(0)
        self._base = self._packed("".join(zero))
        self._tables = [self._probe(zero, group) for group in self._groups]
        fixed = [0 if place in varying else _QR_ALPHABET.find(char) for place, char in enumerate(blank)]
        self._fixed = np.array(fixed, dtype=np.int16)

    def _packed(self, text: str) -> U8:
        return np.packbits(matrix(self.template, text), axis=1).reshape(-1)

    def _probe(self, zero: list[str], group: _Group) -> U8:
        values = np.arange(group.radix**group.chars)
        table = np.zeros((len(values), len(self._base)), dtype=np.uint8)
        for bit in range(group.bits):
            text = zero.copy()
            text[group.at : group.at + group.chars] = group.spell(1 << bit)
            column = self._packed("".join(text)) ^ self._base
            table[(values >> bit) & 1 == 1] ^= column
        return table

    def draw_compact(self, high: U64, low: U64) -> U8:
        """Symbols of compact tokens, given as 40-bit halves: (N, size × stride) bytes of 1-bit lines."""
        values = self._start(len(low))
        shifts = np.arange(35, -1, -5, dtype=np.uint64)
        both = np.concatenate([(half[:, None] >> shifts) & np.uint64(31) for half in (high, low)], axis=1)
        values[:, -TOKEN_CHARS:] = _CROCKFORD[both]
        return self._draw(values)

    def draw_sealed(self, indices: npt.NDArray[np.integer], signatures: list[bytes]) -> U8:
        """Symbols of sealed stamps: indices and their 64-byte signatures, in the same order."""
        digits = "".join(
            f"{int.from_bytes(signature, 'big'):0{SIGNATURE_DIGITS}d}{index:0{INDEX_DIGITS}d}"
            for signature, index in zip(signatures, indices.tolist(), strict=True)
        )
        both = np.frombuffer(digits.encode(), dtype=np.uint8).reshape(-1, SIGNATURE_DIGITS + INDEX_DIGITS) - 48
        values = self._start(len(signatures))
        start = len(f"https://{self.template.host}/")
        values[:, start : start + SIGNATURE_DIGITS] = both[:, :SIGNATURE_DIGITS]
        values[:, -INDEX_DIGITS:] = both[:, SIGNATURE_DIGITS:]
        return self._draw(values)

    def _start(self, count: int) -> npt.NDArray[np.int16]:
        return np.tile(self._fixed, (count, 1))

    def _draw(self, values: npt.NDArray[np.int16]) -> U8:
        symbols = np.tile(self._base, (len(values), 1))
        for group, table in zip(self._groups, self._tables, strict=True):
            number = np.zeros(len(values), dtype=np.int16)
            for place in range(group.at, group.at + group.chars):
                number = number * np.int16(group.radix) + values[:, place]
            symbols ^= table[number]
        return symbols

    def unpacked(self, symbols: U8) -> U8:
        """The same symbols as (N, size, size) arrays of 0 and 1."""
        size = self.template.size
        lines = symbols.reshape(len(symbols), size, self.stride)
        return np.unpackbits(lines, axis=2)[:, :, :size]


def _blank(template: Template) -> str:
    if template.profile is Profile.COMPACT:
        return compact_text(template, 0)
    return sealed_text(template, 0, bytes(64))


def _varying(template: Template) -> set[int]:
    length = len(_blank(template))
    if template.profile is Profile.COMPACT:
        return set(range(length - TOKEN_CHARS, length))
    start = len(f"https://{template.host}/")
    return {*range(start, start + SIGNATURE_DIGITS), *range(length - INDEX_DIGITS, length)}


@lru_cache(maxsize=16)
def for_template(template: Template) -> SymbolTable:
    """The tables of a template, probed at first use and kept for the process."""
    return SymbolTable(template)
