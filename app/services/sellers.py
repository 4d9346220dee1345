"""Known sellers of an organisation's goods: scans around their shops are no surprise."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.flags import SellerKind
from app.domain.permissions import Action
from app.models.flags import KnownSeller
from app.models.organisations import Organisation
from app.services import checks, paging
from app.services.paging import Ask, Part
from app.services.work import Work

RADIUS_KM = 15.0
LARGEST_KM = 200.0


@dataclass(frozen=True, slots=True)
class NewSeller:
    """A shop with its place (degrees and km), or an online one with its address on the web."""

    kind: SellerKind
    name: str
    address: str
    lat: float | None = None
    lon: float | None = None
    radius_km: float = RADIUS_KM


def add(work: Work, organisation: UUID, asked: NewSeller) -> KnownSeller:
    """Register who sells an organisation's goods. Raises Refusal."""
    owner = work.find(Organisation, organisation, "organisation")
    work.may(Action.FLAG_STAMPS, organisation_id=owner.id, what="organisation")
    shop = asked.kind is SellerKind.SHOP
    if shop:
        _on_earth(asked)
    row = KnownSeller(
        uid=work.new_id(),
        organisation_id=owner.id,
        kind=asked.kind,
        name=checks.text("name", asked.name),
        address=checks.text("address", asked.address),
        lat=asked.lat if shop else None,
        lon=asked.lon if shop else None,
        radius_km=asked.radius_km if shop else 0.0,
        added_by_id=work.actor.user_id,
        added_at=work.now,
    )
    return work.add(row, "known_seller", "register")


def _on_earth(asked: NewSeller) -> None:
    if asked.lat is None or not -90 <= asked.lat <= 90:
        raise Refusal("malformed", pointer="/lat", what="lat")
    if asked.lon is None or not -180 <= asked.lon <= 180:
        raise Refusal("malformed", pointer="/lon", what="lon")
    if not 0 < asked.radius_km <= LARGEST_KM:
        raise Refusal("malformed", pointer="/radius_km", what="radius_km")


def end(work: Work, uid: UUID) -> KnownSeller:
    """They sell it no more. Raises Refusal."""
    row = work.find(KnownSeller, uid, "seller")
    work.may(Action.FLAG_STAMPS, organisation_id=row.organisation_id, what="seller")
    if row.ended_at is not None:
        raise Refusal("flag_ended")
    row.ended_at = work.now
    work.note("end", "known_seller", row.id)
    return row


def page(work: Work, ask: Ask = paging.FIRST) -> Part[tuple[KnownSeller, Organisation]]:
    """The known sellers the actor may see with whose goods they sell, the newest first."""
    seen = sa.and_(work.visible(Action.FLAG_STAMPS, KnownSeller.organisation_id), KnownSeller.ended_at.is_(None))
    statement: Any = sa.select(KnownSeller, Organisation).join(
        Organisation, Organisation.id == KnownSeller.organisation_id
    )
    like = paging.containing(ask, KnownSeller.name, Organisation.name)
    found = paging.cut(work, KnownSeller, statement.where(seen, like), ask, KnownSeller.kind)
    return Part([(seller, owner) for seller, owner in found.rows], found.next)
