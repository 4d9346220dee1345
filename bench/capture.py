"""`make bench-capture`: how often stamps are read from simulated photographs, beside a naive stamp of the same size.

Sizes are those of the shipped rolls of labels, where ours has whole printer dots a module. The naive stamp is what one
writes first: a lower-case link with a UUID, or with a base64url signature, through segno's defaults, stretched to the
size by the printer's driver. Both are given the same scenes (`bench.simulator`), so each capture is a pair, and the
difference has a confidence interval: ours is worse where the whole interval lies below zero, and the table says so.
zxing-cpp decodes. The tables below hold choices of ours against their alternatives in the same way: the fixed mask,
whole dots, and a quiet zone of three modules, which would be larger symbols but is not what ISO/IEC 18004 asks for.
"""

import argparse
import base64
import os
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import segno
import zxingcpp
from segno import consts

from bench.results import keep, rounded
from bench.simulator import CONDITIONS, QUIET, U8, Scene, captured, laid, printed
from stamp_engine.format import Profile, Template, choose_template, compact_text, sealed_text
from stamp_engine.layouts import INCH_MM, SMALLEST_MODULE_MM, shipped

HOST, GTIN = "T.SONLA.VN", "09521234000013"
ROLLS = (12, 15, 20, 25)
DPIS = (203, 300, 600)
TEMPLATES: Mapping[str, Template] = {
    "compact": choose_template(Profile.COMPACT, HOST),
    "compact GTIN": choose_template(Profile.COMPACT, HOST, GTIN),
    "sealed": choose_template(Profile.SEALED, HOST),
    "sealed GTIN": choose_template(Profile.SEALED, HOST, GTIN),
}
CAPTURES = 40
Key = tuple[str, int, int]
"""A kind of stamp, a roll's nominal size in millimetres, dots an inch."""


def noise(seed: int, size: int) -> bytes:
    """Bytes that are the same for the same number."""
    return np.random.default_rng((seed, 99)).bytes(size)


def our_text(name: str, seed: int) -> str:
    """A stamp with an arbitrary token or signature."""
    template = TEMPLATES[name]
    if template.profile is Profile.COMPACT:
        return compact_text(template, int.from_bytes(noise(seed, 10), "big"))
    return sealed_text(template, seed, noise(seed, 64))


def naive_text(name: str, seed: int) -> str:
    """What a first attempt would print, saying as much as ours."""
    template = TEMPLATES[name]
    product = "" if template.gtin is None else f"/01/{GTIN}/21"
    if template.profile is Profile.COMPACT:
        return f"https://t.sonla.vn{product}/{uuid.UUID(bytes=noise(seed, 16), version=4)}"
    signature = base64.urlsafe_b64encode(noise(seed, 64)).rstrip(b"=").decode()
    return f"https://t.sonla.vn{product}/{1_000_000 + seed}?s={signature}"


def modules(code: segno.QRCode) -> U8:
    """The modules of a symbol, 1 for dark."""
    return np.array(code.matrix, dtype=np.uint8) & np.uint8(1)


def our_symbol(name: str, text: str, *, best_mask: bool = False) -> U8:
    """A stamp's symbol, with the template's mask or the one of the least penalty."""
    template = TEMPLATES[name]
    parts: Any = [(part, getattr(consts, f"MODE_{mode.name}")) for part, mode in template.segments(text)]
    mask = None if best_mask else template.mask
    made = segno.make(parts, version=template.version, error=template.ecc.value, mask=mask, boost_error=False)
    return modules(made)


@dataclass(frozen=True, slots=True)
class Print:
    """A way to print a stamp of a kind: its text, its symbol, and how that is laid in dots."""

    text: Callable[[int], str]
    symbol: Callable[[str], U8]
    whole: bool = True
    quiet: float = QUIET

    def dots(self, text: str, size_mm: float, dpi: int) -> U8:
        """The label's dots."""
        return laid(self.symbol(text), size_mm, dpi, whole=self.whole, quiet=self.quiet)


def ours(name: str, *, best_mask: bool = False, whole: bool = True, quiet: float = QUIET) -> Print:
    """Our stamp of that name."""
    return Print(partial(our_text, name), partial(our_symbol, name, best_mask=best_mask), whole, quiet)


def naive_symbol(text: str) -> U8:
    """A symbol by segno's defaults."""
    return modules(segno.make(text))


def naive(name: str) -> Print:
    """The naive stamp that stands beside ours of that name."""
    return Print(partial(naive_text, name), naive_symbol, whole=False)


def read(stamp: Print, size_mm: float, dpi: int, scene: Scene) -> bool:
    """Whether a photograph of a stamp in a scene gives its text. A wrong text stops the benchmark."""
    text = stamp.text(scene.seed)
    dots = stamp.dots(text, size_mm, dpi)
    if not dots.size:
        return False
    picture = captured(*printed(dots, dpi, scene), scene)
    found = [one.text for one in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCodeModel2)]
    if found and found != [text]:
        raise AssertionError(f"{text} was read as {found}")
    return bool(found)


@dataclass(frozen=True, slots=True)
class Pairs:
    """How many captures were read: of both, of the first alone, of the second alone, of none."""

    both: int = 0
    first: int = 0
    second: int = 0
    none: int = 0

    @classmethod
    def of(cls, first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> "Pairs":
        """Counted from which captures were read of each."""
        sides = (first & second, first & ~second, second & ~first, ~first & ~second)
        return cls(*(int(side.sum()) for side in sides))

    def __add__(self, other: "Pairs") -> "Pairs":
        return Pairs(
            self.both + other.both, self.first + other.first, self.second + other.second, self.none + other.none
        )

    @property
    def count(self) -> int:
        """Captures of each."""
        return self.both + self.first + self.second + self.none

    @property
    def rates(self) -> tuple[float, float]:
        """The share read of the first and of the second."""
        return (self.both + self.first) / self.count, (self.both + self.second) / self.count

    @property
    def gain(self) -> float:
        """By how much more of the first is read."""
        return (self.first - self.second) / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence limits of the difference, first less second.

        The adjusted Wald interval for paired proportions (Agresti and Min, Statistics in Medicine 24, 2005).
        """
        n, first, second = self.count + 2, self.first + 0.5, self.second + 0.5
        middle = (first - second) / n
        half = 1.96 * sqrt(first + second - (first - second) ** 2 / n) / n
        return middle - half, middle + half

    @property
    def word(self) -> str:
        """`better` or `worse` where the whole interval says so, else `level`."""
        low, high = self.interval
        return "better" if low > 0 else "worse" if high < 0 else "level"


Reads = Mapping[str, Mapping[str, npt.NDArray[np.bool_]]]


def cell(name: str, size_mm: float, dpi: int, captures: int) -> Reads:
    """Which captures were read, of every print of a kind of stamp, by condition: all prints in the same scenes."""
    found: dict[str, dict[str, npt.NDArray[np.bool_]]] = {}
    for place, condition in enumerate(CONDITIONS):
        scenes = [Scene.of(condition, 1000 * number + 10 * int(size_mm) + place) for number in range(captures)]
        found[condition.name] = {
            way: np.array([read(made(name), size_mm, dpi, scene) for scene in scenes]) for way, made in PRINTS.items()
        }
    return found


PRINTS: Mapping[str, Callable[[str], Print]] = {
    "ours": ours,
    "naive": naive,
    "best mask": partial(ours, best_mask=True),
    "scaled": partial(ours, whole=False),
    "quiet 3": partial(ours, quiet=3),
}
# Choices of ours and what else could have been chosen.
CHOICES = (("ours", "best mask"), ("ours", "scaled"), ("quiet 3", "ours"), ("quiet 3", "scaled"), ("quiet 3", "naive"))


def pairs(found: Reads, first: str, second: str) -> Pairs:
    """All conditions of a cell together."""
    return sum((Pairs.of(reads[first], reads[second]) for reads in found.values()), Pairs())


def side_mm(roll: int, dpi: int, *, exact: bool = False) -> float:
    """How wide a symbol with its quiet zone may be on a roll; or its nominal size to the letter."""
    return float(roll) if exact else shipped()[f"roll-{roll}-{dpi}"].symbol.width


def module_mm(name: str, size_mm: float, dpi: int) -> float:
    """The printed side of a module of ours."""
    return int(round(size_mm * dpi / INCH_MM) / (TEMPLATES[name].size + 2 * QUIET)) * INCH_MM / dpi


def row(key: Key, size: float, found: Reads) -> str:
    """A line of the table: ours beside the naive stamp."""
    name, _, dpi = key
    module = module_mm(name, size, dpi)
    total = pairs(found, "ours", "naive")
    low, high = total.interval
    rates = "".join(f"{reads['ours'].mean():9.0%} /{reads['naive'].mean():5.0%}" for reads in found.values())
    line = f"{name:14}{size:6.1f}{dpi:5}{module:8.3f}{total.rates[0]:7.0%}{total.rates[1]:7.0%}"
    line += f"{low * 100:+9.1f} …{high * 100:+6.1f}  {total.word:6}{rates}"
    return line + ("  refused: modules too small" if module < SMALLEST_MODULE_MM else "")


def show(cells: Mapping[Key, Reads], sizes: Mapping[Key, float]) -> None:
    """The stamps beside the naive ones, then the choices."""
    print(f"{'ours / naive':14}{'mm':>6}{'dpi':>5}{'module':>8}{'ours':>7}{'naive':>7}{'difference, 95 %':>18}", end="")
    print(" " * 8 + "".join(f"{condition.name:>16}" for condition in CONDITIONS))
    for key, found in cells.items():
        print(row(key, sizes[key], found))
    for first, second in CHOICES:
        print(f"\n{first} less {second}, in points; * where the 95 % interval leaves out zero")
        print(f"{'':14}" + "".join(f"{f'{size}@{dpi}':>9}" for size in ROLLS for dpi in DPIS))
        for name in TEMPLATES:
            line = [pairs(cells[name, size, dpi], first, second) for size in ROLLS for dpi in DPIS]
            print(f"{name:14}" + "".join(f"{one.gain * 100:+8.1f}{' *'[one.word != 'level']}" for one in line))
        total = sum((pairs(found, first, second) for found in cells.values()), Pairs())
        low, high = total.interval
        print(f"all: {total.rates[0]:.1%} and {total.rates[1]:.1%}, {low * 100:+.2f} … {high * 100:+.2f} points")


def kept(cells: Mapping[Key, Reads]) -> dict[str, object]:
    """The same for `results.json`."""
    out: dict[str, object] = {}
    for (name, size, dpi), found in cells.items():
        total = pairs(found, "ours", "naive")
        rates = {way: float(np.mean([reads[way].mean() for reads in found.values()])) for way in PRINTS}
        out[f"{name} roll-{size}-{dpi}"] = {
            **{way.replace(" ", "_"): rate for way, rate in rates.items()},
            "vs_naive": list(total.interval),
            "word": total.word,
            "captures": total.count,
        }
    return out


def main() -> None:
    """Run all and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captures", type=int, default=CAPTURES, help="of each condition in each cell")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--exact", action="store_true", help="12, 15, 20 and 25 mm to the letter, for comparison only")
    args = parser.parse_args()
    keys = [(name, roll, dpi) for name in TEMPLATES for roll in ROLLS for dpi in DPIS]
    sizes = {key: side_mm(*key[1:], exact=args.exact) for key in keys}
    names, _, dpis = zip(*keys, strict=True)
    with ProcessPoolExecutor(args.workers) as pool:
        found = pool.map(cell, names, sizes.values(), dpis, repeat(args.captures))
        cells = dict(zip(keys, found, strict=True))
    show(cells, sizes)
    if not args.exact:
        keep("capture", rounded(kept(cells)))


if __name__ == "__main__":
    main()
