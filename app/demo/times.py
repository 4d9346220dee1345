"""The demo many times over: what a province looks like after years, made in minutes.

Every producer of the demo, with all it ever did, is written again under shifted keys, so that what closed in the demo
closes in each copy: rows are carried, never made up. The officers, the print house and the units stay the same ones.
The first maker keeps what its first nine copies made, so that one producer is large. Copies of acts go on at the end of
the audit chain, whose links are worked out anew.

Nobody stands behind a copy's print file, manifest or picture beyond what the first one has.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.demo.catalogue import example_gtin
from app.models import Base
from app.models.audit import AuditEntry, AuditHead
from app.models.facts import FactClock
from app.models.notices import NoticeMark
from app.models.stamps import Batch
from app.services import audit
from app.services.work import Desk

KEPT_BY_FIRST = 9
"""So many copies of what the first maker did stay with the first maker."""
TABLES = (
    "organisation",
    "user_account",
    "user_role",
    "product",
    "product_image",
    "certificate",
    "lot",
    "lot_input",
    "lot_step",
    "lot_test",
    "retained_sample",
    "lot_area",
    "dispatch",
    "stamp_order",
    "batch",
    "print_job",
    "stamp_range",
    "range_event",
    "hold",
    "recall",
    "recall_lot",
    "alert_case",
    "alert_evidence",
    "stamp_flag",
    "known_seller",
    "notice",
    "watch_stamp",
    "sighting",
    "scan_tally",
    "lot_tally",
    "place_tally",
    "scan",
)
"""What is written again, each after what it refers to."""
_NOUNS: Mapping[str, str] = {
    **{name: name for name in TABLES},
    "user": "user_account",
    "order": "stamp_order",
}
# Columns that hold a key without saying so.
_LOOSE: Mapping[tuple[str, str], str] = {
    ("scan", "batch_id"): "batch",
    ("scan", "lot_id"): "lot",
    ("scan_tally", "lot_id"): "lot",
    ("lot_tally", "lot_id"): "lot",
    ("place_tally", "lot_id"): "lot",
    ("watch_stamp", "lot_id"): "lot",
}
# Counts of all lots together, and of none, are one row, however many copies there are.
_TOGETHER = ("scan_tally", "place_tally")
_STAMPS = frozenset({"lo", "hi", "stamp"})
_NUMBERED = frozenset({"number", "code"})
Change = Callable[[Any, int], Any]
Row = Sequence[Any]


@dataclass(slots=True)
class _Plan:
    """How far each table's keys are apart, and which rows are not written again."""

    stride: Mapping[str, int]
    stamps: int
    """How many indices a copy is apart from the next."""
    offset: int
    """How far the first copy's indices are from the demo's."""
    organisations: frozenset[int]
    users: Mapping[int, int | None]
    """Each account with its organisation, None for an officer's or a printer's."""
    first: int
    packed: bool
    """Whether the database keeps a UUID as 32 digits."""
    gtins: dict[str, int] = field(default_factory=dict)
    """Each GTIN with the key of its product."""

    def moved(self, table: str, key: int | None, copy: int) -> int | None:
        """The key of a copy; those of what is not written again stay."""
        if not key or (table in {"organisation", "user_account"} and self.stays(table, key, copy)):
            return key
        # Rolls that were never activated go by their negative key.
        far = copy * self.stride[table]
        return key + far if key > 0 else key - copy * self.stride["batch"]

    def stays(self, table: str, key: int, copy: int) -> bool:
        """Whether an organisation or an account is the same one in this copy."""
        owner = key if table == "organisation" else self.users.get(key)
        return owner not in self.organisations or (owner == self.first and copy <= KEPT_BY_FIRST)

    def index(self, index: int | None, copy: int) -> int | None:
        """The stamp of a copy."""
        return None if index is None else index + self.offset + (copy - 1) * self.stamps

    def uid(self, uid: Any, copy: int) -> Any:
        """The public id of a copy, of the same moment."""
        if uid is None:
            return None
        other = UUID(int=(uid if isinstance(uid, UUID) else UUID(uid)).int ^ copy << 50)
        return other.hex if self.packed else other


def multiply(desk: Desk, times: int, reserve: Callable[[int, int], range], progress: Callable[[int], None]) -> None:
    """Write the demo `times - 1` times more; `reserve` gives so many free indices of stamps not below the second."""
    with desk.engine.connect() as connection:
        plan = _planned(connection, times, reserve)
    with desk.engine.connect() as connection:
        writer = _writer(connection)
        for number, name in enumerate(TABLES):
            table = Base.metadata.tables[name]
            rows = connection.execute(_as_stored(table)).all()
            writer(table, _copies(plan, table, rows, times))
            progress(number + 1)
        for together in _TOGETHER:
            table = Base.metadata.tables[together]
            values = {name: table.c[name] * times for name in ("scans", "firsts") if name in table.columns}
            connection.execute(sa.update(table).where(table.c.lot_id < 1).values(values))
        connection.commit()
    _chain(desk, plan, times)


def _planned(connection: sa.Connection, times: int, reserve: Callable[[int, int], range]) -> _Plan:
    stride = {}
    for name in TABLES:
        column = Base.metadata.tables[name].columns.get("id")
        if column is not None and not isinstance(column.type, sa.Uuid):
            stride[name] = connection.scalar(sa.select(sa.func.coalesce(sa.func.max(column), 0))) or 0
    first, end = connection.execute(sa.select(sa.func.min(Batch.lo), sa.func.max(Batch.hi))).one()
    block = reserve((end - first) * (times - 1), end)
    organisations, users = Base.metadata.tables["organisation"], Base.metadata.tables["user_account"]
    products = Base.metadata.tables["product"].columns
    makers = connection.scalars(sa.select(organisations.c.id).where(~organisations.c.prints)).all()
    gtins = connection.execute(sa.select(products.gtin, products.id).where(products.gtin.is_not(None)))
    return _Plan(
        stride=stride,
        stamps=end - first,
        offset=block.start - first,
        organisations=frozenset(makers),
        users={row.id: row.organisation_id for row in connection.execute(sa.select(users))},
        first=min(makers),
        packed=connection.dialect.name == "sqlite",
        gtins={row.gtin: row.id for row in gtins},
    )


def _as_stored(table: sa.Table) -> "sa.Select[*tuple[Any, ...]]":
    """The rows as the driver gives them: words stay words."""
    return sa.select(*(sa.type_coerce(column, sa.types.NullType()).label(column.name) for column in table.columns))


def _copies(plan: _Plan, table: sa.Table, rows: Sequence[Row], times: int) -> Iterator[list[Any]]:
    """Each row in each copy, in the order of their keys as far as they are numbers or times."""
    changes = [
        (at, change) for at, column in enumerate(table.columns) if (change := _change(plan, table, column)) is not None
    ]
    names = [column.name for column in table.columns]
    skip = _skipped(plan, table, names)
    by_time = isinstance(table.columns[names[0]].type, sa.Uuid)
    pairs: Iterable[tuple[Row, int]] = (
        ((row, copy) for row in rows for copy in range(1, times))
        if by_time
        else ((row, copy) for copy in range(1, times) for row in rows)
    )
    numbered = [at for at, name in enumerate(names) if name in _NUMBERED and "id" in names]
    key = names.index("id") if "id" in names else 0
    for row, copy in pairs:
        if skip(row, copy):
            continue
        made = list(row)
        for at, change in changes:
            made[at] = change(row[at], copy)
        for at in numbered:
            made[at] = _renumbered(row[at], made[key])
        yield made


def _skipped(plan: _Plan, table: sa.Table, names: Sequence[str]) -> Callable[[Row, int], bool]:
    """Which rows stay the only ones: those of officers and printers, and in some copies those of the first maker."""
    if table.name in {"organisation", "user_account"}:
        return lambda row, copy: plan.stays(table.name, row[names.index("id")], copy)
    if table.name == "user_role":
        return lambda row, copy: plan.stays("user_account", row[names.index("user_id")], copy)
    if table.name == "known_seller":
        return lambda row, copy: plan.stays("organisation", row[names.index("organisation_id")], copy)
    if table.name in _TOGETHER:
        return lambda row, _: row[names.index("lot_id")] < 1
    return lambda _, __: False


def _change(plan: _Plan, table: sa.Table, column: sa.Column[Any]) -> Change | None:
    """What a copy changes in a column; None where it changes nothing."""
    special = _SPECIAL.get((table.name, column.name))
    if special is not None:
        return special(plan)
    if isinstance(column.type, sa.Uuid):
        return plan.uid
    if column.name in _STAMPS:
        return plan.index
    target = _LOOSE.get((table.name, column.name))
    if column.foreign_keys:
        (foreign,) = column.foreign_keys
        target = foreign.column.table.name
    elif column.name == "id":
        target = table.name
    if target is None or target not in plan.stride:
        return None
    known = target
    return lambda key, copy: plan.moved(known, key, copy)


def _renumbered(number: str, key: int) -> str:
    """A number ends in the key of what it numbers."""
    letters = number.rstrip("0123456789")
    return f"{letters}{key:0{len(number) - len(letters)}d}"


def _subject(plan: _Plan) -> Change:
    """A case's subject names what it is about by its key."""

    def change(subject: str, copy: int) -> str:
        kind, _, key = subject.partition(":")
        if not key.isdigit():
            return f"{subject}-{copy}"[-64:]
        table = {"roll": "batch", "stolen": "batch"}.get(kind, kind)
        moved = plan.index(int(key), copy) if kind == "stamp" else plan.moved(table, int(key), copy)
        return f"{kind}:{moved}"

    return change


def _gtin(plan: _Plan) -> Change:
    def change(gtin: str | None, copy: int) -> str | None:
        return None if gtin is None else f"0{example_gtin(plan.gtins[gtin] + copy * plan.stride['product'])}"

    return change


_SPECIAL: Mapping[tuple[str, str], Callable[[_Plan], Change]] = {
    ("alert_case", "subject"): _subject,
    ("batch", "gtin"): _gtin,
    ("product", "gtin"): _gtin,
    ("organisation", "name"): lambda _: lambda name, copy: f"{name} {copy + 1}",
    ("lot", "lot_no"): lambda _: lambda number, copy: f"{number}-{copy + 1}",
    ("user_account", "email"): lambda _: lambda email, copy: email and email.replace("@", f".{copy + 1}@"),
    ("user_account", "fs_uniquifier"): lambda _: lambda mark, copy: sha256(f"{mark}{copy}".encode()).hexdigest(),
    # Who reads it and what it is about are the copy's; an officer reads of every copy.
    ("notice", "webhook_id"): lambda _: lambda _key, _copy: None,
}
Writer = Callable[[sa.Table, Iterator[list[Any]]], None]


def _writer(connection: sa.Connection) -> Writer:
    """How this database takes in many rows at once."""
    raw: Any = connection.connection.driver_connection

    def names(table: sa.Table) -> str:
        return ", ".join(f'"{column.name}"' for column in table.columns)

    def embedded(table: sa.Table, rows: Iterator[list[Any]]) -> None:
        raw.executemany(str(sa.insert(table).compile(dialect=connection.dialect)), rows)

    def served(table: sa.Table, rows: Iterator[list[Any]]) -> None:
        with raw.cursor() as cursor:
            # Millions of rows are one statement.
            cursor.execute("SET LOCAL statement_timeout = 0")
            with cursor.copy(f'COPY "{table.name}" ({names(table)}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)
        if "id" in table.columns and not isinstance(table.columns["id"].type, sa.Uuid):
            sequence = sa.func.pg_get_serial_sequence(table.name, "id")
            last = sa.select(sa.func.max(table.c.id)).scalar_subquery()
            connection.execute(sa.select(sa.func.setval(sequence, last)))

    return embedded if connection.dialect.name == "sqlite" else served


def _chain(desk: Desk, plan: _Plan, times: int) -> None:
    """The acts of every copy, in order of time, at the end of the chain; they count as told."""
    with desk.engine.connect() as connection:
        acts = connection.execute(sa.select(AuditEntry.__table__).order_by(AuditEntry.seq)).all()
        last = connection.execute(sa.select(AuditHead.seq, AuditHead.hash)).one()
        made = list(_linked(plan, acts, last.seq, bytes(last.hash), times))
        table = Base.metadata.tables["audit_entry"]
        _writer(connection)(table, ([getattr(one, column.name) for column in table.columns] for one in made))
        if made:
            connection.execute(sa.update(AuditHead).values(seq=made[-1].seq, hash=made[-1].hash))
            connection.execute(sa.update(NoticeMark).values(seq=made[-1].seq))
        connection.execute(sa.update(FactClock).values(value=FactClock.value + 1))
        connection.commit()


def _linked(plan: _Plan, acts: Sequence[Any], seq: int, previous: bytes, times: int) -> Iterator[AuditEntry]:
    ours = [act for act in acts if _NOUNS.get(act.noun) in plan.stride]
    for act, copy in sorted(((act, copy) for act in ours for copy in range(1, times)), key=lambda one: one[0].at):
        table = _NOUNS[act.noun]
        moved = plan.moved(table, act.object_id, copy) or 0
        if moved == act.object_id:
            continue
        seq += 1
        entry = AuditEntry(
            seq=seq,
            at=act.at,
            actor_id=plan.moved("user_account", act.actor_id, copy),
            action=act.action,
            noun=act.noun,
            object_id=moved,
            before=act.before,
            after=act.after,
            detail=act.detail,
            previous=previous,
        )
        entry.hash = previous = audit.digest(entry)
        yield entry
