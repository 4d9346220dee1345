"""Recorded markets: the lines of a trace through the production detector and judge, without HTTP. Pure.

A line that cannot be judged at all stops the run (`Unreadable`). What can be handled is handled in one stated way and
counted (`Fault`): see `HANDLING`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from math import ceil, isfinite
from typing import Any

import orjson

from verifier.clones import detector
from verifier.clones.crowd import Crowd
from verifier.clones.distance import Fix, how_known
from verifier.clones.evidence import NO_PLAN, Plan
from verifier.clones.lot_watch import LotWatch
from verifier.clones.weights import UNIT
from verifier.findings import Finding, reason
from verifier.sightings import NEVER_SEEN, Sighting, device_mark
from verifier.verdict import ACTIVE, Judgement, Look, Standing, judge

_SECOND = 1_000_000
_DAY_S = 86_400
_EVENTS = frozenset({"scan", "claim", "pin_ok", "pin_wrong"})
_ROLES = frozenset({"consumer", "staff", "inspector"})
_SOURCES = frozenset({"gps", "wifi", "mobile_ip", "none"})
# What the packed history can hold: whole seconds from 2000 to 2100.
_EARLIEST_S, _LATEST_S = 946_684_800, 4_102_444_800


class Fault(StrEnum):
    """What can be wrong with a line that is judged all the same."""

    OUT_OF_ORDER = "out_of_order"
    FUTURE_TIME = "future_time"
    UNKNOWN_LOT = "unknown_lot"
    OTHER_LOT = "other_lot"
    LOT_CHANGED = "lot_changed"
    MISSING_PLACE = "missing_place"
    ABSURD_PLACE = "absurd_place"
    DUPLICATE_ID = "duplicate_id"


HANDLING: Mapping[Fault, str] = {
    Fault.OUT_OF_ORDER: "earlier than the line before; taken as happening at that line's time",
    Fault.FUTURE_TIME: "later than now; taken as it is",
    Fault.UNKNOWN_LOT: "no lot line before; taken as a lot without plan and sales life",
    Fault.OTHER_LOT: "the stamp was of another lot before; its first lot stays",
    Fault.LOT_CHANGED: "a second line of this lot; it holds from here on",
    Fault.MISSING_PLACE: "a source without coordinates; taken as a scan without a place",
    Fault.ABSURD_PLACE: "no such coordinates or accuracy; taken as a scan without a place",
    Fault.DUPLICATE_ID: "the id was there before; not counted again, answered with the stamp's present state",
}


class Unreadable(Exception):
    """A line that is no line of a trace: its number and what is wrong with it."""

    def __init__(self, line: int, code: str, why: str) -> None:
        self.line = line
        self.code = code
        super().__init__(f"line {line}: {code}: {why}")


@dataclass(frozen=True, slots=True)
class Lot:
    """What a lot line says, as the judge and the lot watch need it."""

    name: str
    standing: Standing


@dataclass(slots=True)
class Market:
    """The state of a replay. `now_s` is what counts as the present."""

    now_s: int
    watch: LotWatch | None = None
    faults: Counter[Fault] = field(default_factory=Counter)
    first: dict[Fault, int] = field(default_factory=dict)
    _lots: dict[str, Lot] = field(default_factory=dict)
    _stamps: dict[str, tuple[Sighting, Lot, int]] = field(default_factory=dict)
    _ids: set[Any] = field(default_factory=set)
    _crowd: Crowd = field(default_factory=Crowd)
    _last_s: int = 0

    def read(self, number: int, raw: bytes) -> bytes | None:
        """The answer to one line as JSON, None for a lot's line or an empty one. Raises Unreadable."""
        if not raw.strip():
            return None
        try:
            line = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise Unreadable(number, "bad_json", str(error)) from None
        kind = line.get("kind") if isinstance(line, dict) else None
        try:
            if kind == "scan":
                return self._scan(number, line)
            if kind == "lot":
                self._lot(number, line)
                return None
            if kind == "label":
                return None  # what officers found; for a fit, and nothing the detector may know
        except KeyError as error:
            raise Unreadable(number, "missing_field", f"{error.args[0]} is missing") from None
        except (TypeError, ValueError, AttributeError) as error:
            raise Unreadable(number, "bad_field", str(error)) from None
        raise Unreadable(number, "bad_kind", f'kind is {kind!r}; use "lot", "scan" or "label"')

    def _fault(self, number: int, fault: Fault) -> None:
        self.faults[fault] += 1
        self.first.setdefault(fault, number)

    def _lot(self, number: int, line: dict[str, Any]) -> None:
        name = str(line["lot"])
        if name in self._lots:
            self._fault(number, Fault.LOT_CHANGED)
        areas = []
        for area in line.get("areas") or ():
            lat, lon, radius = float(area["lat"]), float(area["lon"]), float(area.get("radius_km") or 0.0)
            if _on_earth(lat, lon) and isfinite(radius) and radius >= 0:
                areas.append((lat, lon, radius))
            else:
                self._fault(number, Fault.ABSURD_PLACE)
        life = float(line.get("shelf_life_days") or 0)
        plan = Plan(tuple(areas), _second(line["activated_at"]), int(life * _DAY_S) if isfinite(life) else 0)
        self._lots[name] = Lot(name, Standing(state=ACTIVE, plan=plan))

    def _scan(self, number: int, line: dict[str, Any]) -> bytes:
        key, name, event, role = line["id"], str(line["stamp"]), line["event"], line["role"]
        if event not in _EVENTS or role not in _ROLES:
            raise ValueError(f"event {event!r} or role {role!r} is not known")
        before, lot, stamp = self._stamps.get(name) or (NEVER_SEEN, self._lot_of(number, line["lot"]), _number(name))
        if lot.name != line["lot"]:
            self._fault(number, Fault.OTHER_LOT)
        at_s = self._time(number, line["t"])
        device = line.get("device")
        mark = device_mark(str(device) if device is not None else None, stamp)
        fix = self._fix(number, line, at_s, mark)
        at, consumer = at_s * _SECOND, role == "consumer"
        if key in self._ids:
            self._fault(number, Fault.DUPLICATE_ID)
            return _answer(key, name, judge(lot.standing, before, Look(at, mark, None, consumer, recorded=False)))
        self._ids.add(key)
        if event == "scan":
            credible = self._crowd.credible(device, stamp, at_s)
            judged = judge(lot.standing, before, Look(at, mark, fix, consumer, credible=credible))
        else:
            after = _owned(before, event, at, mark, fix) if consumer else before
            judged = judge(lot.standing, after, Look(at, mark, None, consumer, recorded=False))
        self._stamps[name] = (judged.sighting, lot, stamp)
        if self.watch is not None and consumer:
            self.watch.saw(lot.name, lot.standing.plan, stamp, at_s, judged.sighting)
        return _answer(key, name, judged)

    def _lot_of(self, number: int, name: object) -> Lot:
        known = self._lots.get(str(name))
        if known is None:
            self._fault(number, Fault.UNKNOWN_LOT)
            known = self._lots[str(name)] = Lot(str(name), Standing(state=ACTIVE, plan=NO_PLAN))
        return known

    def _time(self, number: int, raw: str) -> int:
        at_s = _second(raw)
        if at_s > self.now_s:
            self._fault(number, Fault.FUTURE_TIME)
        if at_s < self._last_s:
            self._fault(number, Fault.OUT_OF_ORDER)
            return self._last_s
        self._last_s = at_s
        return at_s

    def _fix(self, number: int, line: dict[str, Any], at_s: int, mark: int) -> Fix | None:
        source = line.get("source") or "none"
        if source not in _SOURCES:
            raise ValueError(f"source {source!r} is not known")
        if source == "none":
            return None
        lat, lon, km = line.get("lat"), line.get("lon"), line.get("accuracy_km")
        if lat is None or lon is None:
            self._fault(number, Fault.MISSING_PLACE)
            return None
        # Without an accuracy a place is as good as its source usually is.
        km = _USUAL_KM[source] if km is None else km
        if isinstance(lat, str) or isinstance(lon, str) or isinstance(km, str):
            raise ValueError("lat, lon and accuracy_km are numbers")  # noqa: TRY004  the caller names the line
        if not _on_earth(lat, lon) or not isfinite(km) or km < 0:
            self._fault(number, Fault.ABSURD_PLACE)
            return None
        return Fix(round(lat, 2), round(lon, 2), ceil(km), at_s, mark, how_known(source, km))

    def history(self, stamp: str) -> Sighting:
        """What is remembered of a stamp by now."""
        return self._stamps[stamp][0]

    def lots(self) -> Iterator[bytes]:
        """One line a lot and day, in order."""
        for day in self.watch.days() if self.watch is not None else ():
            shown = day.shown
            yield orjson.dumps(
                {
                    "lot": day.lot,
                    "day": day.day.isoformat(),
                    "suspicion": round(shown.suspicion, 2),
                    "areas": [
                        {"lat": area.lat, "lon": area.lon, "stamps": area.stamps, "suspicion": round(area.weight, 2)}
                        for area in shown.areas
                    ],
                    "unusual": shown.unusual,
                    "stamps": shown.stamps,
                }
            )


_USUAL_KM = {"gps": 1.0, "wifi": 15.0, "mobile_ip": 125.0}


def _owned(before: Sighting, event: str, at: int, mark: int, fix: Fix | None) -> Sighting:
    if event == "claim":
        return detector.claimed(before, mark, fix)
    if event == "pin_ok":
        return detector.confirmed(before, at, mark, fix)
    return detector.mistyped(before, mark)


def _on_earth(lat: float, lon: float) -> bool:
    return -90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0 and (lat, lon) != (0.0, 0.0)


def _second(raw: str) -> int:
    """RFC 3339 with a zone as UTC seconds. Raises ValueError."""
    at = datetime.fromisoformat(raw)
    if at.tzinfo is None:
        raise ValueError(f"{raw!r} has no time zone")
    at_s = int(at.timestamp())
    if not _EARLIEST_S <= at_s < _LATEST_S:
        raise ValueError(f"{raw!r} is not between 2000 and 2100")
    return at_s


def _number(stamp: str) -> int:
    return int.from_bytes(blake2b(stamp.encode(), digest_size=7).digest(), "big")


def _answer(key: object, stamp: str, judged: Judgement) -> bytes:
    return orjson.dumps(
        {
            "id": key,
            "stamp": stamp,
            "verdict": judged.verdict,
            "suspicion": round(judged.sighting.weight / UNIT, 4),
            "reasons": [_said(code, *values.items()) for code, values in judged.findings],
        }
    )


@lru_cache(maxsize=65_536)
def _said(code: Any, *values: tuple[str, Any]) -> orjson.Fragment:
    """A reason in words, ready to be written: most reasons are said again and again."""
    words = reason(Finding(code, dict(values)))
    found = {"code": words.code.value, "vi": words.text.vi, "en": words.text.en}
    if words.evidence is not None:
        found |= {"evidence_vi": words.evidence.vi, "evidence_en": words.evidence.en}
    return orjson.Fragment(orjson.dumps(found))


def now_s(at: datetime) -> int:
    """A moment as UTC seconds."""
    return int(at.astimezone(UTC).timestamp())
