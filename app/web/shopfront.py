"""A product as a buyer sees it, before it is ordered stamps for; and its poster, to share or to print."""

from uuid import UUID

from flask import Response, current_app, render_template

from app.auth import needs, reading
from app.domain.permissions import Action
from app.domain.products import TenItem
from app.services import posters, shopfront
from app.web import said, web
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
    poster = posters.of(shown, said(posters.HOW), current_app.extensions["public_url"])
    picture = store().path(shown.picture) if shown.picture else None
    answer = Response(posters.drawn(poster, picture), mimetype="image/jpeg")
    answer.headers["content-disposition"] = f'inline; filename="{shown.product.code}.jpg"'
    answer.headers["cache-control"] = "private, max-age=60"
    return answer
