"""What each stamp says of its lot is one row, its state; what was counted by signs before is learned again.

Revision: 0022, after 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "watch_stamp",
        sa.Column("stamp", BIG, primary_key=True, autoincrement=False),
        sa.Column("lot_id", BIG, nullable=False),
        sa.Column("sign", sa.Integer(), nullable=False),
        sa.Column("square", sa.Integer(), nullable=False),
        sa.Column("odd", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_watch_stamp_lot_id", "watch_stamp", ["lot_id"])
    op.execute("DELETE FROM watch_sign WHERE owner > 0")
    op.execute("DELETE FROM watch_count")


def downgrade() -> None:
    op.drop_table("watch_stamp")
    op.execute("DELETE FROM watch_count")
