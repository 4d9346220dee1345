"""Small maps without tiles: the communes of the province and the towns of the country as dots, drawn by the server.

No outline of a province or commune comes with a licence we could pass on, so none is drawn, and none is guessed: the
middles of communes show where the province lies, the towns of its neighbours what is beyond, a bar how far that is.
"""

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
# So many dots are named, and only where names have room: units a letter across, a line down, and from the dot.
_NAMED, _LETTER, _LINE, _GAP = 4, 5.0, 9.0, 3.0
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Dot:
    """A mark on a map in its own units, with its label: where that begins, ends or has its middle (`anchor`)."""

    x: float
    y: float
    r: float
    words: Text
    bad: bool = False
    label: str = ""
    at: tuple[float, float] = (0.0, 0.0)
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Bar:
    """A scale: so many kilometres are so long."""

    km: int
    length: float


@dataclass(frozen=True, slots=True)
class Map:
    """What a template draws: size, the scale, the quiet dots, the circles of the plan, landmarks, and what happened."""

    title: Text
    width: int
    height: int
    bar: Bar
    quiet: tuple[Dot, ...]
    plan: tuple[Dot, ...]
    landmarks: tuple[Dot, ...]
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """A part of the country: its edges in degrees, how many units a degree north takes, and the bar of its scale.

    `landmarks` are towns; one in another province has that province's name beside its own.
    """

    title: Text
    landmarks: tuple[str, ...]
    bar_km: int
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
    Text("Tỉnh Sơn La và các tỉnh lân cận", "Sơn La province and its neighbours"),
    ("Sơn La", "Mộc Châu", "Lai Châu", "Điện Biên Phủ", "Lào Cai", "Yên Bái", "Hòa Bình", "Việt Trì"),
    50,
    20.45,
    22.6,
    102.8,
    105.5,
    150.0,
)
COUNTRY: Final = _Frame(
    Text("Cả nước", "The whole country"),
    ("Sơn La", "Hà Nội", "Đà Nẵng", "Cần Thơ"),
    300,
    8.3,
    23.6,
    102.0,
    110.2,
    21.0,
)
_HOME: Final = "Sơn La"


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
    quiet = tuple(Dot(*frame.at(*near[name]), 1.6, Text(name, name)) for name in near if frame.holds(*near[name]))
    circles = tuple(
        Dot(*frame.at(lat, lon), round(km / _DEGREE_KM * frame.scale, 1), Text("", ""))
        for lat, lon, km in plan
        if frame.holds(lat, lon)
    )
    width = round((frame.east - frame.west) * frame.shrink * frame.scale)
    height = round((frame.north - frame.south) * frame.scale)
    bar = Bar(frame.bar_km, round(frame.bar_km / _DEGREE_KM * frame.scale, 1))
    dots = list(_dots(frame, spots))
    taken: list[Box] = [(dot.x - dot.r, dot.x + dot.r, dot.y - dot.r, dot.y + dot.r) for dot in dots]
    for place in range(min(len(dots), _NAMED)):
        dots[place] = _named(dots[place], width, taken) or replace(dots[place], label="")
    named = tuple(replace(dot, label=dot.label if place < _NAMED else "") for place, dot in enumerate(dots))
    marks = (_named(mark, width, taken) for mark in _landmarks(frame))
    return Map(frame.title, width, height, bar, quiet, circles, tuple(mark for mark in marks if mark), named)


def _landmarks(frame: _Frame) -> Iterator[Dot]:
    for name in frame.landmarks:
        town = TOWNS[name]
        beyond = frame is PROVINCE and town.province not in {_HOME, name}
        label = f"{name} ({town.province})" if beyond else name
        yield Dot(*frame.at(town.lat, town.lon), 2.0, Text("", ""), label=label)


def _named(dot: Dot, width: int, taken: list[Box]) -> Dot | None:
    """The dot with its name beside or above it, where there is room, which then is taken; None where there is none."""
    long, away = _LETTER * len(dot.label), dot.r + _GAP
    for anchor, x, y, left in (
        ("start", dot.x + away, dot.y, dot.x + away),
        ("end", dot.x - away, dot.y, dot.x - away - long),
        ("middle", dot.x, dot.y - away - _LINE / 2, dot.x - long / 2),
    ):
        box = (left, left + long, y - _LINE / 2, y + _LINE / 2)
        if left >= 0 and left + long <= width and box[2] >= 0 and all(_apart(box, other) for other in taken):
            taken.append(box)
            return replace(dot, at=(x, y + _GAP), anchor=anchor)
    return None


def _apart(one: Box, other: Box) -> bool:
    return one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2]


def _dots(frame: _Frame, spots: Sequence[Spot]) -> Iterator[Dot]:
    most = max((spot.counts.total() for spot in spots), default=1)
    for spot in spots:
        if spot.lat is None or spot.lon is None or not frame.holds(spot.lat, spot.lon):
            continue
        total = spot.counts.total()
        words = Text(f"{spot.name.vi}: {total}", f"{spot.name.en}: {total}")
        size = round(max(2.5, _LARGEST * sqrt(total / most)), 1)
        label = spot.name.vi.removeprefix("Quanh ")
        yield Dot(*frame.at(spot.lat, spot.lon), size, words, bad=total > spot.counts["scans"], label=label)
