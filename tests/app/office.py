"""An office for tests: units, people of each role, one producer with a product, and a worker that mints."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.database import open_engine
from app.domain.lots import LotEvent, StepKind
from app.domain.orders import OrderEvent
from app.domain.organisations import OrganisationEvent, OrganisationKind
from app.domain.permissions import SYSTEM, Actor, RoleName
from app.domain.products import ProductEvent, ProductGroup
from app.models import Base
from app.models.lots import Lot
from app.models.orders import PrintJob, StampOrder
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.stamps import Batch
from app.services import lots, orders, organisations, printing, products, stamps, units, users
from app.services.files import ContentStore
from app.services.press import Press
from app.services.stamps import Positions
from app.services.work import Desk
from app.worker import Minter
from stamp_engine.keys import KeyDirectory, KeyKind
from tests.conftest import Stack
from tests.verifier.world import HOST, PASSPHRASE, Clock

TODAY = date(2026, 11, 24)
PASSWORD = "mật khẩu dài mười"
WARD = "03646"
PICTURE = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


@dataclass(frozen=True)
class Office(Desk):
    stack: Stack = field(kw_only=True)
    store: ContentStore = field(kw_only=True)
    minter: Minter = field(kw_only=True)
    people: dict[str, Actor] = field(kw_only=True)

    def do(self, who: str, service: Any, *args: Any, **values: Any) -> Any:
        """One piece of work by somebody."""
        with self.work(self.people[who]) as work:
            return service(work, *args, **values)

    def rows(self, model: type[Base]) -> list[Any]:
        with Session(self.engine, expire_on_commit=False) as session:
            return list(session.scalars(sa.select(model)))

    def counts(self) -> dict[str, int]:
        """How many rows each table holds, and the fact clock: what a refusal must leave alone."""
        with self.engine.connect() as connection:
            found = {
                name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for name, table in Base.metadata.tables.items()
            }
            found["clock"] = connection.exec_driver_sql("SELECT value FROM fact_clock").scalar_one()
        return found

    def organisation(self, name: str = "Hợp tác xã Ví dụ", *, prints: bool = False) -> Organisation:
        asked = organisations.NewOrganisation(
            name=name,
            kind=OrganisationKind.HTX,
            address="Tổ 1, phường Tô Hiệu",
            unit=WARD,
            phone="0912 345 678",
            prints=prints,
            example=True,
        )
        made: Organisation = self.do("coord", organisations.register, asked)
        self.do("coord", organisations.decide, made.uid, OrganisationEvent.APPROVE)
        return made

    def user(self, key: str, *roles: RoleName, **values: Any) -> Actor:
        address = f"{key}@example.vn" if values.pop("with_email", True) else None
        asked = users.NewUser(key, PASSWORD, roles, email=address, **values)
        with self.work(SYSTEM) as work:
            self.people[key] = users.actor_of(users.create(work, asked))
        return self.people[key]

    def product(self, owner: str = "owner", **values: Any) -> Product:
        organisation = self.people[owner].organisation_id
        uid = next(row.uid for row in self.rows(Organisation) if row.id == organisation)
        asked = products.NewProduct(
            **{
                "name": "Chè Shan tuyết",
                "group": ProductGroup.DO_UONG,
                "description": "Chè búp",
                "pack": "100 g",
                "standard": "TCCS 01:2026",
                "annual_packs": 100_000,
                "shelf_life_days": 365,
                **values,
            }
        )
        made: Product = self.do(owner, products.create, uid, asked)
        self.do(owner, products.add_picture, self.store, made.uid, PICTURE, media_type="image/svg+xml")
        self.do(owner, products.decide, made.uid, ProductEvent.SUBMIT)
        self.do("coord", products.decide, made.uid, ProductEvent.APPROVE)
        return made

    def lot(self, product: UUID, number: str = "L1", *, packs: int = 100, owner: str = "owner", **values: Any) -> Lot:
        asked = lots.NewLot(
            **{
                "lot_no": number,
                "facility": "Xưởng Tô Hiệu",
                "produced_on": TODAY - timedelta(days=20),
                "expires_on": TODAY + timedelta(days=345),
                "quantity": Decimal(10),
                "unit": "kg",
                "packs": packs,
                **values,
            }
        )
        made: Lot = self.do(owner, lots.record, product, asked)
        return made

    def complete(self, lot: UUID, owner: str = "owner", **test: Any) -> None:
        """A whole dossier, then release."""
        for part in dossier(**test):
            self.do(owner, lots.add, lot, part)
        self.do(owner, lots.step, lot, LotEvent.PRODUCE)
        self.do(owner, lots.step, lot, LotEvent.RELEASE)

    def order(self, product: UUID, quantity: int = 100, **values: Any) -> StampOrder:
        made: StampOrder = self.do("owner", orders.place, orders.NewOrder(product, quantity, **values))
        return made

    def minted(self, order: StampOrder) -> tuple[Batch, PrintJob]:
        self.do("coord", orders.decide, order.uid, OrderEvent.APPROVE)
        assert self.minter.run_once() == 1
        with self.reading(SYSTEM) as work:
            found = printing.of_order(work, orders.get(work, order.uid))
        assert found is not None
        return found

    def delivered(self, order: StampOrder) -> Batch:
        batch, job = self.minted(order)
        self.do("coord", printing.release, job.uid)
        self.do("owner", printing.download, job.uid)
        self.do("owner", printing.printed, job.uid)
        self.do("owner", printing.receive, job.uid, printing.Receipt(order.quantity))
        return batch

    def activated(self, packs: int = 100) -> tuple[Batch, Lot]:
        product = self.product()
        lot = self.lot(product.uid, packs=packs)
        self.complete(lot.uid)
        batch = self.delivered(self.order(product.uid, packs, lot=lot.uid))
        self.do("owner", stamps.activate, batch.uid, lot.uid, Positions(1, packs))
        return batch, lot


def dossier(**test: Any) -> tuple[lots.Part, ...]:
    return (
        lots.NewInput("Búp chè tươi", "Hộ trồng chè", Decimal(50), "kg", TODAY - timedelta(days=21), "Xã Tà Xùa"),
        lots.NewStep(StepKind.PROCESSING, "Tổ sao chè", "Xưởng Tô Hiệu", TODAY - timedelta(days=20)),
        lots.NewTest(
            **{
                "laboratory": "Phòng thử nghiệm ví dụ",
                "report_no": "KN-1",
                "criteria": "Dư lượng thuốc BVTV",
                "sampled_on": TODAY - timedelta(days=18),
                "issued_on": TODAY - timedelta(days=15),
                "valid_until": TODAY + timedelta(days=350),
                "passed": True,
                **test,
            }
        ),
        lots.NewSample(
            "ML-1", Decimal(1), "gói", TODAY - timedelta(days=19), "Kho lạnh", TODAY + timedelta(days=400), "Thủ kho"
        ),
    )


@contextmanager
def office(stack: Stack) -> Iterator[Office]:
    clock, world_ids = Clock(), iter(range(1, 10**9))

    def new_id() -> UUID:
        return UUID(int=(clock.now // 1000) << 80 | 7 << 76 | 2 << 62 | next(world_ids))

    engine = open_engine(stack.url)
    keys = KeyDirectory.create(stack.data_dir / "keys", PASSPHRASE, KeyKind.PLATFORM)
    desk = Desk(engine, clock, new_id, Press(HOST))
    made = Office(
        engine,
        clock,
        new_id,
        stack=stack,
        store=ContentStore(stack.data_dir / "files"),
        minter=Minter(desk, keys, stack.data_dir, keep_days=90),
        people={},
    )
    try:
        with made.work(SYSTEM) as work:
            units.load(work.session)
        made.minter.publish_keys()
        made.user("coord", RoleName.COORD)
        made.user("coord2", RoleName.COORD)
        made.user("admin", RoleName.ADMIN)
        first = made.organisation()
        other = made.organisation("Hộ kinh doanh khác")
        made.user("owner", RoleName.PRODUCER_OWNER, organisation_id=first.id)
        made.user("staff", RoleName.PRODUCER_STAFF, organisation_id=first.id)
        made.user("stranger", RoleName.PRODUCER_OWNER, organisation_id=other.id)
        yield made
    finally:
        engine.dispose()
