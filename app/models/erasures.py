"""What people asked to have forgotten; the public side asks, the worker does it."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Micros


class Erasure(Base):
    """One wish: a scan, or all scans of a device. What names the device is itself forgotten once it is done."""

    __tablename__ = "erasure"

    id: Mapped[UUID] = mapped_column(sa.Uuid(), primary_key=True)
    scan_id: Mapped[UUID | None] = mapped_column(sa.Uuid())
    device: Mapped[str | None] = mapped_column(sa.String(128))
    hashes: Mapped[bytes | None] = mapped_column(sa.LargeBinary())
    at: Mapped[Micros]
    done_at: Mapped[int | None] = mapped_column(sa.BigInteger())
