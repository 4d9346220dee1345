"""Facts that are kept up equal facts that are loaded, whatever the office does, and however a row was written."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.errors import Refusal
from app.domain.flags import FlagKind, SellerKind
from app.domain.lots import LotEvent, StepKind
from app.domain.organisations import OrganisationEvent
from app.domain.permissions import SYSTEM
from app.domain.products import ProductEvent, RuleSet
from app.domain.recalls import RecallEvent, RecallResult
from app.models.certificates import Certificate
from app.models.flags import KnownSeller, StampFlag
from app.models.lots import Lot, LotStep
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.recalls import Recall
from app.models.stamps import Batch, Hold, RangeEvent
from app.services import (
    activations,
    certificates,
    dossiers,
    flags,
    holds,
    lots,
    organisations,
    products,
    recalls,
    sellers,
    stamps,
)
from app.services.codes import Reader
from app.services.stamps import Positions
from stamp_engine.format import human_serial
from stamp_engine.lifecycle import KeyState, StampEvent
from tests.app.office import PICTURE, TODAY, Office, office
from tests.conftest import Stack
from tests.verifier.world import HOST, move
from verifier import fact_changes, manifests
from verifier.fact_changes import MOST_CHANGES, changes_since
from verifier.facts import Facts, Snapshot
from verifier.journal import Journal

LONG = os.environ.get("ESTAMP_LONG") == "1"
DAYS = (TODAY, TODAY + timedelta(days=400))


class Kept:
    """Facts that are kept up, beside the same read whole each time."""

    def __init__(self, stack: Stack) -> None:
        self._journal = Journal(stack.verifier_engine)
        self._facts = Facts(self._journal)
        self.now = self._facts.refresh()

    def check(self) -> Snapshot:
        """Keep up, and compare everything with what is loaded; gives what was known before."""
        before, as_loaded = self.now, replace(self.now)
        said = list(sayings(before))
        self.now, fresh = self._facts.refresh(), Facts(self._journal).refresh()
        assert self.now == fresh
        assert list(sayings(self.now)) == list(sayings(fresh))
        # A scan may still be judged with the facts before: they are what they were.
        assert before == as_loaded
        assert list(sayings(before)) == said
        assert list(sayings(self.now)) == list(sayings(fresh)), "nor does it leave anything behind"
        return before

    def close(self) -> None:
        self._journal.close()


def sayings(facts: Snapshot) -> Iterator[object]:
    """All that is worked out from facts: what each range stands at, and the parts of answers, on two days."""
    for day in DAYS:
        for batch in facts.batches:
            for lot in (None, *sorted(facts.lots)):
                yield facts.answer_parts(batch.row.id, lot, day)
            for index in (*batch.los, batch.row.lo, batch.row.hi - 1):
                yield facts.standing(index, day)


@pytest.fixture
def desk(stack: Stack) -> Iterator[Office]:
    with office(stack) as made:
        yield made


@pytest.fixture
def kept(stack: Stack, desk: Office) -> Iterator[Kept]:
    made = Kept(stack)
    yield made
    made.close()


def one(desk: Office, model: type[Any], n: int) -> Any:
    """One of the rows there are, or a refusal where there are none."""
    rows = sorted(desk.rows(model), key=lambda row: row.id)
    if not rows:
        raise Refusal("not_found", what="row")
    return rows[n % len(rows)]


def places(desk: Office, n: int) -> tuple[Batch, Positions]:
    batch = one(desk, Batch, n)
    size = batch.hi - batch.lo
    first = n // 3 % size + 1
    return batch, Positions(first, min(size, first + n % 5))


def new_lot(number: str, **values: Any) -> lots.NewLot:
    made = TODAY - timedelta(days=20)
    return lots.NewLot(
        **{
            "lot_no": number,
            "facility": "Xưởng Tô Hiệu",
            "produced_on": made,
            "expires_on": made + timedelta(days=300),
            "quantity": Decimal(10),
            "unit": "kg",
            "packs": 40,
            **values,
        }
    )


def described(name: str) -> products.NewProduct:
    from app.domain.products import ProductGroup

    return products.NewProduct(name, ProductGroup.DO_UONG, "Chè búp", "100 g")


def _new_lot(desk: Office, n: int) -> None:
    desk.lot(one(desk, Product, n).uid, f"L{len(desk.rows(Lot))}", packs=40)


def _edit_lot(desk: Office, n: int) -> None:
    lot = one(desk, Lot, n)
    dated = {"produced_on": TODAY - timedelta(days=5 + n % 20)} if n % 2 else {"facility": f"Xưởng {n}"}
    desk.do("owner", lots.update, lot.uid, new_lot(lot.lot_no, **dated), lot.version)


def _release(desk: Office, n: int) -> None:
    desk.complete(one(desk, Lot, n).uid)


def _part(desk: Office, n: int) -> None:
    area = lots.NewArea("Sơn La", 21.0 + n % 7 / 10, 104.0, 50.0)
    step = lots.NewStep(StepKind.HARVEST, "Tổ hái", "Tà Xùa", TODAY - timedelta(days=22))
    desk.do("owner", lots.add, one(desk, Lot, n).uid, area if n % 2 else step)


def _unpart(desk: Office, n: int) -> None:
    lot = one(desk, Lot, n)
    with desk.reading(desk.people["owner"]) as work:
        found = dossiers.of(work, lot)
        rows = [*found.steps, *found.areas, *found.tests, *found.samples]
    if not rows:
        raise Refusal("not_found", what="part")
    desk.do("owner", dossiers.remove, lot.uid, dossiers.key_of(rows[n % len(rows)]))


def _dispatch(desk: Office, n: int) -> None:
    asked = lots.NewDispatch("Cửa hàng", "Mộc Châu", Decimal(1), 1, TODAY)
    made = desk.do("owner", lots.dispatch, one(desk, Lot, n).uid, asked)
    with desk.work(SYSTEM) as work:
        # A place is looked up afterwards.
        row = work.session.merge(made)
        row.lat, row.lon = 20.8, 104.6


def _batch(desk: Office, n: int) -> None:
    desk.delivered(desk.order(one(desk, Product, n).uid, 6 + n % 5))


def _activate(desk: Office, n: int) -> None:
    batch, where = places(desk, n)
    desk.do("owner", stamps.activate, batch.uid, one(desk, Lot, n // 2).uid, where)


def _undo(desk: Office, n: int) -> None:
    last = [event for event in desk.rows(RangeEvent) if event.event is StampEvent.ACTIVATE]
    if not last:
        raise Refusal("not_found", what="activation")
    desk.do("owner", activations.undo, last[-1 - n % 2 % len(last)].uid)


def _void(desk: Office, n: int) -> None:
    batch, where = places(desk, n)
    desk.do("owner", stamps.retire, batch.uid, where, StampEvent.VOID, "rách")


def _hold_lot(desk: Office, n: int) -> None:
    desk.do("coord", holds.on_lot, one(desk, Lot, n).uid, f"Chờ {n}")


def _hold_stamps(desk: Office, n: int) -> None:
    batch, where = places(desk, n)
    desk.do("coord", holds.on_stamps, batch.uid, where, f"Chờ {n}")


def _lift(desk: Office, n: int) -> None:
    desk.do("coord", holds.lift, one(desk, Hold, n).uid)


def _recall(desk: Office, n: int) -> None:
    covered = {one(desk, Lot, n).uid, one(desk, Lot, n + 1).uid} if n % 2 else {one(desk, Lot, n).uid}
    desk.do("coord", recalls.request, recalls.NewRecall(tuple(covered), "Vượt dư lượng", "Trả lại"))


def _decide(desk: Office, n: int) -> None:
    event = RecallEvent.REJECT if n % 5 == 4 else RecallEvent.APPROVE
    desk.do("coord2", recalls.decide, one(desk, Recall, n).uid, event)


def _settle(desk: Office, n: int) -> None:
    recall = one(desk, Recall, n)
    with desk.reading(SYSTEM) as work:
        covered = recalls.lots_of(work, recall)
    for lot in covered:
        desk.do("coord", recalls.settle, recall.uid, lot.uid, RecallResult.DESTROYED, Decimal(1))
    desk.do("coord2", recalls.close, recall.uid, "Đã tiêu huỷ")


def _new_product(desk: Office, n: int) -> None:
    asked = described(f"Sản phẩm {n}")
    uid = next(row.uid for row in desk.rows(Organisation) if row.id == desk.people["owner"].organisation_id)
    made = desk.do("owner", products.create, uid, asked)
    desk.do("owner", products.add_picture, desk.store, made.uid, PICTURE + str(n).encode(), media_type="image/svg+xml")
    desk.do("owner", products.update, made.uid, described(f"Sản phẩm {n} mới"), made.version)


def _product(desk: Office, n: int) -> None:
    row = one(desk, Product, n)
    event = tuple(ProductEvent)[n // 2 % len(ProductEvent)]
    desk.do(
        "owner" if event in {ProductEvent.SUBMIT, ProductEvent.RETIRE} else "coord", products.decide, row.uid, event
    )


def _picture(desk: Office, n: int) -> None:
    drawn = PICTURE + f"<!-- {n} -->".encode()
    desk.do("owner", products.add_picture, desk.store, one(desk, Product, n).uid, drawn, media_type="image/svg+xml")


def _profile(desk: Office, n: int) -> None:
    row = one(desk, Organisation, n)
    desk.do("coord", organisations.update, row.uid, organisations.Profile(f"Tổ {n}", story="Chuyện"), row.version)


def _organisation(desk: Office, n: int) -> None:
    event = OrganisationEvent.SUSPEND if n // 2 % 2 else OrganisationEvent.REINSTATE
    desk.do("coord", organisations.decide, one(desk, Organisation, n).uid, event, "vì sao")


def _certificate(desk: Office, n: int) -> None:
    asked = certificates.NewCertificate(
        f"QĐ-{n}",
        "UBND",
        RuleSet.QD_148_2023,
        Decimal(30),
        Decimal(20),
        Decimal(n % 30),
        TODAY - timedelta(days=n % 50),
    )
    desk.do("coord", certificates.grant, one(desk, Product, n).uid, asked)


def _revoke(desk: Office, n: int) -> None:
    desk.do("coord", certificates.revoke, one(desk, Certificate, n).uid, "sai")


def _flag(desk: Office, n: int) -> None:
    batch, where = places(desk, n)
    keys = desk.minter.keys.symmetric
    token = keys.token_keys().seal_one(batch.lo + where.first - 1, keys.current)
    kind = FlagKind.DISPLAY if n % 2 else FlagKind.EXPOSED
    reader = Reader((HOST,), lambda tokens: keys.token_keys().open(list(tokens)))
    desk.do("owner", flags.register, reader, flags.NewFlag(kind, human_serial(token), f"Tủ {n}"))


def _unflag(desk: Office, n: int) -> None:
    desk.do("owner", flags.end, one(desk, StampFlag, n).uid)


def _seller(desk: Office, n: int) -> None:
    shop = sellers.NewSeller(SellerKind.SHOP, "Siêu thị", "Quận 1", 10.0 + n % 9, 106.7)
    online = sellers.NewSeller(SellerKind.ONLINE, "Sàn", "https://san.vidu.example")
    desk.do("owner", sellers.add, one(desk, Organisation, 0).uid, online if n % 4 == 3 else shop)


def _unseller(desk: Office, n: int) -> None:
    desk.do("owner", sellers.end, one(desk, KnownSeller, n).uid)


def _rotate(desk: Office, n: int) -> None:
    del n
    desk.minter.keys.rotate(make_room=True)
    desk.minter.publish_keys()


def _compromise(desk: Office, n: int) -> None:
    keys = desk.minter.keys
    keys.rotate(make_room=True)
    used = [key.kid for key in keys.public_keys() if key.state is not KeyState.COMPROMISED]
    keys.set_state(used[n % (len(used) - 2)], KeyState.COMPROMISED)
    desk.minter.publish_keys()


def _lot_step(desk: Office, n: int) -> None:
    event = (LotEvent.CLOSE, LotEvent.DISPOSE, LotEvent.PRODUCE)[n % 3]
    desk.do("coord" if event is LotEvent.DISPOSE else "owner", lots.step, one(desk, Lot, n).uid, event)


ACTS: tuple[tuple[Callable[[Office, int], None], int], ...] = (
    # In this order, with these numbers, each of them is something that may be done.
    *((_new_lot, 0), (_new_lot, 0), (_part, 1), (_part, 0), (_edit_lot, 1), (_edit_lot, 2), (_unpart, 0), (_part, 1)),
    *((_release, 0), (_release, 1), (_batch, 0), (_activate, 0), (_undo, 0), (_activate, 1), (_activate, 14)),
    *((_dispatch, 0), (_batch, 3), (_void, 27), (_hold_lot, 0), (_hold_stamps, 1), (_hold_stamps, 7), (_lift, 0)),
    *((_lift, 1), (_certificate, 1), (_certificate, 29), (_revoke, 1), (_flag, 1), (_flag, 2), (_unflag, 0)),
    *((_seller, 0), (_seller, 3), (_unseller, 1), (_new_product, 1), (_product, 1), (_picture, 0), (_profile, 0)),
    *((_organisation, 3), (_organisation, 1), (_recall, 1), (_decide, 0), (_settle, 0), (_rotate, 0), (_compromise, 0)),
)


def test_each_act_of_the_office_is_kept_up(desk: Office, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    whole: list[str] = []
    monkeypatch.setattr("verifier.facts.loaded", _told(whole))
    desk.product()
    for act, n in ACTS:
        kept.check()
        whole.clear()
        act(desk, n)
        kept.check()
        # One reading is the one that is compared with; only keys are more.
        assert len(whole) == (2 if act in {_rotate, _compromise} else 1), act.__name__


def _told(whole: list[str]) -> Callable[..., Snapshot]:
    from verifier.facts import loaded

    def told(*args: Any) -> Snapshot:
        whole.append("loaded")
        return loaded(*args)

    return told


@settings(max_examples=40 if LONG else 3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(
        st.tuples(st.sampled_from(sorted({act for act, _ in ACTS}, key=lambda act: act.__name__)), st.integers(0, 60)),
        min_size=6,
        max_size=14,
    ),
    together=st.integers(1, 3),
)
def test_facts_kept_up_equal_facts_loaded(
    desk: Office, kept: Kept, acts: list[tuple[Callable[[Office, int], None], int]], together: int
) -> None:
    if not desk.rows(Batch):
        desk.activated(20)
    for place, (act, n) in enumerate(acts):
        # What may not be done now is undone whole.
        with suppress(Refusal, AssertionError, IndexError):
            act(desk, n)
        if place % together == 0:
            kept.check()
    kept.check()


@pytest.mark.parametrize("how", ["bulk update", "bulk insert", "bulk delete", "raw", "upsert"])
def test_rows_written_past_the_services_are_seen(desk: Office, kept: Kept, how: str) -> None:
    _, lot = desk.activated(6)
    kept.check()
    clock = kept.now.clock
    with desk.work(SYSTEM) as work:
        run = work.session.execute
        if how == "bulk update":
            run(sa.update(Lot).where(Lot.id == lot.id).values(facility="Xưởng khác"))
        elif how == "bulk insert":
            step = {"lot_id": lot.id, "kind": StepKind.SALE, "who": "A", "place": "B", "done_on": TODAY}
            run(sa.insert(LotStep), [step, step])
        elif how == "bulk delete":
            run(sa.delete(LotStep).where(LotStep.lot_id == lot.id))
        elif how == "raw":
            work.session.connection().exec_driver_sql("UPDATE stamp_range SET state = 'VOID'")
        else:
            run(sa.text("INSERT INTO epoch (number, state, created_at, changed_at) VALUES (9, 'retired', 0, 0)"))
            run(
                sa.text(
                    "INSERT INTO epoch (number, state, created_at, changed_at) VALUES (9, 'live', 0, 0)"
                    " ON CONFLICT (number) DO UPDATE SET state = excluded.state"
                )
            )
    before = kept.check()
    assert kept.now != before
    assert kept.now.clock == clock + 1


def test_a_change_that_moved_no_clock_is_seen_with_the_next_that_does(desk: Office, kept: Kept) -> None:
    _, lot = desk.activated(6)
    kept.check()
    with desk.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE organisation SET phone = '0900000000'")
    clock = kept.now.clock
    desk.do("coord", holds.on_lot, lot.uid, "Chờ")
    kept.check()
    assert kept.now.clock == clock + 1
    assert {row.phone for row in kept.now.organisations.values()} == {"0900000000"}


def test_work_that_changes_no_fact_moves_no_clock(desk: Office, kept: Kept) -> None:
    desk.activated(6)
    before = kept.check(), kept.now
    with desk.work(SYSTEM) as work:
        row = work.session.scalars(sa.select(Lot)).one()
        row.facility = str(row.facility)
        work.note("look", "lot", row.id)
    desk.user("another")
    kept.check()
    assert kept.now is before[1]


def test_what_did_not_change_is_shared(desk: Office, kept: Kept) -> None:
    batch, lot = desk.activated(6)
    kept.check()
    day, before = DAYS[0], kept.now
    parts = before.answer_parts(batch.id, lot.id, day)
    desk.do("coord", holds.on_lot, lot.uid, "Chờ")
    desk.do("coord", organisations.register, _another())
    kept.check()
    now = kept.now
    assert now.steps is before.steps
    assert now.by_id is before.by_id
    assert now.answer_parts(batch.id, lot.id, day) is not parts, (
        "a hold is the lot's: what was made of it is made again"
    )
    other = now.answer_parts(batch.id, None, day)
    desk.do("coord", holds.lift, desk.rows(Hold)[0].uid)
    kept.check()
    assert kept.now.answer_parts(batch.id, None, day) is other


def _another() -> organisations.NewOrganisation:
    from app.domain.organisations import OrganisationKind
    from tests.app.office import WARD

    return organisations.NewOrganisation("Tổ hợp tác", OrganisationKind.THT, "Tổ 2", WARD, example=True)


NOTE = "INSERT INTO fact_change (clock, part, key) VALUES ({}, '{}', {})"


@pytest.mark.parametrize(
    ("statements", "complete"),
    [
        (("UPDATE lot SET packs = packs + 1", "UPDATE fact_clock SET value = value + 1"), True),
        (("UPDATE fact_clock SET value = value + 1",), False),
        (("UPDATE lot SET packs = packs + 1", "UPDATE fact_clock SET value = value + 2"), False),
        (("UPDATE lot SET packs = packs + 1", "UPDATE fact_clock SET value = value - 1"), False),
        (("INSERT INTO fact_change (part, key) VALUES ('new', 1)", "UPDATE fact_clock SET value = value + 1"), False),
        (("UPDATE signing_key SET state = state", "UPDATE fact_clock SET value = value + 1"), False),
        (("UPDATE lot SET packs = packs + 1", "UPDATE fact_clock SET value = value + 2000000"), False),
    ],
)
def test_notes_that_are_not_complete_are_not_believed(
    desk: Office, kept: Kept, statements: tuple[str, ...], *, complete: bool
) -> None:
    desk.activated(6)
    kept.check()
    with desk.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        clock = connection.exec_driver_sql("SELECT value FROM fact_clock").scalar_one()
        assert (changes_since(connection, kept.now.clock, clock) is not None) is complete
    kept.check()


def test_many_changes_are_read_whole_and_old_notes_forgotten(desk: Office, kept: Kept, stack: Stack) -> None:
    desk.activated(6)
    kept.check()
    with desk.engine.begin() as connection:
        many = [{"part": "flag", "key": key} for key in range(MOST_CHANGES + 1)]
        connection.execute(sa.text("INSERT INTO fact_change (part, key) VALUES (:part, :key)"), many)
        move(connection)
    kept.check()
    with desk.engine.begin() as connection:
        first = kept.now.clock
        assert changes_since(connection, first - 1, first) is None
        for _ in range(1000):
            move(connection)
        count = connection.exec_driver_sql("SELECT count(*), min(clock) FROM fact_change").one()
    assert tuple(count) == (1000, first + 1)
    kept.check()


def test_a_table_emptied_at_once_is_read_whole(production: Stack) -> None:
    with office(production) as desk:
        desk.activated(6)
        kept = Kept(production)
        with desk.engine.begin() as connection:
            connection.exec_driver_sql("TRUNCATE lot_step")
            move(connection)
        kept.check()
        assert kept.now.steps == {}
        kept.close()


def test_a_manifest_is_checked_once_and_not_before_it_is_asked_for(
    desk: Office, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = manifests.verify
    monkeypatch.setattr(manifests, "verify", lambda text, keys: checked.append(text) or verify(text, keys))
    batch, lot = desk.activated(6)
    _batch(desk, 0)
    journal = Journal(stack.verifier_engine)
    facts = Facts(journal)

    def standing() -> bool:
        return facts.refresh().standing(batch.lo, TODAY).manifest_valid

    facts.refresh()
    assert checked == []
    assert standing()
    assert standing()
    desk.do("coord", holds.on_lot, lot.uid, "Chờ")
    _rotate(desk, 0)
    assert standing()
    assert len(checked) == 1, "new keys take nothing away"
    used = desk.minter.keys.manifest_key().public.kid
    signer = next(key.kid for key in desk.minter.keys.public_keys() if key.use.value == "manifest" and key.kid != used)
    desk.minter.keys.set_state(signer, KeyState.COMPROMISED)
    desk.minter.publish_keys()
    assert not standing()
    journal.close()


def test_what_was_worked_out_is_not_carried_over_for_ever(
    desk: Office, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, lot = desk.activated(6)
    journal = Journal(stack.verifier_engine)
    facts, seen = Facts(journal), []
    for most in (fact_changes.MOST_MADE, 1):
        monkeypatch.setattr(fact_changes, "MOST_MADE", most)
        before = facts.refresh()
        assert list(sayings(before))
        desk.do("coord", holds.on_lot, lot.uid, "Chờ")
        seen.append(facts.refresh().parts_made is before.parts_made)
    journal.close()
    assert seen == [True, False]


def test_too_many_lots_to_plan_again_are_read_whole(desk: Office, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.activated(6)
    kept.check()
    monkeypatch.setattr(fact_changes, "MOST_CHANGES", 1)
    desk.lot(desk.rows(Product)[0].uid, "L2")
    kept.check()
    _seller(desk, 0)
    kept.check()
