"""The order of claims and places; sightings that hold evidence of copies.

Revision: 0015, after 0014

A sighting of version 1 keeps its counts, firsts and confirmed scratch code and begins with no evidence of copies; its
marks of devices are made again from the lower bits of the old ones. Going down keeps the same, and forgets the devices
and the evidence: the shorter marks cannot be made long again.
"""

import struct
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ROLE = "sonla_verifier"
READS = {
    "lot_area": "lot_id, lat, lon, radius_km",
    "dispatch": "lot_id, lat, lon",
}
_OLD = struct.Struct("<BBHIqqIIhhBIIH")
_NEW = struct.Struct("<BBHBHII6sIhhIBh")
_MARKS = (1 << 17) - 1
_PAGE = 5000


def upgrade() -> None:
    op.add_column("claim", sa.Column("n", sa.BigInteger(), nullable=True))
    op.add_column("scan_place", sa.Column("n", sa.BigInteger(), nullable=True))
    _convert(1, _packed)
    if op.get_bind().dialect.name == "postgresql":
        for table, columns in READS.items():
            op.execute(f"GRANT SELECT ({columns}) ON {table} TO {ROLE}")


def downgrade() -> None:
    _convert(2, _unpacked)
    if op.get_bind().dialect.name == "postgresql":
        for table in READS:
            op.execute(f"REVOKE ALL ON {table} FROM {ROLE}")
    with op.batch_alter_table("scan_place") as table:
        table.drop_column("n")
    with op.batch_alter_table("claim") as table:
        table.drop_column("n")


def _convert(version: int, changed: Callable[[bytes], bytes]) -> None:
    """Every sighting of that version as one of the other, a page at a time."""
    sighting = sa.table("sighting", sa.column("stamp"), sa.column("state"))
    link = op.get_bind()
    last = -1
    while True:
        page = sa.select(sighting).where(sighting.c.stamp > last).order_by(sighting.c.stamp).limit(_PAGE)
        rows = link.execute(page).all()
        if not rows:
            return
        last = rows[-1].stamp
        changes = [{"key": row.stamp, "packed": changed(bytes(row.state))} for row in rows if row.state[0] == version]
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


def _unpacked(new: bytes) -> bytes:
    (_, marks, low, high, devices, first, last, pair, pin_at_s, *_) = _NEW.unpack_from(new)
    pin = int.from_bytes(pair, "little") & _MARKS
    times = first * 1_000_000, last * 1_000_000
    # 47: the marks that version 1 knew, but for the last well-located scan.
    return _OLD.pack(1, marks & 47, devices, low | high << 16, *times, pin, pin_at_s, 0, 0, 0, 0, 0, 0)


def _mark(old: int) -> int:
    return old % _MARKS + 1
