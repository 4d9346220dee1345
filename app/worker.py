"""The worker: mints approved orders, keeps the published keys and the partitions of scans up to date. Faces nobody.

It also does what the public side may only ask for: draws reported photos again, carries out wishes to be forgotten, and
signs the offline pack. Beside the minting it carries notices and watches the scan table.

The intent to mint is in the database before the first file is written. A worker that was killed finds the batch still
MINTING and mints it again from the start, bit for bit the same. The print file is released only after its sheets were
read back.
"""

import fcntl
import logging
import shutil
import signal
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

import uuid_utils.compat

import config
from app import schema
from app.courier import Courier, post
from app.database import open_engine
from app.domain.minting import Phase
from app.keystore import open_or_create
from app.models.orders import StampOrder
from app.models.stamps import Batch
from app.services import erasures, minting, printing, progress, reports, retention, snapshots, tallies
from app.services import keys as key_service
from app.services.files import ContentStore
from app.services.press import LAYOUTS, Press
from app.services.work import Desk
from app.watch import Watch, forget
from stamp_engine.codes import CodeList
from stamp_engine.errors import StampError
from stamp_engine.format import Ecc, Profile, Template
from stamp_engine.keys import KeyDirectory
from stamp_engine.layouts import choose, known
from stamp_engine.minting import CODES, CODES_JSON, MANIFEST, SHEETS, TEST_STRIP, Job, Wants, mint
from stamp_engine.readback import EVERY, check
from stamp_engine.sheets import Face
from verifier.erasure import forgotten

PAUSE_S = 0.5
UPKEEP_S = 3600
WATCH_S = 5.0
_TELL_US = 1_000_000
_EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)
_log = logging.getLogger(__name__)


def print_file(data_dir: Path, sha256: str) -> Path:
    """Where the print file of that digest lies."""
    return data_dir / "print" / f"{sha256}.zip"


@dataclass(slots=True)
class Teller:
    """Says how far a batch is: at once when a step begins, and then once a second at most."""

    desk: Desk
    batch_id: int
    phase: Phase | None = None
    next_at: int = 0

    def tell(self, phase: Phase, done: int, of: int) -> None:
        """So much of it is done."""
        now = self.desk.clock()
        if phase is self.phase and now < self.next_at:
            return
        self.phase, self.next_at = phase, now + _TELL_US
        with self.desk.work(minting.SYSTEM) as work:
            progress.tell(work, self.batch_id, phase, done, of)


@dataclass(frozen=True, slots=True)
class Minter:
    """Mints for one desk with one key directory, into `data_dir/print`."""

    desk: Desk
    keys: KeyDirectory
    data_dir: Path
    keep_days: int
    read_back: int = EVERY
    """Labels of a job that are read back; a larger job is sampled."""

    def upkeep(self) -> None:
        """Partitions for months to come, print files nobody needs any more removed, scans counted, old ones let go."""
        schema.ensure_partitions(self.desk.engine, self.desk.clock())
        with self.desk.reading(minting.SYSTEM) as work:
            done = printing.done_with(work)
        for sha256 in done:
            print_file(self.data_dir, sha256).unlink(missing_ok=True)
        counting = True
        while counting:
            with self.desk.work(minting.SYSTEM) as work:
                counting = tallies.count_day(work)
        summed = 1
        while summed:
            with self.desk.work(minting.SYSTEM) as work:
                summed = retention.sum_up(work, self.keep_days)
        while forget(self.desk, self.keep_days):
            pass

    def tidy(self) -> None:
        """What the public side asked for since the last turn, and the offline pack where it is due."""
        with self.desk.work(minting.SYSTEM) as work:
            reports.draw_photos(work, ContentStore(self.data_dir / "files"))
        erasures.carry_out(self.desk, forgotten)
        with self.desk.reading(minting.SYSTEM) as work:
            due = snapshots.due(work)
        if due:
            with self.desk.work(minting.SYSTEM) as work:
                snapshots.publish(work, self.keys.deployment.hex(), self.keys.manifest_key())

    def publish_keys(self) -> None:
        """Bring the public halves in the database in line with the key directory."""
        epochs = [(epoch.number, epoch.state) for epoch in self.keys.symmetric.epochs]
        with self.desk.work(minting.SYSTEM) as work:
            key_service.align(work, self.keys.public_keys(), epochs)

    def run_once(self) -> int:
        """Mint everything that waits; gives how many batches were finished. One that fails is left for the next run."""
        done = 0
        with self.desk.reading(minting.SYSTEM) as work:
            waiting, unfinished = minting.waiting(work), minting.unfinished(work)
        for batch in unfinished:
            done += self._attempt(batch)
        for order in waiting:
            try:
                batch = self._begin(order)
            except StampError:
                _log.exception("order %s cannot be minted", order.number)
                continue
            done += self._attempt(batch)
        return done

    def _begin(self, order: StampOrder) -> Batch:
        with self.desk.reading(minting.SYSTEM) as work:
            gtin, floor = minting.gtin(work, order), minting.floor(work)
        template = self.desk.press.template(order.profile, gtin)
        sealed = order.profile is Profile.SEALED
        if sealed:
            self.keys.stamp_key()  # raises before a block is lost
        block = self.keys.reserve(order.quantity, floor, name=order.uid.hex)
        # Only now are the keys as another process may have left them.
        kid = self.keys.stamp_key().public.kid if sealed else None
        with self.desk.work(minting.SYSTEM) as work:
            return minting.begin(work, order, minting.Intent(block, template, self.keys.symmetric.current, kid))

    def _attempt(self, batch: Batch) -> int:
        with self.desk.work(minting.SYSTEM) as work:
            progress.begin(work, batch.id, batch.hi - batch.lo)
        try:
            self._finish(batch)
        except (StampError, OSError):
            _log.exception("batch %s is not minted yet", batch.number)
            with self.desk.work(minting.SYSTEM) as work:
                progress.tell(work, batch.id, Phase.FAILED, 0, 0)
            return 0
        return 1

    def _finish(self, batch: Batch) -> None:
        with self.desk.reading(minting.SYSTEM) as work:
            labels = minting.labels(work, batch)
        job = Job(
            batch=batch.number,
            block=range(batch.lo, batch.hi),
            template=Template(batch.profile, batch.host, batch.gtin, batch.symbol_version, Ecc(batch.ecc), batch.mask),
            epoch=batch.epoch,
            kid=batch.kid,
            pins=batch.pins,
            order=labels.order,
            product=labels.product,
            organisation=labels.organisation,
            created_at=batch.created_at,
            face=Face(labels.product_name, labels.organisation_name, labels.stars),
        )
        folder = self.data_dir / "print" / batch.number
        layout = choose(batch.layout, self.desk.press.layouts)
        teller = Teller(self.desk, batch.id)
        size = len(job.block)
        wants = Wants(codes_json=True, layout=layout)
        minted = mint(job, self.keys, folder, wants, lambda done: teller.tell(Phase.DRAWING, done, size))
        read = check(
            folder / SHEETS,
            CodeList(folder / CODES),
            layout,
            every=self.read_back,
            progress=lambda done, of: teller.tell(Phase.READING, done, of),
        )
        sha256, size = self._packed(folder, teller)
        with self.desk.work(minting.SYSTEM) as work:
            progress.finish(work, batch.id)
            minting.finish(work, batch, manifest=minted.manifest, sha256=sha256, size=size, read_back=read.read)
        _log.info("minted %s: %d stamps, %d of them read back", batch.number, read.of, read.read)

    def _packed(self, folder: Path, teller: Teller) -> tuple[str, int]:
        """One print file from the folder, named by its digest; the folder is done with."""
        partial = folder.with_suffix(".part")
        names = (TEST_STRIP, SHEETS, CODES, CODES_JSON, MANIFEST)
        done, of = 0, sum((folder / name).stat().st_size for name in names) >> 20
        with zipfile.ZipFile(partial, "w") as archive:
            for name in names:
                info = zipfile.ZipInfo(name, _EPOCH_OF_ZIP)
                info.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(info, "w", force_zip64=True) as out, (folder / name).open("rb") as file:
                    while part := file.read(1 << 20):
                        out.write(part)
                        done += len(part)
                        teller.tell(Phase.PACKING, done >> 20, of)
        with partial.open("rb") as file:
            sha256 = file_digest(file, "sha256").hexdigest()
        size = partial.stat().st_size
        partial.replace(print_file(self.data_dir, sha256))
        shutil.rmtree(folder)
        return sha256, size


def minter(settings: config.Worker) -> Minter:
    """The minter of these settings. Raises KeyStoreError."""
    press = Press(settings.stamp_host, known(settings.data_dir / LAYOUTS))
    desk = Desk(open_engine(settings.database_url), lambda: time.time_ns() // 1000, uuid_utils.compat.uuid7, press)
    keys = open_or_create(settings.keys_dir, settings.passphrase)
    return Minter(desk, keys, settings.data_dir, settings.scan_retention_days)


def courier(settings: config.Worker) -> Courier:
    """The courier of these settings."""
    return Courier(settings.data_dir / "outbox", settings.smtp_url, settings.mail_from, settings.public_url)


def run(settings: config.Worker) -> None:
    """Work until told to stop (SIGTERM or SIGINT). Raises KeyStoreError where the keys cannot be opened."""
    made = minter(settings)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    with _alone(settings.data_dir / "worker.lock", stop):
        carrier, watch = courier(settings), Watch(made.desk)
        beside = [
            threading.Thread(target=_rounds, args=(lambda: post(made.desk, carrier), PAUSE_S, stop), name="courier"),
            threading.Thread(target=_rounds, args=(watch.turn, WATCH_S, stop), name="watch"),
        ]
        for thread in beside:
            thread.start()
        _turns(made, stop)
        for thread in beside:
            thread.join()
        watch.close()
    made.desk.engine.dispose()


@contextmanager
def _alone(path: Path, stop: threading.Event) -> Iterator[None]:
    """One worker a data folder: another one waits here until this one is gone, however it went."""
    with path.open("w") as file:
        while not stop.is_set():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                stop.wait(PAUSE_S)
        yield


def _rounds(act: Callable[[], object], pause_s: float, stop: threading.Event) -> None:
    """What is done beside the minting, while there is any of it: neither waits for the other."""
    while not stop.is_set():
        try:
            while not stop.is_set() and act():
                pass
        except Exception:  # noqa: BLE001  a lost database is waited for; the next round tries again
            _log.exception("a round of the %s failed", threading.current_thread().name)
        stop.wait(pause_s)


def _turns(made: Minter, stop: threading.Event) -> None:
    if not stop.is_set():
        made.publish_keys()
    upkeep_at = 0.0
    while not stop.is_set():
        try:
            if time.monotonic() >= upkeep_at:
                made.upkeep()
                upkeep_at = time.monotonic() + UPKEEP_S
            made.run_once()
            made.tidy()
        except Exception:  # noqa: BLE001  a lost database is waited for; the next turn tries again
            _log.exception("the worker's turn failed")
        stop.wait(PAUSE_S)
