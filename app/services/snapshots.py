"""The offline pack for sealed stamps: made from the facts, signed by who holds the key, kept as lines.

Each line keeps the number under which it last changed, so that a verifier can tell what is new since any number.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.domain.flags import FlagKind
from app.domain.lots import LotState
from app.domain.recalls import IN_FORCE
from app.domain.stamps import BatchState
from app.models.certificates import Certificate
from app.models.facts import FactClock
from app.models.flags import StampFlag
from app.models.keys import SigningKey
from app.models.lots import Lot
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.recalls import Recall, RecallLot
from app.models.snapshots import SnapshotHead, SnapshotLine
from app.models.stamps import Batch, Hold, StampRange
from app.services.work import Work, local_day
from stamp_engine.format import INDEX_DIGITS, Profile
from stamp_engine.signing import KeyUse, SecretKey
from stamp_engine.snapshot import VERSION, Head, Record, canonical, digest, line, ordered, sign

AT_MOST_EVERY_US = 60 * 1_000_000
RENEWED_US = 3600 * 1_000_000
KEPT_HEADS = 50
SHORT_KID = 8
_SEALED = (Batch.state == BatchState.MINTED) & (Batch.profile == Profile.SEALED)


def due(work: Work) -> bool:
    """Whether a new pack should be signed: the facts moved and the last is a minute old, or an hour has gone by."""
    last = work.session.scalar(sa.select(SnapshotHead).order_by(SnapshotHead.number.desc()).limit(1))
    if last is None:
        return True
    age, clock = work.now - last.issued_at, work.session.scalar(sa.select(FactClock.value))
    return age >= RENEWED_US or (clock != last.clock and age >= AT_MOST_EVERY_US)


def publish(work: Work, deployment: str, key: SecretKey) -> SnapshotHead:
    """Sign the pack as the facts stand in this transaction, and write what changed of it."""
    clock = work.session.scalar(sa.select(FactClock.value)) or 0
    lines = {record[0]: line(record) for record in _records(work)}
    known = {row.key: row for row in work.session.scalars(sa.select(SnapshotLine))}
    number = (work.session.scalar(sa.select(sa.func.max(SnapshotHead.number))) or 0) + 1
    for name in known.keys() | lines.keys():
        now, row = lines.get(name), known.get(name)
        if row is None:
            work.session.add(SnapshotLine(key=name, line=now, changed=number))
        elif row.line != now:
            row.line, row.changed = now, number
    head = Head(VERSION, deployment, number, clock, work.now, len(lines), digest(ordered(lines)))
    made = SnapshotHead(
        number=number,
        clock=clock,
        issued_at=work.now,
        body=canonical(head).decode(),
        kid=key.public.kid,
        signature=sign(head, key),
    )
    work.session.add(made)
    work.session.execute(sa.delete(SnapshotHead).where(SnapshotHead.number <= number - KEPT_HEADS))
    return made


@dataclass(frozen=True, slots=True)
class _Facts:
    """The rows a pack is made of, by their keys."""

    organisations: Mapping[int, Organisation]
    products: Mapping[int, Product]
    lots: Mapping[int, Lot]
    batches: list[Batch]

    def lot_key(self, lot: Lot) -> str:
        """Organisation and lot number: unique, and both stand on the pack."""
        return f"{self.organisations[lot.organisation_id].code}/{lot.lot_no}"


def _records(work: Work) -> Iterator[Record]:
    batches = list(work.session.scalars(sa.select(Batch).where(_SEALED).order_by(Batch.lo)))
    products = _by_id(work, Product, {batch.product_id for batch in batches})
    goods = sa.select(Batch.product_id).where(_SEALED)
    lots = {row.id: row for row in work.session.scalars(sa.select(Lot).where(Lot.product_id.in_(goods)))}
    owners = {batch.organisation_id for batch in batches} | {lot.organisation_id for lot in lots.values()}
    facts = _Facts(_by_id(work, Organisation, owners), products, lots, batches)
    for key in work.session.scalars(sa.select(SigningKey).where(SigningKey.use == KeyUse.STAMP.value)):
        yield f"k/{key.kid}", {"state": key.state, "x": key.public.hex()}
    yield from _goods(work, facts)
    yield from _stamps(work, facts)
    yield from _warnings(work, facts)
    yield from _copies(work, facts)


def _by_id(work: Work, model: Any, ids: set[int]) -> dict[int, Any]:
    return {row.id: row for row in work.session.scalars(sa.select(model).where(model.id.in_(ids)))}


def _goods(work: Work, facts: _Facts) -> Iterator[Record]:
    for owner in facts.organisations.values():
        yield f"o/{owner.code}", _full(n=owner.name, a=owner.address, t=owner.phone)
    stars: dict[int, list[list[object]]] = defaultdict(list)
    told = sa.select(Certificate).where(Certificate.superseded_by_id.is_(None)).order_by(Certificate.issued_on)
    for row in work.session.scalars(told.where(Certificate.product_id.in_(facts.products))):
        ends = min(row.expires_on, row.revoked_on) if row.revoked_on else row.expires_on
        stars[row.product_id].append([row.stars, row.issued_on.isoformat(), ends.isoformat()])
    for key, product in facts.products.items():
        maker = facts.organisations.get(product.organisation_id)
        code = maker.code if maker else None
        yield f"p/{product.code}", _full(n=product.name, en=product.name_en, o=code, u=product.pack, c=stars.get(key))
    for lot in facts.lots.values():
        expires = lot.expires_on.isoformat() if lot.expires_on else None
        gone = lot.state.value if lot.state is LotState.DISPOSED else None
        yield f"l/{facts.lot_key(lot)}", _full(m=lot.produced_on.isoformat(), e=expires, s=gone)


def _stamps(work: Work, facts: _Facts) -> Iterator[Record]:
    parts: dict[int, list[list[object]]] = defaultdict(list)
    starts = {batch.id: batch.lo for batch in facts.batches}
    of_sealed = StampRange.batch_id.in_(sa.select(Batch.id).where(_SEALED))
    for row in work.session.scalars(sa.select(StampRange).where(of_sealed).order_by(StampRange.lo)):
        lot = facts.lots.get(row.lot_id) if row.lot_id is not None else None
        bound = [] if lot is None else [facts.lot_key(lot)]
        parts[row.batch_id].append([row.lo - starts[row.batch_id], row.state.value, *bound])
    for batch in facts.batches:
        values = _full(
            hi=batch.hi, k=(batch.kid or "")[:SHORT_KID], g=batch.gtin, p=facts.products[batch.product_id].code
        )
        yield f"b/{batch.lo:0{INDEX_DIGITS}d}", {**values, "r": parts[batch.id]}


def _warnings(work: Work, facts: _Facts) -> Iterator[Record]:
    known = {batch.id: batch for batch in facts.batches}
    for hold in work.session.scalars(sa.select(Hold).where(Hold.lifted_at.is_(None))):
        if hold.lot_id is not None and hold.lot_id in facts.lots:
            yield f"h/{hold.uid}", {"l": facts.lot_key(facts.lots[hold.lot_id]), "why": hold.reason}
        elif hold.batch_id in known:
            batch = known[hold.batch_id]
            lo, hi = hold.lo if hold.lo is not None else batch.lo, hold.hi if hold.hi is not None else batch.hi
            yield f"h/{hold.uid}", {"lo": lo, "hi": hi, "why": hold.reason}
    covered: dict[int, list[str]] = defaultdict(list)
    for recall, lot in work.session.execute(sa.select(RecallLot.recall_id, RecallLot.lot_id)):
        if lot in facts.lots:
            covered[recall].append(facts.lot_key(facts.lots[lot]))
    for row in work.session.scalars(sa.select(Recall).where(Recall.state.in_(IN_FORCE), Recall.id.in_(covered))):
        yield (
            f"r/{row.number}",
            _full(
                l=sorted(covered[row.id]),
                why=row.reason,
                why_en=row.reason_en,
                do=row.instruction,
                do_en=row.instruction_en,
                on=local_day(row.decided_at or row.requested_at).isoformat(),
                closed=local_day(row.closed_at).isoformat() if row.closed_at else None,
            ),
        )


def _copies(work: Work, facts: _Facts) -> Iterator[Record]:
    """The stamps that officers have confirmed as copied."""
    known = {batch.id for batch in facts.batches}
    now = (StampFlag.kind == FlagKind.COPIED) & StampFlag.ended_at.is_(None)
    for flag in work.session.scalars(sa.select(StampFlag).where(now)):
        if flag.batch_id in known:
            yield f"c/{flag.stamp:0{INDEX_DIGITS}d}", {"on": local_day(flag.placed_at).isoformat()}


def _full(**values: object) -> dict[str, Any]:
    """The members that have a value."""
    return {name: value for name, value in values.items() if value is not None}
