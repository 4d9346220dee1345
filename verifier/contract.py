"""What the verifier promises to everyone else: its words, what a scan takes, and what it answers. Pure data.

`app` enters the verifier through this module alone. A verdict's tone, headline and advice are one row of `VERDICTS`;
a fact that applies to a stamp is one row of `REASONS`.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from verifier.towns import TOWNS, Town
from verifier.words import REASONS, VERDICTS, ReasonCode, Tone, Verdict, VerdictWords, Words

__all__ = [
    "REASONS",
    "TOWNS",
    "VERDICTS",
    "Channel",
    "ClaimAnswer",
    "ClaimOutcome",
    "LotView",
    "OrganisationView",
    "Place",
    "PlaceSource",
    "ProductView",
    "Reason",
    "ReasonCode",
    "RecallView",
    "SampleView",
    "ScanAnswer",
    "ScanRequest",
    "ScanRole",
    "Scans",
    "StampView",
    "StarsView",
    "TestView",
    "Tone",
    "Town",
    "TraceView",
    "Verdict",
    "VerdictWords",
    "Words",
]


class ScanRole(StrEnum):
    """Who scans. Only a consumer's scan can be first."""

    CONSUMER = "consumer"
    STAFF = "staff"
    INSPECTOR = "inspector"


class Channel(StrEnum):
    """The door a scan came through."""

    PAGE = "page"
    API = "api"
    BATCH = "batch"


class PlaceSource(StrEnum):
    """How a place is known; `none` carries no place."""

    GPS = "gps"
    WIFI = "wifi"
    MOBILE_IP = "mobile_ip"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Place:
    """A place as a phone gave it: degrees and metres. It is coarsened to an H3 cell before anything is kept."""

    lat: float
    lon: float
    accuracy_m: float
    source: PlaceSource = PlaceSource.GPS


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """One scan. `text` is the code, a typed serial or a path; `device` a stable random id from a signed cookie or app.

    `network` is the truncated client address for abuse counters; `scanned_at` (UTC microseconds) is set on a late scan;
    `count` is False for a reload, a prefetch or a link preview: answered from the present state, and nothing recorded.
    """

    text: str
    nonce: str | None = None
    device: str | None = None
    network: str = ""
    place: Place | None = None
    scanned_at: int | None = None
    role: ScanRole = ScanRole.CONSUMER
    channel: Channel = Channel.API
    from_path: bool = False
    count: bool = True


@dataclass(frozen=True, slots=True)
class Reason:
    """A fact that applies, in words, with the evidence a person can check."""

    code: ReasonCode
    text: Words
    evidence: Words | None = None


@dataclass(frozen=True, slots=True)
class Scans:
    """The history of a stamp in separate words. Times are UTC microseconds; `None` before any scan."""

    count: int
    by_you: int
    elsewhere: int
    devices: int
    first_at: int | None
    last_at: int | None


class StampView(NamedTuple):
    """The stamp itself: printed serial, state word, profile, id of its key or epoch, whether it has a scratch layer."""

    serial: str
    state: str
    profile: str
    key_id: str
    pins: bool = False


@dataclass(frozen=True, slots=True)
class StarsView:
    """OCOP stars as they stood on the day of the scan."""

    n: int
    certificate: str
    valid_until: date
    expired: bool


@dataclass(frozen=True, slots=True)
class ProductView:
    """What a buyer compares with the pack (items 1, 2, 8 and 10 of Circular 02/2024). `images` are paths."""

    code: str
    gtin: str | None
    name: Words
    images: tuple[str, ...]
    group: Words
    brand: str | None
    standard: str | None
    description: Words
    ingredients: str | None
    usage: str | None
    warnings: str | None
    pack: str
    stars: StarsView | None


@dataclass(frozen=True, slots=True)
class OrganisationView:
    """Who made it and where they are reached (items 3 and 4)."""

    name: str
    kind: Words
    address: str
    phone: str | None
    story: str | None
    example: bool


@dataclass(frozen=True, slots=True)
class TestView:
    """A laboratory report on the lot."""

    laboratory: str
    report_no: str
    criteria: str
    issued_on: date
    valid_until: date
    passed: bool


@dataclass(frozen=True, slots=True)
class SampleView:
    """A retained sample of the lot."""

    code: str
    taken_on: date
    keep_until: date


@dataclass(frozen=True, slots=True)
class LotView:
    """The lot (items 6, 7 and 9). `stars` are those its product had on the day the lot was made."""

    number: str
    produced_on: date
    expires_on: date | None
    facility: str
    tests: tuple[TestView, ...]
    samples: tuple[SampleView, ...]
    stars: StarsView | None = None


@dataclass(frozen=True, slots=True)
class TraceView:
    """One stage of the journey (item 5): what, where, when, who, why."""

    what: Words
    where: str
    when: date
    who: str
    why: str | None


@dataclass(frozen=True, slots=True)
class RecallView:
    """The recall notice of a lot; the warning stays after the case is closed."""

    number: str
    reason: Words
    instruction: Words
    since: date
    closed_on: date | None


class ScanAnswer(NamedTuple):
    """The whole answer to one scan. `receipt` is None where nothing was recorded (forged, malformed, unavailable…).

    `tone`, `headline` and `advice` follow from the verdict through `VERDICTS`. A tuple, as what every scan makes is: it
    is made in a third of the time.
    """

    verdict: Verdict
    checked_at: int
    reasons: tuple[Reason, ...] = ()
    first_scan: bool = False
    scans: Scans | None = None
    stamp: StampView | None = None
    product: ProductView | None = None
    organisation: OrganisationView | None = None
    lot: LotView | None = None
    trace: tuple[TraceView, ...] = ()
    recall: RecallView | None = None
    receipt: UUID | None = None
    suspicion: int = 0
    late: bool = False


TRIES_IN_ALL = 1000
"""So many wrong scratch codes on one stamp, and only an officer can confirm it."""


class ClaimOutcome(StrEnum):
    """What a claim came to."""

    CLAIMED = "claimed"
    ALREADY_CLAIMED = "already_claimed"
    VERIFIED_FIRST = "verified_first"
    ALREADY_VERIFIED = "already_verified"
    WRONG_PIN = "wrong_pin"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """The answer to "I bought this" or to a scratch code. Times are UTC microseconds; `place` is a town near by."""

    outcome: ClaimOutcome
    at: int | None = None
    place: Words | None = None
    tries_left: int | None = None
    locked_until: int | None = None
