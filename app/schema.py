"""The database schema: migrating it up and down, its present revision, and the monthly partitions of `scan`.

On PostgreSQL `scan` is partitioned by month of its UUIDv7, whose first 48 bits are milliseconds since 1970; the
DEFAULT partition takes what no month does, so a late worker loses no scan.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
MONTHS_AHEAD = 3


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction for everything, also on SQLite, whose driver would commit before each change of the schema."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        else:
            with connection.begin():
                yield connection


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the schema up to a revision; does nothing where it is there already."""
    with _transaction(engine) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Take the schema down to a revision; `base` is the empty schema."""
    with _transaction(engine) as connection:
        command.downgrade(_config(connection), revision)


def head() -> str | None:
    """The newest revision the code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def current(engine: sa.Engine) -> str | None:
    """The revision the database is at; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def drift(engine: sa.Engine, metadata: sa.MetaData) -> list[Any]:
    """What a migrated database lacks or has too much, compared with the models; empty when they agree."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415  only a test asks

    known = set(metadata.tables)
    # The partitions of `scan` are the worker's, not the models'.
    ours = {"include_name": lambda name, kind, _: kind != "table" or name in known}
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=ours), metadata))


def _month(year: int, month: int) -> datetime:
    return datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC)


def first_uuid(at: datetime) -> UUID:
    """The smallest UUIDv7 of a time, which bounds a partition."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def ensure_partitions(engine: sa.Engine, now: int, months_ahead: int = MONTHS_AHEAD) -> tuple[str, ...]:
    """Make the partitions of `scan` from the month of `now` (UTC microseconds) on; gives the names of the new ones.

    On SQLite there is nothing to do. A month whose scans already lie in the DEFAULT partition is left there.
    """
    if engine.dialect.name != "postgresql":
        return ()
    start = datetime.fromtimestamp(now / 1_000_000, UTC)
    made = []
    with engine.begin() as connection:
        for offset in range(months_ahead + 1):
            begin, end = (_month(start.year, start.month + offset + step) for step in (0, 1))
            name = f"scan_{begin:%Y_%m}"
            lo, hi = first_uuid(begin), first_uuid(end)
            present = connection.execute(sa.text("SELECT to_regclass(:name)"), {"name": name}).scalar()
            held = sa.text("SELECT EXISTS (SELECT 1 FROM scan_rest WHERE id >= :lo AND id < :hi)")
            if present is None and not connection.execute(held, {"lo": lo, "hi": hi}).scalar():
                connection.exec_driver_sql(
                    f"CREATE TABLE {name} PARTITION OF scan FOR VALUES FROM ('{lo}') TO ('{hi}')"
                )
                made.append(name)
    return tuple(made)
