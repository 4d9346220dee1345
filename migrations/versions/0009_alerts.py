"""Alert cases, notes on stamps, known sellers; the order of claims and places; sightings that hold evidence of copies.

Revision: 0009, after 0006

A sighting of version 1 keeps its counts, firsts and confirmed scratch code and begins with no evidence of copies; its
marks of devices are made again from the lower bits of the old ones.
"""

import struct

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0006"
branch_labels = None
depends_on = None

# SQLite gives an automatic key to INTEGER PRIMARY KEY only.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROLE = "sonla_verifier"
READS = {
    "lot_area": "lot_id, lat, lon, radius_km",
    "dispatch": "lot_id, lat, lon",
    "seller": "organisation_id, lat, lon, radius_km, ended_at",
    "stamp_note": "stamp, kind, weight, noted_on, lifted_at",
    "report_result": "report_id, outcome, at",
}
TABLES = ("seller", "stamp_note", "report_result", "alert_sign", "alert_case")
_OLD = struct.Struct("<BBHIqqIIhhBIIH")
_NEW = struct.Struct("<BBHBHII6sIhhIBh")
_MARKS = (1 << 17) - 1
_PAGE = 5000


def upgrade() -> None:
    op.add_column("claim", sa.Column("n", sa.BigInteger(), nullable=True))
    op.add_column("scan_place", sa.Column("n", sa.BigInteger(), nullable=True))
    _cases()
    _notes()
    _convert()
    if op.get_bind().dialect.name == "postgresql":
        for table, columns in READS.items():
            op.execute(f"GRANT SELECT ({columns}) ON {table} TO {ROLE}")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in READS:
            op.execute(f"REVOKE ALL ON {table} FROM {ROLE}")
    for table in TABLES:
        op.drop_table(table)
    with op.batch_alter_table("scan_place") as table:
        table.drop_column("n")
    with op.batch_alter_table("claim") as table:
        table.drop_column("n")


def _person(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, BIG, sa.ForeignKey("user_account.id"), nullable=nullable)


def _cases() -> None:
    op.create_table(
        "alert_case",
        sa.Column("id", BIG, primary_key=True, autoincrement=True),
        sa.Column("uid", sa.Uuid(), nullable=False, unique=True),
        sa.Column("number", sa.String(32), nullable=False, unique=True),
        sa.Column("key", sa.String(80), nullable=False, index=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("organisation_id", BIG, sa.ForeignKey("organisation.id"), nullable=True, index=True),
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), nullable=True, index=True),
        sa.Column("batch_id", BIG, sa.ForeignKey("batch.id"), nullable=True, index=True),
        sa.Column("stamp", BIG, nullable=True, index=True),
        sa.Column("suspicion", sa.Double(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.String(32), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _person("decided_by_id"),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        _person("approved_by_id"),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "alert_sign",
        sa.Column("id", BIG, primary_key=True, autoincrement=True),
        sa.Column("case_id", BIG, sa.ForeignKey("alert_case.id"), nullable=False, index=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("suspicion", sa.Double(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("case_id", "day", "kind"),
    )
    op.create_table(
        "report_result",
        sa.Column("report_id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", BIG, sa.ForeignKey("alert_case.id"), nullable=True, index=True),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )


def _notes() -> None:
    op.create_table(
        "stamp_note",
        sa.Column("id", BIG, primary_key=True, autoincrement=True),
        sa.Column("uid", sa.Uuid(), nullable=False, unique=True),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", BIG, sa.ForeignKey("organisation.id"), nullable=False, index=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=True),
        sa.Column("noted_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(255), nullable=False),
        sa.Column("case_id", BIG, sa.ForeignKey("alert_case.id"), nullable=True, index=True),
        _person("noted_by_id", nullable=False),
        sa.Column("noted_at", sa.BigInteger(), nullable=False),
        _person("lifted_by_id"),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "seller",
        sa.Column("id", BIG, primary_key=True, autoincrement=True),
        sa.Column("uid", sa.Uuid(), nullable=False, unique=True),
        sa.Column("organisation_id", BIG, sa.ForeignKey("organisation.id"), nullable=False, index=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("radius_km", sa.Double(), nullable=False),
        _person("added_by_id", nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
    )


def _convert() -> None:
    """Every sighting of version 1 as version 2, a page at a time."""
    sighting = sa.table("sighting", sa.column("stamp"), sa.column("state"))
    link = op.get_bind()
    last = -1
    while True:
        page = sa.select(sighting).where(sighting.c.stamp > last).order_by(sighting.c.stamp).limit(_PAGE)
        rows = link.execute(page).all()
        if not rows:
            return
        last = rows[-1].stamp
        changes = [{"key": row.stamp, "packed": _packed(bytes(row.state))} for row in rows if row.state[0] == 1]
        if changes:
            change = sa.update(sighting).where(sighting.c.stamp == sa.bindparam("key"))
            link.execute(change.values(state=sa.bindparam("packed")), changes)


def _packed(old: bytes) -> bytes:
    (_, marks, devices, scans, first, last, pin, pin_at_s, *_) = _OLD.unpack_from(old)
    pair = (_mark(pin) if pin else 0).to_bytes(6, "little")
    # 16: the last well-located scan, which is not carried over.
    head = _NEW.pack(
        2,
        marks & ~16,
        scans & 0xFFFF,
        scans >> 16 & 0xFF,
        devices,
        first // 1_000_000,
        last // 1_000_000,
        pair,
        pin_at_s,
        0,
        0,
        0,
        0,
        0,
    )
    slots = [struct.unpack_from("<IB", old, at) for at in range(_OLD.size, len(old), 5)]
    devices_seen = b"".join((_mark(mark) | min(count, 15) << 17).to_bytes(3, "little") for mark, count in slots)
    return head + bytes(26) + devices_seen


def _mark(old: int) -> int:
    return old % _MARKS + 1
