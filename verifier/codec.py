"""JSON of the public side: requests read with every error named, answers written. Pure.

Texts follow the request's locale; `headline` comes in both languages. Times are RFC 3339 in UTC.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any, TypeVar

import orjson

from verifier.contract import (
    VERDICTS,
    Channel,
    ClaimAnswer,
    LotView,
    OrganisationView,
    Place,
    PlaceSource,
    ProductView,
    Reason,
    RecallView,
    ScanAnswer,
    ScanRequest,
    Scans,
    StarsView,
    TraceView,
    Verdict,
    Words,
)
from verifier.kept import Kept
from verifier.reports import Outcome

LOCALES = ("vi", "en")
OLDEST_LATE = timedelta(days=30)
LONGEST_CODE = 4096
Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: where (RFC 6901 pointer) and what to do about it."""

    pointer: str
    text: Words


class BadRequest(Exception):
    """The body of a request is not right; every fault is listed and nothing was done."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{fault.pointer}: {fault.text.en}" for fault in faults))


class Reader:
    """Reads the members of one JSON object and collects what is wrong with them. Raises BadRequest for other JSON."""

    def __init__(self, body: object, known: frozenset[str], pointer: str = "") -> None:
        self.faults: list[Fault] = []
        self._pointer = pointer
        self._body: Mapping[str, object] = {}
        if not isinstance(body, dict):
            raise BadRequest(Fault(pointer, Words("Cần gửi một đối tượng JSON.", "Send a JSON object.")))
        self._body = body
        for name in body:
            if name not in known:
                self.fault(name, Words("Không có trường này; hãy bỏ nó đi.", "There is no such field; leave it out."))

    def fault(self, name: str, text: Words) -> None:
        """Note that a member is wrong."""
        self.faults.append(Fault(f"{self._pointer}/{name}" if name else self._pointer, text))

    def text(self, name: str, most: int, *, needed: bool = False) -> str | None:
        """A string of at most `most` characters."""
        value = self._body.get(name)
        if value is None:
            if needed:
                self.fault(name, Words("Thiếu trường này.", "This field is missing."))
            return None
        if not isinstance(value, str):
            self.fault(name, Words("Cần một chuỗi ký tự.", "Give a string."))
            return None
        if len(value) > most or (needed and not value.strip()):
            self.fault(name, Words(f"Cần từ 1 đến {most} ký tự.", f"Give 1 to {most} characters."))
            return None
        if "\0" in value:
            self.fault(name, Words("Có ký tự không hợp lệ.", "It holds a character that is not allowed."))
            return None
        return value

    def number(self, name: str, least: float, most: float) -> float:
        """A number between two bounds, both included; 0 where it is wrong."""
        value = self._body.get(name)
        right = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        if not right or not least <= value <= most:  # type: ignore[operator]
            self.fault(
                name, Words(f"Cần một số từ {least:g} đến {most:g}.", f"Give a number from {least:g} to {most:g}.")
            )
            return 0.0
        return float(value)  # type: ignore[arg-type]

    def inner(self, name: str) -> object | None:
        """A member as it is."""
        return self._body.get(name)

    def done(self) -> None:
        """Raises BadRequest where anything was wrong."""
        if self.faults:
            raise BadRequest(*self.faults)


_SCAN = frozenset({"code", "nonce", "device", "location", "scanned_at", "locale"})
_PLACE = frozenset({"lat", "lon", "accuracy_m", "source"})


def place(body: object, pointer: str = "/location") -> Place:
    """A place from its JSON. Raises BadRequest."""
    reader = Reader(body, _PLACE, pointer)
    lat, lon = reader.number("lat", -90, 90), reader.number("lon", -180, 180)
    accuracy = reader.number("accuracy_m", 0, 10_000_000)
    source = reader.text("source", 12) or PlaceSource.GPS
    if source not in {PlaceSource.GPS, PlaceSource.WIFI}:
        reader.fault("source", Words("Dùng gps hoặc wifi.", "Use gps or wifi."))
    reader.done()
    return Place(lat, lon, accuracy, PlaceSource(source))


def scan_request(body: object, *, network: str, now: int, pointer: str = "") -> tuple[ScanRequest, str]:
    """One scan and its locale from a POST. `now` is UTC microseconds. Raises BadRequest with every fault.

    `pointer` says where in a larger body it lies.
    """
    reader = Reader(body, _SCAN, pointer)
    code = reader.text("code", LONGEST_CODE, needed=True)
    nonce, device = reader.text("nonce", 64), reader.text("device", 128)
    locale = reader.text("locale", 16) or "vi"
    found: Place | None = None
    if reader.inner("location") is not None:
        try:
            found = place(reader.inner("location"), f"{pointer}/location")
        except BadRequest as error:
            reader.faults += error.faults
    scanned_at = _late(reader, now)
    reader.done()
    request = ScanRequest(
        text=code or "",
        nonce=nonce or None,
        device=device or None,
        network=network,
        place=found,
        scanned_at=scanned_at,
        channel=Channel.API,
    )
    return request, chosen(locale)


def _late(reader: Reader, now: int) -> int | None:
    raw = reader.text("scanned_at", 40)
    if raw is None:
        return None
    wrong = Words(
        "Cần thời điểm RFC 3339 có múi giờ, trong 30 ngày qua.", "Give an RFC 3339 time with its zone, within 30 days."
    )
    try:
        at = datetime.fromisoformat(raw)
    except ValueError:
        reader.fault("scanned_at", wrong)
        return None
    age = datetime.fromtimestamp(now / 1_000_000, UTC) - at if at.tzinfo is not None else OLDEST_LATE * 2
    if not timedelta(minutes=-5) <= age <= OLDEST_LATE:
        reader.fault("scanned_at", wrong)
        return None
    return int(at.timestamp() * 1_000_000)


def chosen(locale: str) -> str:
    """The language of ours nearest to a wish such as `en-GB`."""
    short = locale.lower().partition("-")[0]
    return short if short in LOCALES else "vi"


def said(words: Words, locale: str) -> str:
    """The words in a language."""
    return words.en if locale == "en" else words.vi


def moment(at: int | None) -> str | None:
    """UTC microseconds as RFC 3339."""
    if at is None:
        return None
    second, rest = divmod(at, 1_000_000)
    return f"{_second(second)}.{rest // 1000:03d}Z"


@lru_cache(maxsize=1024)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def scan_answer(answer: ScanAnswer, locale: str) -> orjson.Fragment:
    """The scan answer as JSON; what it shares with others of its verdict, and of its lot, is written already."""
    scans, stamp, receipt = answer.scans, answer.stamp, answer.receipt
    own = _members(
        {
            "reasons": _reasons.of(locale, answer.reasons, lambda: _told(answer.reasons, locale)),
            "first_scan": answer.first_scan,
            "scans": None if scans is None else _scans(scans),
            "stamp": None if stamp is None else stamp._asdict(),
            "receipt": None if receipt is None else str(receipt),
            "checked_at": moment(answer.checked_at),
            "suspicion": answer.suspicion,
            "late": answer.late,
        }
    )
    views = (answer.product, answer.organisation, answer.lot, answer.trace, answer.recall)
    lot = _lots.of(locale, views, lambda: _of_lot(answer, locale))
    return orjson.Fragment(b"{%b,%b,%b}" % (_of_verdict(answer.verdict, locale), own, lot))


_reasons = Kept[orjson.Fragment]()
_lots = Kept[bytes]()


@lru_cache(maxsize=64)
def _of_verdict(verdict: Verdict, locale: str) -> bytes:
    """The members that follow from a verdict."""
    words = VERDICTS[verdict]
    return _members(
        {
            "verdict": verdict.value,
            "tone": words.tone.value,
            "headline": {"vi": words.headline.vi, "en": words.headline.en},
            "advice": said(words.advice, locale),
        }
    )


def _of_lot(answer: ScanAnswer, locale: str) -> bytes:
    """The members that all scans of a lot share."""
    return _members(
        {
            "product": _written(answer.product, _product, locale),
            "organisation": _written(answer.organisation, _organisation, locale),
            "lot": _written(answer.lot, _lot, locale),
            "trace": _trace(answer.trace, locale),
            "recall": _written(answer.recall, _recall, locale),
        }
    )


def _members(content: Json) -> bytes:
    """The members of an object, to stand among others."""
    return orjson.dumps(content)[1:-1]


def _told(facts: Sequence[Reason], locale: str) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps([reason(one, locale) for one in facts]))


def _written(view: T | None, write: Callable[[T, str], Json], locale: str) -> Json | None:
    return None if view is None else write(view, locale)


def reason(fact: Reason, locale: str) -> Json:
    """A fact that applies, as JSON."""
    evidence = None if fact.evidence is None else said(fact.evidence, locale)
    return {"code": fact.code.value, "text": said(fact.text, locale), "evidence": evidence}


def _scans(scans: Scans) -> Json:
    return {
        "count": scans.count,
        "by_you": scans.by_you,
        "elsewhere": scans.elsewhere,
        "devices": scans.devices,
        "first_at": moment(scans.first_at),
        "last_at": moment(scans.last_at),
    }


def _product(product: ProductView, locale: str) -> Json:
    return {
        "code": product.code,
        "gtin": product.gtin,
        "name": said(product.name, locale),
        "images": list(product.images),
        "group": said(product.group, locale),
        "brand": product.brand,
        "standards": product.standard,
        "description": said(product.description, locale),
        "ingredients": product.ingredients,
        "usage": product.usage,
        "warnings": product.warnings,
        "pack": product.pack,
        "stars": None if product.stars is None else _stars(product.stars),
    }


def _stars(stars: StarsView) -> Json:
    return {
        "n": stars.n,
        "certificate": stars.certificate,
        "valid_until": _day(stars.valid_until),
        "expired": stars.expired,
    }


def _organisation(organisation: OrganisationView, locale: str) -> Json:
    return {
        "name": organisation.name,
        "kind": said(organisation.kind, locale),
        "address": organisation.address,
        "phone": organisation.phone,
        "story": organisation.story,
        "example": organisation.example,
    }


def _lot(lot: LotView, _: str) -> Json:
    return {
        "number": lot.number,
        "produced_on": _day(lot.produced_on),
        "expires_on": _day(lot.expires_on),
        "facility": lot.facility,
        "tests": [
            {
                "laboratory": test.laboratory,
                "report_no": test.report_no,
                "criteria": test.criteria,
                "issued_on": _day(test.issued_on),
                "valid_until": _day(test.valid_until),
                "passed": test.passed,
            }
            for test in lot.tests
        ],
        "samples": [
            {"code": sample.code, "taken_on": _day(sample.taken_on), "keep_until": _day(sample.keep_until)}
            for sample in lot.samples
        ],
        "stars": None if lot.stars is None else _stars(lot.stars),
    }


def _trace(steps: Sequence[TraceView], locale: str) -> list[Json]:
    return [
        {
            "what": said(step.what, locale),
            "where": step.where,
            "when": _day(step.when),
            "who": step.who,
            "why": step.why,
        }
        for step in steps
    ]


def _recall(recall: RecallView, locale: str) -> Json:
    return {
        "number": recall.number,
        "reason": said(recall.reason, locale),
        "instruction": said(recall.instruction, locale),
        "since": _day(recall.since),
        "closed_on": _day(recall.closed_on),
    }


def outcome(report: str, found: Outcome) -> Json:
    """What became of a report, as JSON; `photo` is `waiting`, `drawn`, `refused` or null."""
    return {
        "id": report,
        "state": found.state,
        "outcome": found.outcome,
        "photo": found.photo,
        "received_at": moment(found.received_at),
        "decided_at": moment(found.decided_at),
    }


def claim_answer(answer: ClaimAnswer, locale: str) -> Json:
    """The answer to a claim as JSON."""
    return {
        "outcome": answer.outcome.value,
        "at": moment(answer.at),
        "place": None if answer.place is None else said(answer.place, locale),
        "tries_left": answer.tries_left,
        "locked_until": moment(answer.locked_until),
    }
