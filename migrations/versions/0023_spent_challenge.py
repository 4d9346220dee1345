"""Challenges of passkeys that were answered.

Revision: 0023, after 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spent_challenge",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_spent_challenge_at", "spent_challenge", ["at"])


def downgrade() -> None:
    op.drop_table("spent_challenge")
