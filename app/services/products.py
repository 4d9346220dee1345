"""Products: written by their producer, approved by the province."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.permissions import Action
from app.domain.products import PRODUCT, ProductEvent, ProductGroup, ProductState
from app.models.files import StoredFile
from app.models.products import Product, ProductImage
from app.services import checks, files, organisations, paging
from app.services.files import ContentStore
from app.services.paging import Ask, Part
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class NewProduct:
    """What describes a product; `gtin` of 8 to 14 digits, `annual_packs` the packs made in a year."""

    name: str
    group: ProductGroup
    description: str
    pack: str
    name_en: str | None = None
    description_en: str | None = None
    gtin: str | None = None
    brand: str | None = None
    standard: str | None = None
    ingredients: str | None = None
    usage: str | None = None
    warnings: str | None = None
    shelf_life_days: int | None = None
    annual_packs: int | None = None
    stampable: bool = True
    tests_required: bool = True


def create(work: Work, organisation: UUID, asked: NewProduct) -> Product:
    """A DRAFT product. Raises Refusal."""
    owner = organisations.get(work, organisation)
    work.may(Action.EDIT_PRODUCT, organisation_id=owner.id, what="organisation")
    uid = work.new_id()
    row = Product(
        uid=uid,
        code=uid.hex,
        organisation_id=owner.id,
        state=ProductState.DRAFT,
        created_at=work.now,
        **_described(work, asked),
    )
    work.add(row, "product")
    row.code = f"SP{row.id:05d}"
    return row


def update(work: Work, uid: UUID, asked: NewProduct, version: int) -> Product:
    """Describe a DRAFT product anew. Raises Refusal, `changed_meanwhile` at another version."""
    row = get(work, uid)
    work.may(Action.EDIT_PRODUCT, organisation_id=row.organisation_id, what="product")
    work.version(row, version)
    if row.state is not ProductState.DRAFT:
        raise Refusal("illegal_step", event="edit", state=row.state.value)
    for name, value in _described(work, asked, but=row.id).items():
        setattr(row, name, value)
    work.note("update", "product", row.id)
    return row


def _described(work: Work, asked: NewProduct, but: int | None = None) -> dict[str, Any]:
    """The columns that a description fills. Raises Refusal."""
    gtin = checks.gtin(asked.gtin)
    if gtin and work.session.scalar(sa.select(Product.id).where(Product.gtin == gtin, Product.id != (but or 0))):
        raise Refusal("already_used", pointer="/gtin", what="GTIN")
    for name in ("shelf_life_days", "annual_packs"):
        value: int | None = getattr(asked, name)
        if value is not None and not 0 < value < 10**9:
            raise Refusal("not_positive", pointer=f"/{name}", what=checks.label(name))
    return {
        "gtin": gtin,
        "name": checks.text("name", asked.name),
        "name_en": checks.optional("name_en", asked.name_en),
        "group": asked.group,
        "brand": checks.optional("brand", asked.brand, 120),
        "standard": checks.optional("standard", asked.standard, 120),
        "description": checks.text("description", asked.description, 4000),
        "description_en": checks.optional("description_en", asked.description_en, 4000),
        "ingredients": checks.optional("ingredients", asked.ingredients, 2000),
        "usage": checks.optional("usage", asked.usage, 2000),
        "warnings": checks.optional("warnings", asked.warnings, 2000),
        "pack": checks.text("pack", asked.pack, 80),
        "shelf_life_days": asked.shelf_life_days,
        "annual_packs": asked.annual_packs,
        "stampable": asked.stampable,
        "tests_required": asked.tests_required,
    }


_MAKERS = {ProductEvent.SUBMIT, ProductEvent.RETIRE}


def decide(work: Work, uid: UUID, event: ProductEvent, reason: str | None = None) -> Product:
    """Submit or retire (the producer), approve or return (the province). Raises Refusal."""
    row = get(work, uid)
    action = Action.EDIT_PRODUCT if event in _MAKERS else Action.DECIDE_PRODUCT
    work.may(action, organisation_id=row.organisation_id, what="product")
    if event is ProductEvent.RETURN and not (reason or "").strip():
        raise Refusal("reason_required", pointer="/reason")
    work.transition(row, PRODUCT, event, detail=checks.optional("reason", reason, 255) or "")
    return row


def add_picture(
    work: Work, store: ContentStore, uid: UUID, content: bytes, *, media_type: str = "image/webp"
) -> StoredFile:
    """Add a picture, already safe to show, as the product's last. Raises Refusal."""
    row = get(work, uid)
    work.may(Action.EDIT_PRODUCT, organisation_id=row.organisation_id, what="product")
    kept = files.keep(
        work,
        store,
        content,
        name=f"{row.code}",
        media_type=media_type,
        organisation_id=row.organisation_id,
        public=True,
    )
    count = sa.select(sa.func.count()).select_from(ProductImage).where(ProductImage.product_id == row.id)
    position = work.session.scalar(count) or 0
    work.session.add(ProductImage(product_id=row.id, position=position, file_id=kept.id))
    return kept


def has_picture(work: Work, product_id: int) -> bool:
    """Whether a buyer has a picture to compare with."""
    statement = sa.select(ProductImage.file_id).where(ProductImage.product_id == product_id).limit(1)
    return work.session.scalar(statement) is not None


def get(work: Work, uid: UUID) -> Product:
    """One product the actor may see. Raises Refusal `not_found`."""
    row = work.find(Product, uid, "product")
    work.may(Action.READ_PRODUCT, organisation_id=row.organisation_id, what="product")
    return row


def page(work: Work, ask: Ask = paging.FIRST) -> Part[Product]:
    """The products the actor may see, the newest first."""
    seen = work.visible(Action.READ_PRODUCT, Product.organisation_id)
    like = paging.containing(ask, Product.name, Product.code, Product.gtin)
    return paging.part(work, Product, sa.select(Product).where(seen, like), ask)


def own(work: Work, *states: ProductState) -> list[Product]:
    """The products of the actor's own organisation in these states (all, where none is named), by name."""
    statement = sa.select(Product).where(Product.organisation_id == work.actor.organisation_id)
    if states:
        statement = statement.where(Product.state.in_(states))
    return list(work.session.scalars(statement.order_by(Product.name)))


def names(work: Work, keys: Iterable[int]) -> dict[int, str]:
    """The names of these products, in one statement."""
    rows = work.session.execute(sa.select(Product.id, Product.name).where(Product.id.in_(set(keys))))
    return {row.id: row.name for row in rows}


def pictures(work: Work, product_id: int) -> list[str]:
    """The SHA-256 of the product's pictures, in order."""
    statement = (
        sa.select(StoredFile.sha256)
        .join(ProductImage, ProductImage.file_id == StoredFile.id)
        .where(ProductImage.product_id == product_id)
        .order_by(ProductImage.position)
    )
    return list(work.session.scalars(statement))
