"""Raw scans are kept for a time; then their counts are left: no device, no place, no receipt (invariant 11).

One local day that was counted at a time, so that scanning never waits long for it. What a stamp itself remembers (its
sighting) stays: it holds no person and keeps its counts and its first scan true.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.models.cases import WatchSign
from app.models.erasures import Erasure
from app.models.probes import ProbeAlert, ProbeSample
from app.models.scans import Claim, PinTry, Report, Scan, ScanNonce, ScanPlace
from app.services import tallies
from app.services.alerts import ROLL_US
from app.services.work import LOCAL, Work, local_day

_DAY_US = 86_400 * 1_000_000
_LOCAL_US = 7 * 3600 * 1_000_000
_EPOCH = date(1970, 1, 1)
# Networks are kept as long as an alert is fresh, and no longer.
NETWORK_DAYS = 7


def sum_up(work: Work, keep_days: int) -> int:
    """Remove the oldest local day of scans that is past keeping; gives how many scans it had, 0 when all is done."""
    last = datetime.combine(work.today - timedelta(days=keep_days), datetime.min.time(), LOCAL)
    cut = int(last.timestamp()) * 1_000_000
    _forget(work, cut)
    _forget_networks(work)
    _forget_rolls(work)
    cut = min(cut, tallies.counted_until(work))
    oldest = work.session.scalar(sa.select(Scan.at).order_by(Scan.id).limit(1))
    if oldest is None or oldest >= cut:
        return 0
    end = ((oldest + _LOCAL_US) // _DAY_US + 1) * _DAY_US - _LOCAL_US
    return _settle(work, min(end, cut))


def _settle(work: Work, end: int) -> int:
    """Remove the scans before `end` (UTC microseconds), which the tallies hold; gives how many they were."""
    before = UUID(int=(end // 1000) << 80)
    total = work.session.scalar(sa.select(sa.func.count()).select_from(Scan).where(Scan.id < before)) or 0
    for column in (ScanPlace.scan_id, ScanNonce.scan_id, Scan.id):
        work.session.execute(sa.delete(column.class_).where(column < before))
    work.note("sum_up", "scan", 0, detail=str(total))
    return total


def _forget(work: Work, cut: int) -> None:
    """Let go of what names a device or a person in claims, reports and wrong tries before `cut`."""
    day = (_EPOCH + timedelta(days=(cut + _LOCAL_US) // _DAY_US)).toordinal()
    # The tries of all together (day 0) name nobody and must last as long as the stamp.
    work.session.execute(sa.delete(PinTry).where(PinTry.day < day, PinTry.day > 0))
    tallies.merge_few(work, local_day(cut))
    work.session.execute(sa.delete(ProbeSample).where(ProbeSample.at < cut))
    work.session.execute(sa.delete(Erasure).where(Erasure.at < cut, Erasure.done_at.is_not(None)))
    work.session.execute(sa.update(Claim).where(Claim.at < cut, Claim.device.is_not(None)).values(device=None))
    work.session.execute(sa.update(Report).where(Report.at < cut, Report.contact.is_not(None)).values(contact=None))


def _forget_rolls(work: Work) -> None:
    """Scans of rolls never activated and of codes never issued count for a week; what the watch kept of older goes."""
    work.session.execute(sa.delete(WatchSign).where(WatchSign.at < work.now - ROLL_US))


def _forget_networks(work: Work) -> None:
    """Alerts and samples lose whose they were after a week, and keep what happened."""
    week_ago = work.now - NETWORK_DAYS * _DAY_US
    for row, who in ((ProbeAlert, ProbeAlert.who), (ProbeSample, ProbeSample.network)):
        work.session.execute(sa.update(row).where(row.at < week_ago, who.is_not(None)).values({who.key: None}))
