"""How a database is opened: PostgreSQL through psycopg, or SQLite in WAL mode with every commit on disk."""

from typing import Any, Final

import sqlalchemy as sa

PATIENCE_S = 10
# A lock that a phone waits for, which is why it is short; the office's transactions are shorter.
LOCK_PATIENCE_S = 1.5
PARAMETERS: Final = {
    "connect_timeout": 2,
    # A server that is gone without a word; over a socket of the same machine it says nothing.
    "tcp_user_timeout": 2000,
    "options": f"-c statement_timeout={PATIENCE_S}s -c timezone=UTC -c synchronous_commit=on",
    "application_name": "estamp-verifier",
}


def open_engine(url: str, *, connections: int = 5) -> sa.Engine:
    """An engine on `url` with at most `connections` of them (SQLite: one writer at a time in any case).

    SQLite runs with WAL and `synchronous = FULL`, so that an acknowledged commit outlives a power cut (invariant 4).
    """
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, connect_args={"timeout": LOCK_PATIENCE_S, "check_same_thread": False})
        sa.event.listen(engine, "connect", _prepare_sqlite)
        return engine
    return sa.create_engine(
        url, pool_size=connections, max_overflow=0, pool_timeout=LOCK_PATIENCE_S, connect_args=PARAMETERS
    )


def _prepare_sqlite(connection: Any, _: Any) -> None:
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
