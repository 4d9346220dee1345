"""Pictures of symbols: 1-bit PNG and SVG from the modules that the fast path drew, and the preview of a label."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from threading import Lock

import numpy as np
import numpy.typing as npt

from stamp_engine.covers import write_test_strip
from stamp_engine.format import QUIET_ZONE, Template
from stamp_engine.layouts import INCH_MM, Layout
from stamp_engine.sheets import Face
from stamp_engine.symbols import matrix

U8 = npt.NDArray[np.uint8]
# PDFium may be used by one thread at a time only; a web process has several.
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True, slots=True)
class Picturing:
    """A kind of picture: the ending of its file's name, and how a (size, size) array of modules becomes its bytes."""

    suffix: str
    draw: Callable[[U8], bytes]


def png_of(dots: int) -> Picturing:
    """1-bit PNG with so many pixels a module."""
    return Picturing("png", lambda modules: png(modules, dots=dots))


def svg_of(module_mm: float) -> Picturing:
    """SVG in true size."""
    return Picturing("svg", lambda modules: svg(modules, module_mm=module_mm))


def png(modules: U8, *, dots: int) -> bytes:
    """A symbol as a 1-bit PNG (ISO/IEC 15948), quiet zone included."""
    wide = np.kron(np.pad(modules, QUIET_ZONE), np.ones((dots, dots), dtype=np.uint8))
    # Each line begins with its filter (0: none); in a grey picture of one bit, 1 is white.
    lines = np.pad(np.packbits(1 - wide, axis=1), ((0, 0), (1, 0)))
    side = len(wide)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def svg(modules: U8, *, module_mm: float) -> bytes:
    """A symbol as SVG in true size, quiet zone included: one path of horizontal runs."""
    side = len(modules) + 2 * QUIET_ZONE
    edges = np.diff(np.pad(modules, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    stops = np.nonzero(edges == -1)[1]
    runs = zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True)
    path = "".join(
        f"M{start + QUIET_ZONE} {row + QUIET_ZONE}h{stop - start}v1h{start - stop}z" for row, start, stop in runs
    )
    width = f"{side * module_mm:.4f}".rstrip("0").rstrip(".")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{width}mm" viewBox="0 0 {side} {side}">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{path}"/></svg>'
    ).encode()


def symbol(template: Template, text: str) -> U8:
    """The modules of one stamp's symbol. Raises Malformed when the text does not fit."""
    return matrix(template, text)


def preview(layout: Layout, template: Template, face: Face, *, pins: bool, dpi: int = 300) -> bytes:
    """A label as it will be printed, with a test symbol, as PNG.

    Needs `pypdfium2` and `pillow`, which a plain engine does not bring. Raises MintRefused as minting would.
    """
    import pypdfium2  # noqa: PLC0415  only where previews are made

    strip = BytesIO()
    write_test_strip(strip, layout, template, face, pins=pins)
    with _ONE_AT_A_TIME, pypdfium2.PdfDocument(strip.getvalue()) as document:
        page = document[0].render(scale=dpi / 72, may_draw_forms=False).to_pil()
    left, bottom = layout.origin(0)
    top = layout.page[1] - bottom - layout.label[1]
    sides = (left, top, left + layout.label[0], top + layout.label[1])
    out = BytesIO()
    page.crop(tuple(round(side * dpi / INCH_MM) for side in sides)).save(out, format="PNG", dpi=(dpi, dpi))
    return out.getvalue()
