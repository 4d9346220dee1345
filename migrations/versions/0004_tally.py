"""Counts of scans that are too old to keep (rule R15, invariant 11).

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# SQLite gives an automatic key to INTEGER PRIMARY KEY only.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "scan_tally",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("lot_id", BIG, primary_key=True, autoincrement=False),
        sa.Column("verdict", sa.String(24), primary_key=True),
        sa.Column("role", sa.String(12), primary_key=True),
        sa.Column("scans", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("scan_tally")
