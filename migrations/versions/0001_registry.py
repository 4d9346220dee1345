"""Units, organisations, people, products, certificates, keys and the audit chain.

Revision: 0001, after nothing
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite gives an automatic key to INTEGER PRIMARY KEY only.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROLES = (
    "ADMIN",
    "COORD",
    "DEPT",
    "DISTRICT",
    "COMMUNE",
    "PRODUCER_OWNER",
    "PRODUCER_STAFF",
    "PRINTER",
    "INSPECTOR",
    "COUNCIL",
)
TABLES = (
    "admin_unit",
    "unit_successor",
    "organisation",
    "role",
    "user_account",
    "user_role",
    "api_token",
    "idempotency_key",
    "stored_file",
    "product",
    "product_image",
    "certificate",
    "signing_key",
    "epoch",
    "audit_entry",
    "audit_head",
)


def upgrade() -> None:
    _tables_1()
    _tables_2()
    _tables_3()
    _tables_4()
    op.bulk_insert(
        sa.table("audit_head", sa.column("id"), sa.column("seq"), sa.column("hash")),
        [{"id": 1, "seq": 0, "hash": bytes(32)}],
    )
    op.bulk_insert(sa.table("role", sa.column("name")), [{"name": name} for name in ROLES])


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _tables_1() -> None:
    op.create_table(
        "admin_unit",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("level", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("parent_id", BIG, sa.ForeignKey("admin_unit.id"), index=True, nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.UniqueConstraint("code", "valid_from"),
    )
    op.create_table(
        "unit_successor",
        sa.Column("old_id", BIG, sa.ForeignKey("admin_unit.id"), primary_key=True),
        sa.Column("new_id", BIG, sa.ForeignKey("admin_unit.id"), primary_key=True, index=True),
    )
    op.create_table(
        "organisation",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("code", sa.String(32), unique=True, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("prints", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("registration_no", sa.String(32), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("representative", sa.String(120), nullable=True),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("unit_id", BIG, sa.ForeignKey("admin_unit.id"), index=True, nullable=False),
        sa.Column("phone", sa.String(20), nullable=True),
        sa.Column("email", sa.String(120), nullable=True),
        sa.Column("gln", sa.String(13), nullable=True),
        sa.Column("story", sa.Text(), nullable=True),
        sa.Column("example", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "role",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("name", sa.String(32), unique=True, nullable=False),
        sa.Column("description", sa.String(200), nullable=True),
    )


def _tables_2() -> None:
    op.create_table(
        "user_account",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("email", sa.String(255), unique=True, nullable=True),
        sa.Column("phone", sa.String(20), unique=True, nullable=True),
        sa.Column("password", sa.String(255), nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(64), unique=True, nullable=False),
        sa.Column("organisation_id", BIG, sa.ForeignKey("organisation.id"), index=True, nullable=True),
        sa.Column("unit_id", BIG, sa.ForeignKey("admin_unit.id"), nullable=True),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("example", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "user_role",
        sa.Column("user_id", BIG, sa.ForeignKey("user_account.id"), primary_key=True),
        sa.Column("role_id", BIG, sa.ForeignKey("role.id"), primary_key=True),
    )
    op.create_table(
        "api_token",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("user_id", BIG, sa.ForeignKey("user_account.id"), index=True, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), unique=True, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("user_id", BIG, sa.ForeignKey("user_account.id"), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("request_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("location", sa.String(255), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), index=True, nullable=False),
    )
    op.create_table(
        "stored_file",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("sha256", sa.String(64), index=True, nullable=False),
        sa.Column("media_type", sa.String(80), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("organisation_id", BIG, sa.ForeignKey("organisation.id"), nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )


def _tables_3() -> None:
    op.create_table(
        "product",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("code", sa.String(32), unique=True, nullable=False),
        sa.Column("gtin", sa.String(14), unique=True, nullable=True),
        sa.Column("organisation_id", BIG, sa.ForeignKey("organisation.id"), index=True, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_en", sa.String(200), nullable=True),
        sa.Column("group", sa.String(32), nullable=False),
        sa.Column("brand", sa.String(120), nullable=True),
        sa.Column("standard", sa.String(120), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("description_en", sa.Text(), nullable=True),
        sa.Column("ingredients", sa.Text(), nullable=True),
        sa.Column("usage", sa.Text(), nullable=True),
        sa.Column("warnings", sa.Text(), nullable=True),
        sa.Column("pack", sa.String(80), nullable=False),
        sa.Column("shelf_life_days", sa.Integer(), nullable=True),
        sa.Column("annual_packs", sa.Integer(), nullable=True),
        sa.Column("stampable", sa.Boolean(), nullable=False),
        sa.Column("tests_required", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "product_image",
        sa.Column("product_id", BIG, sa.ForeignKey("product.id"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("file_id", BIG, sa.ForeignKey("stored_file.id"), nullable=False),
    )
    op.create_table(
        "certificate",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("product_id", BIG, sa.ForeignKey("product.id"), index=True, nullable=False),
        sa.Column("decision_no", sa.String(80), nullable=False),
        sa.Column("issuer", sa.String(200), nullable=False),
        sa.Column("rule_set", sa.String(32), nullable=False),
        sa.Column("points_a", sa.Numeric(5, 2), nullable=False),
        sa.Column("points_b", sa.Numeric(5, 2), nullable=False),
        sa.Column("points_c", sa.Numeric(5, 2), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("revoked_on", sa.Date(), nullable=True),
        sa.Column("revoked_reason", sa.String(255), nullable=True),
        sa.Column("superseded_by_id", BIG, sa.ForeignKey("certificate.id"), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("expires_on > issued_on", "dates"),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", "stars"),
    )


def _tables_4() -> None:
    op.create_table(
        "signing_key",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("kid", sa.String(64), unique=True, nullable=False),
        sa.Column("use", sa.String(16), nullable=False),
        sa.Column("public", sa.LargeBinary(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "epoch",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "audit_entry",
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("noun", sa.String(32), nullable=False),
        sa.Column("object_id", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.String(32), nullable=True),
        sa.Column("after", sa.String(32), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), unique=True, nullable=False),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
