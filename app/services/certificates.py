"""OCOP certificates: points to stars by the rule-set of the day, 36 months, revoked or replaced by the next."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa

from app.domain.certificates import FEWEST_SHOWN, POINT_LIMITS, SHOWN, VALID_MONTHS, stars_for, state_on
from app.domain.errors import Refusal
from app.domain.permissions import Action
from app.domain.products import RuleSet
from app.models.certificates import Certificate
from app.services import checks, products
from app.services.work import Work, local_day


@dataclass(frozen=True, slots=True)
class NewCertificate:
    """A grading decision with the mean points of parts A, B and C."""

    decision_no: str
    issuer: str
    rule_set: RuleSet
    points_a: Decimal
    points_b: Decimal
    points_c: Decimal
    issued_on: date


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), first_of_next - timedelta(days=1))


def grant(work: Work, product: UUID, asked: NewCertificate) -> Certificate:
    """Give a product its stars; the certificate before it is superseded. Raises Refusal."""
    row = products.get(work, product)
    work.may(Action.GRANT_CERTIFICATE, organisation_id=row.organisation_id, what="product")
    checks.not_future("issued_on", asked.issued_on, work.today)
    limits = POINT_LIMITS.get(asked.rule_set)
    if limits is None:
        raise Refusal("malformed", pointer="/rule_set", what="rule_set")
    for part, points, most in (
        ("a", asked.points_a, limits.a),
        ("b", asked.points_b, limits.b),
        ("c", asked.points_c, limits.c),
    ):
        if not points.is_finite() or not 0 <= points <= most:
            raise Refusal("points_out_of_range", pointer=f"/points_{part}", part=part.upper(), most=most)
    made = work.add(
        Certificate(
            uid=work.new_id(),
            product_id=row.id,
            decision_no=checks.text("decision_no", asked.decision_no, 80),
            issuer=checks.text("issuer", asked.issuer),
            rule_set=asked.rule_set,
            points_a=asked.points_a,
            points_b=asked.points_b,
            points_c=asked.points_c,
            stars=stars_for(asked.points_a + asked.points_b + asked.points_c),
            issued_on=asked.issued_on,
            expires_on=months_after(asked.issued_on, VALID_MONTHS),
            created_at=work.now,
        ),
        "certificate",
        "grant",
    )
    older = sa.select(Certificate).where(
        Certificate.product_id == row.id,
        Certificate.id != made.id,
        Certificate.superseded_by_id.is_(None),
        Certificate.issued_on <= made.issued_on,
    )
    for before in work.session.scalars(older):
        before.superseded_by_id = made.id
    return made


def revoke(work: Work, uid: UUID, reason: str) -> Certificate:
    """Withdraw a certificate from today. Raises Refusal."""
    row = work.find(Certificate, uid, "certificate")
    work.may(Action.GRANT_CERTIFICATE, what="certificate")
    row.revoked_on = work.today
    row.revoked_reason = checks.text("reason", reason, 255)
    work.note("revoke", "certificate", row.id, detail=row.revoked_reason)
    return row


def stars_at(work: Work, product_id: int, at: int) -> int:
    """The stars that a product's labels may show at a moment (UTC microseconds); 0 where it has none.

    Only what was known then counts, so that a batch minted again comes out the same.
    """
    day = local_day(at)
    rows = work.session.scalars(
        sa.select(Certificate)
        .where(Certificate.product_id == product_id, Certificate.created_at <= at, Certificate.issued_on <= day)
        .order_by(Certificate.issued_on.desc(), Certificate.id.desc())
        .limit(1)
    )
    for row in rows:
        state = state_on(day, expires_on=row.expires_on, revoked_on=row.revoked_on, superseded=False)
        if state in SHOWN and row.stars >= FEWEST_SHOWN:
            return row.stars
    return 0
