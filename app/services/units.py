"""The tree of administrative units, loaded from the project's own data and asked by day (rule R13)."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.errors import Refusal
from app.domain.units import UnitKind, UnitLevel
from app.models.units import AdminUnit, UnitSuccessor
from app.services.work import Work

FIRST, RENAMED, MERGED = date(2019, 1, 1), date(2025, 2, 1), date(2025, 7, 1)
PROVINCE_CODE = "14"
_KINDS = {
    "Thành phố ": UnitKind.THANH_PHO,
    "Thị xã ": UnitKind.THI_XA,
    "Huyện ": UnitKind.HUYEN,
    "Phường ": UnitKind.PHUONG,
    "Thị trấn ": UnitKind.THI_TRAN,
    "Xã ": UnitKind.XA,
}


@dataclass(frozen=True, slots=True)
class _Unit:
    code: str
    name: str
    parent: str
    lat: float | None = None
    lon: float | None = None


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("app.data").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _kind(name: str) -> UnitKind:
    return next(kind for prefix, kind in _KINDS.items() if name.startswith(prefix))


def load(session: Session) -> int:
    """Load the units where there are none; gives how many rows were written."""
    if session.scalar(sa.select(sa.func.count()).select_from(AdminUnit)):
        return 0
    loader = _Loader(session)
    loader.run()
    return loader.written


class _Loader:
    """Writes each generation, closing what changed and linking it to what came after."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.written = 0
        self._province = self._add(UnitLevel.PROVINCE, UnitKind.TINH, _Unit(PROVINCE_CODE, "Tỉnh Sơn La", ""), FIRST)
        self._districts: dict[str, AdminUnit] = {}
        self._communes: dict[str, AdminUnit] = {}

    def run(self) -> None:
        old = _rows("sonla_2019_204.csv")
        self._generation({row["district_code"]: row["district"] for row in old}, FIRST)
        self._wards(
            {row["ward_code"]: _Unit(row["ward_code"], row["ward"], row["district_code"]) for row in old}, FIRST
        )
        middle = _rows("sonla_map_200_to_75.csv")
        self._generation({row["old_district_code"]: row["old_district"] for row in middle}, RENAMED)
        wards = {
            row["old_ward_code"]: _Unit(row["old_ward_code"], row["old_ward"], row["old_district_code"])
            for row in middle
        }
        self._wards(wards, RENAMED)
        self._merge(middle)

    def _add(self, level: UnitLevel, kind: UnitKind, unit: _Unit, since: date) -> AdminUnit:
        parent = None
        if level is UnitLevel.DISTRICT or (level is UnitLevel.COMMUNE and since >= MERGED):
            parent = self._province.id
        elif level is UnitLevel.COMMUNE:
            parent = self._districts[unit.parent].id
        row = AdminUnit(
            code=unit.code,
            level=level,
            kind=kind,
            name=unit.name,
            parent_id=parent,
            valid_from=since,
            lat=unit.lat,
            lon=unit.lon,
        )
        self._session.add(row)
        self._session.flush()
        self.written += 1
        return row

    def _generation(self, districts: Mapping[str, str], since: date) -> None:
        for code, name in districts.items():
            known = self._districts.get(code)
            if known is None or known.name != name:
                fresh = self._add(UnitLevel.DISTRICT, _kind(name), _Unit(code, name, PROVINCE_CODE), since)
                self._districts[code] = self._close(known, fresh, since)

    def _wards(self, wards: Mapping[str, _Unit], since: date) -> None:
        for code, known in list(self._communes.items()):
            if code not in wards:
                known.valid_to = since
                del self._communes[code]
        for code, unit in wards.items():
            before = self._communes.get(code)
            parent = self._districts[unit.parent].id
            if before is None or before.name != unit.name or before.parent_id != parent:
                fresh = self._add(UnitLevel.COMMUNE, _kind(unit.name), unit, since)
                self._communes[code] = self._close(before, fresh, since)

    def _close(self, old: AdminUnit | None, new: AdminUnit, since: date) -> AdminUnit:
        if old is not None:
            old.valid_to = since
            self._session.add(UnitSuccessor(old_id=old.id, new_id=new.id))
        return new

    def _merge(self, links: list[dict[str, str]]) -> None:
        fresh = {}
        for row in _rows("sonla_2025_75.csv"):
            unit = _Unit(row["ward_code"], row["ward"], PROVINCE_CODE, float(row["lat"]), float(row["lon"]))
            fresh[unit.code] = self._add(UnitLevel.COMMUNE, _kind(unit.name), unit, MERGED)
        for link in links:
            self._close(self._communes[link["old_ward_code"]], fresh[link["new_ward_code"]], MERGED)
        for district in self._districts.values():
            district.valid_to = MERGED


def on(session: Session, day: date, level: UnitLevel = UnitLevel.COMMUNE) -> list[AdminUnit]:
    """The units in force on a day, by name."""
    statement = sa.select(AdminUnit).where(
        AdminUnit.level == level,
        AdminUnit.valid_from <= day,
        sa.or_(AdminUnit.valid_to.is_(None), AdminUnit.valid_to > day),
    )
    return sorted(session.scalars(statement), key=lambda unit: unit.name.partition(" ")[2])


def present(work: Work, code: str) -> AdminUnit:
    """The commune of a code in force today. Raises Refusal `unit_not_valid`."""
    found = next((unit for unit in on(work.session, work.today) if unit.code == code), None)
    if found is None:
        raise Refusal("unit_not_valid", pointer="/unit")
    return found


def province(session: Session) -> AdminUnit:
    """The province itself."""
    return session.scalars(sa.select(AdminUnit).where(AdminUnit.level == UnitLevel.PROVINCE)).one()
