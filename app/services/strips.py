"""The test strip: labels with test symbols, printed before the run and read back from a photo.

A test symbol is one that no key ever made: scanned, it answers that it was not issued. What is tested is paper, ink and
size, with the batch's own symbol and layout.
"""

import io

from PIL import Image

from app.domain.errors import Refusal
from app.models.stamps import Batch
from app.services.press import Press
from stamp_engine.covers import test_labels, test_text, write_test_strip
from stamp_engine.format import Ecc, Template
from stamp_engine.sheets import Face

LARGEST = 8 * 1024 * 1024
MOST_PIXELS = 60_000_000


def _template(batch: Batch) -> Template:
    return Template(batch.profile, batch.host, batch.gtin, batch.symbol_version, Ecc(batch.ecc), batch.mask)


def count(press: Press, batch: Batch) -> int:
    """How many labels the strip has."""
    return test_labels(press.layout(batch.layout))


def sheet(press: Press, batch: Batch, product: str, organisation: str) -> bytes:
    """The strip as PDF, true to size."""
    out = io.BytesIO()
    face = Face(product, organisation)
    write_test_strip(out, press.layout(batch.layout), _template(batch), face, pins=batch.pins)
    return out.getvalue()


def read(press: Press, batch: Batch, photo: bytes) -> int:
    """How many of the strip's symbols a photo or a scan of it shows readably. Raises Refusal."""
    import zxingcpp  # noqa: PLC0415  wanted by this alone

    if not photo:
        raise Refusal("file_missing", pointer="/picture")
    if len(photo) > LARGEST:
        raise Refusal("picture_wrong", pointer="/picture")
    try:
        with Image.open(io.BytesIO(photo), formats=["JPEG", "PNG", "WEBP"]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Refusal("picture_wrong", pointer="/picture")
            grey = image.convert("L")
    except (OSError, ValueError, Image.DecompressionBombError):
        raise Refusal("picture_wrong", pointer="/picture") from None
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2))
    wanted = test_text(_template(batch))
    return min(sum(one.text == wanted for one in found), count(press, batch))
