"""Layouts of labels: what lies where on a label, and labels on a sheet or a roll. They are data, one TOML file each.

Lengths are millimetres from a label's lower left corner, sizes of letters are points. A layout for a label printer
names the printer's resolutions and stands for one layout each, `NAME-DPI`: there a module is a whole number of printer
dots and every symbol begins on a dot (docs/decisions/0014-whole-printer-dots.md). An office adds layouts by putting
files of the same form into a folder (docs/layouts.md).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from math import ceil
from pathlib import Path
from typing import Any

from stamp_engine.errors import LayoutInvalid, MintRefused
from stamp_engine.format import QUIET_ZONE, Template

INCH_MM = 25.4
SMALLEST_MODULE_MM = 0.33
"""GS1 asks for 0.396 mm in retail; below 0.33 mm phones read too little of what was measured."""
DEFAULT = "a4-40x30"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,28}", re.ASCII)
_DPI = (200, 203, 300, 406, 600, 1200)
_MOST_LABELS = 1000


class Cut(StrEnum):
    """What shows where to cut: a thin frame around each label, marks at the corners, or nothing (die-cut labels)."""

    FRAME = "frame"
    MARKS = "marks"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a label in millimetres; `size` in points where it holds letters."""

    x: float
    y: float
    width: float
    height: float
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Printed:
    """How a symbol comes out: the side of a module, whole printer dots of it (None: no grid), and the whole width."""

    module_mm: float
    dots: int | None
    side_mm: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet of labels, or a row of labels across a roll. Boxes that are None are not printed."""

    name: str
    vi: str
    en: str
    page: tuple[float, float]
    label: tuple[float, float]
    columns: int
    rows: int
    gap: tuple[float, float]
    cut: Cut
    dpi: int | None
    header: bool
    symbol: Box
    serial: Box | None
    words: Box | None
    stars: Box | None
    logo: Box | None
    pin: Box | None

    @property
    def per_page(self) -> int:
        """Labels on one page."""
        return self.columns * self.rows

    @property
    def lead(self) -> int:
        """Pages before the first label."""
        return 1 if self.header else 0

    def origin(self, place: int) -> tuple[float, float]:
        """The lower left corner of a label, in millimetres from the page's lower left; places run in reading order."""
        row, column = divmod(place, self.columns)
        across, down = (side + gap for side, gap in zip(self.label, self.gap, strict=True))
        left = (self.page[0] - self.columns * across + self.gap[0]) / 2
        top = (self.page[1] - self.rows * down + self.gap[1]) / 2
        # Counted from the upper left, where a printer begins.
        from_top = self.on_grid(top + row * down) + self.label[1]
        return self.on_grid(left + column * across), self.page[1] - from_top

    def on_grid(self, length_mm: float) -> float:
        """The nearest whole number of printer dots, where there is a grid."""
        if self.dpi is None:
            return length_mm
        return round(length_mm * self.dpi / INCH_MM) * INCH_MM / self.dpi

    def printed(self, template: Template) -> Printed:
        """How large a symbol of this template is printed: as large as its box allows.

        Raises MintRefused where that would be too small to be read.
        """
        modules = template.size + 2 * QUIET_ZONE
        room = min(self.symbol.width, self.symbol.height)
        dots = None if self.dpi is None else int(room * self.dpi / INCH_MM / modules + 1e-9)
        module = room / modules if dots is None or self.dpi is None else dots * INCH_MM / self.dpi
        if module < SMALLEST_MODULE_MM:
            grid = "" if dots is None else f" ({dots} whole dots at {self.dpi} dpi)"
            raise MintRefused(
                f"layout {self.name} would print modules of {module:.3f} mm{grid} for a symbol of {template.size} "
                f"modules; {SMALLEST_MODULE_MM} mm is the least. Choose a larger label, more dots an inch or a shorter "
                "STAMP_HOST"
            )
        return Printed(module, dots, module * modules)

    def symbol_at(self, template: Template) -> tuple[float, float]:
        """Where the symbol with its quiet zone lies from the label's lower left corner: in the middle of its box."""
        side = self.printed(template).side_mm
        left = self.symbol.x + (self.symbol.width - side) / 2
        top = self.label[1] - self.symbol.y - self.symbol.height + (self.symbol.height - side) / 2
        return self.on_grid(left), self.label[1] - self.on_grid(top) - side


@cache
def shipped() -> Mapping[str, Layout]:
    """The layouts that come with the engine, by name."""
    files = {file.name: file for file in resources.files(__name__).iterdir() if file.name.endswith(".toml")}
    every = (read(name.removesuffix(".toml"), files[name].read_text("utf-8")) for name in sorted(files))
    return {layout.name: layout for some in every for layout in some}


def known(folder: Path | None = None) -> Mapping[str, Layout]:
    """The shipped layouts, and those of an office's folder. Raises LayoutInvalid naming file and field."""
    own = sorted(folder.glob("*.toml")) if folder is not None and folder.is_dir() else []
    found = dict(shipped())
    for path in own:
        for layout in read(path.stem, _text(path)):
            if layout.name in found:
                raise LayoutInvalid(f"{path.name}: there is a layout {layout.name} already; give the file another name")
            found[layout.name] = layout
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LayoutInvalid(f"{path.name}: cannot be read as UTF-8 text: {error}") from None


def choose(name: str, layouts: Mapping[str, Layout]) -> Layout:
    """The layout of that name. Raises MintRefused."""
    found = layouts.get(name)
    if found is None:
        raise MintRefused(f"there is no layout {name!r}; choose one of {', '.join(layouts)}")
    return found


def read(name: str, text: str) -> Iterator[Layout]:
    """The layouts of one file: one, or one for each of its resolutions. Raises LayoutInvalid naming the field."""
    if not _NAME.fullmatch(name):
        raise LayoutInvalid(f"{name}: a layout's name has at most 29 small letters, digits and hyphens")
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LayoutInvalid(f"{name}: not TOML: {error}") from None
    fields = _Fields(name, said)
    dpis: list[int] = said.pop("dpi", [])
    if not isinstance(dpis, list) or not all(dpi in _DPI for dpi in dpis):
        raise LayoutInvalid(f"{name}: dpi: give a list of some of {', '.join(map(str, _DPI))}, or leave it out")
    resolutions: list[int | None] = [*dpis] or [None]
    for dpi in resolutions:
        layout = fields.layout(dpi)
        _check(layout)
        yield layout


class _Fields:
    """Reads the fields of one file, and names what is missing, wrong or unknown."""

    BOXES = ("symbol", "serial", "words", "stars", "logo", "pin")
    PLAIN = ("vi", "en", "page", "label", "columns", "rows", "gap", "cut", "header", "dpi")

    def __init__(self, name: str, said: dict[str, Any]) -> None:
        self._name = name
        self._said = said
        for field in said:
            if field not in {*self.BOXES, *self.PLAIN}:
                raise LayoutInvalid(f"{name}: {field}: there is no such field; {', '.join((*self.PLAIN, *self.BOXES))}")

    def layout(self, dpi: int | None) -> Layout:
        """The layout, for a printer of that resolution."""
        label, gap = self._pair("label"), self._pair("gap", (0.0, 0.0))
        columns, rows = self._count("columns"), self._count("rows")
        sides = zip((columns, rows), label, gap, strict=True)
        tight = tuple(count * side + (count - 1) * space for count, side, space in sides)
        symbol = self._box("symbol", letters=False)
        if symbol is None:
            raise LayoutInvalid(f"{self._name}: symbol: is missing; give symbol = {{ box = [x, y, width, height] }}")
        try:
            cut = Cut(self._said.get("cut", "none"))
        except ValueError:
            raise LayoutInvalid(f"{self._name}: cut: choose one of {', '.join(Cut)}") from None
        return Layout(
            name=self._name if dpi is None else f"{self._name}-{dpi}",
            vi=self._words("vi"),
            en=self._words("en"),
            page=_whole_dots(self._pair("page", (tight[0], tight[1])), dpi),
            label=label,
            columns=columns,
            rows=rows,
            gap=gap,
            cut=cut,
            dpi=dpi,
            header=self._said.get("header", True) is True,
            symbol=symbol,
            serial=self._box("serial", letters=True),
            words=self._box("words", letters=True),
            stars=self._box("stars", letters=False),
            logo=self._box("logo", letters=False),
            pin=self._box("pin", letters=True),
        )

    def _words(self, field: str) -> str:
        found = self._said.get(field)
        if not isinstance(found, str) or not 0 < len(found) <= 80:
            raise LayoutInvalid(f"{self._name}: {field}: say in at most 80 letters what the label is")
        return found

    def _count(self, field: str) -> int:
        found = self._said.get(field, 1)
        if type(found) is not int or not 1 <= found <= _MOST_LABELS:
            raise LayoutInvalid(f"{self._name}: {field}: a whole number from 1 to {_MOST_LABELS}")
        return found

    def _pair(self, field: str, otherwise: tuple[float, float] | None = None) -> tuple[float, float]:
        found = self._said.get(field, otherwise)
        if found is None or not _numbers(found, 2):
            raise LayoutInvalid(f"{self._name}: {field}: give [width, height] in millimetres")
        return float(found[0]), float(found[1])

    def _box(self, field: str, *, letters: bool) -> Box | None:
        found = self._said.get(field)
        if found is None:
            return None
        form = "{ box = [x, y, width, height]" + (", size = points }" if letters else " }")
        if not isinstance(found, dict) or not _numbers(found.get("box"), 4):
            raise LayoutInvalid(f"{self._name}: {field}: give {form}, in millimetres")
        size = found.get("size", 0)
        if letters and (not isinstance(size, int | float) or not 3 <= size <= 72):
            raise LayoutInvalid(f"{self._name}: {field}: size: letters have 3 to 72 points")
        x, y, width, height = (float(side) for side in found["box"])
        return Box(x, y, width, height, float(size) if letters else 0.0)


def _whole_dots(page: tuple[float, float], dpi: int | None) -> tuple[float, float]:
    """The page on its printer's grid, not smaller: a page of 248.03 dots would be scaled to 249."""
    if dpi is None:
        return page
    width, height = (ceil(side * dpi / INCH_MM - 1e-6) * INCH_MM / dpi for side in page)
    return width, height


def _numbers(found: object, count: int) -> bool:
    return (
        isinstance(found, list | tuple)
        and len(found) == count
        and all(isinstance(side, int | float) and not isinstance(side, bool) and 0 <= side <= 5000 for side in found)
    )


def _check(layout: Layout) -> None:
    """What lies on a label lies inside it, apart from the symbol, and all labels on the page."""
    sides = zip((layout.columns, layout.rows), layout.label, layout.gap, layout.page, strict=True)
    for axis, (count, side, gap, page) in zip(("columns", "rows"), sides, strict=True):
        if side <= 0 or count * side + (count - 1) * gap > page + 1e-6:
            raise LayoutInvalid(f"{layout.name}: {axis}: {count} labels of {side:g} mm do not fit on {page:g} mm")
    boxes = {field: box for field in _Fields.BOXES if (box := getattr(layout, field)) is not None}
    for field, box in boxes.items():
        if box.x + box.width > layout.label[0] + 1e-6 or box.y + box.height > layout.label[1] + 1e-6:
            raise LayoutInvalid(f"{layout.name}: {field}: the box reaches over the edge of the label")
        if field != "symbol" and _overlap(box, layout.symbol):
            raise LayoutInvalid(f"{layout.name}: {field}: the box lies on the symbol or its quiet zone")
        if box.width <= 0 or box.height <= 0:
            raise LayoutInvalid(f"{layout.name}: {field}: the box is empty")


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x + 1e-6 < other.x + other.width
        and other.x + 1e-6 < one.x + one.width
        and one.y + 1e-6 < other.y + other.height
        and other.y + 1e-6 < one.y + one.height
    )
