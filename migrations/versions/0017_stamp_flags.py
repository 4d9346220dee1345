"""Registered facts about single stamps, and known sellers; the public side reads what a verdict needs of them.

Revision: 0017, after 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# SQLite gives an automatic key to INTEGER PRIMARY KEY only.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROLE = "sonla_verifier"
READS = {
    "stamp_flag": "stamp, kind, words, weight, marks, voices, ended_at",
    "known_seller": "organisation_id, kind, lat, lon, radius_km, ended_at",
}


def upgrade() -> None:
    op.create_table(
        "stamp_flag",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), nullable=False, unique=True),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", BIG, sa.ForeignKey("batch.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("words", sa.String(200), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=True),
        sa.Column("marks", sa.Integer(), nullable=True),
        sa.Column("voices", sa.Integer(), nullable=True),
        sa.Column("case_id", BIG, sa.ForeignKey("alert_case.id"), nullable=True),
        sa.Column("placed_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
    )
    op.create_index("ix_stamp_flag_stamp_ended_at", "stamp_flag", ["stamp", "ended_at"])
    op.create_index("ix_stamp_flag_batch_id", "stamp_flag", ["batch_id"])
    op.create_index("ix_stamp_flag_case_id", "stamp_flag", ["case_id"])
    op.create_table(
        "known_seller",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), nullable=False, unique=True),
        sa.Column("organisation_id", BIG, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("radius_km", sa.Double(), nullable=False),
        sa.Column("added_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
    )
    op.create_index("ix_known_seller_organisation_id", "known_seller", ["organisation_id"])
    if op.get_bind().dialect.name == "postgresql":
        for table, columns in READS.items():
            op.execute(f"GRANT SELECT ({columns}) ON {table} TO {ROLE}")


def downgrade() -> None:
    op.drop_table("known_seller")
    op.drop_table("stamp_flag")
