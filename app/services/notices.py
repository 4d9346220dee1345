"""Notices, read off the audit chain: no act has to remember to tell, and none is told that was not committed.

The worker reads on from a mark, writes one row for each reader and moves the mark in the same transaction, so that
every act is told once. A row then leaves until it has arrived: at least once, always under the same id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal, Text
from app.domain.notices import RETRIES_S, TELLINGS, Audience, Channel, NoticeState, Telling
from app.domain.permissions import RIGHTS, Scope
from app.models.audit import AuditEntry, AuditHead
from app.models.cases import AlertCase
from app.models.lots import Lot
from app.models.notices import Notice, NoticeMark, Webhook
from app.models.orders import PrintJob, StampOrder
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.recalls import Recall
from app.models.stamps import Batch, Hold
from app.models.users import User
from app.services import paging
from app.services.paging import Ask, Part
from app.services.work import Work

STEP = 200
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class _Thing:
    """What an entry is about: its public id and name, whose it is, and who prints it."""

    uid: UUID
    name: str
    organisation_id: int
    printer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice on its way: `to` is an address, a telephone number or a URL; `secret` signs for a webhook."""

    uid: UUID
    channel: Channel
    to: str
    secret: str
    event: str
    thing: UUID
    words: Text
    at: int
    locale: str = "vi"


def behind(work: Work) -> bool:
    """Whether something was done that was not told."""
    head, mark = sa.select(AuditHead.seq).scalar_subquery(), sa.select(NoticeMark.seq).scalar_subquery()
    return bool(work.session.scalar(sa.select(head > mark)))


def tell(work: Work) -> int:
    """Read on in the audit chain; gives how many entries were read."""
    mark = work.session.execute(sa.select(NoticeMark).with_for_update()).scalar_one()
    entries = work.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.seq > mark.seq).order_by(AuditEntry.seq).limit(STEP)
    ).all()
    for entry in entries:
        event = f"{entry.noun}.{entry.action}"
        telling = TELLINGS.get(event)
        thing = _thing(work, entry.noun, entry.object_id) if telling else None
        if telling is not None and thing is not None:
            _tell(work, entry, event, telling, thing)
        mark.seq = entry.seq
    return len(entries)


def _tell(work: Work, entry: AuditEntry, event: str, telling: Telling, thing: _Thing) -> None:
    def add(channel: Channel, *, user: int | None = None, webhook: int | None = None) -> None:
        work.session.add(
            Notice(
                uid=work.new_id(),
                user_id=user,
                webhook_id=webhook,
                event=event,
                thing=thing.uid,
                name=thing.name[:200],
                at=entry.at,
                channel=channel,
                state=NoticeState.SENT if channel is Channel.APP else NoticeState.WAITING,
                tries=0,
                due_at=work.now,
                sent_at=work.now if channel is Channel.APP else None,
            )
        )

    owner = thing.printer_id or thing.organisation_id if telling.audience is Audience.PRINTER else thing.organisation_id
    for user in _readers(work, telling, owner):
        if user.id != entry.actor_id:
            add(_channel(user), user=user.id)
    if telling.audience is not Audience.OFFICERS:
        hooks = sa.select(Webhook.id).where(Webhook.organisation_id == owner, Webhook.ended_at.is_(None))
        for webhook in work.session.scalars(hooks):
            add(Channel.WEBHOOK, webhook=webhook)


def _channel(user: User) -> Channel:
    """By e-mail where there is an address, else as a text; accounts of the demo read it in the office only."""
    if user.example:
        return Channel.APP
    return Channel.EMAIL if user.email else Channel.TEXT if user.phone else Channel.APP


def _readers(work: Work, telling: Telling, owner: int) -> list[User]:
    wanted = Scope.ALL if telling.audience is Audience.OFFICERS else Scope.OWN
    roles = {role for role, (scope, actions) in RIGHTS.items() if scope is wanted and telling.action in actions}
    statement = sa.select(User).where(User.active.is_(True))
    if wanted is Scope.OWN:
        statement = statement.where(User.organisation_id == owner)
    return [user for user in work.session.scalars(statement) if roles & {role.name for role in user.roles}]


def _owned(name: str) -> Callable[[Work, Any], _Thing]:
    return lambda _, row: _Thing(row.uid, str(getattr(row, name)), row.organisation_id)


def _job(work: Work, row: PrintJob) -> _Thing:
    batch = work.session.get_one(Batch, row.batch_id)
    return _Thing(row.uid, batch.number, batch.organisation_id, row.printer_id)


def _hold(work: Work, row: Hold) -> _Thing | None:
    lot = work.session.get(Lot, row.lot_id) if row.lot_id else None
    return _Thing(lot.uid, lot.lot_no, lot.organisation_id) if lot else None


def _case(_: Work, row: AlertCase) -> _Thing:
    return _Thing(row.uid, row.number, row.organisation_id or 0)


_THINGS: Mapping[str, tuple[type[Any], Callable[[Work, Any], _Thing | None]]] = {
    "organisation": (Organisation, lambda _, row: _Thing(row.uid, row.name, row.id)),
    "product": (Product, _owned("name")),
    "order": (StampOrder, _owned("number")),
    "recall": (Recall, _owned("number")),
    "print_job": (PrintJob, _job),
    "hold": (Hold, _hold),
    "alert_case": (AlertCase, _case),
}


def _thing(work: Work, noun: str, object_id: int) -> _Thing | None:
    model, named = _THINGS[noun]
    row = work.session.get(model, object_id)
    return named(work, row) if row is not None else None


def words(notice: Notice) -> Text:
    """What a notice says."""
    return TELLINGS[notice.event].words.fill({"name": notice.name})


def due(work: Work, most: int = 20) -> list[Letter]:
    """What should leave now, the longest waiting first."""
    ready = sa.and_(Notice.state == NoticeState.WAITING, Notice.due_at <= work.now)
    statement = sa.select(Notice, User, Webhook).outerjoin(User, User.id == Notice.user_id)
    statement = statement.outerjoin(Webhook, Webhook.id == Notice.webhook_id)
    rows = work.session.execute(statement.where(ready).order_by(Notice.due_at).limit(most)).all()
    return [_letter(*row) for row in rows]


def _letter(notice: Notice, user: User | None, webhook: Webhook | None) -> Letter:
    to, secret, locale = "", "", "vi"
    if webhook is not None and webhook.ended_at is None:
        to, secret = webhook.url, webhook.secret
    elif user is not None and user.active:
        to = (user.email if notice.channel is Channel.EMAIL else user.phone) or ""
        locale = user.locale
    return Letter(notice.uid, notice.channel, to, secret, notice.event, notice.thing, words(notice), notice.at, locale)


def settle(work: Work, uid: UUID, problem: str | None = None) -> None:
    """Note that a letter has left (`problem` None), or when it is tried again; after the last try it is given up."""
    row = work.find(Notice, uid, "notice")
    row.tries += 1
    row.problem = problem[:255] if problem is not None else None
    if problem is None:
        row.state, row.sent_at = NoticeState.SENT, work.now
    elif row.tries > len(RETRIES_S):
        row.state = NoticeState.FAILED
    else:
        row.due_at = work.now + RETRIES_S[row.tries - 1] * _US


def page(work: Work, ask: Ask = paging.FIRST) -> Part[Notice]:
    """The actor's notices, the newest first."""
    return paging.part(work, Notice, sa.select(Notice).where(Notice.user_id == work.actor.user_id), ask)


def unread(work: Work) -> int:
    """How many of them were not read."""
    mine = sa.and_(Notice.user_id == work.actor.user_id, Notice.read_at.is_(None))
    return work.session.scalar(sa.select(sa.func.count()).select_from(Notice).where(mine)) or 0


def read(work: Work, uid: UUID | None = None) -> None:
    """Mark one of the actor's notices as read, or all. Raises Refusal `not_found`."""
    mine = sa.and_(Notice.user_id == work.actor.user_id, Notice.read_at.is_(None))
    if uid is not None:
        row = work.find(Notice, uid, "notice")
        if row.user_id is None or row.user_id != work.actor.user_id:
            raise Refusal("not_found", what="notice")
        mine = sa.and_(mine, Notice.id == row.id)
    work.session.execute(sa.update(Notice).where(mine).values(read_at=work.now))
