"""What the facts were at one value of the fact clock, and what follows from them for a stamp. Pure; never changes.

Two snapshots share whatever is the same in both (`verifier.fact_changes`), so nothing in one may ever be changed in
place; only what was worked out is added.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from verifier import dossier
from verifier.clones.evidence import NO_PLAN, Plan
from verifier.contract import Words
from verifier.dossier import NOTHING, Parts, Row
from verifier.manifests import COMPROMISED, Manifests, PublicKey
from verifier.verdict import Flags, Standing

_DISPOSED = Words("lô đã bị tiêu huỷ hoặc loại bỏ", "the lot has been disposed of")


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """A minted batch with its present ranges, and what its manifest is asked."""

    row: Row
    los: tuple[int, ...]
    ranges: tuple[Row, ...]
    manifests: Manifests = field(compare=False)

    @property
    def deployment(self) -> str | None:
        """The deployment (hex) that its manifest names; None where that does not verify."""
        return self.manifests.deployment(self.row)

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
    by_id: Mapping[int, BatchFacts]
    manifests: Manifests = field(compare=False)
    keys: Mapping[str, PublicKey]
    epochs: Mapping[int, str]
    lots: Mapping[int, Row]
    lot_holds: Mapping[int, tuple[Row, ...]]
    batch_holds: Mapping[int, tuple[Row, ...]]
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
    # What was worked out once, with the clock of the facts it was worked out from; snapshots that were kept up one from
    # the other share it. The other two say since which clock a lot's or a batch's facts are as they are here.
    parts_made: dict[tuple[int, int | None, date], tuple[int, Parts]] = field(default_factory=dict, compare=False)
    standings_made: dict[tuple[int, int, date], tuple[int, Standing]] = field(default_factory=dict, compare=False)
    lots_since: Mapping[int | None, int] = field(default_factory=dict, compare=False)
    batches_since: Mapping[int, int] = field(default_factory=dict, compare=False)

    def batch_of(self, index: int) -> BatchFacts | None:
        """The minted batch a stamp belongs to, whether or not its manifest verifies."""
        place = bisect_right(self.los, index) - 1
        return self.batches[place] if place >= 0 and index < self.batches[place].row.hi else None

    def batch(self, batch_id: int) -> BatchFacts | None:
        """A minted batch by its key."""
        return self.by_id.get(batch_id)

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
        if any(hold.lo is not None or hold.hi is not None for hold in self.batch_holds.get(batch.row.id, ())):
            return self._standing(batch, part, index, day)
        # Without a hold on some of its stamps, a range stands as a whole.
        key = (batch.row.id, part.lo, day)
        made = self.standings_made.get(key)
        if made is None or not self._still(made[0], batch.row.id, part.lot_id):
            made = self.standings_made[key] = (self.clock, self._standing(batch, part, index, day))
        return made[1]

    def _still(self, made: int, batch_id: int, lot_id: int | None) -> bool:
        """Whether what was worked out at that clock for stamps of this batch and lot is what these facts say."""
        return self.lots_since.get(lot_id, 0) <= made <= self.clock and self.batches_since.get(batch_id, 0) <= made

    def _standing(self, batch: BatchFacts, part: Row, index: int, day: date) -> Standing:
        lot = self.lots.get(part.lot_id)
        certificate = dossier.current_certificate(self.certificates.get(batch.row.product_id, ()), day)
        ended = certificate is not None and certificate.expires_on < day
        return Standing(
            state=part.state,
            since=part.changed_at,
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
        for hold in self.batch_holds.get(batch_id, ()):
            if (hold.lo is None or hold.lo <= index) and (hold.hi is None or index < hold.hi):
                yield Words(hold.reason, hold.reason)
        if lot is not None:
            for hold in self.lot_holds.get(lot.id, ()):
                yield Words(hold.reason, hold.reason)
            if lot.state == "DISPOSED":
                yield _DISPOSED

    def answer_parts(self, batch_id: int | None, lot_id: int | None, day: date) -> Parts:
        """The product, organisation, lot, trace and recall views of a batch's stamps bound to that lot, on that day."""
        batch = self.batch(batch_id) if batch_id is not None else None
        if batch is None or batch.deployment is None:
            return NOTHING
        key = (batch.row.id, lot_id, day)
        made = self.parts_made.get(key)
        if made is None or not self._still(made[0], batch.row.id, lot_id):
            made = self.parts_made[key] = (self.clock, self._built(batch.row, lot_id, day))
        return made[1]

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
