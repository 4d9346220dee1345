"""The verifiers may read when a range of stamps came into its state: a stamp's first days count from its activation.

Revision: 0028, after 0027
"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("GRANT SELECT (changed_at) ON stamp_range TO sonla_verifier")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("REVOKE SELECT (changed_at) ON stamp_range FROM sonla_verifier")
