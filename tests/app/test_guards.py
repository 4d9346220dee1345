"""Every step that must be refused: its own code, its field, and nothing written."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.errors import REFUSALS, Refusal
from app.domain.lots import LOT, LotEvent
from app.domain.orders import ORDER, OrderEvent
from app.domain.organisations import OrganisationEvent, OrganisationKind
from app.domain.permissions import SYSTEM, Action, RoleName
from app.domain.products import ProductEvent, ProductGroup, RuleSet
from app.domain.recalls import RecallEvent, RecallResult
from app.models.organisations import Organisation
from app.models.stamps import StampRange
from app.services import (
    audit,
    cases,
    certificates,
    holds,
    lots,
    orders,
    organisations,
    printing,
    products,
    recalls,
    stamps,
    users,
)
from app.services.lots import NewLot
from app.services.orders import NewOrder
from app.services.recalls import NewRecall
from app.services.stamps import Positions
from stamp_engine.lifecycle import STAMP, StampEvent, StampState
from tests.app.office import TODAY, WARD, Office, dossier


def refused(desk: Office, code: str, act: Callable[[], Any], pointer: str | None = None) -> Refusal:
    before = desk.counts()
    with pytest.raises(Refusal) as caught:
        act()
    assert caught.value.code == code, caught.value
    assert pointer is None or caught.value.pointer == pointer
    assert caught.value.text.vi
    assert caught.value.text.en
    assert desk.counts() == before
    return caught.value


def test_orders(desk: Office) -> None:
    product = desk.product()
    lot = desk.lot(product.uid, packs=50)

    def place(who: str = "owner", **values: Any) -> Any:
        return desk.do(who, orders.place, NewOrder(**{"product": product.uid, "quantity": 10, **values}))

    refused(desk, "forbidden", lambda: place("staff"))
    refused(desk, "not_found", lambda: place("stranger"))
    refused(desk, "quantity_out_of_range", lambda: place(quantity=0), "/quantity")
    refused(desk, "quantity_over_output", lambda: place(quantity=51, lot=lot.uid), "/quantity")
    refused(desk, "quantity_over_output", lambda: place(quantity=100_001), "/quantity")
    refused(desk, "layout_unknown", lambda: place(layout="a5"), "/layout")
    refused(desk, "gtin_missing", lambda: place(with_gtin=True), "/with_gtin")
    refused(desk, "not_a_printer", lambda: place(printer=product.uid), "/printer")
    order = place(quantity=30, lot=lot.uid)
    refused(desk, "quantity_over_output", lambda: place(quantity=21, lot=lot.uid), "/quantity")
    approve = OrderEvent.APPROVE
    refused(desk, "forbidden", lambda: desk.do("owner", orders.decide, order.uid, approve))
    refused(desk, "reason_required", lambda: desk.do("coord", orders.decide, order.uid, OrderEvent.REJECT))
    refused(desk, "illegal_step", lambda: desk.do("coord", orders.decide, order.uid, OrderEvent.MINT))
    desk.do("coord", orders.decide, order.uid, approve)
    refused(desk, "illegal_step", lambda: desk.do("coord", orders.decide, order.uid, approve))
    desk.do("owner", orders.cancel, order.uid)
    place(quantity=50, lot=lot.uid)


def test_four_eyes_even_for_somebody_with_both_roles(desk: Office) -> None:
    owner = desk.people["owner"]
    product = desk.product()
    desk.user("both", RoleName.COORD, RoleName.PRODUCER_OWNER, organisation_id=owner.organisation_id)
    order = desk.do("both", orders.place, NewOrder(product.uid, 5))
    refused(desk, "four_eyes", lambda: desk.do("both", orders.decide, order.uid, OrderEvent.APPROVE))
    desk.do("coord", orders.decide, order.uid, OrderEvent.APPROVE)


def test_a_suspended_organisation_orders_nothing(desk: Office) -> None:
    product = desk.product()
    order = desk.order(product.uid, 5)
    mine = next(row for row in desk.rows(Organisation) if row.id == product.organisation_id)
    refused(
        desk,
        "reason_required",
        lambda: desk.do("coord", organisations.decide, mine.uid, OrganisationEvent.SUSPEND),
    )
    desk.do("coord", organisations.decide, mine.uid, OrganisationEvent.SUSPEND, "Vi phạm")
    refused(desk, "organisation_not_active", lambda: desk.order(product.uid, 5))
    refused(desk, "organisation_not_active", lambda: desk.do("coord", orders.decide, order.uid, OrderEvent.APPROVE))


def test_printing(desk: Office) -> None:
    product = desk.product()
    house = desk.organisation("Nhà in Ví dụ", prints=True)
    desk.user("printer", RoleName.PRINTER, organisation_id=house.id)
    _, job = desk.minted(desk.order(product.uid, 20, printer=house.uid))
    refused(desk, "illegal_step", lambda: desk.do("printer", printing.download, job.uid))
    refused(desk, "forbidden", lambda: desk.do("printer", printing.release, job.uid))
    desk.do("coord", printing.release, job.uid)
    refused(desk, "not_found", lambda: desk.do("owner", printing.download, job.uid))
    refused(desk, "not_found", lambda: desk.do("stranger", printing.get, job.uid))
    desk.do("printer", printing.download, job.uid)
    refused(desk, "already_downloaded", lambda: desk.do("printer", printing.download, job.uid))
    desk.do("printer", printing.printed, job.uid)
    count = printing.Receipt(20, (Positions(3, 4),))
    refused(desk, "counts_do_not_add_up", lambda: desk.do("owner", printing.receive, job.uid, count), "/good")
    beyond = printing.Receipt(18, (Positions(20, 21),))
    refused(desk, "range_out_of_batch", lambda: desk.do("owner", printing.receive, job.uid, beyond))
    twice = printing.Receipt(17, (Positions(3, 4), Positions(4, 4)))
    refused(desk, "range_out_of_batch", lambda: desk.do("owner", printing.receive, job.uid, twice))
    refused(desk, "not_found", lambda: desk.do("stranger", printing.receive, job.uid, printing.Receipt(20)))
    desk.do("owner", printing.receive, job.uid, printing.Receipt(18, (Positions(3, 4),)))
    sizes = [(tile.state, tile.hi - tile.lo) for tile in desk.rows(StampRange)]
    assert sorted(sizes) == [(StampState.DELIVERED, 2), (StampState.DELIVERED, 16), (StampState.SPOILED, 2)]


def test_activation(desk: Office) -> None:
    product, other = desk.product(), desk.product(name="Chè đen")
    lot = desk.lot(product.uid, packs=60)
    batch = desk.delivered(desk.order(product.uid, 100))

    def activate(first: int = 1, last: int = 10, who: str = "owner", to: Any = lot) -> Any:
        return desk.do(who, stamps.activate, batch.uid, to.uid, Positions(first, last))

    refused(desk, "lot_not_released", activate, "/lot")
    desk.complete(lot.uid)
    refused(desk, "not_found", lambda: activate(who="stranger"))
    refused(desk, "range_out_of_batch", lambda: activate(0, 5), "/first")
    refused(desk, "range_out_of_batch", lambda: activate(5, 101), "/first")
    refused(desk, "range_out_of_batch", lambda: activate(7, 6), "/first")
    refused(desk, "stamps_over_packs", lambda: activate(1, 61), "/last")
    strange = desk.lot(other.uid, "L9")
    desk.complete(strange.uid)
    refused(desk, "lot_other_product", lambda: activate(to=strange), "/lot")
    activate(1, 40)
    refused(desk, "range_not_ready", lambda: activate(40, 41), "/first")
    second = desk.lot(product.uid, "L2", packs=60)
    desk.complete(second.uid)
    refused(desk, "range_active_elsewhere", lambda: activate(40, 41, to=second), "/first")
    refused(desk, "stamps_over_packs", lambda: activate(41, 61), "/last")
    hold = desk.do("coord", holds.on_lot, second.uid, "Kiểm tra")
    refused(desk, "lot_on_hold", lambda: activate(41, 50, to=second), "/lot")
    desk.do("coord", holds.lift, hold.uid)
    refused(desk, "hold_lifted", lambda: desk.do("coord", holds.lift, hold.uid))
    refused(
        desk,
        "reason_required",
        lambda: desk.do("owner", stamps.retire, batch.uid, Positions(1, 2), StampEvent.VOID, " "),
        "/reason",
    )
    desk.do("owner", stamps.retire, batch.uid, Positions(1, 2), StampEvent.VOID, "Rách")
    refused(
        desk,
        "range_not_ready",
        lambda: desk.do("owner", stamps.retire, batch.uid, Positions(2, 3), StampEvent.VOID, "Rách"),
    )
    refused(desk, "range_not_ready", lambda: activate(2, 2))


def test_a_roll_that_was_not_delivered_is_not_activated(desk: Office) -> None:
    product = desk.product()
    lot = desk.lot(product.uid)
    desk.complete(lot.uid)
    batch, _ = desk.minted(desk.order(product.uid, 10))
    refused(desk, "range_not_ready", lambda: desk.do("owner", stamps.activate, batch.uid, lot.uid, Positions(1, 2)))


def test_a_lot_is_released_only_with_a_whole_dossier(desk: Office) -> None:
    product = desk.product()
    lot = desk.lot(product.uid)
    desk.do("owner", lots.step, lot.uid, LotEvent.PRODUCE)

    def release() -> Any:
        return desk.do("owner", lots.step, lot.uid, LotEvent.RELEASE)

    gaps = []
    for part in dossier():
        gaps.append(refused(desk, "dossier_incomplete", release).text.en.count("/"))
        desk.do("owner", lots.add, lot.uid, part)
    assert gaps == sorted(gaps, reverse=True)
    refused(desk, "forbidden", lambda: desk.do("staff", lots.step, lot.uid, LotEvent.RELEASE))
    release()
    refused(desk, "illegal_step", lambda: desk.do("owner", lots.add, lot.uid, dossier()[0]))


@pytest.mark.parametrize(
    ("test", "code"),
    [({"passed": False}, "test_failed"), ({"valid_until": TODAY - timedelta(days=1)}, "test_expired")],
)
def test_a_failed_or_expired_test_stops_a_lot(desk: Office, test: dict[str, Any], code: str) -> None:
    product = desk.product()
    lot = desk.lot(product.uid)
    for part in dossier(**test):
        desk.do("owner", lots.add, lot.uid, part)
    desk.do("owner", lots.step, lot.uid, LotEvent.PRODUCE)
    refused(desk, code, lambda: desk.do("owner", lots.step, lot.uid, LotEvent.RELEASE))


def test_lots_and_their_dates(desk: Office) -> None:
    product = desk.product()
    good = NewLot("L1", "Xưởng", TODAY, Decimal(10), "kg", 10, TODAY + timedelta(days=1))

    def record(who: str = "owner", **values: Any) -> Any:
        return desk.do(who, lots.record, product.uid, replace(good, **values))

    refused(desk, "not_found", lambda: record("stranger"))
    refused(desk, "dates_out_of_order", lambda: record(expires_on=TODAY - timedelta(days=1)), "/expires_on")
    refused(desk, "date_in_future", lambda: record(produced_on=TODAY + timedelta(days=1)), "/produced_on")
    refused(desk, "not_positive", lambda: record(packs=0), "/packs")
    refused(desk, "not_positive", lambda: record(quantity=Decimal("NaN")), "/quantity")
    refused(desk, "required", lambda: record(lot_no="  "), "/lot_no")
    refused(desk, "too_long", lambda: record(lot_no="L" * 41), "/lot_no")
    record()
    refused(desk, "already_used", record, "/lot_no")


def test_dispatches_stay_within_the_packs(desk: Office) -> None:
    batch, lot = desk.activated(10)
    del batch
    goods = lots.NewDispatch("Siêu thị", "Hà Nội", Decimal(1), 6, TODAY)
    desk.do("owner", lots.dispatch, lot.uid, goods)
    refused(desk, "quantity_over_output", lambda: desk.do("owner", lots.dispatch, lot.uid, goods), "/packs")


def test_recalls(desk: Office) -> None:
    _, lot = desk.activated(10)
    asked = NewRecall((lot.uid,), "Lẫn tạp chất", "Trả lại nơi mua")
    refused(desk, "recall_no_lots", lambda: desk.do("owner", recalls.request, replace(asked, lots=())), "/lots")
    refused(desk, "not_found", lambda: desk.do("stranger", recalls.request, asked))
    refused(desk, "required", lambda: desk.do("owner", recalls.request, replace(asked, reason="")), "/reason")
    recall = desk.do("coord", recalls.request, asked)
    approve = RecallEvent.APPROVE
    refused(desk, "four_eyes", lambda: desk.do("coord", recalls.decide, recall.uid, approve))
    refused(desk, "forbidden", lambda: desk.do("owner", recalls.decide, recall.uid, approve))
    destroyed = RecallResult.DESTROYED
    refused(
        desk,
        "illegal_step",
        lambda: desk.do("coord", recalls.settle, recall.uid, lot.uid, destroyed, Decimal(1)),
    )
    desk.do("coord2", recalls.decide, recall.uid, approve)
    refused(
        desk,
        "recovered_out_of_range",
        lambda: desk.do("coord", recalls.settle, recall.uid, lot.uid, destroyed, lot.quantity + 1),
        "/recovered",
    )
    refused(
        desk,
        "reason_required",
        lambda: desk.do("coord", recalls.settle, recall.uid, lot.uid, RecallResult.UNRECOVERABLE, Decimal(0)),
    )
    refused(desk, "recall_unresolved", lambda: desk.do("coord", recalls.close, recall.uid, "Xong"))


def test_organisations_products_certificates_and_users(desk: Office) -> None:
    asked = organisations.NewOrganisation("HTX", OrganisationKind.HTX, "Số 1", WARD)
    refused(desk, "forbidden", lambda: desk.do("owner", organisations.register, asked))
    gone = replace(asked, unit="03751")
    refused(desk, "unit_not_valid", lambda: desk.do("coord", organisations.register, gone), "/unit")
    bad = replace(asked, phone="12")
    refused(desk, "phone_wrong", lambda: desk.do("coord", organisations.register, bad), "/phone")
    product = desk.product(gtin="9521234000013")
    mine = next(row for row in desk.rows(Organisation) if row.id == product.organisation_id)
    new = products.NewProduct("Mận", ProductGroup.THUC_PHAM, "Mận hậu", "1 kg")
    for values, code, pointer in (
        ({"gtin": "9521234000014"}, "gtin_wrong", "/gtin"),
        ({"gtin": "09521234000013"}, "already_used", "/gtin"),
        ({"name": ""}, "required", "/name"),
        ({"annual_packs": 0}, "not_positive", "/annual_packs"),
    ):
        wrong = replace(new, **values)  # type: ignore[arg-type]
        refused(desk, code, lambda wrong=wrong: desk.do("owner", products.create, mine.uid, wrong), pointer)
    refused(desk, "not_found", lambda: desk.do("stranger", products.create, mine.uid, new))
    refused(desk, "forbidden", lambda: desk.do("owner", products.decide, product.uid, ProductEvent.APPROVE))
    points = certificates.NewCertificate(
        "QĐ 1/2026", "UBND tỉnh", RuleSet.QD_148_2023, Decimal(41), Decimal(20), Decimal(30), TODAY
    )
    refused(
        desk,
        "points_out_of_range",
        lambda: desk.do("coord", certificates.grant, product.uid, points),
        "/points_a",
    )
    made = desk.do("coord", certificates.grant, product.uid, replace(points, points_a=Decimal("39.99")))
    assert (made.stars, made.expires_on) == (4, TODAY.replace(year=2029))
    who = users.NewUser("A", "short", (RoleName.ADMIN,), email="a@b.vn")
    refused(desk, "password_weak", lambda: desk.do("admin", users.create, who), "/password")
    refused(desk, "forbidden", lambda: desk.do("owner", users.create, who))
    taken = replace(who, password="x" * 12, email="owner@example.vn")
    refused(desk, "already_used", lambda: desk.do("admin", users.create, taken), "/email")


def test_an_inspector_acts_in_the_own_unit_only(desk: Office) -> None:
    """Rule R16."""
    _, lot = desk.activated(5)
    with desk.reading(SYSTEM) as work:
        from app.services import units

        here = units.present(work, WARD).id
        elsewhere = units.present(work, "03670").id
        province = units.province(work.session).id
    for name, unit in (("near", here), ("far", elsewhere), ("all", province)):
        desk.user(name, RoleName.INSPECTOR, unit_id=unit)
    refused(desk, "not_found", lambda: desk.do("far", cases.ask_hold, lot.uid, "Nghi ngờ"))
    desk.do("near", cases.ask_hold, lot.uid, "Nghi ngờ")
    refused(desk, "hold_asked", lambda: desk.do("all", cases.ask_hold, lot.uid, "Nghi ngờ"), "/lot")


def test_sign_in_tells_nothing_about_who_exists(desk: Office) -> None:
    desk.user("phoned", RoleName.DEPT, phone="0987 654 321")
    with desk.reading(SYSTEM) as work:
        assert users.authenticate(work, "0987654321", "mật khẩu dài mười").name == "phoned"
        assert users.authenticate(work, "PHONED@example.vn", "mật khẩu dài mười").name == "phoned"
        for login, password in (("phoned@example.vn", "wrong"), ("nobody@example.vn", "wrong"), ("", "")):
            with pytest.raises(Refusal, match="sign_in_failed"):
                users.authenticate(work, login, password)


def test_tokens_are_kept_as_digests_and_limited(desk: Office) -> None:
    secret = desk.do("owner", users.issue_token, "máy tính", (Action.READ_LOT,))
    with desk.reading(SYSTEM) as work:
        found = users.by_token(work, secret)
        assert found is not None
        assert found[1] == {Action.READ_LOT}
        assert users.by_token(work, secret + "x") is None
    with desk.engine.connect() as connection:
        assert secret not in str(connection.exec_driver_sql("SELECT * FROM api_token").all())


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE audit_entry SET action = 'x' WHERE seq = 3",
        "UPDATE audit_entry SET actor_id = 99 WHERE seq = 3",
        "DELETE FROM audit_entry WHERE seq = 3",
        "DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)",
    ],
)
def test_a_tampered_audit_chain_is_found(desk: Office, tamper: str) -> None:
    with desk.reading(SYSTEM) as work:
        length = audit.check(work.session)
    assert length > 3
    with desk.engine.begin() as connection:
        connection.exec_driver_sql(tamper)
    with desk.reading(SYSTEM) as work, pytest.raises(audit.Broken):
        audit.check(work.session)


_ACTS = st.tuples(
    st.sampled_from([StampEvent.ACTIVATE, StampEvent.VOID, StampEvent.LOSE, StampEvent.SPOIL]),
    st.integers(1, 40),
    st.integers(0, 12),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(_ACTS, min_size=1, max_size=8))
def test_ranges_always_tile_their_batch_and_follow_the_table(
    embedded: Any, acts: list[tuple[StampEvent, int, int]]
) -> None:
    """A model of single stamps beside the ranges: both must agree after any sequence of acts."""
    from app.models import Base
    from app.models.stamps import Batch
    from tests.app.office import office

    with embedded.engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name not in {"role", "fact_clock", "audit_head"}:
                connection.execute(sa.delete(table))
        connection.exec_driver_sql("UPDATE audit_head SET seq = 0, hash = zeroblob(32)")
    import shutil

    shutil.rmtree(embedded.data_dir / "keys", ignore_errors=True)
    with office(embedded) as desk:
        product = desk.product()
        lot = desk.lot(product.uid, packs=1000)
        desk.complete(lot.uid)
        batch = desk.delivered(desk.order(product.uid, 40))
        model = [StampState.DELIVERED] * 40
        for event, first, more in acts:
            part = slice(first - 1, min(40, first + more))
            legal = all(STAMP.allows(state, event) for state in model[part])
            where = Positions(first, part.stop)
            try:
                if event is StampEvent.ACTIVATE:
                    desk.do("owner", stamps.activate, batch.uid, lot.uid, where)
                else:
                    desk.do("owner", stamps.retire, batch.uid, where, event, "thử")
            except Refusal:
                assert not legal
                continue
            assert legal
            model[part] = [STAMP.next(state, event) for state in model[part]]
        tiles = sorted(desk.rows(StampRange), key=lambda tile: tile.lo)
        (row,) = desk.rows(Batch)
        assert [tiles[0].lo, *(tile.hi for tile in tiles)] == [*(tile.lo for tile in tiles), row.hi]
        assert [state for tile in tiles for state in [tile.state] * (tile.hi - tile.lo)] == model
        assert all(
            one.state != two.state or one.lot_id != two.lot_id or one.reason != two.reason
            for one, two in pairwise(tiles)
        )


def test_every_refusal_speaks_both_languages_and_every_machine_is_total() -> None:
    for _, text in REFUSALS.values():
        assert text.vi != text.en
    for machine in (LOT, ORDER, STAMP):
        states: set[Any] = set(machine.table)
        assert all(after in states for row in machine.table.values() for after in row.values())
