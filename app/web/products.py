"""Products: list, describe, picture, submit, approve, certify."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.auth import may, needs, reading
from app.domain.certificates import state_on
from app.domain.errors import Refusal, Text
from app.domain.permissions import Action
from app.domain.products import PRODUCT, ProductEvent, ProductGroup, ProductState, RuleSet
from app.models.certificates import Certificate
from app.models.organisations import Organisation
from app.models.products import Product
from app.services import audit, certificates, files
from app.services import products as service
from app.services.certificates import NewCertificate
from app.services.products import NewProduct
from app.services.work import Work
from app.web import Line, Page, asked_page, done, listing, member, state, step, submitted, version_of, web
from app.web.forms import Form, asked, choices, optional
from app.web.uploads import store, upload

_WORDS = {
    ProductEvent.SUBMIT: ("Nộp để duyệt", "Submit", "main", None, Action.EDIT_PRODUCT),
    ProductEvent.RETIRE: ("Ngừng sản phẩm", "Retire", "danger", None, Action.EDIT_PRODUCT),
    ProductEvent.APPROVE: ("Duyệt", "Approve", "main", None, Action.DECIDE_PRODUCT),
    ProductEvent.RETURN: ("Trả lại", "Return", "danger", Text("Lý do", "Reason"), Action.DECIDE_PRODUCT),
}


@web.get("/products")
@needs(Action.READ_PRODUCT)
def products() -> str:
    """All products in scope."""
    with reading() as work:
        part = service.page(work, asked_page())
    rows = [
        Line((row.name, row.state, row.code, state(row.group), row.pack), url_for(".product", uid=row.uid))
        for row in part.rows
    ]
    heads = (("Tên", "Name"), ("Trạng thái", "State"), ("Mã", "Code"), ("Nhóm", "Group"), ("Quy cách", "Pack"))
    new = (url_for(".new_product"), Text("Thêm sản phẩm", "New product"))
    empty = Text("Chưa có sản phẩm. Hãy thêm sản phẩm đầu tiên.", "None yet: add the first product.")
    shown = new if may(Action.EDIT_PRODUCT) else None
    title = Text("Sản phẩm", "Products")
    return listing(title, heads, rows, empty, shown, after=part.next, states=tuple(ProductState))


_FIELDS = (
    asked("name", "Tên sản phẩm", "Name"),
    asked("group", "Nhóm", "Group", "select", options=choices(ProductGroup)),
    asked("pack", "Quy cách (ví dụ: gói 100 g)", "Pack (for example 100 g bag)", most=80),
    asked("description", "Mô tả", "Description", "textarea", most=4000),
    optional("standard", "Tiêu chuẩn áp dụng", "Standard", most=120),
    optional("gtin", "Mã vạch GTIN", "GTIN barcode", "number", most=20),
    optional("brand", "Nhãn hiệu", "Brand", most=120),
    optional("shelf_life_days", "Hạn dùng (ngày)", "Shelf life (days)", "number", most=9),
    optional("annual_packs", "Sản lượng năm (gói)", "Packs a year", "number", most=9),
    optional("ingredients", "Thành phần", "Ingredients", "textarea", most=2000),
    optional("usage", "Cách dùng", "How to use", "textarea", most=2000),
    optional("warnings", "Lưu ý", "Warnings", "textarea", most=2000),
    optional("name_en", "Tên tiếng Anh", "English name"),
)


@web.route("/products/new", methods=["GET", "POST"])
@needs(Action.EDIT_PRODUCT)
def new_product() -> Page:
    """Describe one."""
    form = Form(NewProduct, _FIELDS)
    with reading() as work:
        owner = work.session.get(Organisation, current_user.actor.organisation_id or 0)
    if owner is None:
        raise Refusal("forbidden")

    def then(made: Any) -> Response:
        return done("web.product", uid=made.uid)

    return submitted(
        form, lambda work, asked: service.create(work, owner.uid, asked), then, Text("Thêm sản phẩm", "New product")
    )


@web.route("/products/<uuid:uid>/edit", methods=["GET", "POST"])
@needs(Action.EDIT_PRODUCT)
def edit_product(uid: UUID) -> Page:
    """Describe a draft anew, unless somebody else has meanwhile."""
    with reading() as work:
        row = service.get(work, uid)
    form = Form(NewProduct, _FIELDS)
    form.given = {one.name: str(getattr(row, one.name) or "") for one in _FIELDS}
    form.given = {**form.given, "group": row.group.value, "version": str(row.version)}
    version = request.form.get("version")

    def mend(work: Work, command: NewProduct) -> Product:
        return service.update(work, uid, command, version_of(version))

    def then(made: Product) -> Response:
        return done("web.product", uid=made.uid)

    return submitted(form, mend, then, Text(f"Sửa {row.name}", f"Edit {row.name}"))


@web.get("/products/<uuid:uid>")
@needs(Action.READ_PRODUCT)
def product(uid: UUID) -> str:
    """One product with its pictures and certificates."""
    with reading() as work:
        row = service.get(work, uid)
        owner = work.session.get_one(Organisation, row.organisation_id)
        pictures, trail = service.pictures(work, row.id), audit.trail(work.session, "product", row.id)
        held = work.session.scalars(sa.select(Certificate).where(Certificate.product_id == row.id)).all()
        states = [
            (
                one,
                state_on(
                    work.today,
                    expires_on=one.expires_on,
                    revoked_on=one.revoked_on,
                    superseded=one.superseded_by_id is not None,
                ),
            )
            for one in held
        ]
    acts = [(event, *_WORDS[event]) for event in PRODUCT.table[row.state] if may(_WORDS[event][4])]
    return render_template(
        "product.html", row=row, owner=owner, pictures=pictures, certificates=states, acts=acts, trail=trail
    )


@web.post("/products/<uuid:uid>/<event>")
@needs(Action.EDIT_PRODUCT, Action.DECIDE_PRODUCT)
def decide_product(uid: UUID, event: str) -> Response:
    """Submit, retire, approve or return."""
    reason = request.form.get("reason")
    return step(lambda work: service.decide(work, uid, member(ProductEvent, event), reason), "web.product", uid=uid)


@web.post("/products/<uuid:uid>/picture")
@needs(Action.EDIT_PRODUCT)
def add_picture(uid: UUID) -> Response:
    """Add a picture; it is drawn again before anyone sees it."""
    content = upload("picture")
    return step(lambda work: service.add_picture(work, store(), uid, files.picture(content)), "web.product", uid=uid)


@web.route("/products/<uuid:uid>/certificate", methods=["GET", "POST"])
@needs(Action.GRANT_CERTIFICATE)
def new_certificate(uid: UUID) -> Page:
    """Enter a grading decision."""
    rules = [one for one in choices_of_rules() if one[0] != RuleSet.SL_2019.value]
    form = Form(
        NewCertificate,
        (
            asked("decision_no", "Số quyết định", "Decision number", most=80),
            asked("issuer", "Cơ quan ban hành", "Issuer"),
            asked("rule_set", "Bộ tiêu chí", "Rule-set", "select", options=rules),
            asked("points_a", "Điểm phần A", "Points A", "amount"),
            asked("points_b", "Điểm phần B", "Points B", "amount"),
            asked("points_c", "Điểm phần C", "Points C", "amount"),
            asked("issued_on", "Ngày ban hành", "Issued on", "date"),
        ),
    )

    def then(_: Any) -> Response:
        return done("web.product", uid=uid)

    title = Text("Giấy chứng nhận OCOP", "OCOP certificate")
    return submitted(form, lambda work, asked: certificates.grant(work, uid, asked), then, title)


def choices_of_rules() -> list[tuple[str, Text]]:
    """The rule-sets a certificate may follow."""
    return [(rule.value, Text(state(rule), state(rule))) for rule in RuleSet]
