"""The fact clock: one row, moved last in every transaction that changes what a verdict depends on (invariant 6).

The database itself notes each change of a fact as it is made, whoever makes it; when the clock moves, the changes come
under its new value. So those who keep facts in memory read only what changed (decision 0023).
"""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id


class FactClock(Base):
    """`value` only grows; a scan is recorded only under the value it was judged with."""

    __tablename__ = "fact_clock"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(sa.BigInteger())


class FactChange(Base):
    """A part of the facts that changed, and whose; `clock` is empty until the clock has moved for it.

    `key` is empty where all of the part may be new; the part `*` is all there is.
    """

    __tablename__ = "fact_change"

    id: Mapped[Id]
    clock: Mapped[int | None] = mapped_column(sa.BigInteger(), index=True)
    part: Mapped[str] = mapped_column(sa.String(16))
    key: Mapped[int | None] = mapped_column(sa.BigInteger())
