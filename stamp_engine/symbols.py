"""QR symbols drawn by the thousand.

With version, error correction, mask and segment lengths fixed, every module of a symbol is an affine function over
GF(2) of the data bits: Reed-Solomon coding, interleaving, placement and mask are all linear or constant. So

    symbol = base XOR table[group 0][value] XOR table[group 1][value] XOR …

where a group is what a QR symbol codes together: a pair of alphanumeric characters or three digits. `probe` asks segno
what each data bit flips, once a template; the tables are spelled from that, with a row for each value that a stamp's
own characters can take: 1,024 for two characters of a token, 1,000 for three digits.

Rows are bytes of a 1-bit image, each line padded to whole bytes, so what comes out can go into a file as it is. In the
tables they are padded further, to whole 64-bit words, and XORed as such.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import segno
from segno import consts

from stamp_engine import symbol_cache
from stamp_engine.ff1 import U64
from stamp_engine.format import (
    ALPHABET,
    INDEX_DIGITS,
    SIGNATURE_DIGITS,
    TOKEN_CHARS,
    Mode,
    Profile,
    Template,
    compact_text,
    sealed_text,
)
from stamp_engine.symbol_cache import Affine

U8 = npt.NDArray[np.uint8]
_QR_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_CROCKFORD = np.array([_QR_ALPHABET.index(char) for char in ALPHABET])
_DIGITS = np.arange(10)
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


def packed(template: Template, text: str) -> U8:
    """The same symbol as the bytes of a 1-bit image."""
    return np.packbits(matrix(template, text), axis=1).reshape(-1)


@dataclass(frozen=True, slots=True)
class Group:
    """Characters `at` to `at + chars` of a text, coded together as one number of `bits` bits.

    `own` are the places in a stamp's own characters that they come from; a fixed character before them is in `lead`.
    """

    at: int
    chars: int
    mode: Mode
    own: tuple[int, ...]
    lead: int

    @property
    def bits(self) -> int:
        """Data bits in the symbol."""
        return (0, 4, 7, 10)[self.chars] if self.mode is Mode.NUMERIC else (0, 6, 11)[self.chars]

    def spell(self, number: int) -> str:
        """The characters that are coded as a number."""
        radix = 10 if self.mode is Mode.NUMERIC else 45
        found = ""
        for _ in range(self.chars):
            number, digit = divmod(number, radix)
            found = _QR_ALPHABET[digit] + found
        return found

    def numbers(self) -> npt.NDArray[np.int64]:
        """What is coded for each value of the own characters, read as digits of their alphabet."""
        values, radix = (_DIGITS, 10) if self.mode is Mode.NUMERIC else (_CROCKFORD, 45)
        numbers = np.array([self.lead])
        for _ in self.own:
            numbers = (numbers[:, None] * radix + values).reshape(-1)
        return numbers


def blank(template: Template) -> str:
    """The text of a stamp whose own characters are all `0`."""
    if template.profile is Profile.COMPACT:
        return compact_text(template, 0)
    return sealed_text(template, 0, bytes(64))


def own_places(template: Template) -> list[int]:
    """Where in the text each of a stamp's own characters stands: its token, or its signature and index."""
    length = len(blank(template))
    if template.profile is Profile.COMPACT:
        return list(range(length - TOKEN_CHARS, length))
    start = len(f"https://{template.host}/")
    return [*range(start, start + SIGNATURE_DIGITS), *range(length - INDEX_DIGITS, length)]


def groups(template: Template) -> Iterator[Group]:
    """The groups that hold own characters, in order of the text."""
    text = blank(template)
    own = {place: number for number, place in enumerate(own_places(template))}
    start = 0
    for part, mode in template.segments(text):
        step = 3 if mode is Mode.NUMERIC else 2
        for offset in range(0, len(part), step):
            at, chars = start + offset, min(step, len(part) - offset)
            places = tuple(own[place] for place in range(at, at + chars) if place in own)
            if places:
                # Fixed characters stand only before the own ones: a token ends its text.
                fixed = text[at : at + chars - len(places)]
                yield Group(at, chars, mode, places, _QR_ALPHABET.index(fixed) if fixed else 0)
        start += len(part)


def probe(template: Template) -> Affine:
    """What each data bit of the own characters' groups flips, asked of segno one bit at a time."""
    zero = list(blank(template))
    found = list(groups(template))
    for group in found:
        zero[group.at : group.at + group.chars] = group.spell(0)
    base = packed(template, "".join(zero))
    rows = []
    for group in found:
        for bit in range(group.bits):
            text = zero.copy()
            text[group.at : group.at + group.chars] = group.spell(1 << bit)
            rows.append(packed(template, "".join(text)) ^ base)
    return Affine(base, np.array(rows))


class SymbolTable:
    """Draws the symbols of one template. Make it with `for_template`."""

    def __init__(self, template: Template, affine: Affine) -> None:
        self.template = template
        self.stride = (template.size + 7) // 8
        self._bytes = len(affine.base)
        self._radix = 10 if template.profile is Profile.SEALED else len(ALPHABET)
        self._base = _words(affine.base[None])[0]
        self._tables = []
        first = 0
        for group in groups(template):
            flips = _words(affine.bits[first : first + group.bits])
            first += group.bits
            self._tables.append((group.own, _spelled(flips)[group.numbers()]))

    def draw(self, own: U8) -> U8:
        """Symbols of stamps, given as the values of their own characters: (N, size × stride) bytes of 1-bit lines.

        `own` is (16, N) for compact tokens (`texts.characters`), (167, N) for sealed stamps (`texts.sealed_digits`).
        """
        count = own.shape[1]
        symbols = np.tile(self._base, (count, 1))
        row = np.empty_like(symbols)
        for places, table in self._tables:
            number = own[places[0]].astype(np.intp)
            for place in places[1:]:
                number *= self._radix
                number += own[place]
            # Every value has its row, so nothing is clipped; the mode only spares NumPy a copy.
            np.take(table, number, axis=0, out=row, mode="clip")
            np.bitwise_xor(symbols, row, out=symbols)
        return symbols.view(np.uint8)[:, : self._bytes]

    def unpacked(self, symbols: U8) -> U8:
        """The same symbols as (N, size, size) arrays of 0 and 1."""
        size = self.template.size
        lines = symbols.reshape(len(symbols), size, self.stride)
        return np.unpackbits(lines, axis=2)[:, :, :size]


def _words(rows: U8) -> U64:
    """Rows of bytes padded with zeros to whole 64-bit words."""
    room = -rows.shape[1] % 8
    return np.ascontiguousarray(np.pad(rows, ((0, 0), (0, room)))).view(np.uint64)


def _spelled(flips: U64) -> U64:
    """What every number flips, from what its bits flip."""
    table = np.zeros((1, flips.shape[1]), dtype=np.uint64)
    for flip in flips:
        table = np.concatenate([table, table ^ flip])
    return table


@lru_cache(maxsize=16)
def for_template(template: Template, cache: Path | None = None) -> SymbolTable:
    """The tables of a template, kept for the process, and what they are made of in the folder `cache` if one is given.

    What the folder holds is believed only after symbols drawn with it equalled segno's (`symbol_cache`).
    """
    if cache is None:
        return SymbolTable(template, probe(template))
    kept = symbol_cache.load(cache, template)
    if kept is not None and _right(template, kept):
        return SymbolTable(template, kept)
    affine = probe(template)
    symbol_cache.save(cache, template, affine)
    return SymbolTable(template, affine)


PROBES = 24


def _right(template: Template, affine: Affine) -> bool:
    """Whether symbols of random characters are drawn as segno draws them.

    A wrong row shows in each with probability 1/2, so one in 2^24 wrong files would pass, and a read-back comes after.
    """
    bits = sum(group.bits for group in groups(template))
    if affine.base.shape != (template.size * ((template.size + 7) // 8),) or affine.bits.shape != (
        bits,
        len(affine.base),
    ):
        return False
    table = SymbolTable(template, affine)
    places = own_places(template)
    radix = 10 if template.profile is Profile.SEALED else len(ALPHABET)
    own = np.random.default_rng().integers(0, radix, (len(places), PROBES), dtype=np.uint8)
    drawn = table.draw(own)
    for stamp in range(PROBES):
        text = list(blank(template))
        for place, value in zip(places, own[:, stamp], strict=True):
            text[place] = ALPHABET[value]
        if (drawn[stamp] != packed(template, "".join(text))).any():
            return False
    return True
