"""The office killed around a commit: what was committed shows on the next scan, what was not has left nothing."""

import multiprocessing
import os
import signal
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.database import open_engine
from app.domain.permissions import Actor
from app.domain.recalls import RecallEvent
from app.services import recalls
from app.services.recalls import NewRecall
from app.services.work import Desk
from tests.app.office import Office
from tests.app.test_story import codes
from tests.verifier.world import World, scan
from verifier.contract import Verdict

LATER_US = 3_600_000_000


def approve(url: str, moment: str, officer: Actor, recall: UUID, now: int) -> None:
    """An office that is killed at that moment of approving a recall."""
    sa.event.listen(Session, moment, lambda _: os.kill(os.getpid(), signal.SIGKILL))
    desk = Desk(open_engine(url), lambda: now, lambda: UUID(int=7))
    with desk.work(officer) as work:
        recalls.decide(work, recall, RecallEvent.APPROVE)


@pytest.mark.parametrize(
    ("moment", "verdict"), [("before_commit", Verdict.VALID_FIRST), ("after_commit", Verdict.RECALLED)]
)
def test_an_office_killed_around_its_commit(desk: Office, public: World, moment: str, verdict: Verdict) -> None:
    _, lot = desk.activated(4)
    asked = desk.do("coord", recalls.request, NewRecall((lot.uid,), "Vượt dư lượng", "Trả lại"))
    scanner, texts, before = public.scanner(), codes(desk), desk.counts()
    assert scan(scanner, texts[0]).verdict is Verdict.VALID_FIRST
    told = (desk.stack.url, moment, desk.people["coord2"], asked.uid, desk.clock() + LATER_US)
    killed = multiprocessing.get_context("spawn").Process(target=approve, args=told)
    killed.start()
    killed.join(60)
    assert killed.exitcode == -signal.SIGKILL
    assert scan(scanner, texts[1]).verdict is verdict
    if verdict is not Verdict.RECALLED:
        left = {name: count for name, count in desk.counts().items() if count != before[name]}
        assert left == {"scan": 2, "sighting": 2}
        desk.do("coord2", recalls.decide, asked.uid, RecallEvent.APPROVE)
    assert scan(scanner, texts[2]).verdict is Verdict.RECALLED
