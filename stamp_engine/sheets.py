"""Pages of labels: what is printed on each, drawn from the layout. `stamp_engine.layouts` says what lies where.

A label carries the symbol with its quiet zone, the serial, the product and its producer, the stars and the logo where
the layout has room, and where the batch has scratch codes the digits on a layer of their own, with the area that the
print house covers as a spot colour on another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
import numpy.typing as npt

from stamp_engine.errors import MintRefused
from stamp_engine.format import QUIET_ZONE, Template
from stamp_engine.layouts import Box, Cut, Layout
from stamp_engine.pdf import HAIR_PT, MM, Font, Layer, PdfWriter, Picture, Sink, noto
from stamp_engine.texts import SERIAL_CHARS
from stamp_engine.tokens import PIN_DIGITS

U8 = npt.NDArray[np.uint8]
LAYERS = (Layer("Mã cào (PIN)"), Layer("Lớp phủ cào (scratch)", shown=False))
SPOT = "Scratch"
_HINT = "Quét để kiểm tra"
_SCRATCH_HINT = "Cào để lấy mã"
_STAR = [(sin(turn * pi / 5) * r, cos(turn * pi / 5) * r) for turn in range(10) for r in ((1.0, 0.382)[turn % 2],)]
_SPLIT = 10
"""Where a serial that is too wide for its box is broken: after two of its groups."""


@dataclass(frozen=True, slots=True)
class Face:
    """What every label of a batch says. `stars` are the OCOP stars of a certificate that is valid now, 0 for none."""

    product: str = ""
    organisation: str = ""
    stars: int = 0
    logo: Picture | None = None


@dataclass(frozen=True, slots=True)
class _Zone:
    """A run of a page's bytes that holds one record of the same length for each label, and where its own bytes are."""

    start: int
    length: int
    own: tuple[tuple[int, int], ...]

    def fill(self, pages: U8, given: U8) -> None:
        """Put each label's own bytes, (pages, labels, bytes), into the pages."""
        labels = given.shape[1]
        records = pages[:, self.start : self.start + labels * self.length].reshape(len(pages), labels, self.length)
        taken = 0
        for at, length in self.own:
            records[:, :, at : at + length] = given[:, :, taken : taken + length]
            taken += length


@dataclass(frozen=True, slots=True)
class _Form:
    """The bytes of a page with some labels, zeros where each has its own."""

    content: U8
    symbols: _Zone
    serials: _Zone | None
    pins: _Zone | None


class Sheet:
    """Draws the pages of one batch. Raises MintRefused where the layout cannot print it.

    All pages of a batch are the same bytes but for the symbols, the serials and the scratch codes, whose lengths are
    fixed. So a page is a copy of the first one with those places filled, many pages at a time.
    """

    def __init__(self, layout: Layout, template: Template, face: Face, *, pins: bool) -> None:
        if pins and layout.pin is None:
            raise MintRefused(
                f"layout {layout.name} has no room for scratch codes; choose one that has, or mint without"
            )
        self.layout = layout
        self.printed = layout.printed(template)
        self._template = template
        self._face = face
        self._font: Font = noto()
        self._pins = pins
        self._forms: dict[int, _Form] = {}

    def writer(self, out: Sink, title: str) -> PdfWriter:
        """A document for these pages."""
        return PdfWriter(
            out,
            *self.layout.page,
            title=title,
            shared=self._shared(),
            layers=LAYERS if self._pins else (),
            spot=SPOT if self._pins else "",
            picture=self._face.logo if self.layout.logo is not None else None,
        )

    def write(self, document: PdfWriter, symbols: U8, serials: U8, pins: U8 | None) -> None:
        """Add the pages of these stamps, in order; only the last may have room left."""
        size = self.layout.per_page
        whole = len(symbols) // size * size
        for start, stop, labels in ((0, whole, size), (whole, len(symbols), len(symbols) - whole)):
            if stop > start:
                part = slice(start, stop)
                self._add(document, labels, (symbols[part], serials[part], None if pins is None else pins[part]))

    def _add(self, document: PdfWriter, labels: int, own: tuple[U8 | None, ...]) -> None:
        """Pages with so many labels, and what each label has of its own: symbols, serials, scratch codes."""
        if labels not in self._forms:
            self._forms[labels] = self._drawn(labels)
        form = self._forms[labels]
        done = 0
        count = next(len(part) for part in own if part is not None) // labels
        for pages in document.copies(form.content, count):
            stamps = slice(done * labels, (done + len(pages)) * labels)
            for zone, part in zip((form.symbols, form.serials, form.pins), own, strict=True):
                if zone is not None and part is not None:
                    zone.fill(pages, part[stamps].reshape(len(pages), labels, part.shape[1]))
            done += len(pages)

    def _drawn(self, labels: int) -> _Form:
        """A page with so many labels. A full one draws what its labels share at once, a last one label by label."""
        out = bytearray()
        corners = [self.layout.origin(place) for place in range(labels)]

        def shared(whole: bytes, one: bytes) -> bytes:
            if labels == self.layout.per_page:
                return b"/%b Do\n" % whole
            return b"".join(b"q 1 0 0 1 %.4f %.4f cm /%b Do Q\n" % (x * MM, y * MM, one) for x, y in corners)

        out += shared(b"W", b"W1")
        symbols = self._symbols(out, corners)
        serials = self._serials(out, corners)
        pins = None
        if self._pins:
            pins = self._scratch(out, corners)
            # The cover comes last, so that it lies over the digits.
            out += shared(b"W2", b"W3")
        return _Form(np.frombuffer(bytes(out), dtype=np.uint8), symbols, serials, pins)

    def _symbols(self, out: bytearray, corners: Sequence[tuple[float, float]]) -> _Zone:
        size = self._template.size
        room = (size + 7) // 8 * size
        side = size * self.printed.module_mm * MM - 2 * HAIR_PT
        quiet = QUIET_ZONE * self.printed.module_mm * MM + HAIR_PT
        left, bottom = (length * MM for length in self.layout.symbol_at(self._template))
        tail = b" EI Q\n"
        # The side of a symbol becomes the unit once, so that a record need not say it.
        out += b"q %.4f 0 0 %.4f 0 0 cm\n" % (side, side)
        start = len(out)
        for x, y in corners:
            # Numbers of one width make records of one length.
            at = ((x * MM + left + quiet) / side, (y * MM + bottom + quiet) / side)
            out += b"q 1 0 0 1 %09.6f %09.6f cm BI/W %d/H %d/IM true/D[1 0]/L %d ID " % (*at, size, size, room)
            out += bytes(room) + tail
        length = (len(out) - start) // len(corners)
        out += b"Q\n"
        return _Zone(start, length, ((length - len(tail) - room, room),))

    def _serials(self, out: bytearray, corners: Sequence[tuple[float, float]]) -> _Zone | None:
        box = self.layout.serial
        if box is None:
            return None
        lines = (SERIAL_CHARS,) if self._serial_fits(box) else (_SPLIT, SERIAL_CHARS - _SPLIT)
        out += b"BT/S %.2f Tf %.2f TL\n" % (box.size, box.size * 1.15)
        zone = self._letters(out, corners, (box.x, self._first_line(box, len(lines))), lines)
        out += b"ET\n"
        return zone

    def _serial_fits(self, box: Box) -> bool:
        return self._font.width("0000-0000-0000-0000-0") * 1.1 * box.size <= box.width * MM

    def _first_line(self, box: Box, lines: int) -> float:
        """The baseline of the first of some lines that stand in the middle of a box, in millimetres."""
        block = box.size * (0.72 + 1.15 * (lines - 1)) / MM
        return box.y + (box.height + block) / 2 - box.size * 0.72 / MM

    def _scratch(self, out: bytearray, corners: Sequence[tuple[float, float]]) -> _Zone:
        """The digits, on their layer."""
        digits = self._cover()
        out += b"/OC/O0 BDC BT/S %.2f Tf\n" % digits.size
        x = digits.x + (digits.width - self._font.width("0" * PIN_DIGITS) * digits.size / MM) / 2
        zone = self._letters(out, corners, (x, self._first_line(digits, 1)), (PIN_DIGITS,))
        out += b"ET EMC\n"
        return zone

    def _cover(self) -> Box:
        """The part of the scratch code's box that is covered; the words above it stay to be read."""
        box = self.layout.pin
        if box is None:
            raise MintRefused(f"layout {self.layout.name} has no room for scratch codes")
        return Box(box.x, box.y, box.width, box.height - self._hint_pt(box) * 1.3 / MM, box.size)

    def _hint_pt(self, box: Box) -> float:
        return min(box.size * 0.7, box.width * MM / self._font.width(_SCRATCH_HINT))

    def _letters(
        self, out: bytearray, corners: Sequence[tuple[float, float]], at: tuple[float, float], lines: Sequence[int]
    ) -> _Zone:
        """Room for ASCII letters in one or more lines on each label."""
        start = len(out)
        for x, y in corners:
            out += b"1 0 0 1 %07.2f %07.2f Tm" % ((x + at[0]) * MM, (y + at[1]) * MM)
            own = []
            for place, chars in enumerate(lines):
                out += b" T*(" if place else b"("
                own.append((len(out), chars))
                out += b"0" * chars + b")Tj"
            out += b"\n"
        length = (len(out) - start) // len(corners)
        last = start + length * (len(corners) - 1)
        return _Zone(start, length, tuple((place - last, chars) for place, chars in own))

    def _shared(self) -> tuple[bytes, ...]:
        """What full pages share, what one label shares with all others, and with scratch codes both covers."""
        one = self._one_label()
        corners = [self.layout.origin(place) for place in range(self.layout.per_page)]
        page = b"".join(b"q 1 0 0 1 %.4f %.4f cm\n%bQ\n" % (x * MM, y * MM, one) for x, y in corners)
        return (page, one, self._covers(corners), self._covers([(0, 0)])) if self._pins else (page, one)

    def _one_label(self) -> bytes:
        """Everything but the symbol, the serial and the scratch code."""
        layout = self.layout
        out = bytearray(_cut(layout))
        out += b"0 g\n"
        if layout.stars is not None and self._face.stars:
            out += _stars(layout.stars, self._face.stars)
        if layout.logo is not None and self._face.logo is not None:
            out += _placed(layout.logo, self._face.logo)
        if layout.words is not None:
            out += self._words(layout.words)
        if self._pins and layout.pin is not None:
            size = self._hint_pt(layout.pin)
            top = layout.pin.y + layout.pin.height - size * 0.85 / MM
            out += b"BT/F %.2f Tf 1 0 0 1 %.2f %.2f Tm <%b> Tj ET\n" % (
                size,
                layout.pin.x * MM,
                top * MM,
                self._font.encoded(_SCRATCH_HINT),
            )
        return bytes(out)

    def _covers(self, corners: Sequence[tuple[float, float]]) -> bytes:
        """The areas that the print house covers, on their layer and in their spot colour, over the digits."""
        cover = self._cover()
        sides = ((x + cover.x, y + cover.y, cover.width, cover.height) for x, y in corners)
        drawn = (b"%.3f %.3f %.3f %.3f re f\n" % tuple(side * MM for side in four) for four in sides)
        return b"/OC/O1 BDC q/Spot cs 1 scn\n" + b"".join(drawn) + b"Q EMC\n"

    def _words(self, box: Box) -> bytes:
        """Product, producer and what to do, from the top of the box, as many lines as it has room for."""
        small, room = box.size * 0.85, box.width * MM
        product = self._font.wrapped(self._face.product, box.size, room, 3)
        hint = self._font.wrapped(_HINT, small, room, 2)
        left = box.height * MM - len(product) * box.size * 1.25 - len(hint) * small * 1.25
        organisation = self._font.wrapped(
            self._face.organisation, small, room, max(1, int(left / (small * 1.25) + 0.2))
        )
        lines = [(box.size, line) for line in product] + [(small, line) for line in (*organisation, *hint)]
        y = (box.y + box.height) * MM
        out = bytearray(b"BT\n")
        for size, line in lines:
            if y - size * 1.1 < box.y * MM - 0.01:
                break
            y -= size * 1.25
            out += b"/F %.2f Tf 1 0 0 1 %.2f %.2f Tm <%b> Tj\n" % (
                size,
                box.x * MM,
                y + size * 0.25,
                self._font.encoded(line),
            )
        return bytes(out) + b"ET\n"


def _cut(layout: Layout) -> bytes:
    width, height = (side * MM for side in layout.label)
    if layout.cut is Cut.FRAME:
        return b"0.7 G 0.3 w 0 0 %.3f %.3f re S\n" % (width, height)
    if layout.cut is Cut.NONE:
        return b""
    tick = 1.5 * MM
    out = bytearray(b"0.4 G 0.25 w\n")
    for x, inward in ((0.0, tick), (width, -tick)):
        for y, up in ((0.0, tick), (height, -tick)):
            out += b"%.3f %.3f m %.3f %.3f l %.3f %.3f l S\n" % (x + inward, y, x, y, x, y + up)
    return bytes(out)


def _stars(box: Box, count: int) -> bytes:
    """Stars side by side, as large as their box allows."""
    side = min(box.height, box.width / 5)
    out = bytearray(b"q\n")
    for place in range(count):
        x, y = box.x + (place + 0.5) * side, box.y + box.height / 2
        points = [((x + dx * side * 0.48) * MM, (y + dy * side * 0.48) * MM) for dx, dy in _STAR]
        out += b" ".join(b"%.3f %.3f %b" % (px, py, b"l" if number else b"m") for number, (px, py) in enumerate(points))
        out += b" h f\n"
    return bytes(out) + b"Q\n"


def _placed(box: Box, picture: Picture) -> bytes:
    """The picture in the middle of its box, in its own proportions."""
    scale = min(box.width / picture.width, box.height / picture.height)
    width, height = picture.width * scale, picture.height * scale
    x, y = box.x + (box.width - width) / 2, box.y + (box.height - height) / 2
    return b"q %.3f 0 0 %.3f %.3f %.3f cm /L Do Q\n" % (width * MM, height * MM, x * MM, y * MM)
