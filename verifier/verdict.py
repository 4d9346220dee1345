"""The judge: what is known of a stamp goes in, one verdict and every fact behind it come out. Pure: no clock, no I/O.

Each fact that applies becomes a `Finding`; `LEADS_TO` says which verdict it argues for, and the verdict that stands
first in `ORDER` wins. So a harder fact is never hidden by a softer one, and `reasons` always lists them all. A stamp
against which nothing is found is valid, and `valid_first` where this very scan is its first.

The same function updates the stamp's history, because whether a scan counts is part of judging it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from verifier import clones
from verifier.contract import Reason, ReasonCode, RecallView, Scans, Verdict, Words
from verifier.sightings import Fix, Mark, Sighting
from verifier.words import EVIDENCE, REASONS, STAMP_STATES

Value = int | str | date | Words

ORDER: tuple[Verdict, ...] = (
    Verdict.FORGED,
    Verdict.UNKNOWN,
    Verdict.VOID,
    Verdict.RECALLED,
    Verdict.NOT_ACTIVATED,
    Verdict.SUSPECT_COPY,
    Verdict.LOT_BLOCKED,
    Verdict.EXPIRED_PRODUCT,
    Verdict.UNUSUAL,
)

LEADS_TO: Mapping[ReasonCode, Verdict] = {
    ReasonCode.SIGNATURE_WRONG: Verdict.FORGED,
    ReasonCode.WRONG_GTIN: Verdict.FORGED,
    ReasonCode.NOT_ISSUED: Verdict.UNKNOWN,
    ReasonCode.MANIFEST_INVALID: Verdict.UNKNOWN,
    ReasonCode.VOID: Verdict.VOID,
    ReasonCode.LOST: Verdict.VOID,
    ReasonCode.RECALLED: Verdict.RECALLED,
    ReasonCode.NOT_ACTIVATED: Verdict.NOT_ACTIVATED,
    ReasonCode.LOT_BLOCKED: Verdict.LOT_BLOCKED,
    ReasonCode.EXPIRED: Verdict.EXPIRED_PRODUCT,
    # Whoever has a leaked key can make the codes of issued stamps again, so such a code is never green by itself.
    ReasonCode.KEY_COMPROMISED: Verdict.UNUSUAL,
    ReasonCode.PIN_REUSED: Verdict.UNUSUAL,
    ReasonCode.IMPOSSIBLE_TRAVEL: Verdict.UNUSUAL,
}
"""The facts that speak against a stamp. The other reasons inform and change no verdict."""

_SUSPICION: Mapping[ReasonCode, int] = {
    ReasonCode.KEY_COMPROMISED: 1,
    ReasonCode.IMPOSSIBLE_TRAVEL: 2,
    ReasonCode.PIN_REUSED: 2,
}
MOST_SUSPICIOUS = 3

_STATE: Mapping[str, ReasonCode] = {
    "MINTED": ReasonCode.NOT_ACTIVATED,
    "PRINTED": ReasonCode.NOT_ACTIVATED,
    "DELIVERED": ReasonCode.NOT_ACTIVATED,
    "SPOILED": ReasonCode.VOID,
    "VOID": ReasonCode.VOID,
    "LOST": ReasonCode.LOST,
}
ACTIVE = "ACTIVE"

# Vietnam has kept UTC+7 without summer time since 1975 (IANA tz database, Asia/Ho_Chi_Minh); a fixed offset needs no
# time zone files on the machine.
LOCAL = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")


def local_day(at: int) -> date:
    """The local day of a time in UTC microseconds."""
    return datetime.fromtimestamp(at // 1_000_000, LOCAL).date()


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact that applies, with the values its sentences need."""

    code: ReasonCode
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the facts say of one stamp on one local day. `state` is empty where the stamp is in no valid batch."""

    state: str = ""
    batch: int | None = None
    lot: int | None = None
    manifest_valid: bool = True
    compromised_key: str | None = None
    holds: tuple[Words, ...] = ()
    recalls: tuple[RecallView, ...] = ()
    expires_on: date | None = None
    certificate_ended_on: date | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One scan as the judge sees it: when (UTC microseconds), which device's mark, where, and whether it may count."""

    at: int
    device: int = 0
    fix: Fix | None = None
    consumer: bool = True
    recorded: bool = True
    late_since: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, all findings, the stamp's history after this scan and what of it is shown."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    sighting: Sighting
    scans: Scans
    first: bool = False
    suspicion: int = 0


def judge(standing: Standing, before: Sighting, look: Look) -> Judgement:
    """The verdict on one scan of a stamp that stood so and was seen so before."""
    counts = look.recorded and look.consumer and look.late_since is None and standing.state == ACTIVE
    first = counts and not before.has(Mark.FIRST_USED)
    after = clones.observe(before.counted(look.at, look.device), look.fix) if counts else before
    scans = shown(after, look.device)
    findings = (
        *_of_code(standing),
        *_of_state(standing),
        *_of_lot(standing, local_day(look.at)),
        *_of_history(after, scans, first=first, counted=counts),
        *_of_scan(look),
    )
    return Judgement(_verdict(findings, first=first), findings, after, scans, first, _suspicion(findings))


def shown(sighting: Sighting, device: int) -> Scans:
    """The history in the separate words people are shown, for the device with this mark."""
    by_you = min(sighting.by(device), sighting.scans)
    return Scans(
        count=sighting.scans,
        by_you=by_you,
        elsewhere=sighting.scans - by_you,
        devices=sighting.devices,
        first_at=sighting.first_at if sighting.scans else None,
        last_at=sighting.last_at if sighting.scans else None,
    )


def _verdict(findings: tuple[Finding, ...], *, first: bool) -> Verdict:
    against = {LEADS_TO[finding.code] for finding in findings if finding.code in LEADS_TO}
    return next((verdict for verdict in ORDER if verdict in against), Verdict.VALID_FIRST if first else Verdict.VALID)


def _suspicion(findings: tuple[Finding, ...]) -> int:
    levels = [_SUSPICION[finding.code] for finding in findings if finding.code in _SUSPICION]
    return min(MOST_SUSPICIOUS, max(levels, default=0) + (len(levels) > 1))


def _of_code(standing: Standing) -> list[Finding]:
    """What the code itself says: whether it was issued at all, and whether its key is still trusted."""
    found = []
    if not standing.state:
        found.append(found_that(ReasonCode.NOT_ISSUED if standing.manifest_valid else ReasonCode.MANIFEST_INVALID))
    if standing.compromised_key is not None:
        found.append(found_that(ReasonCode.KEY_COMPROMISED, key=standing.compromised_key))
    return found


def _of_state(standing: Standing) -> list[Finding]:
    code = _STATE.get(standing.state)
    if code is None:
        return []
    state = STAMP_STATES.get(standing.state)
    return [found_that(code, state=state) if state else found_that(code)]


def _of_lot(standing: Standing, today: date) -> list[Finding]:
    found = []
    for recall in standing.recalls:
        found.append(found_that(ReasonCode.RECALLED, reason=recall.reason, number=recall.number, day=recall.since))
        if recall.closed_on is not None:
            found.append(found_that(ReasonCode.RECALL_CLOSED, number=recall.number, day=recall.closed_on))
    found += [found_that(ReasonCode.LOT_BLOCKED, reason=reason) for reason in standing.holds]
    if standing.expires_on is not None and standing.expires_on < today:
        found.append(found_that(ReasonCode.EXPIRED, day=standing.expires_on))
    if standing.certificate_ended_on is not None:
        found.append(found_that(ReasonCode.CERTIFICATE_EXPIRED, day=standing.certificate_ended_on))
    return found


def _of_history(after: Sighting, scans: Scans, *, first: bool, counted: bool) -> list[Finding]:
    found = []
    if first:
        found.append(found_that(ReasonCode.FIRST_SCAN))
    if scans.by_you > counted:
        found.append(found_that(ReasonCode.SEEN_BEFORE, by_you=scans.by_you))
    if scans.elsewhere:
        found.append(found_that(ReasonCode.SEEN_ELSEWHERE, elsewhere=scans.elsewhere, first=local_day(after.first_at)))
    if after.has(Mark.PIN_CONFIRMED):
        found.append(found_that(ReasonCode.PIN_CONFIRMED, day=local_day(after.pin_at_s * 1_000_000)))
    if after.has(Mark.PIN_REUSED):
        found.append(found_that(ReasonCode.PIN_REUSED))
    if after.has(Mark.IMPOSSIBLE_TRAVEL):
        # Rounded down, so that the page gives nobody's place away.
        found.append(found_that(ReasonCode.IMPOSSIBLE_TRAVEL, km=after.apart_km // 50 * 50))
    return found


def _of_scan(look: Look) -> list[Finding]:
    return [] if look.late_since is None else [found_that(ReasonCode.LATE, day=local_day(look.late_since))]


def found_that(code: ReasonCode, **values: Value) -> Finding:
    """A finding with the values its sentences need."""
    return Finding(code, values)


def reason(finding: Finding) -> Reason:
    """The finding in words, with its evidence."""
    evidence = EVIDENCE.get(finding.code)
    return Reason(finding.code, _filled(REASONS[finding.code], finding), evidence and _filled(evidence, finding))


def _filled(words: Words, finding: Finding) -> Words:
    if not finding.values:
        return words
    vi = {name: _spoken(value, vietnamese=True) for name, value in finding.values.items()}
    en = {name: _spoken(value, vietnamese=False) for name, value in finding.values.items()}
    return Words(words.vi.format(**vi), words.en.format(**en))


def _spoken(value: Value, *, vietnamese: bool) -> object:
    match value:
        case Words():
            return value.vi if vietnamese else value.en
        case date():
            return value.strftime("%d/%m/%Y") if vietnamese else value.isoformat()
        case _:
            return value
