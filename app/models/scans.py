"""What the verifier writes: sightings, scans, places, nonces, claims, PIN tries, reports.

The verifier's database role may insert these (and update sightings and PIN tries) and write nothing else. `scan` is
partitioned by month of its UUIDv7 on PostgreSQL, so it carries no foreign keys.
"""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BIG, Base, Day, Micros


class Sighting(Base):
    """All that is remembered of one stamp ever scanned. `n` only grows and is the compare-and-set key of every change.

    A recorded scan moves it by one, and so does a claim. `state` is the packed history the judge reads (≤ 80 bytes,
    layout in `verifier.sightings`).
    """

    __tablename__ = "sighting"

    stamp: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(sa.BigInteger())
    state: Mapped[bytes] = mapped_column(sa.LargeBinary(80))


class Scan(Base):
    """One recorded scan; its id is the receipt. It holds all that a repeat of the same nonce needs."""

    __tablename__ = "scan"
    __table_args__ = (sa.Index(None, "lot_id", "id"),)

    id: Mapped[UUID] = mapped_column(sa.Uuid(), primary_key=True)
    stamp: Mapped[int] = mapped_column(BIG, index=True)
    batch_id: Mapped[int | None] = mapped_column(BIG)
    lot_id: Mapped[int | None] = mapped_column(BIG)
    n: Mapped[int] = mapped_column(sa.BigInteger())
    at: Mapped[Micros]
    scanned_at: Mapped[Micros]
    verdict: Mapped[str] = mapped_column(sa.String(24))
    suspicion: Mapped[int] = mapped_column(sa.SmallInteger())
    history: Mapped[str] = mapped_column(sa.Text())
    role: Mapped[str] = mapped_column(sa.String(12))
    channel: Mapped[str] = mapped_column(sa.String(12))
    device: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16))
    cell: Mapped[int | None] = mapped_column(sa.BigInteger())
    source: Mapped[str] = mapped_column(sa.String(12))
    late: Mapped[bool]


class ScanTally(Base):
    """The scans of a local day that is over, by lot (0: none, -1: all lots together), verdict and role.

    `firsts` were the first scan of their stamp. Counts stay when raw scans are too old to keep.
    """

    __tablename__ = "scan_tally"
    __table_args__ = (sa.Index(None, "lot_id", "day"),)

    day: Mapped[Day] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    verdict: Mapped[str] = mapped_column(sa.String(24), primary_key=True)
    role: Mapped[str] = mapped_column(sa.String(12), primary_key=True)
    scans: Mapped[int]
    firsts: Mapped[int] = mapped_column(server_default="0")


class LotTally(Base):
    """All consumers' scans of a lot on days that are over, and the last such day."""

    __tablename__ = "lot_tally"

    lot_id: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    scans: Mapped[int]
    unusual: Mapped[int]
    firsts: Mapped[int]
    last_on: Mapped[Day] = mapped_column(sa.Date(), index=True)


class PlaceTally(Base):
    """Consumers' scans of a lot (-1: all lots together) in a week, by commune or town (`app.services.regions`).

    Once the raw scans are gone, places with few scans are one with the others.
    """

    __tablename__ = "place_tally"
    __table_args__ = (sa.Index(None, "lot_id", "week"),)

    week: Mapped[Day] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    place: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    scans: Mapped[int]


class TallyMark(Base):
    """One row: scans before this time (UTC microseconds, the begin of a local day) are in the tallies."""

    __tablename__ = "tally_mark"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    until: Mapped[Micros]


class ScanPlace(Base):
    """The place of a scan, given after the verdict by consent: an H3 cell, never a coordinate."""

    __tablename__ = "scan_place"

    scan_id: Mapped[UUID] = mapped_column(sa.Uuid(), primary_key=True)
    stamp: Mapped[int] = mapped_column(BIG, index=True)
    cell: Mapped[int] = mapped_column(sa.BigInteger())
    source: Mapped[str] = mapped_column(sa.String(12))
    at: Mapped[Micros] = mapped_column(sa.BigInteger(), index=True)
    n: Mapped[int | None] = mapped_column(sa.BigInteger())


class ScanNonce(Base):
    """A client's own name for its scan; written in the scan's transaction, so a repeat finds the first answer."""

    __tablename__ = "scan_nonce"

    nonce: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    stamp: Mapped[int] = mapped_column(BIG)
    scan_id: Mapped[UUID] = mapped_column(sa.Uuid())


class Claim(Base):
    """A claim: "I bought this" (`bought`), a right PIN (`pin`) or a wrong one (`wrong`) for a stamp, from one device.

    `n` is the counter of the stamp's sighting after it: claims and scans in the order they were judged in.
    """

    __tablename__ = "claim"

    id: Mapped[UUID] = mapped_column(sa.Uuid(), primary_key=True)
    stamp: Mapped[int] = mapped_column(BIG, index=True)
    scan_id: Mapped[UUID] = mapped_column(sa.Uuid())
    kind: Mapped[str] = mapped_column(sa.String(8))
    first: Mapped[bool]
    device: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16))
    cell: Mapped[int | None] = mapped_column(sa.BigInteger())
    at: Mapped[Micros]
    n: Mapped[int | None] = mapped_column(sa.BigInteger())


class PinTry(Base):
    """Wrong PINs for a stamp on one local day, by a device or by a network; in all, where `who` is empty (day 0)."""

    __tablename__ = "pin_try"

    stamp: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    who: Mapped[bytes] = mapped_column(sa.LargeBinary(16), primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wrong: Mapped[int]


class Report(Base):
    """A suspicious product reported by anyone; its raw photo and officers' decisions live in `app.models.reports`."""

    __tablename__ = "report"

    id: Mapped[UUID] = mapped_column(sa.Uuid(), primary_key=True)
    scan_id: Mapped[UUID | None] = mapped_column(sa.Uuid(), index=True)
    stamp: Mapped[int | None] = mapped_column(BIG, index=True)
    text: Mapped[str] = mapped_column(sa.Text())
    place: Mapped[str | None] = mapped_column(sa.String(200))
    contact: Mapped[str | None] = mapped_column(sa.String(120))
    photo: Mapped[str | None] = mapped_column(sa.String(8))
    photo_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    at: Mapped[Micros]
