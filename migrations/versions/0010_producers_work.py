"""Photos of lots, the second officer of an order, and the counts that close a print job's sums.

Revision: 0010, after 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0006"
branch_labels = None
depends_on = None

# SQLite gives an automatic key to INTEGER PRIMARY KEY only.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COUNTS = ("strip_read", "unprinted", "received", "returned", "lost")
PEOPLE = {"print_job": ("released", "printed"), "stamp_order": ("endorsed",)}


def upgrade() -> None:
    op.create_table(
        "lot_photo",
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), primary_key=True),
        sa.Column("file_id", BIG, sa.ForeignKey("stored_file.id"), primary_key=True),
    )
    op.create_index("ix_audit_entry_noun_object_id", "audit_entry", ["noun", "object_id"])
    with op.batch_alter_table("print_job") as table:
        for name in COUNTS:
            table.add_column(sa.Column(name, sa.Integer(), nullable=True))
    for name, acts in PEOPLE.items():
        with op.batch_alter_table(name) as table:
            for act in acts:
                table.add_column(sa.Column(f"{act}_by_id", BIG, nullable=True))
                table.add_column(sa.Column(f"{act}_at", sa.BigInteger(), nullable=True))
                table.create_foreign_key(f"fk_{name}_{act}_by_id", "user_account", [f"{act}_by_id"], ["id"])


def downgrade() -> None:
    for name, acts in PEOPLE.items():
        with op.batch_alter_table(name) as table:
            for act in acts:
                table.drop_constraint(f"fk_{name}_{act}_by_id", type_="foreignkey")
                table.drop_column(f"{act}_by_id")
                table.drop_column(f"{act}_at")
    with op.batch_alter_table("print_job") as table:
        for name in COUNTS:
            table.drop_column(name)
    op.drop_index("ix_audit_entry_noun_object_id", "audit_entry")
    op.drop_table("lot_photo")
