"""Months of life, told through the same services and the same scan function that production uses.

Each lot is a generator that does something and yields when it wants to go on; `play` runs them all in order of time,
so the database is written as it would have been. The same seed tells the same story.
"""

import heapq
import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from uuid import UUID

from app.demo.catalogue import GOODS, MAKERS, MARKETS
from app.domain.cases import CaseEvent
from app.domain.flags import FlagKind, SellerKind
from app.domain.lots import LotEvent, StepKind
from app.domain.orders import OrderEvent
from app.domain.permissions import SYSTEM, Actor
from app.domain.recalls import RecallEvent
from app.models.lots import Lot
from app.models.orders import PrintJob, StampOrder
from app.models.organisations import Organisation
from app.models.stamps import Batch
from app.services import cases, flags, lots, orders, printing, recalls, sellers, stamps
from app.services.codes import Reader
from app.services.flags import NewFlag
from app.services.orders import NewOrder
from app.services.sellers import NewSeller
from app.services.stamps import Positions
from app.services.work import Desk, local_day
from stamp_engine.format import Profile
from stamp_engine.lifecycle import StampEvent
from verifier.contract import Place, ScanAnswer, ScanRequest

HOUR = 3_600_000_000
DAY = 24 * HOUR
Life = Generator[int, None, None]


class Clock:
    """The story's clock in UTC microseconds; each look is a microsecond later."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        """The time now."""
        self.now += 1
        return self.now


@dataclass(frozen=True, slots=True)
class Plan:
    """One lot: which product, how many days ago it was made, packs, and how far or how badly it goes."""

    good: int
    ago: int
    packs: int
    fate: str = "sold"
    profile: Profile = Profile.COMPACT
    pins: bool = False
    gtin: bool = False


# 200,000 stamps in all, every state among them.
PLANS = (
    Plan(0, 110, 12_000, "sold"),
    Plan(4, 105, 10_000, "copied", pins=True),
    Plan(25, 100, 10_000, "sold", Profile.SEALED),
    Plan(16, 98, 9_000, "sold", gtin=True),
    Plan(10, 95, 12_000, "sold"),
    Plan(13, 90, 8_000, "recalled"),
    Plan(7, 88, 9_000, "sold", gtin=True),
    Plan(19, 100, 5_000, "expired"),
    Plan(31, 84, 6_000, "sold", pins=True),
    Plan(26, 80, 7_000, "void_roll"),
    Plan(5, 78, 8_000, "sold"),
    Plan(33, 75, 6_000, "held"),
    Plan(38, 70, 14_000, "sold"),
    Plan(44, 66, 6_000, "lost"),
    Plan(17, 62, 9_000, "sold", Profile.SEALED, gtin=True),
    Plan(22, 58, 2_000, "sold"),
    Plan(40, 55, 1_500, "sold"),
    Plan(1, 50, 5_000, "sold", pins=True),
    Plan(14, 45, 8_000, "sold"),
    Plan(29, 40, 6_500, "sold"),
    Plan(37, 34, 6_000, "sold"),
    Plan(30, 28, 8_000, "fresh"),
    Plan(32, 24, 6_000, "delivered"),
    Plan(34, 20, 5_000, "printed"),
    Plan(11, 16, 6_000, "released"),
    Plan(35, 12, 5_000, "minted"),
    Plan(2, 9, 10_000, "minted", Profile.SEALED),
    Plan(18, 7, 4_000, "rejected"),
    Plan(39, 5, 3_000, "cancelled"),
    Plan(23, 4, 1_000, "submitted"),
    Plan(20, 3, 2_000, "incomplete"),
    Plan(36, 2, 3_000, "incomplete"),
)


@dataclass(slots=True)
class Stage:
    """What a life plays on. `people` maps a role to who has it; `products` and `owners` follow `GOODS`."""

    desk: Desk
    clock: Clock
    mint: Callable[[], int]
    scan: Callable[[Sequence[ScanRequest]], list[ScanAnswer]]
    code: Callable[[Batch, int], str]
    people: dict[str, Actor]
    owners: list[Actor]
    products: list[UUID]
    printer: UUID
    now: int
    chance: random.Random = field(default_factory=lambda: random.Random(14))  # noqa: S311  a story, not a secret
    links: dict[str, str] = field(default_factory=dict)


def play(stage: Stage, progress: Callable[[int, int], None]) -> None:
    """Run every life to its end, always the earliest next."""
    order = count()
    waiting = [(stage.now - plan.ago * DAY, next(order), _life(stage, plan)) for plan in PLANS]
    heapq.heapify(waiting)
    ended = 0
    while waiting:
        at, _, life = heapq.heappop(waiting)
        stage.clock.now = max(at, stage.clock.now)
        wake = next(life, None)
        if wake is None or wake >= stage.now:
            ended += 1
            progress(ended, len(PLANS))
        else:
            heapq.heappush(waiting, (wake, next(order), life))


def _life(stage: Stage, plan: Plan) -> Life:
    lot = yield from _grow(stage, plan)
    if lot is None:
        return
    batch = yield from _stamps(stage, plan, lot)
    if batch is None:
        return
    yield from _market(stage, plan, lot, batch)


def _grow(stage: Stage, plan: Plan) -> Generator[int, None, Lot | None]:
    """The lot and its dossier; None where it stays incomplete."""
    good, owner = GOODS[plan.good], stage.owners[plan.good]
    made = local_day(stage.clock.now)
    keeps = 60 if plan.fate == "expired" else good.days
    with stage.desk.work(owner) as work:
        lot = lots.record(
            work,
            stage.products[plan.good],
            lots.NewLot(
                lot_no=f"L{made:%y%m%d}-{plan.good + 1:02d}",
                facility=f"Xưởng sơ chế, {_address_of(plan)}",
                produced_on=made,
                expires_on=made + timedelta(days=keeps) if keeps else None,
                quantity=Decimal(plan.packs),
                unit="gói",
                packs=plan.packs,
            ),
        )
    parts = _dossier(plan, made)
    yield stage.clock.now + 6 * HOUR
    for part in parts[: 2 if plan.fate == "incomplete" else len(parts)]:
        with stage.desk.work(owner) as work:
            lots.add(work, lot.uid, part)
    if plan.fate == "incomplete":
        return None
    yield stage.clock.now + 2 * DAY
    with stage.desk.work(owner) as work:
        lots.step(work, lot.uid, LotEvent.PRODUCE)
        lots.step(work, lot.uid, LotEvent.RELEASE)
    return lot


def _dossier(plan: Plan, made: date) -> list[lots.Part]:
    good, where = GOODS[plan.good], _address_of(plan)
    before = made - timedelta(days=1)
    return [
        lots.NewInput(good.ingredients[:200], "Các hộ thành viên", Decimal(plan.packs), "kg", before, where),
        lots.NewStep(StepKind.HARVEST, "Các hộ thành viên", where, before, "Chọn nguyên liệu đạt yêu cầu"),
        lots.NewStep(StepKind.PROCESSING, "Tổ chế biến", where, made),
        lots.NewStep(StepKind.PACKING, "Tổ đóng gói", where, made),
        lots.NewTest(
            "Phòng thử nghiệm ví dụ",
            f"KN-{made:%y%m%d}-{plan.good + 1}",
            "Vi sinh, kim loại nặng, dư lượng thuốc bảo vệ thực vật",
            before,
            made,
            made + timedelta(days=365),
            passed=True,
        ),
        lots.NewSample(
            f"ML-{plan.good + 1}", Decimal(2), "gói", made, "Tủ lưu mẫu", made + timedelta(days=400), "Tổ kiểm tra"
        ),
        lots.NewArea("Hà Nội", *MARKETS["Hà Nội"], 40.0),
    ]


def _address_of(plan: Plan) -> str:
    return MAKERS[GOODS[plan.good].maker].address


_BEFORE_MINT = {"rejected", "cancelled", "submitted"}


def _stamps(stage: Stage, plan: Plan, lot: Lot) -> Generator[int, None, Batch | None]:
    """The order, its minting, printing and delivery; None where it stops on the way."""
    owner, officer = stage.owners[plan.good], stage.people["coord"]
    yield stage.clock.now + 5 * HOUR
    with stage.desk.work(owner) as work:
        order = orders.place(
            work,
            NewOrder(
                stage.products[plan.good],
                plan.packs,
                lot=lot.uid,
                printer=stage.printer,
                profile=plan.profile,
                with_gtin=plan.gtin,
                pins=plan.pins,
            ),
        )
    yield stage.clock.now + 20 * HOUR
    if plan.fate in _BEFORE_MINT:
        _stop(stage, plan, order)
        return None
    with stage.desk.work(officer) as work:
        orders.decide(work, order.uid, OrderEvent.APPROVE)
    stage.mint()
    with stage.desk.reading(SYSTEM) as work:
        found = printing.of_order(work, orders.get(work, order.uid))
    if found is None or plan.fate == "minted":
        return None
    batch, job = found
    return batch if (yield from _printed(stage, plan, job)) else None


def _stop(stage: Stage, plan: Plan, order: StampOrder) -> None:
    if plan.fate == "rejected":
        with stage.desk.work(stage.people["coord"]) as work:
            orders.decide(work, order.uid, OrderEvent.REJECT, "Đề nghị bổ sung ảnh nhãn sản phẩm")
    elif plan.fate == "cancelled":
        with stage.desk.work(stage.owners[plan.good]) as work:
            orders.cancel(work, order.uid)


def _printed(stage: Stage, plan: Plan, job: PrintJob) -> Generator[int, None, bool]:
    """Whether the roll reaches its producer."""
    yield stage.clock.now + 3 * HOUR
    with stage.desk.work(stage.people["coord"]) as work:
        printing.release(work, job.uid)
    if plan.fate == "released":
        return False
    yield stage.clock.now + DAY
    with stage.desk.work(stage.people["printer"]) as work:
        printing.download(work, job.uid)
        printing.printed(work, job.uid)
    if plan.fate == "printed":
        return False
    yield stage.clock.now + DAY
    with stage.desk.work(stage.owners[plan.good]) as work:
        printing.receive(work, job.uid, printing.Receipt(plan.packs - 20, (Positions(plan.packs - 19, plan.packs),)))
    return True


def _market(stage: Stage, plan: Plan, lot: Lot, batch: Batch) -> Life:
    if plan.fate == "delivered":
        return
    owner = stage.owners[plan.good]
    yield stage.clock.now + DAY
    active = plan.packs - 20 if plan.fate != "fresh" else plan.packs // 4
    with stage.desk.work(owner) as work:
        stamps.activate(work, batch.uid, lot.uid, Positions(1, active))
    with stage.desk.work(owner) as work:
        stamps.retire(work, batch.uid, Positions(active - 2, active), StampEvent.VOID, "Rách khi dán")
    yield stage.clock.now + DAY
    with stage.desk.work(owner) as work:
        lots.dispatch(
            work,
            lot.uid,
            lots.NewDispatch(
                "Siêu thị ví dụ", "Hà Nội", Decimal(plan.packs // 2), plan.packs // 2, local_day(stage.clock.now)
            ),
        )
    stage.links.setdefault(plan.fate, stage.code(batch, batch.lo + 6))
    yield from _sales(stage, plan, lot, batch, active)


def _sales(stage: Stage, plan: Plan, lot: Lot, batch: Batch, active: int) -> Life:
    """Scans, day by day, and what befalls the lot meanwhile."""
    for day in range(1, 200):
        for hour in (2, 5, 12):
            tomorrow = stage.clock.now - stage.clock.now % DAY + DAY
            yield tomorrow + hour * HOUR if hour == 2 else stage.clock.now + 3 * HOUR
            some = stage.chance.randrange(1, 2 + min(6, active // 1500))
            stage.scan([_shopper(stage, batch, active) for _ in range(some)])
        if day == 6:
            _befall(stage, plan, lot, batch, active)
        if plan.fate == "copied" and day % 4 == 0:
            _copies(stage, batch, day)


def _shopper(stage: Stage, batch: Batch, active: int) -> ScanRequest:
    index = batch.lo + 10 + int((active - 15) * stage.chance.random() ** 2)
    place = None
    if stage.chance.random() < 0.4:
        lat, lon = stage.chance.choice(list(MARKETS.values())[:3])
        place = Place(lat + stage.chance.uniform(-0.05, 0.05), lon + stage.chance.uniform(-0.05, 0.05), 30)
    return ScanRequest(stage.code(batch, index), device=f"demo-{stage.chance.randrange(4000)}", place=place)


def _befall(stage: Stage, plan: Plan, lot: Lot, batch: Batch, active: int) -> None:
    owner, coord, other = stage.owners[plan.good], stage.people["coord"], stage.people["coord2"]
    if plan.fate == "recalled":
        asked = recalls.NewRecall(
            (lot.uid,),
            "Phát hiện lẫn dị vật trong một số gói",
            "Ngừng sử dụng và trả lại nơi mua để được hoàn tiền",
            "Foreign matter was found in some packs",
            "Stop using it and return it where you bought it for a refund",
        )
        with stage.desk.work(owner) as work:
            recall = recalls.request(work, asked)
        with stage.desk.work(coord) as work:
            recalls.decide(work, recall.uid, RecallEvent.APPROVE)
    elif plan.fate == "held":
        with stage.desk.work(other) as work:
            asked_for = cases.ask_hold(work, lot.uid, "Chờ kết quả kiểm tra nhãn")
        with stage.desk.work(coord) as work:
            cases.step(work, asked_for.uid, CaseEvent.APPROVE_HOLD)
    elif plan.fate == "sold" and plan.profile is Profile.SEALED and not plan.gtin:
        _known(stage, plan, lot, batch)
    elif plan.fate == "void_roll":
        with stage.desk.work(owner) as work:
            stamps.retire(work, batch.uid, Positions(1, active - 3), StampEvent.VOID, "Cuộn in sai màu, đã tiêu huỷ")
    elif plan.fate == "lost":
        with stage.desk.work(owner) as work:
            stamps.retire(work, batch.uid, Positions(active // 2, active - 3), StampEvent.LOSE, "Mất trên đường giao")


def _known(stage: Stage, plan: Plan, lot: Lot, batch: Batch) -> None:
    """The producer says which pack is on display and which shop sells the goods."""
    reader = Reader((stage.desk.press.host,))
    with stage.desk.work(stage.owners[plan.good]) as work:
        asked = NewFlag(FlagKind.DISPLAY, stage.code(batch, batch.lo + 10), "Gian hàng OCOP Mộc Châu (ví dụ)")
        flags.register(work, reader, asked)
        owner = work.session.get_one(Organisation, lot.organisation_id)
        lat, lon = MARKETS["Hải Phòng"]
        shop = NewSeller(SellerKind.SHOP, "Cửa hàng nông sản Hải Phòng (ví dụ)", "Số 9, Hải Phòng", lat, lon)
        sellers.add(work, owner.uid, shop)


def _copies(stage: Stage, batch: Batch, day: int) -> None:
    """One stamp, copied: scanned in two cities within the hour, on other phones."""
    text = stage.code(batch, batch.lo + 6)
    for number, city in enumerate(("Hà Nội", "Thành phố Hồ Chí Minh")):
        stage.clock.now += 20 * 60_000_000
        place = Place(*MARKETS[city], accuracy_m=25)
        stage.scan([ScanRequest(text, device=f"copy-{day}-{number}", place=place)])
