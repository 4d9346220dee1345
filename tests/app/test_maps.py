"""The office's small maps: what is drawn, what is named, and that nothing is drawn that nobody knows."""

from collections import Counter
from itertools import combinations

from app.domain.errors import Text
from app.services.regions import Spot
from app.web.maps import COUNTRY, PROVINCE, Dot, Map, maps
from verifier.contract import TOWNS

COMMUNES = {"Phường Tô Hiệu": (21.33, 103.91), "Xã Mộc Sơn": (20.83, 104.64)}


def spot(name: str, place: tuple[float, float], scans: int, *, commune: bool = True) -> Spot:
    return Spot(Text(name, name), "Sơn La", *place, commune=commune, counts=Counter({"scans": scans}))


def box(dot: Dot) -> tuple[float, float, float, float]:
    long = 5.0 * len(dot.label)
    left = {"start": dot.at[0], "end": dot.at[0] - long, "middle": dot.at[0] - long / 2}[dot.anchor]
    return left, left + long, dot.at[1] - 7.5, dot.at[1] + 1.5


def named(one: Map) -> list[Dot]:
    return [dot for dot in (*one.dots, *one.landmarks) if dot.label]


def test_neighbours_are_named_with_their_provinces_and_a_bar_says_how_far() -> None:
    province, country = maps([], [], COMMUNES)
    labels = {dot.label for dot in province.landmarks}
    assert {"Sơn La", "Lai Châu", "Lào Cai", "Điện Biên Phủ (Điện Biên)", "Việt Trì (Phú Thọ)"} <= labels
    assert {dot.words.vi for dot in province.quiet} == set(COMMUNES)
    assert len(country.quiet) == len(TOWNS)
    for one, frame in ((province, PROVINCE), (country, COUNTRY)):
        assert one.bar.km == frame.bar_km
        assert abs(one.bar.length / frame.scale * 111.2 - one.bar.km) < 1
        assert one.bar.length < one.width / 2


def test_names_stay_on_the_map_and_off_each_other() -> None:
    near = [spot(f"Xã số {n}", (21.3 + n / 50, 103.9 + n / 40), 30 - n) for n in range(12)]
    far = [spot(f"Quanh {name}", TOWNS[name][:2], 9, commune=False) for name in ("Hà Nội", "Hải Phòng", "Nam Định")]
    for one in maps([*near, *far], [(21.0, 105.8, 30.0)], COMMUNES):
        assert len(one.plan) in {0, 1}
        assert 1 <= sum(bool(dot.label) for dot in one.dots) <= 4
        for dot in named(one):
            left, right, top, _ = box(dot)
            assert 0 <= left < right <= one.width
            assert top >= 0
        for first, second in combinations(map(box, named(one)), 2):
            assert first[1] <= second[0] or second[1] <= first[0] or first[3] <= second[2] or second[3] <= first[2]
