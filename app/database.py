"""How the management side opens its database. On SQLite a writing transaction takes its lock at the start."""

from typing import Any

import sqlalchemy as sa

PATIENCE_S = 10
WRITING = "estamp_writing"


def options(url: str) -> dict[str, Any]:
    """Engine options for a database address."""
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": PATIENCE_S, "check_same_thread": False}}
    return {
        "pool_size": 10,
        "max_overflow": 0,
        "pool_timeout": PATIENCE_S,
        "connect_args": {"connect_timeout": 5, "options": "-c statement_timeout=30s -c timezone=UTC"},
    }


def open_engine(url: str) -> sa.Engine:
    """An engine on `url`. SQLite runs with WAL and `synchronous = FULL`, as on the public side."""
    return prepared(sa.create_engine(url, **options(url)))


def prepared(engine: sa.Engine) -> sa.Engine:
    """The same engine with SQLite's habits mended; PostgreSQL needs nothing."""
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare)
        sa.event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: Any) -> None:
    # The driver's own BEGIN comes only before a change, too late to be alone in writing.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    said = connection.get_execution_options()
    if said.get("isolation_level") == "AUTOCOMMIT":
        return
    writing = said.get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
