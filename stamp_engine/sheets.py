"""Sheets of labels: which stamp lies where on the paper, and what is printed on it. Layouts are data.

A label carries the symbol with its quiet zone, the product and its producer, what to do, the serial, and where the
batch has them the digits that the print house covers with a scratch layer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stamp_engine.format import QUIET_ZONE, Template
from stamp_engine.pdf import MM, Font, noto

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


class Sheet:
    """Draws the pages of one batch. Everything that all labels share is prepared once."""

    def __init__(self, layout: Layout, template: Template, face: Face) -> None:
        self.layout = layout
        self._template = template
        self._font: Font = noto()
        self._places = [layout.origin(place) for place in range(layout.per_page)]
        self._digits = {char: self._font.encoded(char) for char in "0123456789ABCDEFGHJKMNPQRSTVWXYZ- "}
        self._words = self._face(face)
        stride = (template.size + 7) // 8
        self._open = b"BI/W %d/H %d/IM true/D[1 0]/BPC 1/L %d ID " % (
            template.size,
            template.size,
            stride * template.size,
        )

    def page(self, symbols: U8, serials: Sequence[str], pins: Sequence[str] | None) -> bytes:
        """The content stream of one sheet: at most `per_page` labels, in reading order."""
        parts = [b"0.7 G 0.3 w\n", *self._frames(len(serials)), b"0 g\n"]
        side = self._template.size * module_mm(self.layout, self._template) * MM
        quiet = QUIET_ZONE * module_mm(self.layout, self._template) * MM
        lift = (self.layout.label[1] - self.layout.symbol - (0 if self.layout.words else 1)) * MM
        for place in range(len(serials)):
            x, y = (corner * MM for corner in self._places[place])
            parts += (
                b"q %.3f 0 0 %.3f %.3f %.3f cm " % (side, side, x + quiet, y + lift + quiet),
                self._open,
                symbols[place].tobytes(),
                b" EI Q\n",
            )
        parts.append(b"BT\n")
        for place, serial in enumerate(serials):
            x, y = (corner * MM for corner in self._places[place])
            parts += self._text(x, y, serial, pins[place] if pins else None)
        parts.append(b"ET\n")
        return b"".join(parts)

    def _frames(self, count: int) -> Iterator[bytes]:
        width, height = (side * MM for side in self.layout.label)
        for place in range(count):
            x, y = (corner * MM for corner in self._places[place])
            yield b"%.2f %.2f %.2f %.2f re S\n" % (x, y, width, height)

    def _text(self, x: float, y: float, serial: str, pin: str | None) -> Iterator[bytes]:
        spelled = b"".join(map(self._digits.__getitem__, serial))
        yield b"/F %.1f Tf 1 0 0 1 %.2f %.2f Tm <%b> Tj\n" % (_SERIAL_PT, x + 2 * MM, y + 1.6 * MM, spelled)
        if pin is not None:
            spelled = b"".join(map(self._digits.__getitem__, pin))
            yield b"1 0 0 1 %.2f %.2f Tm <%b> Tj\n" % (x + self.layout.label[0] * MM * 0.58, y + 5 * MM, spelled)
        for size, dx, dy, line in self._words:
            yield b"/F %.1f Tf 1 0 0 1 %.2f %.2f Tm <%b> Tj\n" % (size, x + dx, y + dy, line)

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
