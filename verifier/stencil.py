"""A page that is drawn and compressed once, with holes that are filled for each scan. Pure.

A gzip body is a row of deflate blocks and a checksum. Blocks that end on a byte, and look back at nothing before them,
may stand in any order (RFC 1951 §3.2.3, a full flush), so those of the drawn parts are kept and those of the holes are
put between them as they are. Per scan that leaves joining, and a checksum over the whole.
"""

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

_HOLE = re.compile("\0([a-z]+)\0")
# Deflate, no name, no time, unknown system (RFC 1952 §2.3.1); the empty last block.
_HEAD, _LAST = b"\x1f\x8b\x08\0\0\0\0\0\0\xff", b"\x03\0"
_TAIL, _STORED = struct.Struct("<II"), struct.Struct("<BHH")
_LONGEST_STORED = 0xFFFF


def hole(name: str) -> Markup:
    """What stands for a value while the page is drawn. No text of ours or of others holds a NUL."""
    return Markup(f"\0{name}\0")  # noqa: S704  a mark, not somebody's text


@dataclass(frozen=True, slots=True, eq=False)
class Stencil:
    """The drawn parts around the holes, plain and compressed; there is one part more than there are holes."""

    parts: tuple[bytes, ...]
    packed: tuple[bytes, ...]
    holes: tuple[str, ...]

    @classmethod
    def of(cls, drawn: str) -> "Stencil":
        """The stencil of a page that was drawn with `hole`s."""
        pieces = _HOLE.split(drawn)
        parts = tuple(piece.encode() for piece in pieces[::2])
        return cls(parts, tuple(map(_compressed, parts)), tuple(pieces[1::2]))


@dataclass(frozen=True)
class Page:
    """A stencil with what goes into its holes, which is HTML already."""

    stencil: Stencil
    values: Mapping[str, str]

    @cached_property
    def plain(self) -> bytes:
        """The whole page."""
        stencil = self.stencil
        values = {name: value.encode() for name, value in self.values.items()}
        filled = [stencil.parts[0]]
        for name, part in zip(stencil.holes, stencil.parts[1:], strict=True):
            filled += (values[name], part)
        return b"".join(filled)

    @property
    def text(self) -> str:
        """The whole page as text."""
        return self.plain.decode()

    def gzip(self) -> bytes:
        """The whole page, compressed."""
        stencil = self.stencil
        stored = {name: _stored(value.encode()) for name, value in self.values.items()}
        blocks = [_HEAD, stencil.packed[0]]
        for name, part in zip(stencil.holes, stencil.packed[1:], strict=True):
            blocks += (stored[name], part)
        blocks += (_LAST, _TAIL.pack(zlib.crc32(self.plain), len(self.plain)))
        return b"".join(blocks)


def drawn(text: str) -> Page:
    """A page without holes, whatever it holds: a form shows again what somebody typed, and that may be a NUL."""
    part = text.encode()
    return Page(Stencil((part,), (_compressed(part),), ()), {})


def _compressed(part: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)


def _stored(value: bytes) -> bytes:
    """The value in blocks of its own, not compressed: it is short."""
    if len(value) <= _LONGEST_STORED:
        return _STORED.pack(0, len(value), len(value) ^ 0xFFFF) + value
    pieces = [value[at : at + _LONGEST_STORED] for at in range(0, len(value), _LONGEST_STORED)]
    return b"".join([_STORED.pack(0, len(piece), len(piece) ^ 0xFFFF) + piece for piece in pieces])
