"""What producers see of scans: the same numbers before and after a day is counted, and no place of single people."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.errors import Refusal
from app.domain.permissions import SYSTEM
from app.models.scans import PlaceTally, ScanTally, TallyMark
from app.services import scans, tallies
from app.services.scans import Story
from app.services.work import local_day
from tests.app.office import Office
from tests.app.test_story import codes, scanner
from tests.app.test_web import Browser, flask
from tests.verifier.world import DAY, Clock, scan
from verifier.contract import Place
from verifier.scan import Scanner

__all__ = ["flask", "scanner"]
CITY, TOWN = Place(21.02, 105.84, 10), Place(21.33, 103.91, 10)


def later(desk: Office, days: float = 1) -> None:
    assert isinstance(desk.clock, Clock)
    desk.clock.now += round(days * DAY)


def counted(desk: Office) -> int:
    found = 0
    with desk.work(SYSTEM) as work:
        while tallies.count_day(work):
            found += 1
    return found


def killed(desk: Office) -> None:
    """A worker that ends before its work is written."""
    with desk.work(SYSTEM) as work:
        tallies.count_day(work)
        raise ZeroDivisionError


def told(desk: Office, who: str = "owner", **asked: Any) -> Story:
    with desk.reading(desk.people[who]) as work:
        return scans.story(work, scans.about(work, **asked))


def numbers(story: Story) -> Story:
    """The same with things named, so that two readings can be compared; without places, which come with a count."""
    best: Any = story.best and (story.best[0].uid, story.best[1])
    goods: Any = tuple((row.uid, count) for row, count in story.goods)
    lots: Any = tuple((one.lot.uid, one.scans, one.unusual, one.last_on) for one in story.lots)
    return replace(story, places=(), best=best, goods=goods, lots=lots)


def market(desk: Office, scanner: Scanner) -> None:
    """Three days: five scans in the city, two in the town, one that says nothing, of seven stamps."""
    texts = codes(desk)
    for turn in range(5):
        scan(scanner, texts[turn], device=f"c{turn}", place=CITY)
    later(desk)
    for turn in (5, 6):
        scan(scanner, texts[turn], device=f"t{turn}", place=TOWN)
    later(desk)
    scan(scanner, texts[0], device="again")


def test_a_counted_day_says_what_its_scans_said(desk: Office, scanner: Scanner) -> None:
    desk.activated(20)
    market(desk, scanner)
    whole, province = told(desk), told(desk, "coord")
    assert [one.scans for one in whole.days[-3:]] == [5, 2, 1]
    assert [one.firsts for one in whole.days[-3:]] == [5, 2, 0]
    assert (whole.week, whole.before, sum(one.scans for one in whole.weeks)) == (8, 0, 8)
    assert [(row.name, count) for row, count in whole.goods] == [("Chè Shan tuyết", 8)]
    assert whole.best is not None
    assert whole.best[1] == whole.lots[0].scans == 8
    assert counted(desk) == 2
    assert counted(desk) == 0, "today is not over"
    assert numbers(told(desk)) == numbers(whole)
    assert numbers(told(desk, "coord")) == numbers(province)
    later(desk)
    assert counted(desk) == 1
    assert sum(row.scans for row in desk.rows(ScanTally) if row.lot_id == tallies.ALL) == 8
    assert numbers(told(desk)).lots == numbers(whole).lots
    assert told(desk, "stranger").lots == ()
    assert told(desk, "stranger").week == 0


def test_a_day_is_counted_once_and_only_when_it_is_over(desk: Office, scanner: Scanner) -> None:
    desk.activated(20)
    scan(scanner, codes(desk)[0], device="x")
    at = desk.clock()
    assert isinstance(desk.clock, Clock)
    desk.clock.now = tallies.begin_of(local_day(at)) + DAY + 60_000_000
    assert counted(desk) == 0, "a scan may still be on its way"
    later(desk, 0.01)
    with pytest.raises(ZeroDivisionError):
        killed(desk)
    assert desk.rows(TallyMark) == desk.rows(ScanTally) == []
    assert counted(desk) == 1
    assert [row.scans for row in desk.rows(ScanTally)] == [1, 1]


def test_few_scans_at_a_place_are_one_with_the_others(desk: Office, scanner: Scanner) -> None:
    desk.activated(20)
    market(desk, scanner)
    later(desk)
    counted(desk)
    shown = {one.name.vi: one.scans for one in told(desk).places}
    assert shown == {"Quanh Hà Nội": 5, "Nơi khác": 2, "Không rõ nơi": 1}
    assert {one.name.vi for one in told(desk, "coord").places} == set(shown)
    kept = {row.place for row in desk.rows(PlaceTally)}
    later(desk, 95)
    desk.minter.upkeep()
    left = {row.place for row in desk.rows(PlaceTally)}
    assert len(kept) == len(left) == 3
    assert left == {"~Hà Nội", "-", "?"}, "once the scans are gone, no place of single people is kept"


def test_scans_of_a_product_and_of_a_lot_are_their_owners(flask: Any, desk: Office, scanner: Scanner) -> None:
    _, lot = desk.activated(20)
    market(desk, scanner)
    later(desk)
    counted(desk)
    other = desk.product(name="Mận sấy")
    assert told(desk, lot=lot.uid).week == 8
    assert told(desk, product=other.uid).week == 0
    with pytest.raises(Refusal, match="not_found"):
        told(desk, "stranger", lot=lot.uid)
    page = Browser(flask, "owner").get(f"/office/scans?lot={lot.uid}")
    assert "L1" in page
    assert "Quanh Hà Nội" in page
    assert "Cảnh báo về hàng" in Browser(flask, "owner").get("/office/scans")
    assert "Mã hợp lệ – lần quét đầu tiên" in page
    refused = Browser(flask, "stranger").client.get(f"/office/scans?lot={lot.uid}")
    assert refused.status_code == 404
