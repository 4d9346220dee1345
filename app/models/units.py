"""Administrative units, dated, and the links from each to what replaced it."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.units import UnitKind, UnitLevel
from app.models.base import Base, Day, Id, Name, Word


class AdminUnit(Base):
    """One unit over one stretch of time; codes are re-used, so the key is (code, valid_from)."""

    __tablename__ = "admin_unit"
    __table_args__ = (sa.UniqueConstraint("code", "valid_from"),)

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(sa.String(16))
    level: Mapped[UnitLevel] = mapped_column(Word(UnitLevel))
    kind: Mapped[UnitKind] = mapped_column(Word(UnitKind))
    name: Mapped[Name]
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("admin_unit.id"), index=True)
    valid_from: Mapped[Day]
    valid_to: Mapped[date | None] = mapped_column(sa.Date())
    lat: Mapped[float | None]
    lon: Mapped[float | None]


class UnitSuccessor(Base):
    """`old` was replaced by `new`; a unit whose successor is not known has no row."""

    __tablename__ = "unit_successor"

    old_id: Mapped[int] = mapped_column(sa.ForeignKey("admin_unit.id"), primary_key=True)
    new_id: Mapped[int] = mapped_column(sa.ForeignKey("admin_unit.id"), primary_key=True, index=True)
