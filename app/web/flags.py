"""What is known of single stamps and of sellers: display pieces, published codes, shops."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.auth import needs, reading
from app.domain.errors import Refusal, Text
from app.domain.flags import REGISTERED, SellerKind
from app.domain.permissions import Action
from app.models.flags import KnownSeller
from app.models.organisations import Organisation
from app.services import flags as service
from app.services import pins, regions, sellers
from app.services.flags import NewFlag
from app.services.paging import Ask
from app.services.pins import Reopening
from app.services.sellers import NewSeller
from app.services.work import Work
from app.web import Page, asked_page, done, step, submitted, uid_of, web
from app.web.activations import reader
from app.web.forms import Field, Form, asked, choices
from app.web.pick import ORGANISATIONS, PLACES, picked


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller as the form asks for it: a shop's place by the name of a commune or town near by."""

    kind: SellerKind
    name: str
    address: str
    near: str | None = None
    organisation: UUID | None = None


@web.get("/known")
@needs(Action.FLAG_STAMPS)
def known() -> str:
    """Registered stamps and known sellers in scope."""
    with reading() as work:
        flagged = service.page(work, asked_page())
        shops = sellers.page(work, Ask(uid_of(request.args.get("sellers"))))
    here: dict[str, Any] = {name: request.args.get(name) for name in ("after", "sellers")}
    return render_template(
        "known.html",
        flagged=flagged.rows,
        sellers=shops.rows,
        next_flags=url_for(".known", **here | {"after": flagged.next}) if flagged.next else None,
        next_sellers=url_for(".known", **here | {"sellers": shops.next}) if shops.next else None,
    )


@web.route("/known/stamps/new", methods=["GET", "POST"])
@needs(Action.FLAG_STAMPS)
def new_flag() -> Page:
    """Register a stamp as on display or published."""
    hint = Text("Tên cửa hàng đang trưng bày, hoặc địa chỉ trang đã đăng mã.", "The shop, or the page that shows it.")
    form = Form(
        NewFlag,
        (
            asked("kind", "Tem này", "This stamp is", "select", options=choices(REGISTERED)),
            asked("stamp", "Mã hoặc số sê-ri của tem", "The stamp's code or serial", "code", most=512),
            asked("words", "Ở đâu", "Where", hint=hint),
        ),
    )

    def act(work: Work, command: NewFlag) -> Any:
        return service.register(work, reader(), command)

    return submitted(form, act, _to_known, Text("Đăng ký tem trưng bày hoặc mã bị đăng", "Register a stamp"))


@web.post("/known/stamps/<uuid:uid>/end")
@needs(Action.FLAG_STAMPS)
def end_flag(uid: UUID) -> Response:
    """It is no longer so."""
    return step(lambda work: service.end(work, uid), "web.known")


@web.route("/known/scratch-codes/reopen", methods=["GET", "POST"])
@needs(Action.REOPEN_PIN)
def reopen_pin() -> Page:
    """Let the scratch code of a locked stamp answer again."""
    hint = Text("Chỉ mở khi đã xem tận tay gói hàng.", "Only after seeing the pack itself.")
    form = Form(
        Reopening,
        (
            asked("stamp", "Mã hoặc số sê-ri của tem", "The stamp's code or serial", "code", most=512),
            asked("reason", "Lý do", "Why", "textarea", most=500, hint=hint),
        ),
    )

    def act(work: Work, command: Reopening) -> Any:
        return pins.reopen(work, reader(), command)

    def to_roll(batch: Any) -> Response:
        return done("web.roll", uid=batch.uid)

    return submitted(form, act, to_roll, Text("Mở lại mã cào bị khoá", "Reopen a locked scratch code"))


@web.route("/known/sellers/new", methods=["GET", "POST"])
@needs(Action.FLAG_STAMPS)
def new_seller() -> Page:
    """Register who sells an organisation's goods."""
    with reading() as work:
        own = work.session.get(Organisation, current_user.actor.organisation_id or 0)
    hint = Text("Chỉ cần với cửa hàng: lượt quét quanh đó là bình thường.", "For shops: scans near by are ordinary.")
    fields: list[Field] = [
        asked("kind", "Hình thức bán", "How they sell", "select", options=choices(SellerKind)),
        asked("name", "Tên người bán", "Name"),
        asked("address", "Địa chỉ, hoặc trang bán hàng", "Address, or page on the web"),
        picked(PLACES, "near", Text("Ở gần", "Near"), required=False, hint=hint),
    ]
    if own is None:
        fields.insert(0, picked(ORGANISATIONS, "organisation", Text("Bán hàng của", "Sells for")))
    form = Form(Seller, fields)

    def act(work: Work, said: Seller) -> KnownSeller:
        lat, lon = regions.places(work).get(said.near or "", (None, None))
        owner = own.uid if own is not None else said.organisation
        if owner is None:
            raise Refusal("required", pointer="/organisation", what="Chủ thể / organisation")
        if said.kind is SellerKind.SHOP and lat is None:
            raise Refusal("required", pointer="/near", what="Ở gần / near")
        return sellers.add(work, owner, NewSeller(said.kind, said.name, said.address, lat, lon))

    return submitted(form, act, _to_known, Text("Thêm người bán đã biết", "Add a known seller"))


@web.post("/known/sellers/<uuid:uid>/end")
@needs(Action.FLAG_STAMPS)
def end_seller(uid: UUID) -> Response:
    """They sell it no more."""
    return step(lambda work: sellers.end(work, uid), "web.known")


def _to_known(_: Any) -> Response:
    return done("web.known")
