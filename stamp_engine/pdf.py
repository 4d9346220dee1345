"""A small writer of PDF 1.7 files that streams: one page at a time, nothing kept but the offsets of objects.

It knows what sheets of labels need: pages of one size, drawings that pages share, layers, a spot colour, a picture, and
one embedded font with Vietnamese letters. The same input gives the same bytes (ISO 32000-1).
"""

import hashlib
import json
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Protocol

import numpy as np
import numpy.typing as npt

from stamp_engine.errors import MintRefused

U8 = npt.NDArray[np.uint8]
MM = 72 / 25.4
HAIR_PT = 0.001
"""Renderers round outwards: what ends on a printer's dot is drawn this much smaller, or it would take one dot more."""
_TENS = 10 ** np.arange(9, -1, -1, dtype=np.int64)
_FAN_OUT = 500
# Offsets in the cross-reference table have ten digits.
_LARGEST = 10**10 - 10**8


@dataclass(frozen=True, slots=True)
class Font:
    """An embedded TrueType font: glyph of each letter, advance widths in thousandths of an em."""

    name: str
    file: bytes
    bbox: tuple[int, ...]
    ascent: int
    descent: int
    glyphs: dict[str, int]
    widths: tuple[int, ...]

    def encoded(self, text: str) -> bytes:
        """The text as hexadecimal glyph numbers; a letter the font lacks becomes the missing-glyph box."""
        return b"".join(b"%04x" % self.glyphs.get(char, 0) for char in text)

    def width(self, text: str) -> float:
        """The width of a text at size 1."""
        return sum(self.widths[self.glyphs.get(char, 0)] for char in text) / 1000

    def fitted(self, text: str, size: float, room: float) -> str:
        """The text, cut with an ellipsis where it is wider than `room`."""
        if self.width(text) * size <= room:
            return text
        while text and self.width(text + "…") * size > room:
            text = text[:-1]
        return text.rstrip() + "…"

    def wrapped(self, text: str, size: float, room: float, lines: int) -> list[str]:
        """The text in at most so many lines."""
        found: list[str] = []
        line = ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            if line and self.width(longer) * size > room:
                found.append(line)
                line = word
            else:
                line = longer
        found.append(line)
        if len(found) > lines:
            found = [*found[: lines - 1], " ".join(found[lines - 1 :])]
        return [self.fitted(one, size, room) for one in found if one]


@cache
def noto() -> Font:
    """Noto Sans with Vietnamese letters."""
    folder = resources.files("stamp_engine.fonts")
    said = json.loads(folder.joinpath("NotoSans-Vietnamese.json").read_text("utf-8"))
    return Font(
        said["name"],
        folder.joinpath("NotoSans-Vietnamese.ttf").read_bytes(),
        tuple(said["bbox"]),
        said["ascent"],
        said["descent"],
        said["glyphs"],
        tuple(said["widths"]),
    )


class Sink(Protocol):
    """Where bytes go, in order."""

    def write(self, content: bytes | memoryview, /) -> object:
        """Append."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An RGB picture: `pixels` holds width × height × 3 bytes, row by row from the top."""

    width: int
    height: int
    pixels: bytes


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer (optional content group) that a print house switches by its name; `shown` unless it says otherwise."""

    name: str
    shown: bool = True


class PdfWriter:
    """Writes one document to `out`. Call `page` for each page in order, then `close`.

    Pages draw with the font `/F` (glyph numbers, Vietnamese), `/S` (the same font, one byte an ASCII letter), the
    shared drawings `/W`, `/W1`, …, the picture `/L`, the layers `/O0`, `/O1`, … and the spot colour `/Spot`. A print
    house that lacks the spot ink sees it as grey.
    """

    def __init__(  # noqa: PLR0913  a document's parts
        self,
        out: Sink,
        width_mm: float,
        height_mm: float,
        title: str,
        *,
        shared: Sequence[bytes] = (),
        layers: Sequence[Layer] = (),
        spot: str = "",
        picture: Picture | None = None,
    ) -> None:
        self._out = out
        self._at = 0
        self._offsets = array("Q")
        self._nodes: list[int] = []
        self._kids: list[int] = []
        self._count = 0
        self._name = hashlib.sha256(title.encode()).hexdigest()[:32].encode()
        self._box = b"[0 0 %.4f %.4f]" % (width_mm * MM - HAIR_PT, height_mm * MM - HAIR_PT)
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        self._catalog, self._tree = self._reserve(), self._reserve()
        self._info = self._object(b"<< /Title <feff%s> >>" % title.encode("utf-16-be").hex().encode())
        self._layers = [(self._object(b"<< /Type /OCG /Name %b >>" % _text(one.name)), one.shown) for one in layers]
        parts = [b"/Font << %b >>" % _embed(self._object, noto())]
        if layers:
            named = b" ".join(b"/O%d %d 0 R" % (place, number) for place, (number, _) in enumerate(self._layers))
            parts.append(b"/Properties << %b >>" % named)
        if spot:
            # A tint of 1 is the ink itself; without that plate it is shown as half a grey.
            tint = b"<< /FunctionType 2 /Domain [0 1] /C0 [0 0 0 0] /C1 [0 0 0 0.5] /N 1 >>"
            parts.append(b"/ColorSpace << /Spot [/Separation /%b /DeviceCMYK %b] >>" % (spot.encode(), tint))
        drawn = [] if picture is None else [b"/L %d 0 R" % self._picture(picture)]
        for place, content in enumerate(shared):
            form = b"<< /Type /XObject /Subtype /Form /BBox %b /Resources << %b >> /Length %d >>\nstream\n%b\nendstream"
            resources = b" ".join([*parts, b"/XObject << %b >>" % b" ".join(drawn[: 0 if picture is None else 1])])
            number = self._object(form % (self._box, resources, len(content), content))
            drawn.append(b"/W%b %d 0 R" % (str(place).encode() if place else b"", number))
        parts.append(b"/XObject << %b >>" % b" ".join(drawn))
        self._resources = b"/MediaBox %b /Resources << %b >>" % (self._box, b" ".join(parts))
        self._node = self._reserve()

    def page(self, content: bytes) -> None:
        """Add a page with this content stream: points from the lower left."""
        for _ in self.copies(np.frombuffer(content, dtype=np.uint8), 1):
            pass

    def copies(self, content: U8, count: int) -> Iterator[U8]:
        """Add pages that begin as copies of one content stream.

        Gives some at a time as (pages, bytes), to be filled in place before the next are asked for.
        """
        while count:
            if self._at >= _LARGEST:
                raise MintRefused("the sheets would be larger than a PDF file can be (10 GB); order a smaller batch")
            some = min(count, _FAN_OUT - len(self._kids))
            whole, room = self._begun(content, some)
            yield whole[:, room : room + len(content)]
            self._write(whole.data)
            count -= some
            if len(self._kids) == _FAN_OUT:
                self._close_node()
                self._node = self._reserve()

    def _begun(self, content: U8, count: int) -> tuple[U8, int]:
        """Pages of one node as one piece of the file, and where in each its content begins.

        Object numbers have one width, so all pages have one length.
        """
        head = b"%010d 0 obj\n<</Type/Page/Parent %d 0 R/Contents %010d 0 R>>\nendobj\n" % (0, self._node, 0)
        stream = b"%010d 0 obj\n<</Length %d>>\nstream\n" % (0, len(content))
        frame = head + stream + content.tobytes() + b"\nendstream\nendobj\n"
        whole = np.tile(np.frombuffer(frame, dtype=np.uint8), (count, 1))
        pages = len(self._offsets) + 1 + 2 * np.arange(count, dtype=np.int64)
        for at, numbers in ((0, pages), (head.index(b"Contents ") + 9, pages + 1), (len(head), pages + 1)):
            whole[:, at : at + 10] = numbers[:, None] // _TENS % 10 + 48
        starts = self._at + np.arange(count, dtype=np.uint64) * np.uint64(len(frame))
        self._offsets.frombytes(np.stack([starts, starts + np.uint64(len(head))], axis=1).tobytes())
        self._kids.extend(pages.tolist())
        self._count += count
        return whole, len(head) + len(stream)

    def close(self) -> None:
        """Write the page tree, the cross-reference table and the trailer."""
        self._close_node()
        nodes = b" ".join(b"%d 0 R" % node for node in self._nodes)
        tree = b"<< /Type /Pages /Count %d /Kids [%b] %b >>" % (self._count, nodes, self._resources)
        self._object(tree, self._tree)
        # Sheets are printed at their true size, whatever the printer's dialogue would prefer.
        catalog = b"<< /Type /Catalog /Pages %d 0 R /ViewerPreferences << /PrintScaling /None >> %b>>"
        self._object(catalog % (self._tree, self._layers_shown()), self._catalog)
        start = self._at
        size = len(self._offsets) + 1
        self._write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
        for first in range(0, len(self._offsets), 1 << 16):
            self._write(b"".join(b"%010d 00000 n \n" % offset for offset in self._offsets[first : first + (1 << 16)]))
        self._write(
            b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /ID [<%b> <%b>] >>\nstartxref\n%d\n%%%%EOF\n"
            % (size, self._catalog, self._info, self._name, self._name, start)
        )

    def _layers_shown(self) -> bytes:
        if not self._layers:
            return b""
        every = b" ".join(b"%d 0 R" % number for number, _ in self._layers)
        hidden = b" ".join(b"%d 0 R" % number for number, shown in self._layers if not shown)
        return b"/OCProperties << /OCGs [%b] /D << /Order [%b] /OFF [%b] >> >> " % (every, every, hidden)

    def _close_node(self) -> None:
        if self._kids or not self._nodes:
            kids = b" ".join(b"%d 0 R" % page for page in self._kids)
            node = b"<< /Type /Pages /Parent %d 0 R /Count %d /Kids [%b] >>" % (self._tree, len(self._kids), kids)
            self._object(node, self._node)
            self._nodes.append(self._node)
            self._kids = []
        else:
            self._object(b"null", self._node)

    def _write(self, content: bytes | memoryview) -> None:
        self._out.write(content)
        self._at += memoryview(content).nbytes

    def _reserve(self) -> int:
        self._offsets.append(0)
        return len(self._offsets)

    def _object(self, body: bytes, number: int | None = None) -> int:
        number = number or self._reserve()
        self._offsets[number - 1] = self._at
        self._write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        return number

    def _picture(self, picture: Picture) -> int:
        data = zlib.compress(picture.pixels, 9)
        head = b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 "
        head = head % (picture.width, picture.height)
        return self._object(b"%b/Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream" % (head, len(data), data))


def _text(text: str) -> bytes:
    return b"<feff%b>" % text.encode("utf-16-be").hex().encode()


def _embed(add: Callable[[bytes], int], font: Font) -> bytes:
    """Write the font once; gives its two names among a page's resources."""
    file = add(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(font.file), font.file))
    name, box = font.name.encode(), b" ".join(b"%d" % side for side in font.bbox)
    descriptor = add(
        b"<< /Type /FontDescriptor /FontName /%b /Flags 32 /FontBBox [%b] /ItalicAngle 0 /Ascent %d /Descent %d "
        b"/CapHeight 714 /StemV 80 /FontFile2 %d 0 R >>" % (name, box, font.ascent, font.descent, file)
    )
    widths = b" ".join(b"%d" % width for width in font.widths)
    descendant = add(
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%b /CIDSystemInfo << /Registry (Adobe) /Ordering "
        b"(Identity) /Supplement 0 >> /FontDescriptor %d 0 R /W [0 [%b]] /CIDToGIDMap /Identity >>"
        % (name, descriptor, widths)
    )
    pairs = [b"<%04x> <%04x>" % (glyph, ord(char)) for char, glyph in sorted(font.glyphs.items())]
    # A block of a character map has at most a hundred pairs.
    blocks = [pairs[at : at + 100] for at in range(0, len(pairs), 100)]
    cmap = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def "
        b"1 begincodespacerange <0000> <ffff> endcodespacerange %b endcmap end end"
        % b" ".join(b"%d beginbfchar\n%b\nendbfchar" % (len(block), b"\n".join(block)) for block in blocks)
    )
    unicode = add(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(cmap), cmap))
    whole = add(
        b"<< /Type /Font /Subtype /Type0 /BaseFont /%b /Encoding /Identity-H /DescendantFonts [%d 0 R] "
        b"/ToUnicode %d 0 R >>" % (name, descendant, unicode)
    )
    plain = b" ".join(b"%d" % font.widths[font.glyphs.get(chr(code), 0)] for code in range(32, 127))
    simple = add(
        b"<< /Type /Font /Subtype /TrueType /BaseFont /%b /Encoding /WinAnsiEncoding /FirstChar 32 /LastChar 126 "
        b"/Widths [%b] /FontDescriptor %d 0 R >>" % (name, plain, descriptor)
    )
    return b"/F %d 0 R /S %d 0 R" % (whole, simple)
