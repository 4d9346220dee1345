"""Devices of inspectors and producers' staff that may send scans in bulk."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, Micros, Name, Uid


class EnrolledDevice(Base):
    """A device and the SHA-256 of its token; `role` is whose scans it makes (`staff` or `inspector`)."""

    __tablename__ = "enrolled_device"

    id: Mapped[Id]
    uid: Mapped[Uid]
    name: Mapped[Name]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    role: Mapped[str] = mapped_column(sa.String(12))
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    enrolled_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    enrolled_at: Mapped[Micros]
    revoked_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    revoked_at: Mapped[int | None] = mapped_column(sa.BigInteger())
