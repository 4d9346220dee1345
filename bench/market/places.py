"""Maps: towns with their weights, and how likely people and goods go from one to another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rng = np.random.Generator

KM = 111.195  # a degree of latitude, on a sphere of 6371 km
# Towns of Vietnam: latitude, longitude, thousands of people; rounded, good enough for a made-up market.
_VIETNAM = """
21.03 105.85 5000|20.86 106.68 1200|21.33 103.91 110|21.39 103.02 80|22.49 103.97 130|21.72 104.90 100|21.59 105.84 340
21.27 106.20 200|21.18 106.07 250|20.94 106.33 300|20.65 106.06 150|20.45 106.34 230|20.42 106.17 300|20.25 105.97 150
20.82 105.34 120|20.95 107.08 300|21.85 106.76 150|22.67 106.26 80|22.82 104.98 60|22.15 105.83 50|21.82 105.21 120
19.81 105.78 360|18.67 105.69 340|18.34 105.90 200|17.47 106.62 130|16.82 107.10 100|16.46 107.60 450|16.05 108.20 1100
15.57 108.47 120|15.12 108.80 150|13.78 109.22 300|13.09 109.30 200|12.24 109.19 420|11.57 108.99 170|10.93 108.10 230
14.35 108.00 150|13.98 108.00 250|12.67 108.04 370|12.00 107.69 60|11.94 108.44 230|11.53 106.89 100|11.31 106.10 150
10.98 106.67 500|10.95 106.82 1000|10.78 106.70 8900|10.35 107.08 350|10.54 106.41 200|10.36 106.36 220|10.24 106.37 150
9.94 106.34 140|10.25 105.97 150|10.03 105.78 860|10.45 105.63 180|10.38 105.44 280|10.01 105.08 250|9.60 105.97 140
9.29 105.72 170|9.18 105.15 220|20.55 105.92 130|21.31 105.40 200
"""


@dataclass(frozen=True)
class Map:
    """Towns: degrees and weights; `go[i]` are the cumulated chances of ending in each town, seen from town i."""

    lat: Floats
    lon: Floats
    weight: Floats
    go: Floats
    carriers: Ints

    def pick(self, rng: Rng, size: int) -> Ints:
        """Towns by their people alone."""
        return rng.choice(len(self.weight), size=size, p=self.weight / self.weight.sum())

    def travel(self, rng: Rng, towns: Ints) -> Ints:
        """For each town another one, by people and distance."""
        drawn = rng.random(len(towns))
        found = np.empty(len(towns), dtype=np.int64)
        for town in np.unique(towns):
            mine = towns == town
            found[mine] = np.searchsorted(self.go[town], drawn[mine])
        return np.minimum(found, len(self.weight) - 1)


def apart(lat_a: Floats, lon_a: Floats, lat_b: Floats, lon_b: Floats) -> Floats:
    """Kilometres between points, on a plane that fits a country."""
    east = (lon_a - lon_b) * np.cos(np.radians((lat_a + lat_b) / 2))
    found: Floats = KM * np.hypot(lat_a - lat_b, east)
    return found


def scatter(rng: Rng, lat: Floats, lon: Floats, km: Floats | float) -> tuple[Floats, Floats]:
    """Points around points; `km` is the standard deviation along each axis."""
    north, east = rng.normal(size=len(lat)) * km / KM, rng.normal(size=len(lat)) * km / KM
    return lat + north, lon + east / np.cos(np.radians(np.clip(lat, -80, 80)))


def _made(lat: Floats, lon: Floats, weight: Floats, exponent: float) -> Map:
    km = apart(lat[:, None], lon[:, None], lat[None, :], lon[None, :])
    pull = weight[None, :] / np.maximum(km, 40.0) ** exponent
    np.fill_diagonal(pull, 0.0)
    go = np.cumsum(pull / pull.sum(axis=1, keepdims=True), axis=1)
    return Map(lat, lon, weight, go, _carriers(km, weight))


def _carriers(km: Floats, weight: Floats) -> Ints:
    """Three big towns far from each other: where mobile networks meet the Internet."""
    chosen = [int(np.argmax(weight))]
    for _ in range(2):
        chosen.append(int(np.argmax(weight**0.5 * km[chosen].min(axis=0))))
    return np.array(chosen)


def vietnam(exponent: float = 1.75) -> Map:
    """The real map, roughly."""
    rows = [[float(part) for part in row.split()] for row in _VIETNAM.replace("\n", "|").split("|") if row.strip()]
    lat, lon, people = np.array(rows).T
    return _made(lat, lon, people, exponent)


def invented(rng: Rng, exponent: float = 1.75) -> Map:
    """Another country: some towns in a rectangle somewhere, a few of them big."""
    towns = int(rng.integers(15, 90))
    high, wide = rng.uniform(200, 1600) / KM, rng.uniform(200, 1600) / KM
    south, west = rng.uniform(-40, 45), rng.uniform(-120, 120)
    weight = rng.pareto(rng.uniform(0.8, 1.6), towns) * 100 + 20
    return _made(south + high * rng.random(towns), west + wide * rng.random(towns), np.minimum(weight, 9000), exponent)
