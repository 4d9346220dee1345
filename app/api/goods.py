"""Organisations, products, certificates and lots over the API."""

from typing import Literal
from uuid import UUID

from flask import Response, current_app, request
from pydantic import BaseModel, RootModel

from app.api import PICTURE, ById, Paging, Reason, added, answered, api, created, edited, paged, plainly, stepped
from app.auth import needs, reading
from app.domain.lots import LotEvent
from app.domain.organisations import OrganisationEvent
from app.domain.permissions import Action
from app.domain.products import ProductEvent
from app.models.products import Product
from app.services import (
    cases,
    certificates,
    files,
    holds,
    lots,
    orders,
    organisations,
    posters,
    products,
    shopfront,
)
from app.services.certificates import NewCertificate
from app.services.lots import NewDispatch, NewLot
from app.services.organisations import NewOrganisation, Profile
from app.services.products import NewProduct
from app.services.work import Work


class OrganisationStep(ById):
    """A step of an organisation's life."""

    event: OrganisationEvent


class ProductStep(ById):
    """A step of a product's life."""

    event: ProductEvent


class LotStepPath(ById):
    """A step of a lot's life."""

    event: LotEvent


class Language(BaseModel):
    """The language of what is drawn."""

    lang: Literal["vi", "en"] = "vi"


class OfLot(BaseModel):
    """One lot, or none in particular."""

    lot: UUID | None = None


class NewOrganisationBody(RootModel[NewOrganisation]):
    """`NewOrganisation` as the body of a request."""


class ProfileBody(RootModel[Profile]):
    """`Profile` as the body of a request."""


class NewProductBody(RootModel[NewProduct]):
    """`NewProduct` as the body of a request."""


class NewLotBody(RootModel[NewLot]):
    """`NewLot` as the body of a request."""


class NewCertificateBody(RootModel[NewCertificate]):
    """`NewCertificate` as the body of a request."""


class NewDispatchBody(RootModel[NewDispatch]):
    """`NewDispatch` as the body of a request."""


@api.get("/organisations")
@needs(Action.READ_ORGANISATION)
def list_organisations(query: Paging) -> Response:
    """Organisations in scope."""
    with reading() as work:
        return paged(work, organisations.page(work, query.ask()))


@api.post("/organisations")
@needs(Action.REGISTER_ORGANISATION)
def register_organisation(body: NewOrganisationBody) -> Response:
    """Register an organisation; it is PENDING until the province approves."""
    return created("organisations", lambda work: organisations.register(work, body.root))


@api.get("/organisations/<uuid:uid>")
@needs(Action.READ_ORGANISATION)
def get_organisation(path: ById) -> Response:
    """One organisation."""
    with reading() as work:
        return answered(work, organisations.get(work, path.uid))


@api.post("/organisations/<uuid:uid>/<event>")
@needs(Action.DECIDE_ORGANISATION)
def step_organisation(path: OrganisationStep, body: Reason) -> Response:
    """Approve, suspend, reinstate or close."""
    return stepped(
        lambda work: organisations.decide(work, path.uid, path.event, body.reason),
        lambda work: organisations.get(work, path.uid),
    )


@api.put("/organisations/<uuid:uid>")
@needs(Action.EDIT_ORGANISATION)
def edit_organisation(path: ById, body: ProfileBody) -> Response:
    """Change what an organisation says of itself; `If-Match` names the version."""
    return edited(
        lambda work: organisations.get(work, path.uid),
        lambda work, version: organisations.update(work, path.uid, body.root, version),
    )


@api.post("/organisations/<uuid:uid>/products")
@needs(Action.EDIT_PRODUCT)
def create_product(path: ById, body: NewProductBody) -> Response:
    """Describe a product of an organisation."""
    return created("products", lambda work: products.create(work, path.uid, body.root))


@api.get("/products")
@needs(Action.READ_PRODUCT)
def list_products(query: Paging) -> Response:
    """Products in scope."""
    with reading() as work:
        return paged(work, products.page(work, query.ask()))


@api.get("/products/<uuid:uid>")
@needs(Action.READ_PRODUCT)
def get_product(path: ById) -> Response:
    """One product."""
    with reading() as work:
        return answered(work, products.get(work, path.uid))


@api.post("/products/<uuid:uid>/<event>")
@needs(Action.EDIT_PRODUCT, Action.DECIDE_PRODUCT)
def step_product(path: ProductStep, body: Reason) -> Response:
    """Submit, approve, return or retire."""
    return stepped(
        lambda work: products.decide(work, path.uid, path.event, body.reason),
        lambda work: products.get(work, path.uid),
    )


@api.put("/products/<uuid:uid>")
@needs(Action.EDIT_PRODUCT)
def edit_product(path: ById, body: NewProductBody) -> Response:
    """Describe a DRAFT product anew; `If-Match` names the version."""
    return edited(
        lambda work: products.get(work, path.uid),
        lambda work, version: products.update(work, path.uid, body.root, version),
    )


@api.post("/products/<uuid:uid>/pictures", request_body=PICTURE)
@needs(Action.EDIT_PRODUCT)
def add_picture(path: ById) -> Response:
    """Add a picture; the body is a JPEG, PNG or WebP. It is drawn again, without what else it carried."""
    content, store = request.get_data(), current_app.extensions["files"]

    def add(work: Work) -> Product:
        products.add_picture(work, store, path.uid, files.picture(content))
        return products.get(work, path.uid)

    return added(add)


@api.get("/products/<uuid:uid>/shopfront")
@needs(Action.READ_PRODUCT)
def get_shopfront(path: ById) -> Response:
    """The ten items of Circular 02/2024 as a buyer will read them, and how many that are needed are missing."""
    with reading() as work:
        found = shopfront.of(work, path.uid)
        return plainly({"items": found.items, "missing": found.missing, "stars": found.stars})


@api.get("/products/<uuid:uid>/poster")
@needs(Action.READ_PRODUCT)
def get_poster(path: ById, query: Language) -> Response:
    """The poster of a product to share or to print, a JPEG; `lang` is vi or en."""
    with reading() as work:
        shown = shopfront.of(work, path.uid)
    poster = posters.of(shown, getattr(posters.HOW, query.lang), current_app.extensions["public_url"])
    picture = current_app.extensions["files"].path(shown.picture) if shown.picture else None
    return Response(posters.drawn(poster, picture), mimetype="image/jpeg")


@api.get("/products/<uuid:uid>/quota")
@needs(Action.PLACE_ORDER)
def get_quota(path: ById, query: OfLot) -> Response:
    """How many stamps may still be ordered for a year's output, or for the packs of a `lot`."""
    with reading() as work:
        return plainly({"left": orders.quota_left(work, path.uid, query.lot)})


@api.post("/products/<uuid:uid>/certificates")
@needs(Action.GRANT_CERTIFICATE)
def grant_certificate(path: ById, body: NewCertificateBody) -> Response:
    """Enter a grading decision."""
    return created("certificates", lambda work: certificates.grant(work, path.uid, body.root))


@api.post("/products/<uuid:uid>/lots")
@needs(Action.EDIT_LOT)
def record_lot(path: ById, body: NewLotBody) -> Response:
    """Record a lot of a product."""
    return created("lots", lambda work: lots.record(work, path.uid, body.root))


@api.get("/lots")
@needs(Action.READ_LOT)
def list_lots(query: Paging) -> Response:
    """Lots in scope, the newest first."""
    with reading() as work:
        return paged(work, lots.page(work, query.ask()))


@api.get("/lots/<uuid:uid>")
@needs(Action.READ_LOT)
def get_lot(path: ById) -> Response:
    """One lot."""
    with reading() as work:
        return answered(work, lots.get(work, path.uid))


@api.put("/lots/<uuid:uid>")
@needs(Action.EDIT_LOT)
def edit_lot(path: ById, body: NewLotBody) -> Response:
    """Mend what a lot declares while it is not released; `If-Match` names the version."""
    return edited(
        lambda work: lots.get(work, path.uid),
        lambda work, version: lots.update(work, path.uid, body.root, version),
    )


@api.post("/lots/<uuid:uid>/dispatches")
@needs(Action.EDIT_LOT)
def dispatch_lot(path: ById, body: NewDispatchBody) -> Response:
    """Goods that leave for a buyer."""
    return created("dispatches", lambda work: lots.dispatch(work, path.uid, body.root))


@api.post("/lots/<uuid:uid>/holds")
@needs(Action.PLACE_HOLD)
def hold_lot(path: ById, body: Reason) -> Response:
    """Ask for a hold on a lot; `POST /cases/{uid}/approve_hold` by another officer places it."""
    return created("cases", lambda work: cases.ask_hold(work, path.uid, body.reason or ""))


@api.post("/holds/<uuid:uid>/lift")
@needs(Action.LIFT_HOLD)
def lift_hold(path: ById) -> Response:
    """Lift a hold."""
    return stepped(lambda work: holds.lift(work, path.uid))


@api.post("/lots/<uuid:uid>/<event>")
@needs(Action.EDIT_LOT, Action.RELEASE_LOT)
def step_lot(path: LotStepPath) -> Response:
    """Produce, test, release, close or dispose of."""
    return stepped(lambda work: lots.step(work, path.uid, path.event), lambda work: lots.get(work, path.uid))
