"""Sheets of labels: which stamp lies where on the paper, and what is printed on it. Layouts are data.

A label carries the symbol with its quiet zone, the product and its producer, what to do, the serial, and where the
batch has them the digits that the print house covers with a scratch layer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stamp_engine.format import QUIET_ZONE, Template
from stamp_engine.pdf import MM, Font, noto
from stamp_engine.texts import SERIAL_CHARS
from stamp_engine.tokens import PIN_DIGITS

U8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet of labels in millimetres; `symbol` is the printed side of the symbol with its quiet zone."""

    name: str
    page: tuple[float, float]
    label: tuple[float, float]
    columns: int
    rows: int
    symbol: float
    words: bool = True

    @property
    def per_page(self) -> int:
        """Labels on one sheet."""
        return self.columns * self.rows

    def origin(self, place: int) -> tuple[float, float]:
        """The lower left corner of a label, in millimetres from the sheet's lower left; places run in reading order."""
        row, column = divmod(place, self.columns)
        left = (self.page[0] - self.columns * self.label[0]) / 2
        top = (self.page[1] - self.rows * self.label[1]) / 2
        return left + column * self.label[0], self.page[1] - top - (row + 1) * self.label[1]


_A4 = (210.0, 297.0)
LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("a4-40x30", _A4, (40, 30), 5, 9, 22),
        Layout("a4-50x40", _A4, (50, 40), 4, 7, 28),
        Layout("a4-70x50", _A4, (70, 50), 3, 5, 38),
        Layout("a4-dense", _A4, (25, 28), 8, 10, 23, words=False),
    )
}
SMALLEST_MODULE_MM = 0.33
_SERIAL_PT, _TEXT_PT = 5.5, 6.5
_HINT = "Quét để kiểm tra"


def module_mm(layout: Layout, template: Template) -> float:
    """The printed side of one module."""
    return layout.symbol / (template.size + 2 * QUIET_ZONE)


@dataclass(frozen=True, slots=True)
class Face:
    """What every label of a batch says."""

    product: str = ""
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class _Form:
    """The bytes of a sheet with some labels, and where each label's own bytes go."""

    content: U8
    symbols: tuple[int, ...]
    serials: tuple[int, ...]
    pins: tuple[int, ...]


class Sheet:
    """Draws the pages of one batch.

    All sheets of a batch are the same bytes but for the symbols, the serials and the scratch codes, whose lengths are
    fixed; so a page is a copy of the first one with those places filled, many pages at a time.
    """

    def __init__(self, layout: Layout, template: Template, face: Face, *, pins: bool) -> None:
        self.layout = layout
        self._template = template
        self._font: Font = noto()
        self._pins = pins
        self._symbol_bytes = (template.size + 7) // 8 * template.size
        glyphs = [self._font.encoded(chr(code)) for code in range(128)]
        self._hex = np.frombuffer(b"".join(glyphs), dtype=np.uint8).reshape(128, 4)
        self._forms: dict[int, _Form] = {}
        self.shared = self._words(face)

    def pages(self, symbols: U8, serials: U8, pins: U8 | None) -> Iterator[bytes]:
        """The content streams of the sheets for these stamps, in order; only the last may have room left."""
        size = self.layout.per_page
        whole = len(symbols) // size * size
        for start, stop, labels in ((0, whole, size), (whole, len(symbols), len(symbols) - whole)):
            if stop > start:
                part = slice(start, stop)
                filled = self._filled(labels, symbols[part], serials[part], None if pins is None else pins[part])
                yield from (page.tobytes() for page in filled)

    def _filled(self, labels: int, symbols: U8, serials: U8, pins: U8 | None) -> U8:
        form = self._form(labels)
        pages = np.tile(form.content, (len(symbols) // labels, 1))
        spelled = self._hex[serials].reshape(len(serials), -1)
        under = None if pins is None else self._hex[pins].reshape(len(pins), -1)
        for place in range(labels):
            for at, own in ((form.symbols, symbols), (form.serials, spelled), (form.pins, under)):
                if own is not None:
                    pages[:, at[place] : at[place] + own.shape[1]] = own[place::labels]
        return pages

    def _form(self, labels: int) -> _Form:
        if labels not in self._forms:
            self._forms[labels] = self._drawn(labels)
        return self._forms[labels]

    def _drawn(self, labels: int) -> _Form:
        """A sheet with so many labels, zeros where each has its own."""
        out = bytearray(b"0.7 G 0.3 w\n")
        width, height = (side * MM for side in self.layout.label)
        corners = [tuple(side * MM for side in self.layout.origin(place)) for place in range(labels)]
        for x, y in corners:
            out += b"%.2f %.2f %.2f %.2f re S\n" % (x, y, width, height)
        out += b"0 g\n"
        symbols = []
        side = self._template.size * module_mm(self.layout, self._template) * MM
        quiet = QUIET_ZONE * module_mm(self.layout, self._template) * MM
        lift = (self.layout.label[1] - self.layout.symbol - (0 if self.layout.words else 1)) * MM
        for x, y in corners:
            out += b"q 1 0 0 1 %.2f %.2f cm /W Do Q\n" % (x, y) if self.shared else b""
            out += b"q %.3f 0 0 %.3f %.3f %.3f cm " % (side, side, x + quiet, y + lift + quiet)
            size = self._template.size
            out += b"BI/W %d/H %d/IM true/D[1 0]/BPC 1/L %d ID " % (size, size, self._symbol_bytes)
            symbols.append(len(out))
            out += bytes(self._symbol_bytes) + b" EI Q\n"
        out += b"BT /F %.1f Tf\n" % _SERIAL_PT
        serials = [self._room(out, x + 2 * MM, y + 1.6 * MM, SERIAL_CHARS) for x, y in corners]
        pins = [self._room(out, x + width * 0.58, y + 5 * MM, PIN_DIGITS) for x, y in corners] if self._pins else []
        out += b"ET\n"
        return _Form(np.frombuffer(bytes(out), dtype=np.uint8), tuple(symbols), tuple(serials), tuple(pins))

    def _room(self, out: bytearray, x: float, y: float, chars: int) -> int:
        """Room for a text of so many characters; gives where its glyphs go."""
        out += b"1 0 0 1 %.2f %.2f Tm <" % (x, y)
        at = len(out)
        out += b"0000" * chars + b"> Tj\n"
        return at

    def _words(self, face: Face) -> bytes:
        """What every label says, drawn once, from a label's lower left corner."""
        drawn = (
            b"/F %.1f Tf 1 0 0 1 %.2f %.2f Tm <%b> Tj\n" % (size, x, y, line) for size, x, y, line in self._face(face)
        )
        content = b"".join(drawn)
        return b"0 g BT\n%bET\n" % content if content else b""

    def _face(self, face: Face) -> list[tuple[float, float, float, bytes]]:
        """The shared words as (size, x, y, glyphs) from a label's corner, in points."""
        if not self.layout.words:
            return []
        left = (self.layout.symbol + 0.5) * MM
        room = self.layout.label[0] * MM - left - 1 * MM
        y = self.layout.label[1] * MM - 4 * MM
        found = []
        lines = [(_TEXT_PT, line) for line in self._font.wrapped(face.product, _TEXT_PT, room, 3)]
        lines += [(_SERIAL_PT, line) for line in self._font.wrapped(face.organisation, _SERIAL_PT, room, 2)]
        lines += [(_SERIAL_PT, line) for line in self._font.wrapped(_HINT, _SERIAL_PT, room, 2)]
        for size, line in lines:
            found.append((size, left, y, self._font.encoded(line)))
            y -= size * 1.25
        return found
