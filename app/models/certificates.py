"""OCOP certificates of products."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.products import RuleSet
from app.models.base import Base, Day, Id, Micros, Name, Points, Uid, Word


class Certificate(Base):
    """A decision that gave a product its stars, with the points of parts A, B, C under the rule-set of its time."""

    __tablename__ = "certificate"
    __table_args__ = (
        sa.CheckConstraint("stars BETWEEN 1 AND 5", "stars"),
        sa.CheckConstraint("expires_on > issued_on", "dates"),
    )

    id: Mapped[Id]
    uid: Mapped[Uid]
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    decision_no: Mapped[str] = mapped_column(sa.String(80))
    issuer: Mapped[Name]
    rule_set: Mapped[RuleSet] = mapped_column(Word(RuleSet))
    points_a: Mapped[Points]
    points_b: Mapped[Points]
    points_c: Mapped[Points]
    stars: Mapped[int]
    issued_on: Mapped[Day]
    expires_on: Mapped[Day]
    revoked_on: Mapped[date | None] = mapped_column(sa.Date())
    revoked_reason: Mapped[str | None] = mapped_column(sa.String(255))
    superseded_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("certificate.id"))
    created_at: Mapped[Micros]
