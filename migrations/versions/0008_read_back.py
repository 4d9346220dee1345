"""How many labels of a print file were read back before it could be released.

Revision: 0008, after 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("print_job", sa.Column("read_back", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("print_job") as table:
        table.drop_column("read_back")
