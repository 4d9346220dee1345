"""Lots, orders, batches, ranges, holds, recalls and the fact clock.

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite gives an automatic key to INTEGER PRIMARY KEY only.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
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
    "fact_clock",
)


def upgrade() -> None:
    _tables_1()
    _tables_2()
    _tables_3()
    _tables_4()
    _tables_5()
    op.bulk_insert(sa.table("fact_clock", sa.column("id"), sa.column("value")), [{"id": 1, "value": 0}])


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _tables_1() -> None:
    op.create_table(
        "lot",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("lot_no", sa.String(40), nullable=False),
        sa.Column("product_id", BIG, sa.ForeignKey("product.id"), index=True, nullable=False),
        sa.Column("organisation_id", BIG, sa.ForeignKey("organisation.id"), index=True, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("facility", sa.String(200), nullable=False),
        sa.Column("produced_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("quantity", sa.Numeric(14, 3), nullable=False),
        sa.Column("unit", sa.String(16), nullable=False),
        sa.Column("packs", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("released_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=True),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.Column("created_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("packs > 0", "packs"),
        sa.CheckConstraint("expires_on IS NULL OR expires_on >= produced_on", "dates"),
        sa.UniqueConstraint("organisation_id", "lot_no"),
    )
    op.create_table(
        "lot_input",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), index=True, nullable=False),
        sa.Column("material", sa.String(200), nullable=False),
        sa.Column("supplier", sa.String(200), nullable=False),
        sa.Column("origin", sa.String(200), nullable=True),
        sa.Column("supplier_lot", sa.String(40), nullable=True),
        sa.Column("quantity", sa.Numeric(14, 3), nullable=False),
        sa.Column("unit", sa.String(16), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
    )
    op.create_table(
        "lot_step",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), index=True, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("location_code", sa.String(32), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("why", sa.String(200), nullable=True),
    )


def _tables_2() -> None:
    op.create_table(
        "lot_test",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), index=True, nullable=False),
        sa.Column("laboratory", sa.String(200), nullable=False),
        sa.Column("report_no", sa.String(60), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("sampled_on", sa.Date(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("mandatory", sa.Boolean(), nullable=False),
        sa.Column("file_id", BIG, sa.ForeignKey("stored_file.id"), nullable=True),
        sa.CheckConstraint("valid_until >= issued_on", "dates"),
    )
    op.create_table(
        "retained_sample",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), index=True, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("quantity", sa.Numeric(14, 3), nullable=False),
        sa.Column("unit", sa.String(16), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("storage", sa.String(200), nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=False),
        sa.Column("custodian", sa.String(200), nullable=False),
    )
    op.create_table(
        "lot_area",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), index=True, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("radius_km", sa.Double(), nullable=False),
    )
    op.create_table(
        "dispatch",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), index=True, nullable=False),
        sa.Column("buyer", sa.String(200), nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("quantity", sa.Numeric(14, 3), nullable=False),
        sa.Column("packs", sa.Integer(), nullable=False),
        sa.Column("dispatched_on", sa.Date(), nullable=False),
        sa.Column("lo", sa.BigInteger(), nullable=True),
        sa.Column("hi", sa.BigInteger(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )


def _tables_3() -> None:
    op.create_table(
        "stamp_order",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("number", sa.String(32), unique=True, nullable=False),
        sa.Column("organisation_id", BIG, sa.ForeignKey("organisation.id"), index=True, nullable=False),
        sa.Column("product_id", BIG, sa.ForeignKey("product.id"), index=True, nullable=False),
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), index=True, nullable=True),
        sa.Column("printer_id", BIG, sa.ForeignKey("organisation.id"), nullable=True),
        sa.Column("state", sa.String(32), index=True, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("profile", sa.String(32), nullable=False),
        sa.Column("with_gtin", sa.Boolean(), nullable=False),
        sa.Column("pins", sa.Boolean(), nullable=False),
        sa.Column("layout", sa.String(40), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("requested_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decision_note", sa.String(255), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", "quantity"),
    )
    op.create_table(
        "batch",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("number", sa.String(32), unique=True, nullable=False),
        sa.Column("order_id", BIG, sa.ForeignKey("stamp_order.id"), unique=True, nullable=False),
        sa.Column("organisation_id", BIG, sa.ForeignKey("organisation.id"), index=True, nullable=False),
        sa.Column("product_id", BIG, sa.ForeignKey("product.id"), index=True, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("lo", BIG, unique=True, nullable=False),
        sa.Column("hi", BIG, unique=True, nullable=False),
        sa.Column("profile", sa.String(32), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=True),
        sa.Column("host", sa.String(64), nullable=False),
        sa.Column("symbol_version", sa.Integer(), nullable=False),
        sa.Column("ecc", sa.String(1), nullable=False),
        sa.Column("mask", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("kid", sa.String(64), nullable=True),
        sa.Column("pins", sa.Boolean(), nullable=False),
        sa.Column("layout", sa.String(40), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("minted_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("lo >= 0 AND hi > lo", "range"),
    )


def _tables_4() -> None:
    op.create_table(
        "print_job",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("batch_id", BIG, sa.ForeignKey("batch.id"), unique=True, nullable=False),
        sa.Column("printer_id", BIG, sa.ForeignKey("organisation.id"), index=True, nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("downloaded_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=True),
        sa.Column("downloaded_at", sa.BigInteger(), nullable=True),
        sa.Column("received_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=True),
        sa.Column("good", sa.Integer(), nullable=True),
        sa.Column("spoiled", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "stamp_range",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("batch_id", BIG, sa.ForeignKey("batch.id"), nullable=False),
        sa.Column("lo", sa.BigInteger(), nullable=False),
        sa.Column("hi", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), index=True, nullable=True),
        sa.Column("reason", sa.String(255), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("batch_id", "lo"),
        sa.CheckConstraint("hi > lo", "range"),
    )
    op.create_table(
        "range_event",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("batch_id", BIG, sa.ForeignKey("batch.id"), index=True, nullable=False),
        sa.Column("lo", sa.BigInteger(), nullable=False),
        sa.Column("hi", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), nullable=True),
        sa.Column("actor_id", BIG, sa.ForeignKey("user_account.id"), nullable=True),
        sa.Column("reason", sa.String(255), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )


def _tables_5() -> None:
    op.create_table(
        "hold",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), index=True, nullable=True),
        sa.Column("batch_id", BIG, sa.ForeignKey("batch.id"), index=True, nullable=True),
        sa.Column("lo", sa.BigInteger(), nullable=True),
        sa.Column("hi", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(255), nullable=False),
        sa.Column("placed_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("lifted_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=True),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(lot_id IS NULL) <> (batch_id IS NULL)", "one_target"),
    )
    op.create_table(
        "recall",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("number", sa.String(32), unique=True, nullable=False),
        sa.Column("organisation_id", BIG, sa.ForeignKey("organisation.id"), index=True, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=True),
        sa.Column("instruction", sa.Text(), nullable=False),
        sa.Column("instruction_en", sa.Text(), nullable=True),
        sa.Column("requested_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "recall_lot",
        sa.Column("recall_id", BIG, sa.ForeignKey("recall.id"), primary_key=True),
        sa.Column("lot_id", BIG, sa.ForeignKey("lot.id"), primary_key=True, index=True),
        sa.Column("recovered", sa.Numeric(14, 3), nullable=True),
        sa.Column("result", sa.String(32), nullable=True),
        sa.Column("note", sa.String(255), nullable=True),
    )
    op.create_table(
        "fact_clock",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
