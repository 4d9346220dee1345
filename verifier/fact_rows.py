"""The facts as the database has them: each kind read whole, or only for some of its keys, always in the same order.

A snapshot is loaded with no keys, and kept up with the keys that changed. Both ways go through here, so that what is
kept up is what would be loaded.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from verifier import dossier, plans
from verifier.clones.evidence import Plan
from verifier.dossier import Row
from verifier.fact_snapshot import BatchFacts
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
)
from verifier.manifests import Manifests, PublicKey
from verifier.verdict import NO_FLAGS, Cleared, Flags

IMAGE_PATH = "/media/{sha256}"
Keys = Collection[int] | None
"""The keys to read for; None for all there are."""
Groups = dict[int, tuple[Row, ...]]
Query = sa.Select[Any]


@dataclass(frozen=True, slots=True)
class FactRows:
    """The facts that one transaction sees."""

    connection: sa.Connection

    def lots(self, keys: Keys = None) -> dict[int, Row]:
        """Lots by their ids."""
        return {row.id: row for row in self._read(sa.select(LOT), LOT.c.id, keys)}

    def products(self, keys: Keys = None) -> dict[int, Row]:
        """Products by their ids."""
        return {row.id: row for row in self._read(sa.select(PRODUCT), PRODUCT.c.id, keys)}

    def organisations(self, keys: Keys = None) -> dict[int, Row]:
        """Organisations by their ids."""
        return {row.id: row for row in self._read(sa.select(ORGANISATION), ORGANISATION.c.id, keys)}

    def steps(self, keys: Keys = None) -> Groups:
        """The journey of each lot."""
        return self._groups(sa.select(LOT_STEP).order_by(LOT_STEP.c.id), LOT_STEP.c.lot_id, keys)

    def tests(self, keys: Keys = None) -> Groups:
        """The laboratory reports of each lot."""
        return self._groups(sa.select(LOT_TEST).order_by(LOT_TEST.c.id), LOT_TEST.c.lot_id, keys)

    def samples(self, keys: Keys = None) -> Groups:
        """The retained samples of each lot."""
        return self._groups(sa.select(RETAINED_SAMPLE).order_by(RETAINED_SAMPLE.c.id), RETAINED_SAMPLE.c.lot_id, keys)

    def certificates(self, keys: Keys = None) -> Groups:
        """The certificates of each product."""
        return self._groups(sa.select(CERTIFICATE).order_by(CERTIFICATE.c.id), CERTIFICATE.c.product_id, keys)

    def lot_holds(self, keys: Keys = None) -> Groups:
        """The holds on each lot that are not lifted."""
        return self._groups(_HOLDS.where(HOLD.c.lot_id.is_not(None)), HOLD.c.lot_id, keys)

    def batch_holds(self, keys: Keys = None) -> Groups:
        """The holds on each batch, or on some of its stamps, that are not lifted."""
        return self._groups(_HOLDS.where(HOLD.c.batch_id.is_not(None)), HOLD.c.batch_id, keys)

    def recalls(self, keys: Keys = None) -> Groups:
        """The recalls in force of each lot, open ones before closed ones, the newest first."""
        return self._groups(_RECALLS, RECALL_LOT.c.lot_id, keys)

    def recalled(self, recalls: Collection[int]) -> set[int]:
        """The lots that these recalls are about."""
        if not recalls:
            return set()
        query = sa.select(RECALL_LOT.c.lot_id)
        return {row.lot_id for row in self._read(query, RECALL_LOT.c.recall_id, recalls)}

    def images(self, keys: Keys = None) -> dict[int, tuple[str, ...]]:
        """The paths of each product's pictures, in order."""
        groups = self._groups(_IMAGES, PRODUCT_IMAGE.c.product_id, keys)
        return {name: tuple(IMAGE_PATH.format(sha256=row.sha256) for row in images) for name, images in groups.items()}

    def pictured(self, files: Collection[int]) -> set[int]:
        """The products that have these files among their pictures."""
        if not files:
            return set()
        query = sa.select(PRODUCT_IMAGE.c.product_id)
        return {row.product_id for row in self._read(query, PRODUCT_IMAGE.c.file_id, files)}

    def plans(self, lots: Collection[Row], products: Mapping[int, Row], keys: Keys = None) -> dict[int, Plan]:
        """The plan of each of these lots: all lots, or those of the keys that there are."""
        owners = {
            lot.product_id: products[lot.product_id].organisation_id for lot in lots if lot.product_id in products
        }
        return plans.of_lots(
            lots,
            self._read(_AREAS, LOT_AREA.c.lot_id, keys),
            self._read(_DISPATCHES, DISPATCH.c.lot_id, keys),
            self._read(_SELLERS, KNOWN_SELLER.c.organisation_id, None if keys is None else set(owners.values())),
            owners,
        )

    def flags(self, keys: Keys = None) -> dict[int, Flags]:
        """What is registered of single stamps."""
        found: dict[int, Flags] = {}
        for row in self._read(_FLAGS, STAMP_FLAG.c.stamp, keys):
            before = found.get(row.stamp, NO_FLAGS)
            change: dict[str, Any] = {row.kind: True}
            if row.kind == "display":
                change = {"display": row.words or ""}
            elif row.kind == "cleared":
                change = {"cleared": Cleared(row.weight or 0, row.marks or 0, row.voices or 0)}
            found[row.stamp] = replace(before, **change)
        return found

    def batches(self, manifests: Manifests, keys: Keys = None) -> dict[int, BatchFacts]:
        """Minted batches by their ids, with their ranges."""
        ranges = self._groups(sa.select(STAMP_RANGE).order_by(STAMP_RANGE.c.lo), STAMP_RANGE.c.batch_id, keys)
        found = {}
        for row in self._read(_MINTED, BATCH.c.id, keys):
            parts = ranges.get(row.id, ())
            found[row.id] = BatchFacts(row, tuple(part.lo for part in parts), parts, manifests)
        return found

    def keys(self) -> dict[str, PublicKey]:
        """All public keys."""
        rows = self.connection.execute(sa.select(SIGNING_KEY))
        return {row.kid: PublicKey(row.kid, row.use, bytes(row.public), row.state) for row in rows}

    def epochs(self) -> dict[int, str]:
        """The state of each epoch."""
        return {row.number: row.state for row in self.connection.execute(sa.select(EPOCH))}

    def _read(self, query: Query, column: sa.Column[Any], keys: Keys) -> Iterable[Row]:
        if keys is None:
            return self.connection.execute(query)
        return self.connection.execute(query.where(column.in_(sorted(keys)))) if keys else ()

    def _groups(self, query: Query, column: sa.Column[Any], keys: Keys) -> Groups:
        groups: defaultdict[int, list[Row]] = defaultdict(list)
        for row in self._read(query, column, keys):
            groups[getattr(row, column.name)].append(row)
        return {name: tuple(members) for name, members in groups.items()}


# Rows without an order of their own are put in one, so that a lot's facts do not depend on how they were read.
_HOLDS = sa.select(HOLD).where(HOLD.c.lifted_at.is_(None)).order_by(HOLD.c.id)
_AREAS = sa.select(LOT_AREA).order_by(*LOT_AREA.c)
_DISPATCHES = sa.select(DISPATCH).order_by(*DISPATCH.c)
_SELLERS = sa.select(KNOWN_SELLER).where(KNOWN_SELLER.c.ended_at.is_(None)).order_by(*KNOWN_SELLER.c)
_FLAGS = sa.select(STAMP_FLAG).where(STAMP_FLAG.c.ended_at.is_(None)).order_by(*STAMP_FLAG.c)
_MINTED = sa.select(BATCH).where(BATCH.c.state == "MINTED")
_RECALLS = (
    sa.select(RECALL, RECALL_LOT.c.lot_id)
    .join_from(RECALL, RECALL_LOT, RECALL.c.id == RECALL_LOT.c.recall_id)
    .where(RECALL.c.state.in_(dossier.RECALLS_IN_FORCE))
    .order_by(RECALL.c.closed_at.is_not(None), RECALL.c.id.desc())
)
_IMAGES = (
    sa.select(PRODUCT_IMAGE.c.product_id, STORED_FILE.c.sha256)
    .join_from(PRODUCT_IMAGE, STORED_FILE, PRODUCT_IMAGE.c.file_id == STORED_FILE.c.id)
    .where(STORED_FILE.c.public)
    .order_by(PRODUCT_IMAGE.c.product_id, PRODUCT_IMAGE.c.position)
)
