"""What the verifier writes, and its narrow database role.

Revision: 0003, after 0002

`scan` is partitioned by its id on PostgreSQL: a UUIDv7 begins with its time, so a range of ids is a range of months.
The role `sonla_verifier` may read the named columns of the facts, insert what it records, and update sightings and PIN
tries. It cannot log in; the operator grants it to the verifier's own user.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# SQLite gives an automatic key to INTEGER PRIMARY KEY only.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("sighting", "scan", "scan_place", "scan_nonce", "claim", "pin_try", "report")
ROLE = "sonla_verifier"
READS = {
    "fact_clock": "id, value",
    "batch": "id, number, organisation_id, product_id, state, lo, hi, profile, gtin, host, epoch, kid, pins, manifest",
    "stamp_range": "batch_id, lo, hi, state, lot_id",
    "hold": "lot_id, batch_id, lo, hi, reason, lifted_at",
    "lot": "id, lot_no, product_id, state, facility, produced_on, expires_on",
    "lot_step": "id, lot_id, kind, who, place, done_on, why",
    "lot_test": "id, lot_id, laboratory, report_no, criteria, issued_on, valid_until, passed",
    "retained_sample": "id, lot_id, code, taken_on, keep_until",
    "recall": "id, number, state, reason, reason_en, instruction, instruction_en, requested_at, decided_at, "
    "opened_at, closed_at",
    "recall_lot": "recall_id, lot_id",
    "product": "id, code, gtin, organisation_id, name, name_en, group, brand, standard, description, description_en, "
    "ingredients, usage, warnings, pack",
    "product_image": "product_id, position, file_id",
    "stored_file": "id, uid, sha256, public",
    "certificate": "id, product_id, decision_no, stars, issued_on, expires_on, revoked_on, superseded_by_id",
    "organisation": "id, name, kind, address, phone, story, example",
    "signing_key": "kid, use, public, state",
    "epoch": "number, state",
    "alembic_version": "version_num",
}
WRITES = {
    "sighting": "SELECT, INSERT, UPDATE",
    "pin_try": "SELECT, INSERT, UPDATE",
    "scan": "SELECT, INSERT",
    "scan_nonce": "SELECT, INSERT",
    "scan_place": "SELECT, INSERT",
    "claim": "SELECT, INSERT",
    "report": "SELECT, INSERT",
}


def upgrade() -> None:
    _tables()
    _scan()
    if op.get_bind().dialect.name == "postgresql":
        _role()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # The role belongs to the whole server and may serve other databases, so only its rights here are taken away.
        for table in (*READS, *WRITES):
            op.execute(f"REVOKE ALL ON {table} FROM {ROLE}")
        op.execute(f"REVOKE USAGE ON SCHEMA public FROM {ROLE}")
    for table in reversed(TABLES):
        op.drop_table(table)


def _role() -> None:
    op.execute(
        f"DO $$ BEGIN CREATE ROLE {ROLE} NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    op.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
    for table, columns in READS.items():
        named = ", ".join(f'"{column}"' for column in columns.split(", "))
        op.execute(f"GRANT SELECT ({named}) ON {table} TO {ROLE}")
    for table, rights in WRITES.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def _scan() -> None:
    op.create_table(
        "scan",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("stamp", BIG, index=True, nullable=False),
        sa.Column("batch_id", BIG, nullable=True),
        sa.Column("lot_id", BIG, index=True, nullable=True),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("scanned_at", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(24), nullable=False),
        sa.Column("suspicion", sa.SmallInteger(), nullable=False),
        sa.Column("history", sa.Text(), nullable=False),
        sa.Column("role", sa.String(12), nullable=False),
        sa.Column("channel", sa.String(12), nullable=False),
        sa.Column("device", sa.LargeBinary(16), nullable=True),
        sa.Column("cell", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.String(12), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        postgresql_partition_by="RANGE (id)",
    )

    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE scan_rest PARTITION OF scan DEFAULT")


def _tables() -> None:
    op.create_table(
        "sighting",
        sa.Column("stamp", BIG, primary_key=True, autoincrement=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.LargeBinary(80), nullable=False),
    )
    op.create_table(
        "scan_place",
        sa.Column("scan_id", sa.Uuid(), primary_key=True),
        sa.Column("stamp", BIG, index=True, nullable=False),
        sa.Column("cell", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(12), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "scan_nonce",
        sa.Column("nonce", sa.String(64), primary_key=True),
        sa.Column("stamp", BIG, nullable=False),
        sa.Column("scan_id", sa.Uuid(), nullable=False),
    )
    op.create_table(
        "claim",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("stamp", BIG, index=True, nullable=False),
        sa.Column("scan_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("device", sa.LargeBinary(16), nullable=True),
        sa.Column("cell", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "pin_try",
        sa.Column("stamp", BIG, primary_key=True, autoincrement=False),
        sa.Column("who", sa.LargeBinary(16), primary_key=True),
        sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("scan_id", sa.Uuid(), nullable=True),
        sa.Column("stamp", BIG, index=True, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("place", sa.String(200), nullable=True),
        sa.Column("contact", sa.String(120), nullable=True),
        sa.Column("photo_sha256", sa.String(64), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
