"""The pages around a batch: a header that says what follows, and a test strip to print before it.

The test strip's symbols have the size and shape of the batch's own, and can never be a stamp: their token holds the
letter U, their signature is out of range. A reader answers that they are not a stamp code.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stamp_engine.format import INDEX_DIGITS, QUIET_ZONE, SIGNATURE_DIGITS, TOKEN_CHARS, Profile, Template
from stamp_engine.layouts import Layout
from stamp_engine.pdf import MM, Sink, noto
from stamp_engine.sheets import Face, Sheet
from stamp_engine.symbols import blank, packed
from stamp_engine.texts import SERIAL_CHARS
from stamp_engine.tokens import PIN_DIGITS

U8 = npt.NDArray[np.uint8]
_TOKEN, _SERIAL = "TEMINTHUKHONGDUN", b"TEM IN THU KHONG DUNG"
_LADDER_MM = (0.25, 0.30, 0.33, 0.40, 0.50)
_RULER_MM = 100
_STRIP = 3
"""Labels of a test strip on a roll; a sheet's is one sheet."""


def test_text(template: Template) -> str:
    """What a test symbol says: as long as a code, and malformed."""
    text = blank(template)
    if template.profile is Profile.COMPACT:
        return text[:-TOKEN_CHARS] + _TOKEN
    start = len(f"https://{template.host}/")
    return text[:start] + "9" * SIGNATURE_DIGITS + text[start + SIGNATURE_DIGITS : -INDEX_DIGITS] + "9" * INDEX_DIGITS


def test_labels(layout: Layout) -> int:
    """How many labels a test strip has: a sheet of them, or some rows of a roll."""
    return layout.per_page if layout.rows > 1 else layout.columns * _STRIP


def write_test_strip(out: Sink, layout: Layout, template: Template, face: Face, *, pins: bool) -> None:
    """A document of labels as the batch will have, with test symbols; on paper a ruler and a ladder of sizes follow.

    Raises MintRefused where the layout cannot print the template.
    """
    sheet = Sheet(layout, template, face, pins=pins)
    count = test_labels(layout)
    symbol = packed(template, test_text(template))
    serial = np.frombuffer(_SERIAL.ljust(SERIAL_CHARS)[:SERIAL_CHARS], dtype=np.uint8)
    under = np.full((count, PIN_DIGITS), ord("0"), dtype=np.uint8) if pins else None
    writer = sheet.writer(out, f"In thử / test print {layout.name}")
    sheet.write(writer, np.tile(symbol, (count, 1)), np.tile(serial, (count, 1)), under)
    if layout.page[0] > _RULER_MM + 20 and layout.page[1] > _RULER_MM + 20:
        writer.page(_ruler(layout, template, symbol))
    writer.close()


def header(layout: Layout, lines: Sequence[str]) -> bytes:
    """The content of a page with some lines, as large as the page has room for, up to 12 points."""
    width, height = (side * MM for side in layout.page)
    margin = min(15 * MM, width * 0.06)
    room = width - 2 * margin
    font = noto()
    size = min(12.0, (height - 2 * margin) / (len(lines) * 1.35))
    out = bytearray(b"BT\n")
    y = height - margin
    for line in lines:
        own = size if layout.page[0] > _RULER_MM else min(size, max(3.0, room / font.width(line)))
        y -= size * 1.35
        out += b"/F %.2f Tf 1 0 0 1 %.2f %.2f Tm <%b> Tj\n" % (
            own,
            margin,
            y,
            font.encoded(font.fitted(line, own, room)),
        )
    return bytes(out) + b"ET\n"


def _ruler(layout: Layout, template: Template, symbol: U8) -> bytes:
    """A ruler of 100 mm to see that nothing was scaled, and the symbol with modules of several sizes."""
    left, top = 20.0, layout.page[1] - 30
    out = bytearray(b"0 G 0.4 w\n")
    out += _words(
        left, top + 6, 11, "Vạch dưới đây dài đúng 100 mm / this line is 100 mm long: in 100 %, không co giãn"
    )
    out += b"%.3f %.3f m %.3f %.3f l S\n" % (left * MM, top * MM, (left + _RULER_MM) * MM, top * MM)
    for tick in range(0, _RULER_MM + 1, 10):
        x = (left + tick) * MM
        out += b"%.3f %.3f m %.3f %.3f l S\n" % (x, top * MM, x, (top - (4 if tick % 50 == 0 else 2)) * MM)
    out += _words(left, top - 16, 11, "Máy in tốt đọc được mọi cỡ / a good printer's codes read at every size")
    y = top - 22
    for module in _LADDER_MM:
        side = template.size * module
        y -= side + 2 * QUIET_ZONE * module
        out += b"q %.4f 0 0 %.4f %.4f %.4f cm BI/W %d/H %d/IM true/D[1 0]/BPC 1/L %d ID " % (
            side * MM,
            side * MM,
            left * MM,
            (y + QUIET_ZONE * module) * MM,
            template.size,
            template.size,
            len(symbol),
        )
        out += symbol.tobytes() + b" EI Q\n"
        said = f"{module:.2f} mm".replace(".", ",")
        out += _words(left + side + 8, y + side / 2, 10, said)
    return bytes(out)


def _words(x: float, y: float, size: float, text: str) -> bytes:
    return b"BT/F %.1f Tf 1 0 0 1 %.2f %.2f Tm <%b> Tj ET\n" % (size, x * MM, y * MM, noto().encoded(text))
