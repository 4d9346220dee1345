"""Stored files: the row names the bytes by their SHA-256; the bytes lie in the content store."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, Micros, Name, Uid


class StoredFile(Base):
    """One file: a picture (public once attached to a product), a test report, a print file (never public)."""

    __tablename__ = "stored_file"

    id: Mapped[Id]
    uid: Mapped[Uid]
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    media_type: Mapped[str] = mapped_column(sa.String(80))
    size: Mapped[int] = mapped_column(sa.BigInteger())
    name: Mapped[Name]
    organisation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id"))
    public: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Micros]
