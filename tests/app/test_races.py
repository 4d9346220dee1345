"""People who act at the same moment: exactly one wins, sums hold, and the audit chain stays single."""

import threading
from collections.abc import Callable
from typing import Any

from app.domain.errors import Refusal
from app.domain.orders import OrderEvent
from app.domain.permissions import SYSTEM
from app.models.orders import StampOrder
from app.models.stamps import Batch, StampRange
from app.services import audit, orders, printing, stamps
from app.services.orders import NewOrder
from app.services.stamps import Positions
from stamp_engine.lifecycle import StampState
from tests.app.office import Office


def together(*acts: Callable[[], Any]) -> list[str]:
    """Run all at once; gives the refusal of each, or `done`."""
    outcomes = [""] * len(acts)
    barrier = threading.Barrier(len(acts))

    def run(place: int) -> None:
        barrier.wait()
        try:
            acts[place]()
        except Refusal as refusal:
            outcomes[place] = refusal.code
        else:
            outcomes[place] = "done"

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


def chain_holds(desk: Office) -> None:
    with desk.reading(SYSTEM) as work:
        assert audit.check(work.session) > 0


def test_orders_at_once_never_pass_the_declared_output(desk: Office) -> None:
    product = desk.product()
    lot = desk.lot(product.uid, packs=100)
    wish = NewOrder(product.uid, 40, lot=lot.uid)
    outcomes = together(*[lambda: desk.do("owner", orders.place, wish)] * 6)
    assert outcomes == ["done", "done", *["quantity_over_output"] * 4]
    assert sum(row.quantity for row in desk.rows(StampOrder)) == 80
    chain_holds(desk)


def test_an_order_is_decided_once(desk: Office) -> None:
    order = desk.order(desk.product().uid, 10)
    approve = [
        lambda who=who: desk.do(who, orders.decide, order.uid, OrderEvent.APPROVE) for who in ("coord", "coord2")
    ]
    outcomes = together(*approve, *approve)
    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", "illegal_step", "changed_meanwhile"}
    chain_holds(desk)


def test_a_print_file_is_downloaded_once(desk: Office) -> None:
    _, job = desk.minted(desk.order(desk.product().uid, 10))
    desk.do("coord", printing.release, job.uid)
    outcomes = together(*[lambda: desk.do("owner", printing.download, job.uid)] * 4)
    assert outcomes.count("done") == 1
    chain_holds(desk)


def test_a_stamp_is_bound_to_one_lot(desk: Office) -> None:
    product = desk.product()
    batch = desk.delivered(desk.order(product.uid, 60))
    one, two = desk.lot(product.uid, "L1", packs=100), desk.lot(product.uid, "L2", packs=100)
    for lot in (one, two):
        desk.complete(lot.uid)

    def activate(lot: Any, first: int, last: int) -> Callable[[], Any]:
        return lambda: desk.do("owner", stamps.activate, batch.uid, lot.uid, Positions(first, last))

    outcomes = together(activate(one, 1, 40), activate(two, 20, 60), activate(one, 30, 50), activate(two, 1, 60))
    assert outcomes.count("done") == 1
    tiles = sorted(desk.rows(StampRange), key=lambda tile: tile.lo)
    (row,) = desk.rows(Batch)
    assert [tiles[0].lo, *(tile.hi for tile in tiles)] == [*(tile.lo for tile in tiles), row.hi]
    assert len({tile.lot_id for tile in tiles if tile.state is StampState.ACTIVE}) == 1
    chain_holds(desk)


def test_active_stamps_never_pass_the_packs_of_a_lot(desk: Office) -> None:
    product = desk.product()
    lot = desk.lot(product.uid, packs=50)
    desk.complete(lot.uid)
    rolls = [desk.delivered(desk.order(product.uid, 30)) for _ in range(3)]
    outcomes = together(
        *[lambda roll=roll: desk.do("owner", stamps.activate, roll.uid, lot.uid, Positions(1, 30)) for roll in rolls]
    )
    assert outcomes == ["done", "stamps_over_packs", "stamps_over_packs"]
    chain_holds(desk)
