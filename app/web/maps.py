"""Small maps without tiles: the communes of the province and the towns of the country as dots, drawn by the server."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import cos, radians, sqrt
from typing import Final

from app.domain.errors import Text
from app.services.casework import Circle
from app.services.regions import Spot
from verifier.contract import TOWNS

_DEGREE_KM: Final = 111.2
_LARGEST: Final = 11.0
# So many dots are named, and only where names have room: units down and across.
_NAMED, _LINE, _WORD = 4, 14.0, 95.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A mark on a map in its own units; `words` are empty for the quiet dots that only say where things are."""

    x: float
    y: float
    r: float
    words: Text
    bad: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class Map:
    """What a template draws: size, the quiet dots, the circles of the plan, and what happened."""

    title: Text
    width: int
    height: int
    quiet: tuple[Dot, ...]
    plan: tuple[Dot, ...]
    landmarks: tuple[Dot, ...]
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """A part of the country: its edges in degrees and how many units a degree north takes."""

    title: Text
    landmarks: tuple[str, ...]
    south: float
    north: float
    west: float
    east: float
    scale: float

    @property
    def shrink(self) -> float:
        """How much shorter a degree east is than one north."""
        return cos(radians((self.south + self.north) / 2))

    def at(self, lat: float, lon: float) -> tuple[float, float]:
        """Where a place is drawn."""
        return round((lon - self.west) * self.shrink * self.scale, 1), round((self.north - lat) * self.scale, 1)

    def holds(self, lat: float, lon: float) -> bool:
        """Whether a place lies on this map."""
        return self.south <= lat <= self.north and self.west <= lon <= self.east


PROVINCE: Final = _Frame(
    Text("Tỉnh Sơn La", "Sơn La province"), ("Sơn La", "Mộc Châu"), 20.5, 22.05, 103.1, 105.1, 150.0
)
COUNTRY: Final = _Frame(
    Text("Cả nước", "The whole country"), ("Hà Nội", "Đà Nẵng", "Cần Thơ"), 8.3, 23.6, 102.0, 110.2, 21.0
)


def maps(spots: Sequence[Spot], plan: Iterable[Circle], communes: Mapping[str, tuple[float, float]]) -> list[Map]:
    """The province's map and the country's, with the same facts."""
    towns = {name: one[:2] for name, one in TOWNS.items()}
    whole = _gathered(spots)
    return [_map(PROVINCE, spots, tuple(plan), communes), _map(COUNTRY, whole, tuple(plan), towns)]


def _gathered(spots: Iterable[Spot]) -> list[Spot]:
    """The same with the communes of the province as one: on the country's map they would lie on each other."""
    home = Spot(Text("Sơn La", "Sơn La"), "Sơn La", *TOWNS["Sơn La"][:2], commune=False)
    found = [home]
    for spot in spots:
        if spot.commune:
            home.counts.update(spot.counts)
        else:
            found.append(spot)
    return sorted((one for one in found if one.counts), key=lambda one: -one.counts.total())


def _map(frame: _Frame, spots: Sequence[Spot], plan: Sequence[Circle], near: Mapping[str, tuple[float, float]]) -> Map:
    quiet = tuple(Dot(*frame.at(*place), 1.6, Text("", "")) for place in near.values() if frame.holds(*place))
    circles = tuple(
        Dot(*frame.at(lat, lon), round(km / _DEGREE_KM * frame.scale, 1), Text("", ""))
        for lat, lon, km in plan
        if frame.holds(lat, lon)
    )
    width = round((frame.east - frame.west) * frame.shrink * frame.scale)
    height = round((frame.north - frame.south) * frame.scale)
    dots = tuple(_dots(frame, spots))
    marks = (Dot(*frame.at(*TOWNS[name][:2]), 0, Text("", ""), label=name) for name in frame.landmarks)
    free = tuple(mark for mark in marks if all(_apart(mark, dot) for dot in dots if dot.label))
    return Map(frame.title, width, height, quiet, circles, free, dots)


def _apart(one: Dot, other: Dot) -> bool:
    """Whether the names of two dots do not run into each other."""
    return abs(one.y - other.y) > _LINE or abs(one.x - other.x) > _WORD


def _dots(frame: _Frame, spots: Sequence[Spot]) -> Iterator[Dot]:
    most = max((spot.counts.total() for spot in spots), default=1)
    named: list[Dot] = []
    for spot in spots:
        if spot.lat is None or spot.lon is None or not frame.holds(spot.lat, spot.lon):
            continue
        total = spot.counts.total()
        words = Text(f"{spot.name.vi}: {total}", f"{spot.name.en}: {total}")
        size = round(max(2.5, _LARGEST * sqrt(total / most)), 1)
        dot = Dot(*frame.at(spot.lat, spot.lon), size, words, bad=total > spot.counts["scans"])
        if len(named) < _NAMED and all(_apart(dot, other) for other in named):
            dot = replace(dot, label=spot.name.vi.removeprefix("Quanh "))
            named.append(dot)
        yield dot
