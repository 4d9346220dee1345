"""Layouts as data: what a file may say, what is refused by field, and printers' whole dots."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stamp_engine.covers import test_text as text_of_a_test
from stamp_engine.covers import write_test_strip
from stamp_engine.errors import LayoutInvalid, Malformed, MintRefused
from stamp_engine.format import Profile, choose_template, parse
from stamp_engine.images import preview
from stamp_engine.layouts import INCH_MM, choose, known, read, shipped
from stamp_engine.pdf import Picture
from stamp_engine.readback import decoded, label, rendered
from stamp_engine.sheets import Face, Sheet

HOST = "T.SONLA.VN"
TEMPLATES = [choose_template(profile, HOST, gtin) for profile in Profile for gtin in (None, "09521234000013")]
GOOD = """
vi = "Tem thử"
en = "A test"
label = [30, 20]
columns = 2
gap = [2, 0]
symbol = { box = [1, 1, 18, 18] }
serial = { box = [19.5, 1, 10, 6], size = 4 }
"""


def one(text: str) -> object:
    return next(iter(read("mine", text)))


def test_an_office_adds_a_layout_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(GOOD, "utf-8")
    found = choose("ours", known(tmp_path))
    assert (found.page, found.per_page, found.vi) == ((62.0, 20.0), 2, "Tem thử")
    assert found.printed(TEMPLATES[0]).side_mm == pytest.approx(18)
    (tmp_path / "a4-40x30.toml").write_text(GOOD, "utf-8")
    with pytest.raises(LayoutInvalid, match=r"a4-40x30.toml.*another name"):
        known(tmp_path)


@pytest.mark.parametrize(
    ("change", "by", "named"),
    [
        ("label = [30, 20]", "label = [30]", "label: give"),
        ("label = [30, 20]", "label = [0, 20]", "columns"),
        ("columns = 2", "columns = 0", "columns: a whole number"),
        ("columns = 2", "columns = true", "columns"),
        ("columns = 2", "colums = 2", "colums: there is no such field"),
        ('vi = "Tem thử"', "vi = 1", "vi: say"),
        ("symbol = {", "symbols = {", "symbols: there is no such field"),
        ("symbol = { box = [1, 1, 18, 18] }", "", "symbol: is missing"),
        ("[1, 1, 18, 18]", "[1, 1, 18, 28]", "symbol: the box reaches over"),
        ("[19.5, 1, 10, 6]", "[12, 1, 10, 6]", "serial: the box lies on the symbol"),
        ("size = 4", "size = 1", "serial: size"),
        ("gap = [2, 0]", 'gap = [2, 0]\ncut = "saw"', "cut: choose one of frame, marks, none"),
        ("gap = [2, 0]", "gap = [2, 0]\ndpi = [301]", "dpi: give a list"),
        ("gap = [2, 0]", "gap = [2, 0]\npage = [40, 20]", "columns: 2 labels of 30 mm do not fit on 40 mm"),
        ("gap = [2, 0]", "gap = [2, 0]\ndpi = [[300]]", "dpi: give a list"),
        ("gap = [2, 0]", "gap = [2, 0]]", "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_field(change: str, by: str, named: str) -> None:
    assert change in GOOD
    with pytest.raises(LayoutInvalid, match=named.replace("(", r"\(")):
        list(read("mine", GOOD.replace(change, by)))


def test_a_file_of_a_wrong_name_or_coding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayoutInvalid, match="small letters"):
        list(read("Nhãn", GOOD))
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(LayoutInvalid, match="UTF-8"):
        known(tmp_path)


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(LayoutInvalid, match=r"^mine"):
        list(read("mine", text))


@pytest.mark.parametrize("name", [name for name in shipped() if name.startswith("roll")])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_label_printer_gets_whole_dots_on_its_grid(name: str, template: object) -> None:
    layout = shipped()[name]
    try:
        printed = layout.printed(template)  # type: ignore[arg-type]
    except MintRefused:
        return
    assert layout.dpi is not None
    dot = INCH_MM / layout.dpi
    assert printed.module_mm == pytest.approx(printed.dots * dot)  # type: ignore[operator]
    left, bottom = layout.symbol_at(template)  # type: ignore[arg-type]
    for place in range(layout.per_page):
        x, y = layout.origin(place)
        from_top = layout.page[1] - (y + bottom + printed.side_mm)
        for length in (x + left, from_top):
            assert length / dot == pytest.approx(round(length / dot), abs=1e-6)
    assert left >= layout.symbol.x - dot
    assert left + printed.side_mm <= layout.symbol.x + layout.symbol.width + dot


def test_every_module_of_a_rendered_roll_is_its_whole_dots() -> None:
    layout, template = shipped()["roll-15-300"], TEMPLATES[0]
    strip = BytesIO()
    write_test_strip(strip, layout, template, Face(), pins=False)
    with pypdfium2.PdfDocument(strip.getvalue()) as document:
        image = label(rendered(document, 0, 300), layout, 0)
    left, bottom = layout.symbol_at(template)
    printed = layout.printed(template)
    top = layout.label[1] - bottom - printed.side_mm
    at = (round((top + 4 * printed.module_mm) * 300 / INCH_MM), round((left + 4 * printed.module_mm) * 300 / INCH_MM))
    side = template.size * 5
    modules = image[at[0] : at[0] + side, at[1] : at[1] + side].reshape(template.size, 5, template.size, 5)
    assert (modules.min(axis=(1, 3)) == modules.max(axis=(1, 3))).all()
    assert set(np.unique(modules)) == {0, 255}


def test_a_longer_host_takes_the_next_symbol_and_says_its_size() -> None:
    layout = shipped()["roll-20-300"]
    short, long = (choose_template(Profile.COMPACT, host, "09521234000013") for host in (HOST, "TEM.SONLA.GOV.VN"))
    assert (short.version, long.version) == (3, 4)
    assert layout.printed(short).dots == 6
    assert layout.printed(long).dots == 6
    assert layout.printed(long).side_mm > layout.printed(short).side_mm


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_test_strip_reads_as_no_stamp(template: object) -> None:
    text = text_of_a_test(template)  # type: ignore[arg-type]
    with pytest.raises(Malformed):
        parse(text, {HOST})
    logo = Picture(2, 2, bytes(12))
    shown = preview(shipped()["a4-50x40"], template, Face("Chè Tà Xùa", "HTX", 5, logo), pins=True)  # type: ignore[arg-type]
    assert decoded(np.asarray(Image.open(BytesIO(shown)).convert("L"))) == text


def test_stars_and_logo_and_words_are_drawn_where_the_layout_says() -> None:
    layout, template = shipped()["a4-70x50"], TEMPLATES[0]

    def ink(face: Face, box: object) -> int:
        with Image.open(BytesIO(preview(layout, template, face, pins=False))) as file:
            dots = file.width / layout.label[0]
            area = (box.x, layout.label[1] - box.y - box.height, box.x + box.width, layout.label[1] - box.y)  # type: ignore[attr-defined]
            return int((np.asarray(file.convert("L").crop(tuple(round(side * dots) for side in area))) < 128).sum())

    assert ink(Face(), layout.stars) == 0
    three, five = (ink(Face(stars=stars), layout.stars) for stars in (3, 5))
    assert five == pytest.approx(three * 5 / 3, rel=0.05)
    assert ink(Face(), layout.logo) == 0
    assert ink(Face(logo=Picture(1, 1, bytes(3))), layout.logo) > 1000
    assert ink(Face("Chè"), layout.words) < ink(Face("Chè Shan tuyết Tà Xùa"), layout.words)


def test_scratch_codes_need_room() -> None:
    with pytest.raises(MintRefused, match="no room for scratch codes"):
        Sheet(shipped()["a4-dense"], TEMPLATES[0], Face(), pins=True)
