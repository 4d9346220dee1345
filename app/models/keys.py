"""The public halves and the states of keys. Private and symmetric keys never come near the database."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, Micros


class SigningKey(Base):
    """An Ed25519 public key: `use` is `stamp` (sealed stamps) or `manifest`; `state` live, retired or compromised."""

    __tablename__ = "signing_key"

    id: Mapped[Id]
    kid: Mapped[str] = mapped_column(sa.String(64), unique=True)
    use: Mapped[str] = mapped_column(sa.String(16))
    public: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    state: Mapped[str] = mapped_column(sa.String(16))
    created_at: Mapped[Micros]
    changed_at: Mapped[Micros]


class Epoch(Base):
    """A token-key epoch by its number; the key itself is in the key directory only."""

    __tablename__ = "epoch"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(sa.String(16))
    created_at: Mapped[Micros]
    changed_at: Mapped[Micros]
