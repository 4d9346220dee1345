"""Facts about single stamps: on display, published, copied, cleared. A change shows on the next scan."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.flags import REGISTERED, FlagKind
from app.domain.permissions import Action
from app.models.cases import AlertCase
from app.models.flags import StampFlag
from app.models.stamps import Batch
from app.services import checks, codes, paging
from app.services.codes import Reader
from app.services.paging import Ask, Part
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class NewFlag:
    """A stamp by its code or serial, and what is true of it; `words`: where it is shown, or where it was published."""

    kind: FlagKind
    stamp: str
    words: str


@dataclass(frozen=True, slots=True)
class Flagged:
    """A registered stamp with its roll and its place in it."""

    flag: StampFlag
    batch: Batch

    @property
    def position(self) -> int:
        """Its place in the roll, counted from 1."""
        return self.flag.stamp - self.batch.lo + 1


def register(work: Work, reader: Reader, asked: NewFlag) -> StampFlag:
    """Register a stamp as on display or published. Raises Refusal."""
    place = codes.locate(work, reader, asked.stamp, pointer="/stamp")
    owner = place.batch.organisation_id
    work.may(Action.FLAG_STAMPS, organisation_id=owner, what="stamp")
    if asked.kind not in REGISTERED:
        raise Refusal("malformed", pointer="/kind", what="kind")
    stamp = place.batch.lo + place.position - 1
    if _standing(work, stamp, (asked.kind,)):
        raise Refusal("already_used", pointer="/stamp", what="Tem / stamp")
    return _place(work, stamp, place.batch.id, asked.kind, words=checks.text("words", asked.words, 200))


def end(work: Work, uid: UUID) -> StampFlag:
    """It is no longer so: the display is taken down. Raises Refusal."""
    row = work.find(StampFlag, uid, "flag")
    batch = work.session.get_one(Batch, row.batch_id)
    work.may(Action.FLAG_STAMPS, organisation_id=batch.organisation_id, what="flag")
    if row.kind not in REGISTERED or row.ended_at is not None:
        raise Refusal("flag_ended")
    _end(work, [row])
    return row


def page(work: Work, ask: Ask = paging.FIRST) -> Part[Flagged]:
    """What is registered now and the actor may see, the newest first; found by its words."""
    seen = work.visible(Action.FLAG_STAMPS, Batch.organisation_id)
    now = sa.and_(seen, StampFlag.ended_at.is_(None), StampFlag.kind.in_(REGISTERED))
    statement: Any = sa.select(StampFlag, Batch).join(Batch, Batch.id == StampFlag.batch_id).where(now)
    like = paging.containing(ask, StampFlag.words, Batch.number)
    found = paging.cut(work, StampFlag, statement.where(like), ask, StampFlag.kind)
    return Part([Flagged(*row) for row in found.rows], found.next)


def decided(work: Work, case: AlertCase, *, copied: bool) -> None:
    """What an officer's decision on a stamp's case makes of it: red, or no warning until more is seen."""
    if case.stamp is None or case.batch_id is None:
        return
    _end(work, _standing(work, case.stamp, (FlagKind.COPIED, FlagKind.CLEARED)))
    kind = FlagKind.COPIED if copied else FlagKind.CLEARED
    flag = _place(work, case.stamp, case.batch_id, kind, case_id=case.id)
    if not copied:
        flag.weight, flag.marks, flag.voices = case.level, case.marks, case.voices


def end_of_case(work: Work, case: AlertCase) -> None:
    """A case that is opened again takes back what its decision had made of the stamp."""
    mine = sa.and_(StampFlag.case_id == case.id, StampFlag.ended_at.is_(None))
    _end(work, work.session.scalars(sa.select(StampFlag).where(mine)).all())


def _standing(work: Work, stamp: int, kinds: Iterable[FlagKind]) -> list[StampFlag]:
    now = sa.and_(StampFlag.stamp == stamp, StampFlag.ended_at.is_(None), StampFlag.kind.in_(kinds))
    return list(work.session.scalars(sa.select(StampFlag).where(now)))


def _place(
    work: Work, stamp: int, batch_id: int, kind: FlagKind, *, words: str | None = None, case_id: int | None = None
) -> StampFlag:
    row = StampFlag(
        uid=work.new_id(),
        stamp=stamp,
        batch_id=batch_id,
        kind=kind,
        words=words,
        case_id=case_id,
        placed_by_id=work.actor.user_id,
        placed_at=work.now,
    )
    return work.add(row, "stamp_flag", "place")


def _end(work: Work, rows: Iterable[StampFlag]) -> None:
    for row in rows:
        row.ended_by_id, row.ended_at = work.actor.user_id, work.now
        work.note("end", "stamp_flag", row.id, before=row.kind.value)
