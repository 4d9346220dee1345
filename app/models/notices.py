"""Notices: one row for each reader and way out, its uid being the id that every try carries."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.notices import Channel, NoticeState
from app.models.base import Base, Id, Micros, Name, Uid, Word


class Notice(Base):
    """That something happened to a thing, for one account or one webhook."""

    __tablename__ = "notice"
    __table_args__ = (
        sa.Index(None, "state", "due_at"),
        sa.Index(None, "user_id", "read_at"),
        sa.Index(None, "user_id", "id"),
    )

    id: Mapped[Id]
    uid: Mapped[Uid]
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    webhook_id: Mapped[int | None] = mapped_column(sa.ForeignKey("webhook.id"), index=True)
    event: Mapped[str] = mapped_column(sa.String(64))
    thing: Mapped[UUID] = mapped_column(sa.Uuid())
    name: Mapped[Name]
    at: Mapped[Micros]
    channel: Mapped[Channel] = mapped_column(Word(Channel))
    state: Mapped[NoticeState] = mapped_column(Word(NoticeState))
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[Micros]
    sent_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    read_at: Mapped[int | None] = mapped_column(sa.BigInteger())
    problem: Mapped[str | None] = mapped_column(sa.String(255))


class Webhook(Base):
    """Where an organisation's program is told, signed with `secret` (Standard Webhooks)."""

    __tablename__ = "webhook"

    id: Mapped[Id]
    uid: Mapped[Uid]
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    url: Mapped[str] = mapped_column(sa.String(500))
    secret: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[Micros]
    ended_at: Mapped[int | None] = mapped_column(sa.BigInteger())


class NoticeMark(Base):
    """One row: the last entry of the audit chain that was told."""

    __tablename__ = "notice_mark"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(sa.BigInteger())
