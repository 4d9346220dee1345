"""Small maps without tiles: the communes of the province and the towns of the country as dots, drawn by the server."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians, sqrt
from typing import Final

from app.domain.errors import Text
from app.services.casework import Circle
from app.services.regions import Spot
from verifier.contract import TOWNS

_DEGREE_KM: Final = 111.2
_LARGEST: Final = 11.0


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
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """A part of the country: its edges in degrees and how many units a degree north takes."""

    title: Text
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


PROVINCE: Final = _Frame(Text("Tỉnh Sơn La", "Sơn La province"), 20.5, 22.05, 103.1, 105.1, 150.0)
COUNTRY: Final = _Frame(Text("Cả nước", "The whole country"), 8.3, 23.6, 102.0, 110.2, 21.0)


def maps(spots: Sequence[Spot], plan: Iterable[Circle], communes: Mapping[str, tuple[float, float]]) -> list[Map]:
    """The province's map and the country's, with the same facts."""
    towns = {name: one[:2] for name, one in TOWNS.items()}
    return [_map(frame, spots, tuple(plan), near) for frame, near in ((PROVINCE, communes), (COUNTRY, towns))]


def _map(frame: _Frame, spots: Sequence[Spot], plan: Sequence[Circle], near: Mapping[str, tuple[float, float]]) -> Map:
    quiet = tuple(Dot(*frame.at(*place), 1.6, Text("", "")) for place in near.values() if frame.holds(*place))
    circles = tuple(
        Dot(*frame.at(lat, lon), round(km / _DEGREE_KM * frame.scale, 1), Text("", ""))
        for lat, lon, km in plan
        if frame.holds(lat, lon)
    )
    width = round((frame.east - frame.west) * frame.shrink * frame.scale)
    height = round((frame.north - frame.south) * frame.scale)
    return Map(frame.title, width, height, quiet, circles, tuple(_dots(frame, spots)))


def _dots(frame: _Frame, spots: Sequence[Spot]) -> Iterator[Dot]:
    most = max((spot.counts.total() for spot in spots), default=1)
    named = 0
    for spot in spots:
        if spot.lat is None or spot.lon is None or not frame.holds(spot.lat, spot.lon):
            continue
        total = spot.counts.total()
        words = Text(f"{spot.name.vi}: {total}", f"{spot.name.en}: {total}")
        label = spot.name.vi.removeprefix("Quanh ") if named < 4 else ""
        named += 1
        yield Dot(
            *frame.at(spot.lat, spot.lon),
            round(max(2.5, _LARGEST * sqrt(total / most)), 1),
            words,
            bad=total > spot.counts["scans"],
            label=label,
        )
