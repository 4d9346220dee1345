"""Reading back what was drawn: sheets are rendered and every symbol on them decoded by an independent reader.

Needs `pypdfium2` and `zxing-cpp`, which the management side brings and a plain engine does not.
"""

from pathlib import Path
from typing import Any, Protocol

from stamp_engine.errors import ReadBackFailed
from stamp_engine.sheets import Layout

DPI = 300
MOST_PAGES = 6


class Texts(Protocol):
    """The codes of a batch in order; a list will do."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> list[str]:
        """Those from one position to another."""


def check(sheets: Path, texts: Texts, layout: Layout) -> int:
    """Compare a few pages, the first and the last among them, with what they must say; gives how many were read.

    Raises ReadBackFailed naming the page and the first position that does not read.
    """
    import pypdfium2  # noqa: PLC0415  only where sheets are read back

    per_page = layout.per_page
    pages = -(-len(texts) // per_page)
    step = max(1, (pages - 1) // (MOST_PAGES - 1))
    chosen = sorted({*range(0, pages, step), pages - 1})
    with pypdfium2.PdfDocument(sheets) as document:
        for page in chosen:
            image = document[page].render(scale=DPI / 72, grayscale=True).to_numpy()
            flat = image[:, :, 0] if image.ndim == 3 else image
            for place, text in enumerate(texts[page * per_page : (page + 1) * per_page]):
                if _read(_label(flat, layout, place)) != text:
                    at = page * per_page + place + 1
                    raise ReadBackFailed(f"page {page + 1}, position {at} does not read as its code")
    return len(chosen)


def _label(image: Any, layout: Layout, place: int) -> Any:
    """The part of a rendered page that holds one label."""
    dots = DPI / 25.4
    left, bottom = layout.origin(place)
    top = layout.page[1] - bottom - layout.label[1]
    rows = slice(round(top * dots), round((top + layout.label[1]) * dots))
    return image[rows, round(left * dots) : round((left + layout.label[0]) * dots)]


def _read(image: Any) -> str | None:
    import zxingcpp  # noqa: PLC0415  only where sheets are read back

    found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return found[0].text if len(found) == 1 else None
