"""The judge: what is known of a stamp goes in, one verdict and every fact behind it come out. Pure: no clock, no I/O.

Each fact that applies becomes a `Finding`; `LEADS_TO` says which verdict it argues for, and the verdict that stands
first in `ORDER` wins. So a harder fact is never hidden by a softer one, and `reasons` always lists them all. A stamp
against which nothing is found is valid, and `valid_first` where this very scan is its first.

The same function updates the stamp's history, because whether a scan counts is part of judging it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from verifier.clones import detector
from verifier.clones.evidence import NO_PLAN, Plan
from verifier.clones.weights import PARAMETERS, UNIT, Ground, grounds, published, weigh_displayed
from verifier.contract import ReasonCode, RecallView, Scans, Verdict, Words
from verifier.findings import Finding, Value, found_that
from verifier.sightings import Fix, Mark, Sighting
from verifier.words import STAMP_STATES

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
    ReasonCode.EXPOSED: Verdict.UNUSUAL,
    ReasonCode.MANY_DEVICES: Verdict.UNUSUAL,
    ReasonCode.OVER_MANY_DAYS: Verdict.UNUSUAL,
    ReasonCode.FAR_PLACES: Verdict.UNUSUAL,
    ReasonCode.SEVERAL_BUYERS: Verdict.UNUSUAL,
    ReasonCode.LONG_AFTER_SALE: Verdict.UNUSUAL,
    ReasonCode.PIN_FAR: Verdict.SUSPECT_COPY,
    ReasonCode.VOUCHED_APART: Verdict.SUSPECT_COPY,
    ReasonCode.COPY_CONFIRMED: Verdict.SUSPECT_COPY,
}
"""The facts that speak against a stamp. The other reasons inform and change no verdict."""

_GROUNDS: Mapping[Ground, ReasonCode] = {
    Ground.DEVICES: ReasonCode.MANY_DEVICES,
    Ground.TIME: ReasonCode.OVER_MANY_DAYS,
    Ground.PLACES: ReasonCode.FAR_PLACES,
    Ground.CLAIMS: ReasonCode.SEVERAL_BUYERS,
    Ground.AGE: ReasonCode.LONG_AFTER_SALE,
}
# What corroborates by itself, which a setting keeps in the shadow; an officer's word is always shown.
_CORROBORATION: Mapping[Mark, ReasonCode] = {
    Mark.PIN_FAR: ReasonCode.PIN_FAR,
    Mark.VOUCHED_APART: ReasonCode.VOUCHED_APART,
}
_SHADOWED = frozenset(_CORROBORATION.values())
# A history that officers called a false alarm speaks again once it weighs this much more.
CLEARED_BY = 2 * UNIT
_NOTHING = -30 * UNIT
_UNUSUAL, _MILD = PARAMETERS.unusual, PARAMETERS.unusual - PARAMETERS.mild
_PAIRS, _STRANGERS = PARAMETERS.impossible_pairs, PARAMETERS.exposed_voices
# An unusual history names the grounds that weigh at least this much, and the heaviest in any case.
_WORTH_SAYING = 1.0  # nats
_MOST_GROUNDS = 3
# What is shown is a level, never the number: attackers probe thresholds.
MILD, UNUSUAL, SUSPECTED = 1, 2, 3

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
_EAST_US, _DAY_US, _EPOCH = 7 * 3_600_000_000, 86_400_000_000, date(1970, 1, 1)


def local_day(at: int) -> date:
    """The local day of a time in UTC microseconds."""
    return _day_from_epoch((at + _EAST_US) // _DAY_US)


@lru_cache(maxsize=1024)
def _day_from_epoch(days: int) -> date:
    return _EPOCH + timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Cleared:
    """The history that officers called a false alarm: its weight, its marks, and how many devices spoke in it."""

    weight: int
    marks: int
    voices: int

    def covers(self, after: Sighting) -> bool:
        """Whether a history shows no more than that: little more weight, not twice the voices, nothing corroborated."""
        fresh = after.marks & detector.CORROBORATED & ~self.marks
        return after.weight < self.weight + CLEARED_BY and after.evidence.voices < 2 * max(self.voices, 1) and not fresh


@dataclass(frozen=True, slots=True)
class Flags:
    """What people who answer for it have said of one stamp.

    `copied`: officers found copies; `exposed`: the code was published; `display`: where its pack is on display;
    `cleared`: officers looked at it and called it a false alarm.
    """

    copied: bool = False
    exposed: bool = False
    display: str | None = None
    cleared: Cleared | None = None


NO_FLAGS = Flags()


@dataclass(frozen=True, slots=True)
class Standing:
    """What the facts say of one stamp on one local day. `state` is empty where the stamp is in no valid batch.

    `since` is when it came into that state (UTC microseconds).
    """

    state: str = ""
    since: int = 0
    batch: int | None = None
    lot: int | None = None
    manifest_valid: bool = True
    compromised_key: str | None = None
    holds: tuple[Words, ...] = ()
    recalls: tuple[RecallView, ...] = ()
    expires_on: date | None = None
    certificate_ended_on: date | None = None
    plan: Plan = NO_PLAN
    flags: Flags = NO_FLAGS


class Look(NamedTuple):
    """One scan as the judge sees it: when (UTC microseconds), which device's mark, where, and whether it may count."""

    at: int
    device: int = 0
    fix: Fix | None = None
    consumer: bool = True
    recorded: bool = True
    late_since: int | None = None
    credible: bool = True


class Judgement(NamedTuple):
    """The verdict, all findings, the stamp's history after this scan and what of it is shown.

    `shadowed`: it would be a suspected copy, if the office had that warning shown.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    sighting: Sighting
    scans: Scans
    first: bool = False
    suspicion: int = 0
    shadowed: bool = False


def judge(standing: Standing, before: Sighting, look: Look, *, show_copies: bool = True) -> Judgement:
    """The verdict on one scan of a stamp that stood so and was seen so before.

    While `show_copies` is off, a suspected copy is shown as unusual.
    """
    in_time = look.recorded and look.late_since is None and standing.state == ACTIVE
    counts = in_time and look.consumer
    first = counts and not before.marks & _FIRST_USED
    after = before
    if counts:
        after = detector.scanned(before, look.at, look.device, look.fix, standing.plan, credible=look.credible)
    elif in_time:
        after = detector.vouched(before, look.fix)
    scans = shown(after, look.device)
    today = local_day(look.at)
    said = () if _ordinary(standing, today) else _of_facts(standing, today)
    against = history_findings(after, standing.flags)
    findings = (
        *said,
        *against,
        *_of_display(standing.flags),
        *_of_history(after, scans, first=first, counted=counts),
        *_of_scan(look),
    )
    verdict, shadowed = _verdict((*said, *against), first=first, show_copies=show_copies)
    level = _level(standing, after, against, show_copies=show_copies)
    return Judgement(verdict, findings, after, scans, first, level, shadowed)


def shown(sighting: Sighting, device: int) -> Scans:
    """The history in the separate words people are shown, for the device with this mark."""
    count = sighting.scans
    by_you = min(sighting.by(device), count)
    if not count:
        return Scans(count, by_you, count - by_you, sighting.devices, None, None)
    return Scans(count, by_you, count - by_you, sighting.devices, sighting.first_at, sighting.last_at)


def _verdict(against: tuple[Finding, ...], *, first: bool, show_copies: bool) -> tuple[Verdict, bool]:
    """The verdict by what may speak against the stamp, and whether the shadow softened it."""
    if not against:
        return _VALID_FIRST if first else _VALID, False
    leading = [code for code, _ in against if code in LEADS_TO]
    if not leading:
        return Verdict.VALID_FIRST if first else Verdict.VALID, False
    # In the shadow a suspected copy is no harder than any other warning, so it hides none.
    meant, shown = (
        {LEADS_TO[code] for code in leading},
        {_shown_as(code, show_copies=show_copies) for code in leading},
    )
    verdict, told = (next(one for one in ORDER if one in those) for those in (meant, shown))
    return told, told is not verdict


def _shown_as(code: ReasonCode, *, show_copies: bool) -> Verdict:
    return Verdict.UNUSUAL if code in _SHADOWED and not show_copies else LEADS_TO[code]


def _weight(after: Sighting, flags: Flags) -> int:
    """What a history weighs with what people have said of it."""
    if flags is NO_FLAGS:
        return after.weight
    if flags.cleared is not None and flags.cleared.covers(after):
        return _NOTHING
    return after.weight if flags.display is None else min(after.weight, weigh_displayed(after.evidence))


def history_findings(after: Sighting, flags: Flags = NO_FLAGS) -> list[Finding]:
    """What in the history speaks against the stamp; empty for an ordinary one.

    Statistics alone make a history unusual. Only what costs an attacker something makes a copy suspected: the right
    scratch code from far away, or people who answer for themselves in two places at once. So nobody can defame a
    rival's goods by scanning them. A code that was published says so whatever its weight: a shared photo explains its
    history, and yet nobody can tell the pack in hand by it. What officers have found stands before all of it.
    """
    e = after.evidence
    if flags is NO_FLAGS and after.weight < _UNUSUAL and e.torn < _PAIRS and e.voices < _STRANGERS:
        return []
    copied = [found_that(ReasonCode.COPY_CONFIRMED)] if flags.copied else []
    weight = _weight(after, flags)
    cleared = weight == _NOTHING
    exposed = flags.exposed or (not cleared and published(e))
    said = [found_that(ReasonCode.EXPOSED)] if exposed else []
    if weight < _UNUSUAL:
        # Two pairs of scans that no pack can have made need no table.
        torn = not cleared and e.torn >= _PAIRS
        return [*copied, *([found_that(ReasonCode.FAR_PLACES)] if torn else []), *said]
    corroborated = (found_that(code) for mark, code in _CORROBORATION.items() if after.has(mark))
    return [*copied, *corroborated, *_grounds(after), *said]


def _grounds(after: Sighting) -> list[Finding]:
    """The heaviest grounds of an unusual history, in words."""
    e = after.evidence
    weights = grounds(e)
    named = [ground for ground, nats in weights if nats >= _WORTH_SAYING][:_MOST_GROUNDS] or [weights[0][0]]
    values: dict[Ground, dict[str, Value]] = {
        Ground.DEVICES: {"devices": e.voices},
        Ground.TIME: {"days": max(e.days, 1)},
        Ground.CLAIMS: {"times": max(e.claims, e.pins, 1)},
    }
    return [found_that(_GROUNDS[ground], **values.get(ground, {})) for ground in named]


def _level(standing: Standing, after: Sighting, against: list[Finding], *, show_copies: bool) -> int:
    """The level of suspicion that is shown, 0 to 3."""
    if against:
        leads = {_shown_as(finding.code, show_copies=show_copies) for finding in against}
        if Verdict.SUSPECT_COPY in leads:
            return SUSPECTED
        if Verdict.UNUSUAL in leads:
            return UNUSUAL
    mild = standing.compromised_key is not None or _weight(after, standing.flags) >= _MILD
    return MILD if mild else 0


def _ordinary(standing: Standing, today: date) -> bool:
    """Whether the facts have nothing to say: an active stamp of a lot that nobody stopped, within its dates."""
    return (
        standing.state == ACTIVE
        and standing.compromised_key is None
        and (standing.expires_on is None or standing.expires_on >= today)
        and standing.certificate_ended_on is None
        and not standing.holds
        and not standing.recalls
    )


def _of_facts(standing: Standing, today: date) -> tuple[Finding, ...]:
    """What the facts say of the code, of its stamp and of its lot."""
    return (*_of_code(standing), *_of_state(standing), *_of_lot(standing, today))


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
    found = [_FIRST] if first else []
    if scans.by_you > counted:
        found.append(Finding(_SEEN_BEFORE, {"by_you": scans.by_you}))
    if scans.elsewhere:
        found.append(Finding(_SEEN_ELSEWHERE, {"elsewhere": scans.elsewhere, "first": local_day(after.first_at)}))
    if not after.marks & _TOLD:
        return found
    if after.has(Mark.PIN_CONFIRMED):
        found.append(found_that(ReasonCode.PIN_CONFIRMED, day=local_day(after.pin_at_s * 1_000_000)))
    if after.has(Mark.PIN_REUSED):
        found.append(found_that(ReasonCode.PIN_REUSED))
    if after.has(Mark.IMPOSSIBLE_TRAVEL):
        # Rounded down, so that the page gives nobody's place away.
        found.append(found_that(ReasonCode.IMPOSSIBLE_TRAVEL, km=after.apart_km // 50 * 50))
    return found


_FIRST = Finding(ReasonCode.FIRST_SCAN, {})
_SEEN_BEFORE, _SEEN_ELSEWHERE = ReasonCode.SEEN_BEFORE, ReasonCode.SEEN_ELSEWHERE
_TOLD = Mark.PIN_CONFIRMED | Mark.PIN_REUSED | Mark.IMPOSSIBLE_TRAVEL
_FIRST_USED, _VALID_FIRST, _VALID = Mark.FIRST_USED, Verdict.VALID_FIRST, Verdict.VALID


def _of_display(flags: Flags) -> list[Finding]:
    return [] if flags.display is None else [found_that(ReasonCode.ON_DISPLAY, place=flags.display)]


def _of_scan(look: Look) -> list[Finding]:
    return [] if look.late_since is None else [found_that(ReasonCode.LATE, day=local_day(look.late_since))]
