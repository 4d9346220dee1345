"""Who makes what in the demo. Specialities and communes are real; organisations are invented and marked as examples."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

from app.domain.organisations import OrganisationKind as Kind
from app.domain.products import ProductGroup as Group


class Motif(StrEnum):
    """What a drawn picture shows."""

    LEAF = "leaf"
    FRUIT = "fruit"
    JAR = "jar"
    BAG = "bag"
    BOTTLE = "bottle"
    GRAIN = "grain"
    CUP = "cup"
    HERB = "herb"
    CLOTH = "cloth"
    BASKET = "basket"
    MEAT = "meat"
    FLOWER = "flower"
    HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Maker:
    """An invented organisation in a real commune."""

    name: str
    kind: Kind
    commune: str
    address: str
    story: str


@dataclass(frozen=True, slots=True)
class Good:
    """A product of the maker at `maker` in `MAKERS`."""

    maker: int
    name: str
    name_en: str
    group: Group
    motif: Motif
    pack: str
    days: int | None
    ingredients: str
    description: str


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("app.demo").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


MAKERS = tuple(
    Maker(row["name"], Kind(row["kind"]), row["commune"], row["address"], row["story"]) for row in _rows("makers.csv")
)
GOODS = tuple(
    Good(
        maker=int(row["maker"]),
        name=row["name"],
        name_en=row["name_en"],
        group=Group(row["group"]),
        motif=Motif(row["motif"]),
        pack=row["pack"],
        days=int(row["days"]) if row["days"] else None,
        ingredients=row["ingredients"],
        description=row["description"],
    )
    for row in _rows("goods.csv")
)

MARKETS: Mapping[str, tuple[float, float]] = {
    "Sơn La": (21.327, 103.914),
    "Mộc Châu": (20.846, 104.683),
    "Hà Nội": (21.028, 105.854),
    "Hải Phòng": (20.865, 106.683),
    "Thành phố Hồ Chí Minh": (10.776, 106.701),
}
"""Where the demo's packs are bought and scanned: degrees of latitude and longitude."""


def example_gtin(number: int) -> str:
    """A GTIN-13 with GS1's example prefix 952 and its right check digit."""
    digits = f"952{number:09d}"
    total = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"
