"""Raw scans are kept for a time and then summed up: no device, no place, no receipt is left (invariant 11).

One local day at a time, so that scanning never waits long for it. What a stamp itself remembers (its sighting) stays:
it holds no person and keeps its counts and its first scan true.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.models.cases import WatchSign
from app.models.erasures import Erasure
from app.models.probes import ProbeAlert, ProbeSample
from app.models.scans import Claim, PinTry, Report, Scan, ScanNonce, ScanPlace, ScanTally
from app.services.alerts import ROLL_US
from app.services.work import LOCAL, Work

_DAY_US = 86_400 * 1_000_000
_LOCAL_US = 7 * 3600 * 1_000_000
_EPOCH = date(1970, 1, 1)
# Networks are kept as long as an alert is fresh, and no longer.
NETWORK_DAYS = 7


def sum_up(work: Work, keep_days: int) -> int:
    """Sum up the oldest local day of scans that is past keeping; gives how many scans it had, 0 when all is done."""
    last = datetime.combine(work.today - timedelta(days=keep_days), datetime.min.time(), LOCAL)
    cut = int(last.timestamp()) * 1_000_000
    _forget(work, cut)
    _forget_networks(work)
    _forget_rolls(work)
    oldest = work.session.scalar(sa.select(Scan.at).order_by(Scan.id).limit(1))
    if oldest is None or oldest >= cut:
        return 0
    end = ((oldest + _LOCAL_US) // _DAY_US + 1) * _DAY_US - _LOCAL_US
    return _settle(work, min(end, cut))


def _settle(work: Work, end: int) -> int:
    """Count and remove the scans before `end` (UTC microseconds)."""
    before = UUID(int=(end // 1000) << 80)
    day, lot = (Scan.at + _LOCAL_US) // _DAY_US, sa.func.coalesce(Scan.lot_id, 0)
    each = sa.select(day.label("day"), lot.label("lot"), Scan.verdict, Scan.role).where(Scan.id < before).subquery()
    columns = (each.c.day, each.c.lot, each.c.verdict, each.c.role)
    counted = sa.select(*columns, sa.func.count()).group_by(*columns)
    total = 0
    for number, lot_id, verdict, role, scans in work.session.execute(counted).all():
        key = (_EPOCH + timedelta(days=int(number)), lot_id, verdict, role)
        kept = work.session.get(ScanTally, key)
        if kept is None:
            work.session.add(ScanTally(day=key[0], lot_id=lot_id, verdict=verdict, role=role, scans=scans))
        else:
            kept.scans += scans
        total += scans
    for column in (ScanPlace.scan_id, ScanNonce.scan_id, Scan.id):
        work.session.execute(sa.delete(column.class_).where(column < before))
    work.note("sum_up", "scan", 0, detail=str(total))
    return total


def _forget(work: Work, cut: int) -> None:
    """Let go of what names a device or a person in claims, reports and wrong tries before `cut`."""
    day = (_EPOCH + timedelta(days=(cut + _LOCAL_US) // _DAY_US)).toordinal()
    # The tries of all together (day 0) name nobody and must last as long as the stamp.
    work.session.execute(sa.delete(PinTry).where(PinTry.day < day, PinTry.day > 0))
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
