"""Sheets and rolls as two independent renderers draw them: PDFium and MuPDF, at printers' resolutions.

Every stamp on every rendered page is cut out and read by zxing-cpp. Layouts are taken as they come, so a new one is
held to the same. The suite renders what is quick; `make test-long` every layout, template and resolution, full pages.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from itertools import product
from pathlib import Path

import numpy as np
import pymupdf
import pypdfium2
import pytest
import zxingcpp

from stamp_engine.codes import CodeList
from stamp_engine.errors import MintRefused
from stamp_engine.format import Profile, Template, choose_template
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.layouts import Layout, shipped
from stamp_engine.minting import CODES, SHEETS, Job, Wants, mint
from stamp_engine.sheets import Face
from stamp_engine.symbols import U8

LONG = os.environ.get("ESTAMP_LONG") == "1"
DPIS = (203, 300, 600)
TEMPLATES = [
    choose_template(Profile.COMPACT, "T.VN"),
    *(choose_template(profile, "T.SONLA.VN", gtin) for profile in Profile for gtin in (None, "09521234000013")),
]


def pdfium(path: Path, page: int, dpi: int) -> U8:
    with pypdfium2.PdfDocument(path) as document:
        return np.asarray(document[page].render(scale=dpi / 72, grayscale=True).to_pil().convert("L"))


def mupdf(path: Path, page: int, dpi: int) -> U8:
    with pymupdf.open(path) as document:
        drawn = document[page].get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
        return np.frombuffer(drawn.samples, dtype=np.uint8).reshape(drawn.height, drawn.stride)[:, : drawn.width]


def prints() -> list[tuple[Layout, Template]]:
    """Every layout with every kind of stamp that is not too large for it."""
    found = []
    for layout, template in product(shipped().values(), TEMPLATES):
        with suppress(MintRefused):
            layout.printed(template)
            found.append((layout, template))
    return found


RENDERERS: tuple[Callable[[Path, int, int], U8], ...] = (pdfium, mupdf)


def label(picture: U8, layout: Layout, place: int, dpi: int) -> U8:
    left, bottom = layout.origin(place)
    top = layout.page[1] - bottom - layout.label[1]
    sides = (top, top + layout.label[1], left, left + layout.label[0])
    up, down, west, east = (round(side * dpi / 25.4) for side in sides)
    return picture[up:down, west:east]


def read(picture: U8) -> list[str]:
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
    return [one.text for one in found]


def unread(path: Path, texts: list[str], layout: Layout, dpi: int, render: Callable[[Path, int, int], U8]) -> list[int]:
    """The positions of stamps that do not read as their code."""
    wrong: list[int] = []
    for start in range(0, len(texts), layout.per_page):
        picture = render(path, layout.lead + start // layout.per_page, dpi)
        for place, text in enumerate(texts[start : start + layout.per_page]):
            if read(label(picture, layout, place, dpi)) != [text]:
                wrong.append(start + place)
    return wrong


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyDirectory:
    return KeyDirectory.create(tmp_path_factory.mktemp("keys"), b"secret", KeyKind.STANDALONE)


def minted(keys: KeyDirectory, folder: Path, layout: Layout, template: Template) -> list[str]:
    count = 2 * layout.per_page + 1 if LONG else min(layout.per_page, 2 * layout.columns + 1)
    job = Job(
        batch="B1",
        block=keys.reserve(count),
        template=template,
        epoch=1,
        kid=keys.stamp_key().public.kid,
        pins=layout.pin is not None,
        order="D1",
        product="P1",
        organisation="O1",
        created_at=1,
        face=Face("Chè Shan tuyết", "Hợp tác xã Ví dụ"),
    )
    mint(job, keys, folder, Wants(layout=layout))
    return CodeList(folder / CODES)[:]


def resolutions(layout: Layout) -> tuple[int, ...]:
    """All in the long run; else the printer's own, or for paper, whose pages are slow to render, a middling one."""
    if LONG:
        return DPIS
    return (layout.dpi or 300,)


def name(value: Layout | Template) -> str:
    if isinstance(value, Layout):
        return value.name
    return f"{value.host}-{value.profile.value}{'' if value.gtin is None else '-gtin'}"


def test_every_layout_prints_some_stamp() -> None:
    assert {layout.name for layout, _ in prints()} == set(shipped())


@pytest.mark.parametrize(("layout", "template"), prints(), ids=name)
def test_every_stamp_reads_as_two_renderers_draw_it(
    keys: KeyDirectory, tmp_path: Path, layout: Layout, template: Template
) -> None:
    texts = minted(keys, tmp_path, layout, template)
    for dpi, render in product(resolutions(layout), RENDERERS):
        wrong = unread(tmp_path / SHEETS, texts, layout, dpi, render)
        assert not wrong, f"at {dpi} dpi by {render.__name__}: {len(wrong)} of {len(texts)}, such as {wrong[:5]}"
