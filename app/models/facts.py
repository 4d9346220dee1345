"""The fact clock: one row, moved last in every transaction that changes what a verdict depends on (invariant 6)."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class FactClock(Base):
    """`value` only grows; a scan is recorded only under the value it was judged with."""

    __tablename__ = "fact_clock"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(sa.BigInteger())
