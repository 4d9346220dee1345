"""OCOP certificates: stars, points and how long they hold.

A certificate of 3 to 5 stars holds 36 months from issue; after that neither stars nor the OCOP logo may be shown.
Stars follow the mean of the council's totals, half-open bands of 100 (QĐ 1048/2019 and QĐ 148/2023 alike).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

VALID_MONTHS = 36
EXPIRING_DAYS = 90


class CertificateState(StrEnum):
    """Derived from dates at the moment of asking, never stored."""

    VALID = "VALID"
    EXPIRING = "EXPIRING"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    SUPERSEDED = "SUPERSEDED"


SHOWN = (CertificateState.VALID, CertificateState.EXPIRING)
FEWEST_SHOWN = 3
"""A certificate is given for 3 to 5 stars; fewer are a grade and stand on no label."""


@dataclass(frozen=True, slots=True)
class PointLimits:
    """The most a product may score in part A (product and community), B (marketing) and C (quality)."""

    a: int
    b: int
    c: int


POINT_LIMITS = {
    "QD-1048-2019": PointLimits(35, 25, 40),
    "QD-148-2023": PointLimits(40, 25, 35),
}

STAR_FLOORS = ((Decimal(90), 5), (Decimal(70), 4), (Decimal(50), 3), (Decimal(30), 2), (Decimal(0), 1))


def stars_for(total: Decimal) -> int:
    """Stars (1 to 5) for a mean total of 0 to 100 points."""
    return next(stars for floor, stars in STAR_FLOORS if total >= floor)


def state_on(day: date, *, expires_on: date, revoked_on: date | None, superseded: bool) -> CertificateState:
    """The state of a certificate on a local day; it still holds on the day it expires."""
    if revoked_on is not None and revoked_on <= day:
        return CertificateState.REVOKED
    if superseded:
        return CertificateState.SUPERSEDED
    left = (expires_on - day).days
    if left < 0:
        return CertificateState.EXPIRED
    return CertificateState.EXPIRING if left <= EXPIRING_DAYS else CertificateState.VALID
