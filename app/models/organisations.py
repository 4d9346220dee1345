"""Organisations: the subjects (chủ thể) of the OCOP programme, and print houses."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.organisations import OrganisationKind, OrganisationState
from app.models.base import Base, Id, Micros, Name, Uid, Word


class Organisation(Base):
    """A producer or a print house. `example` marks the invented ones of the demo."""

    __tablename__ = "organisation"

    id: Mapped[Id]
    uid: Mapped[Uid]
    code: Mapped[str] = mapped_column(sa.String(32), unique=True)
    name: Mapped[Name]
    kind: Mapped[OrganisationKind] = mapped_column(Word(OrganisationKind))
    prints: Mapped[bool] = mapped_column(default=False)
    state: Mapped[OrganisationState] = mapped_column(Word(OrganisationState))
    registration_no: Mapped[str | None] = mapped_column(sa.String(32))
    registered_on: Mapped[date | None] = mapped_column(sa.Date())
    representative: Mapped[str | None] = mapped_column(sa.String(120))
    address: Mapped[Name]
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("admin_unit.id"), index=True)
    phone: Mapped[str | None] = mapped_column(sa.String(20))
    email: Mapped[str | None] = mapped_column(sa.String(120))
    gln: Mapped[str | None] = mapped_column(sa.String(13))
    story: Mapped[str | None] = mapped_column(sa.Text())
    example: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Micros]
    version: Mapped[int] = mapped_column(default=1)
