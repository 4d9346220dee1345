"""Everything a door of the public side needs, built from its settings and taken down again."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
import uuid_utils.compat

import config
from verifier.aftermath import Aftermath
from verifier.cache import Cache, ProcessCache, RedisCache
from verifier.claims import Claims
from verifier.clients import Proxies, Signer
from verifier.database import open_engine
from verifier.door_metrics import DoorMetrics
from verifier.erasure import Erasures
from verifier.facts import Facts
from verifier.journal import Journal, JournalDown
from verifier.limits import Shared
from verifier.lookout import Lookout
from verifier.loop import ScanLoop
from verifier.metrics import Metrics
from verifier.opener import OpenerClient, OpenerDown
from verifier.reports import Reports
from verifier.scan import Means, Scanner
from verifier.snapshot import Snapshots

# The newest migration this code was written for; a contract test holds it to the migrations.
SCHEMA_HEAD = "0028"
CONNECTIONS = 8
_PARTITION = sa.text("SELECT to_regclass('scan_' || to_char(now() + interval '1 month', 'YYYY_MM')) IS NOT NULL")


def now() -> int:
    """UTC microseconds."""
    return time.time_ns() // 1000


def new_id() -> UUID:
    """A fresh UUIDv7."""
    return uuid_utils.compat.uuid7()


@dataclass(frozen=True, slots=True)
class Service:
    """The parts behind the doors. Build it with `build`."""

    settings: config.Verifier
    engine: sa.Engine
    journal: Journal
    facts: Facts
    opener: OpenerClient
    cache: Cache
    loop: ScanLoop
    claims: Claims
    aftermath: Aftermath
    reports: Reports
    erasures: Erasures
    snapshots: Snapshots
    lookout: Lookout
    signer: Signer
    proxies: Proxies
    metrics: Metrics
    doors: DoorMetrics

    def readiness(self) -> dict[str, bool]:
        """Which parts answer. The cache is told and does not count against readiness (invariant 4)."""
        checks = {
            "database": self._database,
            "schema": self._schema,
            "partitions": self._partitions,
            "opener": self._opened,
            "cache": self.cache.ready,
        }
        found = {}
        for part, check in checks.items():
            try:
                found[part] = check()
            except (sa.exc.SQLAlchemyError, JournalDown, OpenerDown):
                found[part] = False
            self.metrics.ready(part, answers=found[part])
        return found

    def warm(self) -> None:
        """Open every line and load the facts, all at once, so that no phone waits for it.

        What does not answer is given up as for a scan: the worker then starts without it and says `unavailable`.
        """
        with ThreadPoolExecutor() as each:
            for part in (self._database, self.facts.snapshot, self._opened, self.cache.ready):
                each.submit(part)

    def close(self) -> None:
        """Answer what waits, then let everything go."""
        self.loop.stop()
        self.lookout.stop()
        self.opener.close()
        if isinstance(self.cache, RedisCache):
            self.cache.close()
        self.journal.close()
        self.engine.dispose()

    def _database(self) -> bool:
        return self.journal.clock() >= 0

    def _schema(self) -> bool:
        with self.engine.connect() as connection:
            return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == SCHEMA_HEAD

    def _partitions(self) -> bool:
        if self.engine.dialect.name != "postgresql":
            return True
        with self.engine.connect() as connection:
            return bool(connection.execute(_PARTITION).scalar())

    def _opened(self) -> bool:
        return self.opener.open([0]) is not None


def build(settings: config.Verifier) -> Service:
    """Open everything. Servers that are down now are found when they are back; nothing is read yet."""
    engine = open_engine(settings.database_url, connections=CONNECTIONS)
    journal, metrics = Journal(engine), Metrics()
    facts = Facts(journal)
    opener = OpenerClient(settings.opener_socket)
    cache: Cache = ProcessCache()
    if settings.redis_url:
        cache = RedisCache(settings.redis_url, on_rest=metrics.cache_rests)
    secret = settings.device_secret.encode()
    scanner = Scanner(
        Means(journal, facts, opener, cache, show_copies=settings.show_copies),
        hosts=settings.stamp_hosts,
        device_secret=secret,
        clock=now,
        new_id=new_id,
        observer=metrics.observer(),
    )
    doors = DoorMetrics(metrics.registry)
    lookout = Lookout(
        journal,
        clock=now,
        new_id=new_id,
        shared=Shared(settings.redis_url, now) if settings.redis_url else None,
        alerted=doors.alerted,
        sample_every=settings.workers,
    )
    lookout.start()
    return Service(
        settings=settings,
        engine=engine,
        journal=journal,
        facts=facts,
        opener=opener,
        cache=cache,
        loop=ScanLoop(scanner),
        claims=Claims(journal, facts, opener, clock=now, new_id=new_id),
        aftermath=Aftermath(journal, clock=now, facts=facts),
        reports=Reports(journal, clock=now, new_id=new_id),
        erasures=Erasures(journal, secret, clock=now, new_id=new_id),
        snapshots=Snapshots(journal, now),
        lookout=lookout,
        signer=Signer(secret, secrets.token_bytes),
        proxies=Proxies(settings.trusted_proxies),
        metrics=metrics,
        doors=doors,
    )
