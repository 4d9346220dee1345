"""A product as a buyer sees it, before it is ordered stamps for; and its poster, to share or to print."""

from uuid import UUID

from flask import Response, current_app, render_template

from app.auth import needs, reading
from app.domain.permissions import Action
from app.domain.products import TenItem
from app.services import posters, shopfront
from app.services.posters import Poster
from app.services.shopfront import Shopfront
from app.web import say, web
from app.web.uploads import store

WORDS = {
    TenItem.PRODUCT_NAME: ("Tên sản phẩm", "Name of the product"),
    TenItem.PRODUCT_IMAGE: ("Hình ảnh sản phẩm", "Picture of the product"),
    TenItem.PRODUCER_NAME: ("Tên nhà sản xuất", "Name of the producer"),
    TenItem.PRODUCER_ADDRESS: ("Địa chỉ nhà sản xuất", "Address of the producer"),
    TenItem.STAGES: ("Các công đoạn", "Stages of production"),
    TenItem.PRODUCTION_TIME: ("Thời gian sản xuất", "Time of production"),
    TenItem.TRACE_CODE: ("Mã truy xuất", "Trace code"),
    TenItem.BRAND: ("Thương hiệu, nhãn hiệu", "Brand"),
    TenItem.EXPIRY: ("Hạn sử dụng", "Expiry"),
    TenItem.STANDARD: ("Tiêu chuẩn áp dụng", "Standard"),
}


@web.get("/products/<uuid:uid>/preview")
@needs(Action.READ_PRODUCT)
def preview_product(uid: UUID) -> str:
    """What a buyer will see, and which of the ten items nobody could read yet."""
    with reading() as work:
        shown = shopfront.of(work, uid)
    return render_template("preview.html", shown=shown, words=WORDS)


@web.get("/products/<uuid:uid>/poster")
@needs(Action.READ_PRODUCT)
def poster(uid: UUID) -> str:
    """The poster, to save and to print."""
    with reading() as work:
        shown = shopfront.of(work, uid)
    return render_template("poster.html", row=shown.product)


@web.get("/products/<uuid:uid>/poster.jpg")
@needs(Action.READ_PRODUCT)
def poster_picture(uid: UUID) -> Response:
    """The poster itself."""
    with reading() as work:
        shown = shopfront.of(work, uid)
    answer = Response(drawn(shown), mimetype="image/jpeg")
    answer.headers["content-disposition"] = f'inline; filename="{shown.product.code}.jpg"'
    answer.headers["cache-control"] = "private, max-age=60"
    return answer


def national(phone: str | None) -> str | None:
    """A telephone number of Vietnam as people there write it."""
    return f"0{phone.removeprefix('+84')}" if phone and phone.startswith("+84") else phone


def drawn(shown: Shopfront) -> bytes:
    """The poster of a product, in the language of who asks."""
    how = say(
        "Quét tem QR trên sản phẩm để kiểm tra.\nMã này mở trang kiểm tra tem.",
        "Scan the QR stamp on the pack to check it.\nThis code opens the page that checks stamps.",
    )
    address = current_app.extensions["public_url"] + "/"
    poster = Poster(
        shown.product.name,
        shown.product.pack,
        shown.owner.name,
        shown.owner.address,
        national(shown.owner.phone),
        shown.stars,
        how,
        address,
    )
    return posters.drawn(poster, store().path(shown.picture) if shown.picture else None)
