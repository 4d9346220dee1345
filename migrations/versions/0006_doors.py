"""What the public doors need: devices, photos in quarantine, probes, erasures, the offline pack.

Revision: 0006, after 0008

The verifier may insert photos, probes and wishes to be forgotten, and cannot read them back; it reads which devices are
enrolled, what became of a report, and the signed pack.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0008"
branch_labels = None
depends_on = None

# SQLite gives an automatic key to INTEGER PRIMARY KEY only.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROLE = "sonla_verifier"
TABLES = (
    "report_photo",
    "report_case",
    "enrolled_device",
    "probe_sample",
    "probe_alert",
    "erasure",
    "snapshot_head",
    "snapshot_line",
)
RIGHTS = {
    "report_photo": "INSERT",
    "probe_sample": "INSERT",
    "probe_alert": "INSERT",
    "erasure": "INSERT",
    "report_case": "SELECT (report_id, state, outcome, decided_at)",
    "enrolled_device": "SELECT (uid, role, digest, revoked_at)",
    "snapshot_head": "SELECT",
    "snapshot_line": "SELECT",
}


def upgrade() -> None:
    with op.batch_alter_table("report") as table:
        table.add_column(sa.Column("photo", sa.String(8), nullable=True))
    _reports()
    _devices_and_probes()
    _erasures_and_snapshots()
    if op.get_bind().dialect.name == "postgresql":
        for name, rights in RIGHTS.items():
            op.execute(f"GRANT {rights} ON {name} TO {ROLE}")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    with op.batch_alter_table("report") as report:
        report.drop_column("photo")


def _reports() -> None:
    op.create_table(
        "report_photo",
        sa.Column("report_id", sa.Uuid(), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "report_case",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("report_id", sa.Uuid(), unique=True, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("decided_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )


def _devices_and_probes() -> None:
    op.create_table(
        "enrolled_device",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("uid", sa.Uuid(), unique=True, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("user_id", BIG, sa.ForeignKey("user_account.id"), index=True, nullable=False),
        sa.Column("role", sa.String(12), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), unique=True, nullable=False),
        sa.Column("enrolled_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_by_id", BIG, sa.ForeignKey("user_account.id"), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "probe_sample",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("at", sa.BigInteger(), index=True, nullable=False),
        sa.Column("verdict", sa.String(24), nullable=False),
        sa.Column("code", sa.String(200), nullable=False),
        sa.Column("network", sa.String(64), nullable=True),
        sa.Column("cell", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "probe_alert",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("who", sa.String(64), nullable=True),
        sa.Column("codes", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), index=True, nullable=False),
    )


def _erasures_and_snapshots() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("scan_id", sa.Uuid(), nullable=True),
        sa.Column("device", sa.String(128), nullable=True),
        sa.Column("hashes", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "snapshot_head",
        sa.Column("number", BIG, primary_key=True, autoincrement=False),
        sa.Column("clock", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("kid", sa.String(64), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
    )
    op.create_table(
        "snapshot_line",
        sa.Column("key", sa.String(80), primary_key=True),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("changed", sa.BigInteger(), index=True, nullable=False),
    )
