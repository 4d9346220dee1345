"""What surrounds a report: its photo in quarantine, and what officers made of it."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.reports import ReportState
from app.models.base import Base, Id, Micros, Word


class ReportPhoto(Base):
    """The raw bytes of a photo as they were sent; nobody is shown them, and the worker removes them."""

    __tablename__ = "report_photo"

    report_id: Mapped[UUID] = mapped_column(sa.Uuid(), primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary())
    at: Mapped[Micros]


class ReportCase(Base):
    """The officers' side of a report, made with their first step; `outcome` is what its reporter may read."""

    __tablename__ = "report_case"

    id: Mapped[Id]
    report_id: Mapped[UUID] = mapped_column(sa.Uuid(), unique=True)
    state: Mapped[ReportState] = mapped_column(Word(ReportState))
    outcome: Mapped[str | None] = mapped_column(sa.Text())
    decided_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[Micros]
    version: Mapped[int] = mapped_column(default=1)
