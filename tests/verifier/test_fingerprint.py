"""A recorded market, told by numbers alone: whoever makes the detector faster changes none of its answers."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random

from verifier.clones.weights import PARAMETERS
from verifier.market import Market
from verifier.sightings import Sighting

NOW_S = 1_790_000_000
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
LOTS, STAMPS, EVENTS = 6, 150, 6000
# By the version of `weights.json`: tables that are fitted anew give other weights, and nothing else does.
FINGERPRINT = {2: "25600f4c5e926a2c8f399beb60fdc4e2"}


def lines() -> Iterator[dict[str, object]]:
    """Every event, role, source and age, on codes that one household or half a country meets; the same at every run."""
    rng = Random(20_261)
    for lot in range(LOTS):
        areas = [{"lat": 21 + lot, "lon": 105.8, "radius_km": 40}, {"lat": 10.8, "lon": 106.7, "radius_km": 30}]
        yield {
            "kind": "lot",
            "lot": f"L{lot}",
            "activated_at": f"2026-03-0{lot + 1}T00:00:00Z",
            "areas": areas[: lot % 3],
            "shelf_life_days": (0, 20, 90)[lot // 2],
        }
    for number in range(EVENTS):
        stamp = int(STAMPS * rng.random() ** 2)
        minute = number * 10
        spread = (0.01, 0.5, 6.0)[stamp % 3]
        yield {
            "kind": "scan",
            "id": number,
            "t": (BEGIN + timedelta(minutes=minute)).isoformat(),
            "stamp": f"S{stamp}",
            "lot": f"L{stamp % LOTS}",
            "event": rng.choices(("scan", "claim", "pin_ok", "pin_wrong"), (80, 10, 6, 4))[0],
            "role": rng.choices(("consumer", "staff", "inspector"), (90, 6, 4))[0],
            "device": rng.choices((None, f"d{rng.randrange(2000)}", f"h{stamp}-{rng.randrange(4)}"), (5, 60, 35))[0],
            "lat": round(16 + rng.uniform(-spread, spread) + stamp % LOTS, 4),
            "lon": round(106 + rng.uniform(-spread, spread) / 3, 4),
            "accuracy_km": round(rng.choice((0.1, 5.0, 30.0, 150.0)) * (1 + rng.random()), 2),
            "source": rng.choice(("gps", "gps", "wifi", "mobile_ip", "none")),
        }


def test_every_history_and_answer_is_what_it_was() -> None:
    market, digest, longest = Market(NOW_S), sha256(), 0
    for number, line in enumerate(lines(), 1):
        answer = market.read(number, json.dumps(line).encode())
        if answer is None:
            continue
        told = json.loads(answer)
        codes = [one["code"] for one in told["reasons"]]
        packed = market.history(str(line["stamp"])).pack()
        assert Sighting.unpack(packed) == market.history(str(line["stamp"]))
        longest = max(longest, len(packed))
        digest.update(json.dumps([told["id"], told["verdict"], told["suspicion"], codes]).encode() + packed)
    assert longest <= 80
    assert digest.hexdigest()[:32] == FINGERPRINT[PARAMETERS.version]
