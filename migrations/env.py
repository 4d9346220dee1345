"""Alembic's entry: runs the migrations on the connection that `app.schema` hands over, in one transaction."""

import sqlalchemy as sa
from alembic import context

from app.models import Base


def run() -> None:
    """Run the migrations that were asked for."""
    connection: sa.Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transactional_ddl=True,
        render_as_batch=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
