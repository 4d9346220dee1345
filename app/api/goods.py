"""Organisations, products, certificates and lots over the API."""

from flask import Response
from pydantic import BaseModel, RootModel

from app.api import ById, Reason, answered, api, asked_page, created, paged, stepped
from app.auth import needs, reading
from app.domain.lots import LotEvent
from app.domain.organisations import OrganisationEvent
from app.domain.permissions import Action
from app.domain.products import ProductEvent
from app.models.lots import Lot
from app.services import certificates, holds, lots, organisations, products
from app.services.certificates import NewCertificate
from app.services.lots import NewDispatch, NewInput, NewLot, NewSample, NewStep, NewTest
from app.services.organisations import NewOrganisation
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


class Part(BaseModel):
    """One part of a dossier; exactly one member is given."""

    input: NewInput | None = None
    step: NewStep | None = None
    test: NewTest | None = None
    sample: NewSample | None = None


class NewOrganisationBody(RootModel[NewOrganisation]):
    """`NewOrganisation` as the body of a request."""


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
def list_organisations() -> Response:
    """Organisations in scope."""
    with reading() as work:
        return paged(organisations.page(work, asked_page()))


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
        return answered(organisations.get(work, path.uid))


@api.post("/organisations/<uuid:uid>/<event>")
@needs(Action.DECIDE_ORGANISATION)
def step_organisation(path: OrganisationStep, body: Reason) -> Response:
    """Approve, suspend, reinstate or close."""
    return stepped(
        lambda work: organisations.decide(work, path.uid, path.event, body.reason),
        lambda work: organisations.get(work, path.uid),
    )


@api.post("/organisations/<uuid:uid>/products")
@needs(Action.EDIT_PRODUCT)
def create_product(path: ById, body: NewProductBody) -> Response:
    """Describe a product of an organisation."""
    return created("products", lambda work: products.create(work, path.uid, body.root))


@api.get("/products")
@needs(Action.READ_PRODUCT)
def list_products() -> Response:
    """Products in scope."""
    with reading() as work:
        return paged(products.page(work, asked_page()))


@api.get("/products/<uuid:uid>")
@needs(Action.READ_PRODUCT)
def get_product(path: ById) -> Response:
    """One product."""
    with reading() as work:
        return answered(products.get(work, path.uid))


@api.post("/products/<uuid:uid>/<event>")
@needs(Action.EDIT_PRODUCT, Action.DECIDE_PRODUCT)
def step_product(path: ProductStep, body: Reason) -> Response:
    """Submit, approve, return or retire."""
    return stepped(
        lambda work: products.decide(work, path.uid, path.event, body.reason),
        lambda work: products.get(work, path.uid),
    )


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
def list_lots() -> Response:
    """Lots in scope, the newest first."""
    with reading() as work:
        return paged(lots.page(work, asked_page()))


@api.get("/lots/<uuid:uid>")
@needs(Action.READ_LOT)
def get_lot(path: ById) -> Response:
    """One lot."""
    with reading() as work:
        return answered(lots.get(work, path.uid))


@api.post("/lots/<uuid:uid>/parts")
@needs(Action.EDIT_LOT)
def add_part(path: ById, body: Part) -> Response:
    """Add a part to a lot's dossier."""
    given = [part for part in (body.input, body.step, body.test, body.sample) if part is not None]

    def add(work: Work) -> Lot:
        for part in given:
            lots.add(work, path.uid, part)
        return lots.get(work, path.uid)

    return stepped(add)


@api.post("/lots/<uuid:uid>/dispatches")
@needs(Action.EDIT_LOT)
def dispatch_lot(path: ById, body: NewDispatchBody) -> Response:
    """Goods that leave for a buyer."""
    return created("dispatches", lambda work: lots.dispatch(work, path.uid, body.root))


@api.post("/lots/<uuid:uid>/holds")
@needs(Action.PLACE_HOLD)
def hold_lot(path: ById, body: Reason) -> Response:
    """Put a lot on hold; it shows on the next scan."""
    return created("holds", lambda work: holds.on_lot(work, path.uid, body.reason or ""))


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
