"""The tree of units on each side of its two reforms (rule R13)."""

from datetime import date

import pytest
import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.permissions import SYSTEM
from app.domain.units import UnitKind, UnitLevel
from app.models.units import AdminUnit, UnitSuccessor
from app.services import units
from app.services.work import subtree
from tests.app.office import Office


@pytest.mark.parametrize(
    ("day", "districts", "communes"),
    [
        (date(2019, 6, 1), 12, 204),
        (date(2025, 1, 31), 12, 204),
        (date(2025, 2, 1), 12, 200),
        (date(2025, 6, 30), 12, 200),
        (date(2025, 7, 1), 0, 75),
        (date(2026, 11, 24), 0, 75),
    ],
)
def test_units_in_force_by_day(desk: Office, day: date, districts: int, communes: int) -> None:
    with desk.reading(SYSTEM) as work:
        assert len(units.on(work.session, day, UnitLevel.DISTRICT)) == districts
        assert len(units.on(work.session, day)) == communes


def test_every_commune_of_the_200_has_one_successor_and_seven_of_the_204_none(desk: Office) -> None:
    with desk.reading(SYSTEM) as work:
        linked = set(work.session.scalars(sa.select(UnitSuccessor.old_id)))
        before = units.on(work.session, date(2025, 6, 30))
        assert all(unit.id in linked for unit in before)
        lost = [unit.code for unit in units.on(work.session, date(2025, 1, 31)) if unit.valid_to == units.RENAMED]
        gone = {unit.code for unit in units.on(work.session, date(2025, 1, 31)) if unit.id not in linked}
        assert gone == {"03751", "03898", "03913", "03988", "03991", "04003", "04060"}
        assert len(lost) > 7


def test_a_reused_code_is_two_units(desk: Office) -> None:
    with desk.reading(SYSTEM) as work:
        rows = work.session.scalars(
            sa.select(AdminUnit).where(AdminUnit.code == "03646").order_by(AdminUnit.valid_from)
        )
        assert [row.name for row in rows] == ["Phường Chiềng Lề", "Phường Tô Hiệu"]


def test_a_unit_of_today_includes_what_it_replaced_and_moc_chau_became_a_town(desk: Office) -> None:
    with desk.reading(SYSTEM) as work:
        today = next(unit for unit in units.on(work.session, date(2026, 1, 1)) if unit.code == "03646")
        names = {work.session.get_one(AdminUnit, key).name for key in subtree(work.session, today.id)}
        assert {"Phường Tô Hiệu", "Phường Chiềng Lề"} <= names
        kinds = {unit.kind for unit in units.on(work.session, date(2025, 3, 1), UnitLevel.DISTRICT)}
        assert UnitKind.THI_XA in kinds


def test_yesterdays_unit_is_refused_today(desk: Office) -> None:
    with desk.reading(SYSTEM) as work, pytest.raises(Refusal) as refused:
        units.present(work, "03751")
    assert (refused.value.code, refused.value.pointer) == ("unit_not_valid", "/unit")
