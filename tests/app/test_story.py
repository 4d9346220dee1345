"""The whole life of a stamp by hand: order, approve, mint, print, receive, activate, scan, void, recall."""

import zipfile

import pytest

from app.domain.orders import OrderState
from app.domain.recalls import RecallEvent, RecallResult
from app.models.orders import PrintJob, StampOrder
from app.models.stamps import Batch, RangeEvent, StampRange
from app.services import holds, orders, recalls, stamps
from app.services.recalls import NewRecall
from app.services.stamps import Positions
from app.worker import print_file
from stamp_engine.lifecycle import StampEvent
from stamp_engine.minting import CODES, SHEETS
from tests.app.office import Office
from tests.verifier.world import World, scan
from verifier.contract import Verdict
from verifier.scan import Scanner

V = Verdict


@pytest.fixture
def scanner(public: World) -> Scanner:
    return public.scanner()


def codes(desk: Office) -> list[str]:
    job = desk.rows(PrintJob)[-1]
    with zipfile.ZipFile(print_file(desk.stack.data_dir, job.sha256)) as archive:
        assert archive.read(SHEETS).startswith(b"%PDF")
        return [line.split(",")[2] for line in archive.read(CODES).decode().splitlines()[1:]]


def test_a_stamp_lives_from_order_to_recall(desk: Office, scanner: Scanner) -> None:
    product = desk.product()
    lot = desk.lot(product.uid, packs=10)
    desk.complete(lot.uid)
    order = desk.order(product.uid, 10, lot=lot.uid)
    batch = desk.delivered(order)
    texts = codes(desk)
    assert len(texts) == 10
    assert scan(scanner, texts[0]).verdict is V.NOT_ACTIVATED
    desk.do("owner", stamps.activate, batch.uid, lot.uid, Positions(1, 8))
    assert scan(scanner, texts[0], device="a").verdict is V.VALID_FIRST
    assert scan(scanner, texts[8]).verdict is V.NOT_ACTIVATED
    held = desk.do("coord", holds.on_lot, lot.uid, "Đang kiểm tra")
    assert scan(scanner, texts[1]).verdict is V.LOT_BLOCKED
    desk.do("coord", holds.lift, held.uid)
    desk.do("owner", stamps.retire, batch.uid, Positions(2, 3), StampEvent.VOID, "Rách khi dán")
    assert scan(scanner, texts[1]).verdict is V.VOID
    recall = desk.do("owner", recalls.request, NewRecall((lot.uid,), "Lẫn tạp chất", "Trả lại nơi mua"))
    assert scan(scanner, texts[3]).verdict is V.VALID_FIRST
    desk.do("coord", recalls.decide, recall.uid, RecallEvent.APPROVE)
    answer = scan(scanner, texts[4])
    assert answer.verdict is V.RECALLED
    assert answer.recall is not None
    assert answer.recall.instruction.vi == "Trả lại nơi mua"
    desk.do("coord", recalls.settle, recall.uid, lot.uid, RecallResult.DESTROYED, lot.quantity)
    desk.do("coord", recalls.close, recall.uid, "Đã tiêu huỷ")
    closed = scan(scanner, texts[4])
    assert closed.verdict is V.RECALLED
    assert closed.recall is not None
    assert closed.recall.closed_on is not None
    assert scan(scanner, texts[1]).verdict is V.VOID
    assert desk.rows(StampOrder)[0].state is OrderState.DELIVERED


def test_minting_a_thousand_and_a_million_writes_the_same_rows(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 1. The files are left out: what is counted is the database."""
    from app.services import minting
    from stamp_engine.format import Profile, choose_template

    product = desk.product(annual_packs=10_000_000)
    written = []
    for quantity in (1_000, 1_000_000):
        order = desk.order(product.uid, quantity)
        for officer in ("coord", "coord2")[: 1 + (quantity > orders.TWO_OFFICERS_ABOVE)]:
            desk.do(officer, orders.decide, order.uid, orders.OrderEvent.APPROVE)
        before = desk.counts()
        with desk.work(minting.SYSTEM) as work:
            intent = minting.Intent(
                desk.minter.keys.reserve(quantity), choose_template(Profile.COMPACT, "T.SONLA.VN"), 1, None
            )
            batch = minting.begin(work, order, intent)
        with desk.work(minting.SYSTEM) as work:
            minting.finish(work, batch, manifest="{}", sha256="0" * 64, size=1, read_back=10)
        after = desk.counts()
        written.append({name: after[name] - before[name] for name in after if after[name] != before[name]})
    assert written[0] == written[1]
    # The notes of what changed are forgotten by and by.
    notes = written[0].pop("fact_change")
    assert sum(count for name, count in written[0].items() if name != "clock") <= 10
    assert notes <= 10


def test_a_killed_worker_leaves_a_batch_that_is_minted_again_the_same(desk: Office) -> None:
    product = desk.product()
    order = desk.order(product.uid, 60)
    desk.do("coord", orders.decide, order.uid, orders.OrderEvent.APPROVE)
    begun = desk.minter._begin(order)  # noqa: SLF001  the moment of the kill
    folder = desk.stack.data_dir / "print" / begun.number
    folder.mkdir(parents=True)
    (folder / f"{CODES}.part").write_text("half")
    assert desk.minter.run_once() == 1
    assert desk.minter.run_once() == 0
    (batch,) = desk.rows(Batch)
    assert (batch.lo, batch.hi) == (begun.lo, begun.hi)
    assert [tile.hi - tile.lo for tile in desk.rows(StampRange)] == [60]
    assert [event.event for event in desk.rows(RangeEvent)] == [StampEvent.MINT]
