"""Scans counted by day as soon as a day is over, and the indexes that the office's lists go by.

Revision: 0024, after 0023

Tallies used to be written when raw scans were removed, a whole local day at a time. So what they hold is complete, and
counting goes on at the oldest raw scan.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# SQLite gives an automatic key to INTEGER PRIMARY KEY only.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEXES = {
    "scan": ("lot_id", "id"),
    "scan_tally": ("lot_id", "day"),
    "notice": ("user_id", "id"),
    "batch": ("state",),
    "print_job": ("printer_id", "id"),
}


def upgrade() -> None:
    op.add_column("scan_tally", sa.Column("firsts", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "lot_tally",
        sa.Column("lot_id", BIG, primary_key=True, autoincrement=False),
        sa.Column("scans", sa.Integer(), nullable=False),
        sa.Column("unusual", sa.Integer(), nullable=False),
        sa.Column("firsts", sa.Integer(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
    )
    op.create_index("ix_lot_tally_last_on", "lot_tally", ["last_on"])
    op.create_table(
        "place_tally",
        sa.Column("week", sa.Date(), primary_key=True),
        sa.Column("lot_id", BIG, primary_key=True, autoincrement=False),
        sa.Column("place", sa.String(80), primary_key=True),
        sa.Column("scans", sa.Integer(), nullable=False),
    )
    op.create_index("ix_place_tally_lot_id_week", "place_tally", ["lot_id", "week"])
    op.create_table(
        "tally_mark",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
    op.execute(
        "INSERT INTO lot_tally (lot_id, scans, unusual, firsts, last_on) "
        "SELECT lot_id, sum(scans), sum(CASE WHEN verdict IN ('unusual', 'suspect_copy') THEN scans ELSE 0 END), 0, "
        "max(day) "
        "FROM scan_tally WHERE role = 'consumer' AND lot_id > 0 GROUP BY lot_id"
    )
    op.execute(
        "INSERT INTO scan_tally (day, lot_id, verdict, role, scans) "
        "SELECT day, -1, verdict, role, sum(scans) FROM scan_tally WHERE lot_id > 0 "
        "GROUP BY day, verdict, role"
    )
    for table, columns in INDEXES.items():
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
    op.drop_index("ix_print_job_printer_id", "print_job")
    op.drop_index("ix_scan_lot_id", "scan")


def downgrade() -> None:
    op.create_index("ix_scan_lot_id", "scan", ["lot_id"])
    op.create_index("ix_print_job_printer_id", "print_job", ["printer_id"])
    for table, columns in INDEXES.items():
        op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
    op.execute("DELETE FROM scan_tally WHERE lot_id < 0")
    for table in ("tally_mark", "place_tally", "lot_tally"):
        op.drop_table(table)
    with op.batch_alter_table("scan_tally") as table:
        table.drop_column("firsts")
