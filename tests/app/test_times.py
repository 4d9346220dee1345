"""The demo many times over: copies of what was done close as the first does, on both databases."""

from itertools import pairwise

import sqlalchemy as sa

from app.demo import times
from app.demo.times import KEPT_BY_FIRST, multiply
from app.domain.permissions import SYSTEM
from app.models import Base
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.scans import LotTally, Scan, ScanTally
from app.models.stamps import Batch
from app.models.users import User
from app.services import audit, lots, notices, stamps, sums, tallies
from app.services.paging import Ask
from app.services.stamps import Positions
from stamp_engine.lifecycle import StampEvent
from tests.app.office import Office
from tests.app.test_story import codes, scanner
from tests.verifier.world import DAY, Clock, scan
from verifier.scan import Scanner

__all__ = ["scanner"]
TIMES = KEPT_BY_FIRST + 3


def test_every_copy_closes_and_the_chain_holds(desk: Office, scanner: Scanner) -> None:
    batch, lot = desk.activated(20)
    desk.do("owner", stamps.retire, batch.uid, Positions(2, 3), StampEvent.VOID, "Rách")
    scan(scanner, codes(desk)[0], device="a")
    assert isinstance(desk.clock, Clock)
    desk.clock.now += 2 * DAY
    with desk.work(SYSTEM) as work:
        assert tallies.count_day(work)
    scan(scanner, codes(desk)[1], device="b")
    with desk.work(SYSTEM) as work:
        while notices.behind(work):
            notices.tell(work)
    before, seen = desk.counts(), []
    multiply(desk, TIMES, lambda count, floor: desk.minter.keys.reserve(count, floor, name="demo"), seen.append)
    assert seen == list(range(1, len(times.TABLES) + 1))
    after = desk.counts()
    whole = {"product", "lot", "batch", "scan", "sighting", "stamp_range", "range_event", "print_job", "lot_input"}
    assert {name: after[name] for name in whole} == {name: before[name] * TIMES for name in whole}
    # The first maker keeps some; the other organisation of this office is copied each time, officers never.
    assert after["organisation"] == before["organisation"] + (TIMES - 1) + (TIMES - 1 - KEPT_BY_FIRST)
    assert len([row for row in desk.rows(User) if row.organisation_id is None]) == 3
    assert {row.organisation_id for row in desk.rows(Product)} <= {row.id for row in desk.rows(Organisation)}
    blocks = sorted((row.lo, row.hi) for row in desk.rows(Batch))
    assert all(one[1] <= other[0] for one, other in pairwise(blocks))
    with desk.reading(SYSTEM) as work:
        assert audit.check(work.session) == after["audit_entry"]
        lines, _ = sums.page(work, Ask(size=200))
        assert len(lines) == TIMES
        assert all(line.good for line in lines)
        assert not notices.behind(work)
    assert sum(row.scans for row in desk.rows(ScanTally) if row.lot_id == tallies.ALL) == TIMES
    assert [row.scans for row in desk.rows(LotTally)] == [1] * TIMES
    assert {row.lot_id for row in desk.rows(Scan)} == {row.id for row in desk.do("coord", lots.page).rows}
    with desk.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                for foreign in column.foreign_keys:
                    known = sa.select(foreign.column)
                    lost = (
                        sa.select(sa.func.count()).select_from(table).where(column.is_not(None), column.not_in(known))
                    )
                    assert connection.scalar(lost) == 0, (table.name, column.name)
    assert desk.lot(desk.rows(Product)[0].uid, "L2").id > lot.id + TIMES - 1, "keys go on behind the copies"
