"""Enrolled devices: whose scans a bearer token may send. Asked anew each time, so a revocation holds at once."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa

from verifier.contract import ScanRole
from verifier.journal import METADATA, Journal

ENROLLED = sa.Table(
    "enrolled_device",
    METADATA,
    sa.Column("uid", sa.Uuid),
    sa.Column("role", sa.String),
    sa.Column("digest", sa.LargeBinary),
    sa.Column("revoked_at", sa.BigInteger),
)
TABLES = (ENROLLED,)


class NotEnrolled(Exception):
    """The token is missing, wrong or revoked."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device that may send scans for its people."""

    uid: UUID
    role: ScanRole

    @property
    def device(self) -> str:
        """The device id its scans carry."""
        return f"enrolled:{self.uid}"


def enrolled(journal: Journal, authorization: str) -> Enrolled:
    """The device behind an `Authorization: Bearer` header. Raises NotEnrolled, JournalDown."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotEnrolled
    digest = sha256(token.strip().encode()).digest()
    wanted = sa.select(ENROLLED.c.uid, ENROLLED.c.role).where(
        ENROLLED.c.digest == digest, ENROLLED.c.revoked_at.is_(None)
    )
    with journal.connected() as connection:
        row = connection.execute(wanted).first()
    if row is None:
        raise NotEnrolled
    return Enrolled(row.uid, ScanRole(row.role))
