"""What several commands need: a desk, the platform's keys, and the public side's scan within this process."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import click
import uuid_utils.compat

import config
from app import schema
from app.database import open_engine
from app.domain.permissions import SYSTEM
from app.services import units
from app.services.work import Desk
from app.worker import Minter, minter
from verifier.cache import ProcessCache
from verifier.contract import ScanAnswer, ScanRequest
from verifier.database import open_engine as open_public
from verifier.facts import Facts
from verifier.journal import Journal
from verifier.opener import OpenerClient, listen
from verifier.scan import Means, Scanner


def now() -> int:
    """UTC microseconds."""
    return time.time_ns() // 1000


def office() -> Desk:
    """A desk on the configured database."""
    return _closing(Desk(open_engine(config.management().database_url), now, uuid_utils.compat.uuid7))


def _closing(desk: Desk) -> Desk:
    """The desk, whose connections end with the command."""
    click.get_current_context().call_on_close(desk.engine.dispose)
    return desk


def prepared() -> Minter:
    """Create what is missing: folders, keys, schema, partitions, units, published keys. Gives the minter."""
    settings = config.worker()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    made = minter(settings)
    _closing(made.desk)
    schema.upgrade(made.desk.engine)
    schema.ensure_partitions(made.desk.engine, now())

    with made.desk.work(SYSTEM) as work:
        units.load(work.session)
    made.publish_keys()
    return made


@contextmanager
def scanning(
    clock: Callable[[], int], new_id: Callable[[], UUID]
) -> Iterator[Callable[[Sequence[ScanRequest]], list[ScanAnswer]]]:
    """The production scan function at a clock of one's own, with an opener in this process."""
    opener, public = config.opener(), config.verifier()
    path = opener.opener_socket.with_name("demo.sock")
    server = listen(path, opener.keys_dir, opener.passphrase.encode())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    engine, client = open_public(public.database_url), OpenerClient(path)
    journal = Journal(engine)
    scanner = Scanner(
        Means(journal, Facts(journal), client, ProcessCache()),
        hosts=public.stamp_hosts,
        device_secret=public.device_secret.encode(),
        clock=clock,
        new_id=new_id,
    )

    def scan(requests: Sequence[ScanRequest]) -> list[ScanAnswer]:
        answers = scanner.scan(requests)
        return [answer for answer in answers if isinstance(answer, ScanAnswer)]

    try:
        yield scan
    finally:
        client.close()
        journal.close()
        server.shutdown()
        server.server_close()
        thread.join()
        path.unlink(missing_ok=True)
        engine.dispose()
