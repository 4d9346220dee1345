"""A small writer of PDF 1.7 files that streams: one page at a time, nothing kept but the offsets of objects.

It knows what sheets of labels need: pages of one size, filled and stroked shapes, 1-bit image masks, and one embedded
font with Vietnamese letters. The same input gives the same bytes (ISO 32000-1).
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Protocol

MM = 72 / 25.4


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

    def write(self, content: bytes, /) -> object:
        """Append."""


class PdfWriter:
    """Writes one document to `out`. Call `page` for each page in order, then `close`.

    `shared` is a content stream that pages may draw many times.
    """

    def __init__(self, out: Sink, width_mm: float, height_mm: float, title: str, shared: bytes = b"") -> None:
        self._out = out
        self._at = 0
        self._offsets: list[int] = []
        self._pages: list[int] = []
        self._name = hashlib.sha256(title.encode()).hexdigest()[:32].encode()
        self._box = b"[0 0 %.3f %.3f]" % (width_mm * MM, height_mm * MM)
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        self._catalog, self._tree = self._reserve(), self._reserve()
        self._info = self._object(b"<< /Title <feff%s> >>" % title.encode("utf-16-be").hex().encode())
        font = b"/Font << /F %d 0 R >>" % self._embed(noto())
        form = b"<< /Type /XObject /Subtype /Form /BBox %b /Resources << %b >> /Length %d >>\nstream\n%b\nendstream"
        drawn = self._object(form % (self._box, font, len(shared), shared))
        self._resources = b"<< %b /XObject << /W %d 0 R >> >>" % (font, drawn)

    def page(self, content: bytes) -> None:
        """Add a page with this content stream: points from the lower left, font `/F`, the shared drawing `/W`."""
        stream = self._object(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
        self._pages.append(
            self._object(
                b"<< /Type /Page /Parent %d 0 R /MediaBox %b /Contents %d 0 R /Resources %b >>"
                % (self._tree, self._box, stream, self._resources)
            )
        )

    def close(self) -> None:
        """Write the page tree, the cross-reference table and the trailer."""
        kids = b" ".join(b"%d 0 R" % page for page in self._pages)
        self._object(b"<< /Type /Pages /Count %d /Kids [%b] >>" % (len(self._pages), kids), self._tree)
        self._object(b"<< /Type /Catalog /Pages %d 0 R >>" % self._tree, self._catalog)
        start = self._at
        name = self._name
        self._write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(self._offsets) + 1))
        self._write(b"".join(b"%010d 00000 n \n" % offset for offset in self._offsets))
        self._write(
            b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /ID [<%b> <%b>] >>\nstartxref\n%d\n%%%%EOF\n"
            % (len(self._offsets) + 1, self._catalog, self._info, name, name, start)
        )

    def _write(self, content: bytes) -> None:
        self._out.write(content)
        self._at += len(content)

    def _reserve(self) -> int:
        self._offsets.append(0)
        return len(self._offsets)

    def _object(self, body: bytes, number: int | None = None) -> int:
        number = number or self._reserve()
        self._offsets[number - 1] = self._at
        self._write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        return number

    def _embed(self, font: Font) -> int:
        file = self._object(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(font.file), font.file))
        descriptor = self._object(
            b"<< /Type /FontDescriptor /FontName /%b /Flags 32 /FontBBox [%b] /ItalicAngle 0 /Ascent %d /Descent %d "
            b"/CapHeight 714 /StemV 80 /FontFile2 %d 0 R >>"
            % (
                font.name.encode(),
                b" ".join(b"%d" % side for side in font.bbox),
                font.ascent,
                font.descent,
                file,
            )
        )
        widths = b" ".join(b"%d" % width for width in font.widths)
        descendant = self._object(
            b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%b /CIDSystemInfo << /Registry (Adobe) /Ordering "
            b"(Identity) /Supplement 0 >> /FontDescriptor %d 0 R /W [0 [%b]] /CIDToGIDMap /Identity >>"
            % (font.name.encode(), descriptor, widths)
        )
        pairs = b"\n".join(b"<%04x> <%04x>" % (glyph, ord(char)) for char, glyph in sorted(font.glyphs.items()))
        cmap = (
            b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def "
            b"1 begincodespacerange <0000> <ffff> endcodespacerange %d beginbfchar\n%b\nendbfchar "
            b"endcmap end end" % (len(font.glyphs), pairs)
        )
        unicode = self._object(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(cmap), cmap))
        return self._object(
            b"<< /Type /Font /Subtype /Type0 /BaseFont /%b /Encoding /Identity-H /DescendantFonts [%d 0 R] "
            b"/ToUnicode %d 0 R >>" % (font.name.encode(), descendant, unicode)
        )
