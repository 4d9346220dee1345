"""The audit chain: append-only, each entry bound to the one before it by SHA-256 (rule R12)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models.audit import AuditEntry, AuditHead
from app.models.users import User


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was done: ids and state words only, never a person's name."""

    action: str
    noun: str
    object_id: int
    before: str | None = None
    after: str | None = None
    detail: str = ""


class Broken(Exception):
    """The chain does not hold at `seq`; `why` says how."""

    def __init__(self, seq: int, why: str) -> None:
        self.seq = seq
        self.why = why
        super().__init__(f"entry {seq}: {why}")


def append(session: Session, notes: Sequence[Note], *, at: int, actor_id: int | None) -> None:
    """Append notes to the chain within the session's transaction; its head row is what keeps the chain single."""
    head = session.execute(sa.select(AuditHead).with_for_update()).scalar_one()
    for note in notes:
        entry = AuditEntry(
            seq=head.seq + 1,
            at=at,
            actor_id=actor_id,
            action=note.action,
            noun=note.noun,
            object_id=note.object_id,
            before=note.before,
            after=note.after,
            detail=note.detail,
            previous=head.hash,
        )
        entry.hash = digest(entry)
        session.add(entry)
        head.seq, head.hash = entry.seq, entry.hash


def digest(entry: AuditEntry) -> bytes:
    """The hash over the previous hash and every column of an entry."""
    content = [
        entry.seq,
        entry.at,
        entry.actor_id,
        entry.action,
        entry.noun,
        entry.object_id,
        entry.before,
        entry.after,
        entry.detail,
    ]
    return hashlib.sha256(entry.previous + json.dumps(content, ensure_ascii=False).encode()).digest()


def check(session: Session) -> int:
    """The length of the chain where every link holds. Raises Broken at the first that does not."""
    seq, previous = 0, bytes(32)
    statement = sa.select(AuditEntry).order_by(AuditEntry.seq).execution_options(yield_per=1000)
    with session.scalars(statement) as entries:
        for entry in entries:
            _follows(entry, seq, previous)
            seq, previous = entry.seq, entry.hash
    head = session.execute(sa.select(AuditHead)).scalar_one()
    if (head.seq, head.hash) != (seq, previous):
        raise Broken(seq + 1, "the last entries were cut off")
    return seq


def length(session: Session) -> int:
    """How many entries the chain has, as its head says."""
    return session.scalars(sa.select(AuditHead.seq)).one()


def _follows(entry: AuditEntry, seq: int, previous: bytes) -> None:
    if entry.seq != seq + 1:
        raise Broken(seq + 1, f"entry {seq + 1} is missing")
    if entry.previous != previous:
        raise Broken(entry.seq, "it does not follow the entry before it")
    if entry.hash != digest(entry):
        raise Broken(entry.seq, "its content was changed")


@dataclass(frozen=True, slots=True)
class Step:
    """One entry about one thing, with the name of who did it; None for the system."""

    entry: AuditEntry
    who: str | None


def trail(session: Session, noun: str, object_id: int, most: int = 100) -> list[Step]:
    """What was done to one thing, the newest first."""
    about = sa.and_(AuditEntry.noun == noun, AuditEntry.object_id == object_id)
    statement = sa.select(AuditEntry, User.name).outerjoin(User, User.id == AuditEntry.actor_id).where(about)
    rows = session.execute(statement.order_by(AuditEntry.seq.desc()).limit(most))
    return [Step(entry, name) for entry, name in rows]


def last(session: Session, count: int, before: int | None = None) -> list[Step]:
    """The newest entries, or the newest before that number, the newest first."""
    statement = sa.select(AuditEntry, User.name).outerjoin(User, User.id == AuditEntry.actor_id)
    if before is not None:
        statement = statement.where(AuditEntry.seq < before)
    return [
        Step(entry, name) for entry, name in session.execute(statement.order_by(AuditEntry.seq.desc()).limit(count))
    ]
