"""The offline pack: its lines, the number under which each last changed, and the signed heads."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BIG, Base, Micros


class SnapshotHead(Base):
    """One signed state of the pack; `body` is what was signed, as canonical JSON."""

    __tablename__ = "snapshot_head"

    number: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    clock: Mapped[int] = mapped_column(sa.BigInteger())
    issued_at: Mapped[Micros]
    body: Mapped[str] = mapped_column(sa.Text())
    kid: Mapped[str] = mapped_column(sa.String(64))
    signature: Mapped[bytes] = mapped_column(sa.LargeBinary(64))


class SnapshotLine(Base):
    """One record of the pack, as canonical JSON; None once it has left the pack."""

    __tablename__ = "snapshot_line"

    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    line: Mapped[str | None] = mapped_column(sa.Text())
    changed: Mapped[int] = mapped_column(sa.BigInteger(), index=True)
