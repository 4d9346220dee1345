"""Old scans are counted and removed, and what could name a person is gone; verdicts and counts stay true."""

from typing import Any

import sqlalchemy as sa

from app.models.scans import Claim, PinTry, Report, Scan, ScanNonce, ScanPlace, ScanTally
from app.services import scans
from tests.app.office import Office
from tests.app.test_story import codes, scanner
from tests.verifier.world import DAY, Clock, scan
from verifier.contract import Place, Verdict
from verifier.scan import Scanner

V = Verdict

__all__ = ["scanner"]


def insert(desk: Office, row: Any) -> None:
    with desk.engine.begin() as connection:
        values = {column.key: getattr(row, column.key) for column in row.__table__.columns}
        connection.execute(sa.insert(row.__table__), values)


def test_scans_past_keeping_become_counts(desk: Office, scanner: Scanner) -> None:
    desk.activated(20)
    texts = codes(desk)
    clock = desk.clock
    assert isinstance(clock, Clock)
    for turn in range(3):
        scan(scanner, texts[turn], device=f"d{turn}", nonce=f"n{turn}", place=Place(21.3, 103.9, 10))
        clock.now += DAY
    first = desk.rows(Scan)[0]
    insert(desk, ScanPlace(scan_id=first.id, stamp=first.stamp, cell=1, source="gps", at=first.at))
    insert(
        desk, Claim(id=first.id, stamp=1, scan_id=first.id, kind="bought", first=True, device=b"d" * 16, at=first.at)
    )
    insert(desk, Report(id=first.id, stamp=1, text="x", contact="0912 345 678", at=first.at))
    insert(desk, PinTry(stamp=1, who=b"w" * 16, day=100, wrong=1))
    desk.minter.upkeep()
    assert len(desk.rows(Scan)) == 3, "nothing is past keeping yet"
    clock.now += 88 * DAY
    late = scan(scanner, texts[9], device="late")
    desk.minter.upkeep()
    assert len(desk.rows(Scan)) < 4, "the oldest day has gone"
    clock.now += 5 * DAY
    desk.minter.upkeep()
    assert [row.id for row in desk.rows(Scan)] == [late.receipt]

    def counted() -> int:
        return sum(row.scans for row in desk.rows(ScanTally) if row.lot_id > 0)

    assert counted() == 4
    assert len({row.day for row in desk.rows(ScanTally)}) == 4
    assert desk.rows(ScanPlace) == desk.rows(ScanNonce) == desk.rows(PinTry) == []
    assert [row.device for row in desk.rows(Claim)] == [None]
    assert [row.contact for row in desk.rows(Report)] == [None]
    again = scan(scanner, texts[0], device="someone")
    assert (again.verdict, again.first_scan) == (V.VALID, False)
    assert again.scans is not None
    assert again.scans.count == 2
    with desk.reading(desk.people["owner"]) as work:
        (found,) = scans.story(work).lots
        assert found.scans == 5
    desk.minter.upkeep()
    assert counted() == 4, "summing up twice counts nothing twice"
