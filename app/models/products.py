"""Products and their pictures."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.products import ProductGroup, ProductState
from app.models.base import Base, Id, Long, Micros, Name, Uid, Word


class Product(Base):
    """One product. The internal code is mandatory, the GTIN-14 optional, `stampable` false for services."""

    __tablename__ = "product"

    id: Mapped[Id]
    uid: Mapped[Uid]
    code: Mapped[str] = mapped_column(sa.String(32), unique=True)
    gtin: Mapped[str | None] = mapped_column(sa.String(14), unique=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    state: Mapped[ProductState] = mapped_column(Word(ProductState))
    name: Mapped[Name]
    name_en: Mapped[str | None] = mapped_column(sa.String(200))
    group: Mapped[ProductGroup] = mapped_column(Word(ProductGroup))
    brand: Mapped[str | None] = mapped_column(sa.String(120))
    standard: Mapped[str | None] = mapped_column(sa.String(120))
    description: Mapped[Long]
    description_en: Mapped[str | None] = mapped_column(sa.Text())
    ingredients: Mapped[str | None] = mapped_column(sa.Text())
    usage: Mapped[str | None] = mapped_column(sa.Text())
    warnings: Mapped[str | None] = mapped_column(sa.Text())
    pack: Mapped[str] = mapped_column(sa.String(80))
    shelf_life_days: Mapped[int | None]
    annual_packs: Mapped[int | None]
    stampable: Mapped[bool] = mapped_column(default=True)
    tests_required: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Micros]
    version: Mapped[int] = mapped_column(default=1)


class ProductImage(Base):
    """The pictures of a product in order; the first is the one a buyer compares with the pack."""

    __tablename__ = "product_image"

    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_file.id"))
