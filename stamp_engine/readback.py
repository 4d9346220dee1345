"""Reading back what was drawn: sheets are rendered and the symbols on them decoded by an independent reader.

Every label of a job of up to `EVERY` stamps is read, and of a larger one so many, in whole pages spread evenly over it
with the first and the last among them. One label that does not read as its code refuses the whole job.

Needs `pypdfium2` and `zxing-cpp` (the extra `proof`), which a plain engine does not bring.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from stamp_engine.errors import ReadBackFailed
from stamp_engine.layouts import Layout

U8 = npt.NDArray[np.uint8]
DPI = 200
"""Dots an inch of a sheet that names none: three to five a module of our labels, quick to draw and sure to read."""
EVERY = 10_000


class Texts(Protocol):
    """The codes of a batch in order; a list will do."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> list[str]:
        """Those from one position to another."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """How many labels of a job were read and found right, of how many."""

    read: int
    of: int


def check(
    sheets: Path,
    texts: Texts,
    layout: Layout,
    *,
    every: int = EVERY,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> ReadBack:
    """Compare the labels with what they must say. `progress` hears how many of the labels to read were read.

    Raises ReadBackFailed naming the page and the first position.
    """
    import pypdfium2  # noqa: PLC0415  only where sheets are read back

    read, size = 0, layout.per_page
    with pypdfium2.PdfDocument(sheets) as document:
        pages = len(document) - layout.lead
        if pages != -(-len(texts) // size):
            raise ReadBackFailed(f"the document has {pages} pages of labels for {len(texts)} stamps")
        # The renderer takes one thread at a time; the reader lets others run while it looks.
        with ThreadPoolExecutor(thread_name_prefix="read-back") as readers:
            places = chosen(pages, max(2, every // size))
            for page in places:
                image = rendered(document, layout.lead + page, layout.dpi or DPI)
                wanted = texts[page * size : (page + 1) * size]
                labels = [label(image, layout, place) for place in range(len(wanted))]
                for place, (found, text) in enumerate(zip(readers.map(decoded, labels), wanted, strict=True)):
                    if found != text:
                        at = page * size + place + 1
                        raise ReadBackFailed(f"page {layout.lead + page + 1}, position {at} does not read as its code")
                read += len(wanted)
                progress(read, min(len(places) * size, len(texts)))
    return ReadBack(read, len(texts))


def chosen(pages: int, most: int) -> Sequence[int]:
    """Which pages are read: all, or as many as that, spread evenly with the first and the last among them."""
    if pages <= most:
        return range(pages)
    return sorted({round(place * (pages - 1) / (most - 1)) for place in range(most)})


def rendered(document: object, page: int, dpi: float) -> U8:
    """A page of a PDFium document as (height, width) grey values."""
    image: U8 = document[page].render(scale=dpi / 72, grayscale=True).to_numpy()  # type: ignore[index]  # untyped library
    return image[:, :, 0] if image.ndim == 3 else image


def label(image: U8, layout: Layout, place: int) -> U8:
    """The part of a rendered page that holds one label."""
    dots = image.shape[1] / layout.page[0]
    left, bottom = layout.origin(place)
    top = layout.page[1] - bottom - layout.label[1]
    rows = slice(round(top * dots), round((top + layout.label[1]) * dots))
    return image[rows, round(left * dots) : round((left + layout.label[0]) * dots)]


def decoded(image: U8) -> str | None:
    """What the one symbol in an image says; None where there is none, or more than one."""
    import zxingcpp  # noqa: PLC0415  only where sheets are read back

    # Model 2 only: the plain name stands for Micro QR too, which damaged pictures are sometimes taken for.
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
    # Labels are drawn upright, dark on light and large enough: what needs the reader's extra tries is not right.
    found = zxingcpp.read_barcodes(image, formats=formats, try_rotate=False, try_downscale=False, try_invert=False)
    return found[0].text if len(found) == 1 else None
