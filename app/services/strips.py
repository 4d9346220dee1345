"""The test strip: one row of labels with specimen codes, printed before the run and read back from a photo.

A specimen's code is one that no key ever made: scanned, it answers that it was not issued. What is tested is paper,
ink and size, with the batch's own symbol and layout.
"""

import io

import numpy as np
from PIL import Image

from app.domain.errors import Refusal
from app.models.stamps import Batch
from stamp_engine.format import Ecc, Profile, Template, compact_text, sealed_text
from stamp_engine.pdf import PdfWriter
from stamp_engine.sheets import LAYOUTS, Face, Sheet
from stamp_engine.symbols import for_template
from stamp_engine.texts import serials

LARGEST = 8 * 1024 * 1024
MOST_PIXELS = 60_000_000
_PIN = b"00000000"


def _template(batch: Batch) -> Template:
    return Template(batch.profile, batch.host, batch.gtin, batch.symbol_version, Ecc(batch.ecc), batch.mask)


def count(batch: Batch) -> int:
    """How many labels the strip has."""
    return LAYOUTS[batch.layout].columns


def texts(batch: Batch) -> list[str]:
    """What the symbols of the strip say."""
    template = _template(batch)
    if template.profile is Profile.COMPACT:
        return [compact_text(template, place) for place in range(count(batch))]
    return [sealed_text(template, place, bytes(64)) for place in range(count(batch))]


def sheet(batch: Batch, product: str, organisation: str) -> bytes:
    """The strip as PDF, true to size."""
    template, layout, size = _template(batch), LAYOUTS[batch.layout], count(batch)
    low, high = np.arange(size, dtype=np.uint64), np.zeros(size, dtype=np.uint64)
    table = for_template(template)
    symbols = (
        table.draw_compact(high, low)
        if template.profile is Profile.COMPACT
        else table.draw_sealed(low.astype(np.int64), [bytes(64)] * size)
    )
    drawn = Sheet(layout, template, Face(f"MẪU THỬ {product}", organisation), pins=batch.pins)
    pins = np.tile(np.frombuffer(_PIN, dtype=np.uint8), (size, 1)) if batch.pins else None
    out = io.BytesIO()
    pdf = PdfWriter(out, *layout.page, title=f"{batch.number} strip", shared=drawn.shared)
    for page in drawn.pages(symbols, serials(high, low), pins):
        pdf.page(page)
    pdf.close()
    return out.getvalue()


def read(batch: Batch, photo: bytes) -> int:
    """How many of the strip's symbols a photo or a scan of it shows readably. Raises Refusal."""
    import zxingcpp  # noqa: PLC0415  wanted by this alone

    if len(photo) > LARGEST:
        raise Refusal("picture_wrong", pointer="/picture")
    try:
        with Image.open(io.BytesIO(photo), formats=["JPEG", "PNG", "WEBP"]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Refusal("picture_wrong", pointer="/picture")
            grey = image.convert("L")
    except (OSError, ValueError, Image.DecompressionBombError):
        raise Refusal("picture_wrong", pointer="/picture") from None
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return len({one.text for one in found} & set(texts(batch)))
