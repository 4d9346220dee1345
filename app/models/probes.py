"""Traces of people who try codes: samples of forged scans, and alerts of too many from one place."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Micros


class ProbeSample(Base):
    """One forged or unknown code out of many, at most one a second: what it said and where it turned up."""

    __tablename__ = "probe_sample"

    id: Mapped[UUID] = mapped_column(sa.Uuid(), primary_key=True)
    at: Mapped[Micros] = mapped_column(sa.BigInteger(), index=True)
    verdict: Mapped[str] = mapped_column(sa.String(24))
    code: Mapped[str] = mapped_column(sa.String(200))
    network: Mapped[str | None] = mapped_column(sa.String(64))
    cell: Mapped[int | None] = mapped_column(sa.BigInteger())


class ProbeAlert(Base):
    """Too many forged or unknown codes within ten minutes: `kind` is `device` or `network`, `who` names it."""

    __tablename__ = "probe_alert"

    id: Mapped[UUID] = mapped_column(sa.Uuid(), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(8))
    who: Mapped[str | None] = mapped_column(sa.String(64))
    codes: Mapped[int]
    at: Mapped[Micros] = mapped_column(sa.BigInteger(), index=True)
