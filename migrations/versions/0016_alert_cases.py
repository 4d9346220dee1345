"""Alert cases with their evidence, and what the watch over the scan table remembers.

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# SQLite gives an automatic key to INTEGER PRIMARY KEY only.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alert_case",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), nullable=False, unique=True),
        sa.Column("number", sa.String(32), nullable=False, unique=True),
        sa.Column("subject", sa.String(64), nullable=False, unique=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("organisation_id", BIG, sa.ForeignKey("organisation.id"), nullable=True),
        sa.Column("batch_id", BIG, sa.ForeignKey("batch.id"), nullable=True),
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), nullable=True),
        sa.Column("stamp", sa.BigInteger(), nullable=True),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("red", sa.Boolean(), nullable=False),
        sa.Column("marks", sa.Integer(), nullable=False),
        sa.Column("voices", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("hold_id", BIG, sa.ForeignKey("hold.id"), nullable=True),
        sa.Column("decided_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_level", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(255), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_index("ix_alert_case_state_last_at", "alert_case", ["state", "last_at"])
    op.create_index("ix_alert_case_organisation_id", "alert_case", ["organisation_id"])
    op.create_index("ix_alert_case_lot_id", "alert_case", ["lot_id"])
    op.create_table(
        "alert_evidence",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("case_id", BIG, sa.ForeignKey("alert_case.id"), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("vi", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.UniqueConstraint("case_id", "source"),
    )
    op.create_table(
        "watch_mark",
        sa.Column("stream", sa.String(16), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.Uuid(), nullable=False),
    )
    op.create_table(
        "watch_sign",
        sa.Column("owner", BIG, primary_key=True, autoincrement=False),
        sa.Column("sign", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("stamp", BIG, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "watch_count",
        sa.Column("owner", BIG, primary_key=True, autoincrement=False),
        sa.Column("sign", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("stamps", sa.Integer(), nullable=False),
    )
    # Places come after their scans, in an order of their own; the watch reads on in it. A receipt finds its reports.
    op.create_index("ix_scan_place_at", "scan_place", ["at"])
    op.create_index("ix_report_scan_id", "report", ["scan_id"])


def downgrade() -> None:
    op.drop_index("ix_report_scan_id", "report")
    op.drop_index("ix_scan_place_at", "scan_place")
    for table in ("watch_count", "watch_sign", "watch_mark", "alert_evidence", "alert_case"):
        op.drop_table(table)
