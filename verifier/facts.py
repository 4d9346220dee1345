"""Facts in process memory: everything a verdict depends on that is not the stamp's own history.

A `Snapshot` is what the facts were at one value of the fact clock; it never changes. `Facts` holds the newest one this
process has seen and loads another when the clock has moved. It may be behind: that is why the statement that records a
scan names the clock it was judged with, and why a judge's answer can be at most one reload away from the truth
(invariant 6). A batch verifies only with a signed manifest that says the same as its row.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from threading import Lock
from typing import Any

import sqlalchemy as sa

from stamp_engine.errors import ManifestInvalid
from stamp_engine.lifecycle import KeyState
from stamp_engine.manifest import verify as verify_manifest
from stamp_engine.signing import KeyUse
from stamp_engine.signing import PublicKey as EngineKey
from verifier import dossier, plans
from verifier.clones.evidence import NO_PLAN, Plan
from verifier.contract import Words
from verifier.dossier import NOTHING, Parts, Row
from verifier.fact_tables import (
    BATCH,
    CERTIFICATE,
    DISPATCH,
    EPOCH,
    HOLD,
    KNOWN_SELLER,
    LOT,
    LOT_AREA,
    LOT_STEP,
    LOT_TEST,
    ORGANISATION,
    PRODUCT,
    PRODUCT_IMAGE,
    RECALL,
    RECALL_LOT,
    RETAINED_SAMPLE,
    SIGNING_KEY,
    STAMP_FLAG,
    STAMP_RANGE,
    STORED_FILE,
    TABLES,
)
from verifier.journal import Journal
from verifier.records import FACT_CLOCK
from verifier.verdict import NO_FLAGS, Cleared, Flags, Standing

__all__ = ["TABLES", "BatchFacts", "Facts", "PublicKey", "Snapshot"]

IMAGE_PATH = "/media/{sha256}"
COMPROMISED = "compromised"
_DISPOSED = Words("lô đã bị tiêu huỷ hoặc loại bỏ", "the lot has been disposed of")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key as the database has it: 32 bytes; `use` is `stamp` or `manifest`."""

    kid: str
    use: str
    public: bytes
    state: str


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """A minted batch with its present ranges; `deployment` is None where the manifest does not verify."""

    row: Row
    los: tuple[int, ...]
    ranges: tuple[Row, ...]
    deployment: str | None

    def range_of(self, index: int) -> Row | None:
        """The present range of a stamp of this batch."""
        place = bisect_right(self.los, index) - 1
        return self.ranges[place] if place >= 0 and index < self.ranges[place].hi else None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The facts at one value of the fact clock."""

    clock: int
    los: tuple[int, ...]
    batches: tuple[BatchFacts, ...]
    keys: Mapping[str, PublicKey]
    epochs: Mapping[int, str]
    lots: Mapping[int, Row]
    holds: Mapping[tuple[str, int], tuple[Row, ...]]
    recalls: Mapping[int, tuple[Row, ...]]
    certificates: Mapping[int, tuple[Row, ...]]
    products: Mapping[int, Row]
    organisations: Mapping[int, Row]
    images: Mapping[int, tuple[str, ...]]
    steps: Mapping[int, tuple[Row, ...]]
    tests: Mapping[int, tuple[Row, ...]]
    samples: Mapping[int, tuple[Row, ...]]
    plans: Mapping[int, Plan]
    flags: Mapping[int, Flags]
    manifests: Mapping[tuple[object, ...], str | None]
    # What was worked out from the facts once: a snapshot never changes, so it stays right as long as the snapshot.
    _by_id: dict[int, BatchFacts] = field(default_factory=dict)
    _parts: dict[tuple[int, int | None, date], Parts] = field(default_factory=dict)
    _standings: dict[tuple[int, int, date], Standing] = field(default_factory=dict)

    def batch_of(self, index: int) -> BatchFacts | None:
        """The minted batch a stamp belongs to, whether or not its manifest verifies."""
        place = bisect_right(self.los, index) - 1
        return self.batches[place] if place >= 0 and index < self.batches[place].row.hi else None

    def batch(self, batch_id: int) -> BatchFacts | None:
        """A minted batch by its key."""
        if not self._by_id:
            self._by_id.update({batch.row.id: batch for batch in self.batches})
        return self._by_id.get(batch_id)

    def deployment(self) -> str | None:
        """The deployment that the valid manifests name; None before the first batch."""
        return next((batch.deployment for batch in self.batches if batch.deployment is not None), None)

    def key_compromised(self, batch: BatchFacts) -> str | None:
        """The id of the key behind a batch's codes where it is known to others, else None."""
        row = batch.row
        key = self.keys.get(row.kid) if row.kid else None
        if key is not None and key.state == COMPROMISED:
            return key.kid
        return f"epoch-{row.epoch}" if self.epochs.get(row.epoch) == COMPROMISED else None

    def standing(self, index: int, day: date) -> Standing:
        """What the facts say of one stamp on a local day."""
        found = self._of_range(index, day)
        flags = self.flags.get(index)
        return found if flags is None else replace(found, flags=flags)

    def _of_range(self, index: int, day: date) -> Standing:
        batch = self.batch_of(index)
        if batch is None:
            return Standing()
        if batch.deployment is None:
            return Standing(batch=batch.row.id, manifest_valid=False)
        part = batch.range_of(index)
        if part is None:
            return Standing(batch=batch.row.id)
        if any(hold.lo is not None or hold.hi is not None for hold in self.holds.get(("batch", batch.row.id), ())):
            return self._standing(batch, part, index, day)
        # Without a hold on some of its stamps, a range stands as a whole.
        key = (batch.row.id, part.lo, day)
        if key not in self._standings:
            self._standings[key] = self._standing(batch, part, index, day)
        return self._standings[key]

    def _standing(self, batch: BatchFacts, part: Row, index: int, day: date) -> Standing:
        lot = self.lots.get(part.lot_id)
        certificate = dossier.current_certificate(self.certificates.get(batch.row.product_id, ()), day)
        ended = certificate is not None and certificate.expires_on < day
        return Standing(
            state=part.state,
            batch=batch.row.id,
            lot=part.lot_id,
            compromised_key=self.key_compromised(batch),
            holds=tuple(self._holds(batch.row.id, lot, index)),
            recalls=tuple(dossier.recall(row) for row in self.recalls.get(part.lot_id, ())),
            expires_on=lot.expires_on if lot is not None else None,
            certificate_ended_on=certificate.expires_on if certificate is not None and ended else None,
            plan=self.plans.get(part.lot_id, NO_PLAN),
        )

    def _holds(self, batch_id: int, lot: Row | None, index: int) -> Iterable[Words]:
        for hold in self.holds.get(("batch", batch_id), ()):
            if (hold.lo is None or hold.lo <= index) and (hold.hi is None or index < hold.hi):
                yield Words(hold.reason, hold.reason)
        if lot is not None:
            for hold in self.holds.get(("lot", lot.id), ()):
                yield Words(hold.reason, hold.reason)
            if lot.state == "DISPOSED":
                yield _DISPOSED

    def answer_parts(self, batch_id: int | None, lot_id: int | None, day: date) -> Parts:
        """The product, organisation, lot, trace and recall views of a batch's stamps bound to that lot, on that day."""
        batch = self.batch(batch_id) if batch_id is not None else None
        if batch is None or batch.deployment is None:
            return NOTHING
        key = (batch.row.id, lot_id, day)
        if key not in self._parts:
            self._parts[key] = self._built(batch.row, lot_id, day)
        return self._parts[key]

    def _built(self, batch: Row, lot_id: int | None, day: date) -> Parts:
        certificates = self.certificates.get(batch.product_id, ())
        stars = dossier.stars(dossier.current_certificate(certificates, day), day)
        lot = self.lots.get(lot_id) if lot_id is not None else None
        recalls = self.recalls.get(lot_id, ()) if lot_id is not None else ()
        return Parts(
            product=dossier.product(self.products[batch.product_id], self.images.get(batch.product_id, ()), stars),
            organisation=dossier.organisation(self.organisations[batch.organisation_id]),
            lot=None
            if lot is None
            else dossier.lot(lot, self.tests.get(lot.id, ()), self.samples.get(lot.id, ()), certificates),
            trace=dossier.trace(self.steps.get(lot.id, ())) if lot is not None else (),
            recall=dossier.recall(recalls[0]) if recalls else None,
        )


class Facts:
    """The newest snapshot this process has seen, and the way to a newer one. Safe to share between threads."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = Lock()
        self._snapshot: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """The newest snapshot seen; loads the first one. Raises JournalDown where the database gives none."""
        return self._snapshot or self.refresh()

    def refresh(self, at_least: int = 0) -> Snapshot:
        """The newest snapshot, read again if the clock has moved past it (or it is older than `at_least`).

        Raises JournalDown.
        """
        with self._lock:
            known = self._snapshot
            if known is not None and known.clock >= at_least > 0:
                return known
            with self._journal.reading() as connection:
                self._snapshot = _moved(connection, known)
            return self._snapshot

    def answer_parts(self, batch_id: int | None, lot_id: int | None, day: date) -> Parts:
        """`Snapshot.answer_parts` of the newest snapshot."""
        return self.snapshot().answer_parts(batch_id, lot_id, day)


class _Manifests:
    """Checks each manifest once: a batch whose row and manifest are as they were is not checked again."""

    def __init__(self, keys: Mapping[str, PublicKey], known: Mapping[tuple[object, ...], str | None]) -> None:
        self._known = known
        # A compromised manifest key could sign a batch that nobody ordered, so it vouches for nothing.
        self._keys = {
            key.kid: EngineKey(key.kid, KeyUse(key.use), key.public, KeyState(key.state))
            for key in keys.values()
            if key.state != COMPROMISED
        }
        self._trust = frozenset(self._keys)
        self.results: dict[tuple[object, ...], str | None] = {}

    def valid(self, row: Row) -> str | None:
        """The deployment (hex) that a batch's manifest names, None where it does not verify or says otherwise."""
        key = (self._trust, *row)
        self.results[key] = self._known[key] if key in self._known else self._checked(row)
        return self.results[key]

    def _checked(self, row: Row) -> str | None:
        try:
            manifest = verify_manifest(row.manifest or "", self._keys)
        except ManifestInvalid:
            return None
        said = (manifest.batch, manifest.lo, manifest.hi, manifest.profile.value, manifest.gtin, manifest.host)
        meant = (row.number, row.lo, row.hi, row.profile, row.gtin, row.host)
        keys_agree = (manifest.epoch, manifest.kid, manifest.pins) == (row.epoch, row.kid, row.pins)
        return manifest.deployment if said == meant and keys_agree else None


def _moved(connection: sa.Connection, known: Snapshot | None) -> Snapshot:
    """The snapshot `known` if the clock still says so, else a new one read in one transaction."""
    clock = sa.select(FACT_CLOCK.c.value)
    if known is not None and connection.execute(clock).scalar_one() == known.clock:
        return known
    one_moment = "ISOLATION LEVEL REPEATABLE READ READ ONLY" if connection.dialect.name == "postgresql" else ""
    connection.exec_driver_sql(f"BEGIN {one_moment}")
    try:
        return _load(connection, connection.execute(clock).scalar_one(), known)
    finally:
        connection.exec_driver_sql("ROLLBACK")


def _load(connection: sa.Connection, clock: int, known: Snapshot | None) -> Snapshot:
    def rows(table: sa.Table, *order: sa.Column[Any], where: sa.ColumnElement[bool] | None = None) -> list[Row]:
        query = sa.select(table).order_by(*order)
        return list(connection.execute(query if where is None else query.where(where)))

    lots = {row.id: row for row in rows(LOT)}
    products = {row.id: row for row in rows(PRODUCT)}
    keys = {row.kid: PublicKey(row.kid, row.use, bytes(row.public), row.state) for row in rows(SIGNING_KEY)}
    ranges = _grouped(rows(STAMP_RANGE, STAMP_RANGE.c.lo), lambda row: row.batch_id)
    checked = _Manifests(keys, known.manifests if known is not None else {})
    batches = tuple(
        BatchFacts(row, tuple(part.lo for part in ranges.get(row.id, ())), ranges.get(row.id, ()), checked.valid(row))
        for row in rows(BATCH, BATCH.c.lo, where=BATCH.c.state == "MINTED")
    )
    return Snapshot(
        clock=clock,
        los=tuple(batch.row.lo for batch in batches),
        batches=batches,
        keys=keys,
        epochs={row.number: row.state for row in rows(EPOCH)},
        lots=lots,
        holds=_grouped(
            rows(HOLD, where=HOLD.c.lifted_at.is_(None)),
            lambda row: ("lot", row.lot_id) if row.lot_id is not None else ("batch", row.batch_id),
        ),
        recalls=_recalls(connection),
        certificates=_grouped(rows(CERTIFICATE), lambda row: row.product_id),
        products=products,
        organisations={row.id: row for row in rows(ORGANISATION)},
        images=_images(connection),
        steps=_grouped(rows(LOT_STEP, LOT_STEP.c.id), lambda row: row.lot_id),
        tests=_grouped(rows(LOT_TEST, LOT_TEST.c.id), lambda row: row.lot_id),
        samples=_grouped(rows(RETAINED_SAMPLE, RETAINED_SAMPLE.c.id), lambda row: row.lot_id),
        plans=plans.of_lots(
            lots.values(),
            rows(LOT_AREA),
            rows(DISPATCH),
            rows(KNOWN_SELLER, where=KNOWN_SELLER.c.ended_at.is_(None)),
            {row.id: row.organisation_id for row in products.values()},
        ),
        flags=_flags(rows(STAMP_FLAG, where=STAMP_FLAG.c.ended_at.is_(None))),
        manifests=checked.results,
    )


def _grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, tuple[Row, ...]]:
    groups: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return {name: tuple(members) for name, members in groups.items()}


def _flags(rows: Iterable[Row]) -> dict[int, Flags]:
    """What is registered of single stamps."""
    found: dict[int, Flags] = {}
    for row in rows:
        before = found.get(row.stamp, NO_FLAGS)
        change: dict[str, Any] = {row.kind: True}
        if row.kind == "display":
            change = {"display": row.words or ""}
        elif row.kind == "cleared":
            change = {"cleared": Cleared(row.weight or 0, row.marks or 0, row.voices or 0)}
        found[row.stamp] = replace(before, **change)
    return found


def _recalls(connection: sa.Connection) -> dict[int, tuple[Row, ...]]:
    """The recalls in force of each lot, open ones before closed ones, the newest first."""
    query = (
        sa.select(RECALL, RECALL_LOT.c.lot_id)
        .join_from(RECALL, RECALL_LOT, RECALL.c.id == RECALL_LOT.c.recall_id)
        .where(RECALL.c.state.in_(dossier.RECALLS_IN_FORCE))
        .order_by(RECALL.c.closed_at.is_not(None), RECALL.c.id.desc())
    )
    return _grouped(connection.execute(query), lambda row: row.lot_id)


def _images(connection: sa.Connection) -> dict[int, tuple[str, ...]]:
    query = (
        sa.select(PRODUCT_IMAGE.c.product_id, STORED_FILE.c.sha256)
        .join_from(PRODUCT_IMAGE, STORED_FILE, PRODUCT_IMAGE.c.file_id == STORED_FILE.c.id)
        .where(STORED_FILE.c.public)
        .order_by(PRODUCT_IMAGE.c.product_id, PRODUCT_IMAGE.c.position)
    )
    groups = _grouped(connection.execute(query), lambda row: row.product_id)
    return {name: tuple(IMAGE_PATH.format(sha256=row.sha256) for row in images) for name, images in groups.items()}
