"""The copy detector: what was remembered of a stamp and one more sign give what is remembered then. Pure.

Each sign moves a few counters (`evidence`); tables fitted on made-up markets give the log-odds that a history with such
counters belongs to several packs and not to one (`weights`). Nothing is added up over time but whole counters, so facts
that come together are weighed together, once, and a replay gives the same bytes.
"""

from verifier.clones.distance import Fix, Known, impossible_km
from verifier.clones.evidence import NO_PLAN, Evidence, Plan, Sign, SignKind, came_back, updated
from verifier.clones.weights import weigh
from verifier.sightings import MOST_BY_ONE, MOST_DEVICES, MOST_SCANS, Deed, Mark, Sighting

_SECOND = 1_000_000
# Members of an enumeration are looked up slowly, and a scan needs these.
_SCAN, _FAIRLY, _EXACTLY = SignKind.SCAN, Known.FAIRLY, Known.EXACTLY
_FIRST_USED, _PLACED, _NO_SLOT = Mark.FIRST_USED, Deed.PLACED, (0, 0, 0)
CORROBORATED = Mark.PIN_FAR | Mark.VOUCHED_APART


def scanned(
    before: Sighting, at: int, device: int, fix: Fix | None, plan: Plan = NO_PLAN, *, credible: bool = True
) -> Sighting:
    """The history after a counted scan at `at` (UTC microseconds) by the device with this mark."""
    _, known, deeds = before.slot(device) if device else _NO_SLOT
    new = not known
    at = max(at // _SECOND * _SECOND, before.last_at)
    begun = before.first_at or at
    where, torn = (before, False) if fix is None else _moved(before, fix)
    seen, devices = before.seen, before.devices
    if device:
        if new:
            devices = min(devices + 1, MOST_DEVICES)
            if fix is not None and fix.known >= _FAIRLY:
                deeds |= _PLACED
        seen = before.touched((device, known + 1 if known < MOST_BY_ONE else known, deeds))
    evidence, weight = before.evidence, before.weight
    if new:
        at_s, begun_s = at // _SECOND, begun // _SECOND
        sign = Sign(_SCAN, at_s, begun_s, device, credible=credible, torn=torn)
        if fix is not None:
            sign = sign._replace(lat=fix.lat, lon=fix.lon, km=fix.accuracy_km, known=fix.known)
        evidence, weight = _weighed(before, sign, plan)
    elif known == 1:
        evidence = came_back(evidence)
    return Sighting(
        where.marks | _FIRST_USED,
        min(before.scans + 1, MOST_SCANS),
        devices,
        begun,
        at,
        before.pin_device,
        before.pin_at_s,
        where.fix,
        where.apart_km,
        seen,
        evidence,
        weight,
    )


def vouched(before: Sighting, fix: Fix | None) -> Sighting:
    """The history after signed-in staff or an inspector had the pack in hand: evidence of place, not counted."""
    if fix is None:
        return before
    after, _ = _moved(before, fix._replace(vouched=True))
    return after.judged(*_weighed(after, _sign(SignKind.SCAN, after, fix, 0, vouched=True, at=fix.at_s * _SECOND)))


def located(before: Sighting, fix: Fix, plan: Plan = NO_PLAN) -> Sighting:
    """The history with the place of an earlier counted scan, given afterwards."""
    after, torn = _moved(before, fix)
    mark, count, deeds = before.slot(fix.device)
    if not mark or count != 1 or deeds & Deed.PLACED:
        return after
    return after.did(mark, Deed.PLACED).judged(
        *_weighed(after, _sign(SignKind.PLACE, after, fix, mark, torn=torn), plan)
    )


def claimed(before: Sighting, device: int, fix: Fix | None, *, credible: bool = True) -> Sighting:
    """The history after somebody said "I bought this"."""
    new = not before.slot(device)[2] & Deed.CLAIMED and bool(device or not before.has(Mark.CLAIMED))
    after = before.claimed().did(device, Deed.CLAIMED)
    return after.judged(*_weighed(after, _sign(SignKind.CLAIM, after, fix, device, new=new, credible=credible)))


def confirmed(before: Sighting, at: int, device: int, fix: Fix | None) -> Sighting:
    """The history after a right scratch code. An unknown device is nobody in particular: no sign of a second pack."""
    first = not before.has(Mark.PIN_CONFIRMED)
    new = first or device not in {before.pin_device, 0}
    after = before.pin_confirmed(device, at) if first else before.pin_reused() if new else before
    if fix is not None and new:
        after, _ = _moved(after, fix._replace(vouched=True))
    after = after.judged(*_weighed(after, _sign(SignKind.PIN_OK, after, fix, device, new=new)))
    return after.marked(Mark.PIN_FAR) if after.evidence.far_pins > before.evidence.far_pins else after


def mistyped(before: Sighting, device: int) -> Sighting:
    """The history after a wrong scratch code; one a device."""
    new = bool(device) and not before.slot(device)[2] & Deed.MISTYPED
    after = before.did(device, Deed.MISTYPED)
    return after.judged(*_weighed(after, _sign(SignKind.PIN_WRONG, after, None, device, new=new)))


def _moved(before: Sighting, fix: Fix) -> tuple[Sighting, bool]:
    """The history with a new last place, and whether nobody can have carried a pack there from the one before."""
    if fix.known < _EXACTLY or not fix.device:
        return before, False
    last = before.fix
    apart = impossible_km(last, fix) if last is not None else None
    if last is None or apart is None:
        return before.placed(fix), False
    after = before.torn_apart(apart).placed(fix)
    return (after.marked(Mark.VOUCHED_APART) if last.vouched and fix.vouched else after), True


def _sign(  # noqa: PLR0913  one a field
    kind: SignKind,
    sighting: Sighting,
    fix: Fix | None,
    device: int,
    *,
    new: bool = True,
    vouched: bool = False,
    torn: bool = False,
    credible: bool = True,
    at: int = 0,
) -> Sign:
    at_s, begun_s = (at or sighting.last_at) // _SECOND, sighting.first_at // _SECOND
    sign = Sign(kind, at_s, begun_s, device, new, vouched=vouched, credible=credible, torn=torn)
    return sign if fix is None else sign._replace(lat=fix.lat, lon=fix.lon, km=fix.accuracy_km, known=fix.known)


def _weighed(before: Sighting, sign: Sign, plan: Plan = NO_PLAN) -> tuple[Evidence, int]:
    """The evidence with this sign, and its weight, which moves only when the sign spoke, and only upwards.

    A code that is on a thousand packs would otherwise look more and more like one pack on display, and its buyers would
    be warned less the more of them there are. The threshold is set by the highest weight of honest stamps' whole lives.
    """
    evidence, spoke = updated(before.evidence, sign, plan)
    if not spoke:
        return evidence, before.weight
    weight = weigh(evidence)
    return evidence, max(weight, before.weight) if before.evidence.voices else weight
