"""One piece of work: an actor, a transaction, the audit of what was done, and the fact clock moved last.

    with desk.work(actor) as work:
        orders.approve(work, uid)

Leaving the block writes the audit entries, moves the fact clock where a verdict may have changed, and commits; a
refusal or a fault rolls everything back, so nothing is ever half-written. A state is changed by compare-and-set only.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.database import WRITING
from app.domain.errors import Refusal
from app.domain.permissions import Action, Actor, Scope, scopes
from app.domain.units import UnitLevel
from app.models import Base
from app.models.facts import FactChange, FactClock
from app.models.organisations import Organisation
from app.models.units import AdminUnit, UnitSuccessor
from app.services import audit
from app.services.press import Press
from stamp_engine.lifecycle import IllegalTransition, Machine

# Asia/Ho_Chi_Minh has no summer time, so a fixed offset is the whole of it.
LOCAL = timezone(timedelta(hours=7))
# The database notes every change of a fact, however it was made; a note without a clock is news to the public side.
_UNTOLD = sa.select(sa.exists().where(FactChange.clock.is_(None)))
S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)
M = TypeVar("M", bound=Base)


class Stateful(Protocol):
    """A row that has a life: its state changes by compare-and-set only."""

    id: Any
    state: Any


def local_day(at: int) -> date:
    """The local day of UTC microseconds."""
    return datetime.fromtimestamp(at / 1_000_000, LOCAL).date()


@dataclass(slots=True)
class Work:
    """The transaction in hand. `now` is UTC microseconds, the same for everything in it."""

    session: Session
    actor: Actor
    now: int
    new_id: Callable[[], UUID]
    press: Press
    notes: list[audit.Note] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The local day."""
        return local_day(self.now)

    def add(self, row: M, noun: str, action: str = "create") -> M:
        """Insert a row and note it."""
        self.session.add(row)
        self.session.flush()
        key: Any = row
        self.note(action, noun, key.id, after=str(getattr(row, "state", "") or "") or None)
        return row

    def note(
        self,
        action: str,
        noun: str,
        object_id: int,
        *,
        before: str | None = None,
        after: str | None = None,
        detail: str = "",
    ) -> None:
        """Put an act on the audit chain of this transaction."""
        self.notes.append(audit.Note(action, noun, object_id, before, after, detail))

    def find(self, model: type[M], uid: UUID, what: str) -> M:
        """A row by its public id. Raises Refusal `not_found`."""
        table: Any = model
        found: M | None = self.session.scalar(sa.select(model).where(table.uid == uid))
        if found is None:
            raise Refusal("not_found", what=what)
        return found

    def version(self, row: M, version: int) -> M:
        """The row for changing, where it is still that version; moves it on. Raises Refusal `changed_meanwhile`."""
        table: Any = type(row)
        key: Any = row
        statement = sa.update(table).where(table.id == key.id, table.version == version)
        statement = statement.values(version=version + 1).execution_options(synchronize_session=False)
        changed: Any = self.session.execute(statement)
        if changed.rowcount != 1:
            raise Refusal("changed_meanwhile")
        self.session.refresh(row)
        return row

    def locked(self, row: M) -> M:
        """The row again, nobody else changing it until this work is done."""
        self.session.refresh(row, with_for_update=True)
        return row

    def transition(self, row: Stateful, machine: Machine[S, E], event: E, *, detail: str = "") -> None:
        """Move a row along its table by compare-and-set. Raises Refusal `illegal_step` or `changed_meanwhile`."""
        before: S = row.state
        try:
            after = machine.next(before, event)
        except IllegalTransition as error:
            raise Refusal("illegal_step", event=event.value, state=before.value) from error
        table: Any = type(row)
        values: dict[str, Any] = {"state": after}
        if hasattr(table, "version"):
            values["version"] = table.version + 1
        self.session.flush()
        statement = sa.update(table).where(table.id == row.id, table.state == before).values(values)
        changed: Any = self.session.execute(statement.execution_options(synchronize_session=False))
        if changed.rowcount != 1:
            raise Refusal("changed_meanwhile")
        self.session.refresh(row)
        noun = machine.name.replace(" ", "_")
        self.note(event.value, noun, row.id, before=before.value, after=after.value, detail=detail)

    def may(self, action: Action, *, organisation_id: int | None = None, what: str = "record") -> None:
        """Raises Refusal `forbidden` where the actor may never do this, `not_found` where not to this organisation's.

        The system itself (no user, no roles) may do everything: it acts for the worker and the command line.
        """
        if self.actor.user_id is None and not self.actor.roles:
            return
        allowed = scopes(self.actor, action)
        if not allowed:
            raise Refusal("forbidden")
        if Scope.ALL in allowed:
            return
        if organisation_id is not None:
            if Scope.OWN in allowed and organisation_id == self.actor.organisation_id:
                return
            if Scope.UNIT in allowed and self._within(organisation_id):
                return
        raise Refusal("not_found", what=what)

    def may_in(self, action: Action, unit_id: int) -> None:
        """The same for something new in a unit. Raises Refusal `forbidden`."""
        allowed = scopes(self.actor, action)
        system = self.actor.user_id is None and not self.actor.roles
        own = self.actor.unit_id
        inside = Scope.UNIT in allowed and own is not None and unit_id in subtree(self.session, own)
        if not (system or inside or Scope.ALL in allowed):
            raise Refusal("forbidden")

    def sees_all(self, action: Action) -> bool:
        """Whether there is nothing that the actor may not do this to: every unit is within the province."""
        allowed = scopes(self.actor, action)
        if Scope.ALL in allowed or (self.actor.user_id is None and not self.actor.roles):
            return True
        if Scope.UNIT not in allowed or self.actor.unit_id is None:
            return False
        unit = self.session.get(AdminUnit, self.actor.unit_id)
        return unit is not None and unit.parent_id is None and unit.level is UnitLevel.PROVINCE

    def visible(self, action: Action, organisation: Any) -> sa.ColumnElement[bool]:
        """The same rule as a condition on a column that holds an organisation's key, for lists."""
        if self.sees_all(action):
            return sa.true()
        allowed = scopes(self.actor, action)
        parts: list[sa.ColumnElement[bool]] = [sa.false()]
        if Scope.OWN in allowed:
            parts.append(organisation == self.actor.organisation_id)
        if Scope.UNIT in allowed and self.actor.unit_id is not None:
            units = subtree(self.session, self.actor.unit_id)
            parts.append(organisation.in_(sa.select(Organisation.id).where(Organisation.unit_id.in_(units))))
        return sa.or_(*parts)

    def _within(self, organisation_id: int) -> bool:
        if self.actor.unit_id is None:
            return False
        unit = self.session.scalar(sa.select(Organisation.unit_id).where(Organisation.id == organisation_id))
        return unit in subtree(self.session, self.actor.unit_id)


def subtree(session: Session, unit_id: int) -> frozenset[int]:
    """A unit, all below it, and all that they replaced."""
    found, fresh = {unit_id}, {unit_id}
    while fresh:
        below = session.scalars(sa.select(AdminUnit.id).where(AdminUnit.parent_id.in_(fresh)))
        replaced = session.scalars(sa.select(UnitSuccessor.old_id).where(UnitSuccessor.new_id.in_(fresh)))
        fresh = {*below, *replaced} - found
        found |= fresh
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where work is done: a database, a clock (UTC microseconds), a source of UUIDv7s, and what stamps print with."""

    engine: sa.Engine
    clock: Callable[[], int]
    new_id: Callable[[], UUID]
    press: Press = field(default_factory=Press)

    @contextmanager
    def work(self, actor: Actor) -> Iterator[Work]:
        """A piece of work that is committed whole or not at all."""
        with Session(self.engine.execution_options(**{WRITING: True}), expire_on_commit=False) as session:
            work = Work(session, actor, self.clock(), self.new_id, self.press)
            with session.begin():
                yield work
                session.flush()
                if work.notes:
                    audit.append(session, work.notes, at=work.now, actor_id=actor.user_id)
                    session.flush()
                if session.scalar(_UNTOLD):
                    session.execute(sa.update(FactClock).values(value=FactClock.value + 1))

    @contextmanager
    def reading(self, actor: Actor) -> Iterator[Work]:
        """The same for looking only: nothing is written."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield Work(session, actor, self.clock(), self.new_id, self.press)
