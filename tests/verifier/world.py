"""A small world for the verifier's tests: keys on disk, an opener that runs, and the facts of one organisation.

Facts are written as rows of the management side's tables, with real manifests signed by real keys.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.models import Base
from stamp_engine.format import Profile, choose_template, compact_text, human_serial, sealed_text
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.manifest import Manifest, sign
from stamp_engine.signing import sealed_message
from tests.conftest import NOW, Stack
from verifier.cache import Cache, ProcessCache, RedisCache
from verifier.claims import Claims
from verifier.contract import ScanAnswer, ScanRequest
from verifier.facts import Facts
from verifier.journal import Journal
from verifier.opener import OpenerClient, listen
from verifier.scan import Means, Outcome, Scanner

HOST = "T.SONLA.VN"
GTIN = "09521234000013"
TABLES = Base.metadata.tables
DAY = 86_400_000_000
PASSPHRASE = b"a passphrase for tests"


class Clock:
    """A clock that a test moves; each look is a microsecond later."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1
        return self.now


@dataclass
class World:
    stack: Stack
    keys: KeyDirectory
    clock: Clock
    socket: Path
    lots: dict[str, int] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: count(1000))
    _uuid: Iterator[int] = field(default_factory=lambda: count(1))
    closing: ExitStack = field(default_factory=ExitStack)

    def new_id(self) -> UUID:
        return UUID(int=(self.clock.now // 1000) << 80 | 7 << 76 | 2 << 62 | next(self._uuid))

    def insert(self, table: str, **values: Any) -> int:
        key = values.get("id", next(self._ids))
        columns = TABLES[table].columns
        row = {"id": key, "uid": UUID(int=key), "created_at": NOW, "version": 1, **values}
        with self.stack.engine.begin() as connection:
            connection.execute(sa.insert(TABLES[table]), {name: row[name] for name in row if name in columns})
        return key

    def change(self, table: str, key: int, **values: Any) -> None:
        """An act of the office: the change, and the fact clock last in its transaction."""
        with self.stack.engine.begin() as connection:
            target = TABLES[table]
            connection.execute(sa.update(target).where(target.c.id == key).values(**values))
            move(connection)

    def add(self, table: str, **values: Any) -> int:
        key = self.insert(table, **values)
        with self.stack.engine.begin() as connection:
            move(connection)
        return key

    def batch(
        self,
        ranges: tuple[tuple[int, str, int | None], ...],
        *,
        profile: Profile = Profile.COMPACT,
        gtin: str | None = None,
        pins: bool = False,
        manifest: str | None = None,
    ) -> range:
        """A minted batch whose ranges are (count, state, lot) in order; gives its block."""
        total = sum(size for size, _, _ in ranges)
        block = self.keys.reserve(total)
        key = next(self._ids)
        template = choose_template(profile, HOST, gtin)
        kid = self.keys.stamp_key().public.kid if profile is Profile.SEALED else None
        epoch = self.keys.symmetric.current
        said = Manifest(
            deployment=self.keys.deployment.hex(),
            batch=f"B-{key}",
            lo=block.start,
            hi=block.stop,
            profile=profile,
            host=HOST,
            gtin=template.gtin,
            version=template.version,
            ecc=template.ecc.value,
            mask=template.mask,
            epoch=epoch,
            kid=kid,
            pins=pins,
            product="P1",
            organisation="O1",
            order=f"D-{key}",
            created_at=NOW,
            files=(),
        )
        order = self.insert(
            "stamp_order",
            number=f"D-{key}",
            organisation_id=1,
            product_id=1,
            state="DELIVERED",
            quantity=total,
            profile=profile,
            with_gtin=gtin is not None,
            pins=pins,
            layout="a4-40x30",
            requested_by_id=1,
        )
        self.insert(
            "batch",
            id=key,
            number=f"B-{key}",
            order_id=order,
            organisation_id=1,
            product_id=1,
            state="MINTED",
            lo=block.start,
            hi=block.stop,
            profile=profile,
            gtin=template.gtin,
            host=HOST,
            symbol_version=template.version,
            ecc=template.ecc.value,
            mask=template.mask,
            epoch=epoch,
            kid=kid,
            pins=pins,
            layout="a4-40x30",
            manifest=manifest if manifest is not None else sign(said, self.keys.manifest_key()),
            minted_at=NOW,
        )
        at = block.start
        for size, state, lot in ranges:
            self.insert("stamp_range", batch_id=key, lo=at, hi=at + size, state=state, lot_id=lot, changed_at=NOW)
            at += size
        with self.stack.engine.begin() as connection:
            move(connection)
        return block

    def lot(self, number: str, **values: Any) -> int:
        return self.insert(
            "lot",
            **{
                "lot_no": number,
                "product_id": 1,
                "organisation_id": 1,
                "state": "STAMPED",
                "facility": "Xưởng Tô Hiệu",
                "produced_on": date(2026, 11, 1),
                "expires_on": date(2027, 11, 1),
                "quantity": 100,
                "unit": "kg",
                "packs": 1000,
                **values,
            },
        )

    def recall(self, lot: int, state: str = "APPROVED", reason: str = "Vượt dư lượng") -> int:
        """A recall of one lot, in force from the next scan."""
        opened = {"opened_at": NOW} if state == "OPEN" else {"decided_at": NOW}
        key = self.insert(
            "recall",
            number="TH-1",
            organisation_id=1,
            state=state,
            reason=reason,
            instruction="Trả lại cửa hàng",
            requested_by_id=1,
            requested_at=NOW,
            **opened,
        )
        with self.stack.engine.begin() as connection:
            connection.execute(
                sa.text("INSERT INTO recall_lot (recall_id, lot_id) VALUES (:r, :l)"), {"r": key, "l": lot}
            )
            move(connection)
        return key

    def text(self, index: int, *, profile: Profile = Profile.COMPACT, gtin: str | None = None) -> str:
        template = choose_template(profile, HOST, gtin)
        if profile is Profile.COMPACT:
            return compact_text(template, self.token(index))
        signature = self.keys.stamp_key().sign(sealed_message(self.keys.deployment, template.gtin, index))
        return sealed_text(template, index, signature)

    def token(self, index: int) -> int:
        return self.keys.symmetric.token_keys().seal_one(index, self.keys.symmetric.current)

    def serial(self, index: int) -> str:
        return human_serial(self.token(index))

    def pin(self, index: int) -> str:
        return self.keys.symmetric.pin_keys().pin(index)

    def cache(self) -> Cache:
        if not self.stack.redis_url:
            return ProcessCache()
        made = RedisCache(self.stack.redis_url)
        self.closing.callback(made.close)
        return made

    def means(self, cache: Cache | None = None) -> Means:
        engine = self.stack.verifier_engine
        opener = OpenerClient(self.socket)
        self.closing.callback(opener.close)
        journal = Journal(engine)
        self.closing.callback(journal.close)
        return Means(journal, Facts(journal), opener, cache or self.cache())

    def scanner(self, means: Means | None = None) -> Scanner:
        return Scanner(
            means or self.means(),
            hosts=(HOST,),
            device_secret=b"d" * 32,
            clock=self.clock,
            new_id=self.new_id,
        )

    def claims(self) -> Claims:
        means = self.means()
        return Claims(means.journal, means.facts, means.opener, clock=self.clock, new_id=self.new_id)

    def rows(self, table: str) -> list[Any]:
        with self.stack.engine.connect() as connection:
            return list(connection.execute(sa.select(TABLES[table])))


def move(connection: sa.Connection) -> None:
    connection.exec_driver_sql("UPDATE fact_clock SET value = value + 1")


def answer(outcome: Outcome) -> ScanAnswer:
    assert isinstance(outcome, ScanAnswer), outcome
    return outcome


def scan(scanner: Scanner, text: str, **values: Any) -> ScanAnswer:
    return answer(scanner.scan([ScanRequest(text, **values)])[0])


@contextmanager
def world(stack: Stack) -> Iterator[World]:
    """The facts: one unit, one organisation, one user, one product; and an opener on a socket."""
    keys = KeyDirectory.create(stack.data_dir / "keys", PASSPHRASE, KeyKind.PLATFORM)
    socket = stack.data_dir / "o.sock"
    made = World(stack, keys, Clock(), socket)
    made.insert(
        "admin_unit", id=1, code="14", level="province", kind="tinh", name="Sơn La", valid_from=date(2019, 1, 1)
    )
    made.insert(
        "organisation",
        id=1,
        code="O1",
        name="Hợp tác xã Ví dụ",
        kind="HTX",
        prints=False,
        state="ACTIVE",
        address="Phường Tô Hiệu, Sơn La",
        unit_id=1,
        phone="0912345678",
        example=True,
    )
    made.insert(
        "user_account",
        id=1,
        email="owner@example.vn",
        name="Chủ thể",
        active=True,
        fs_uniquifier="1",
        locale="vi",
        example=True,
    )
    made.insert(
        "product",
        id=1,
        code="P1",
        gtin=GTIN,
        organisation_id=1,
        state="ACTIVE",
        name="Chè Shan tuyết",
        name_en="Shan tea",
        group="do-uong",
        description="Chè búp",
        pack="100 g",
        standard="TCCS 01:2026",
        stampable=True,
        tests_required=True,
    )
    for key in keys.public_keys():
        made.insert("signing_key", kid=key.kid, use=key.use, public=key.public, state=key.state, changed_at=NOW)
    with stack.engine.begin() as connection:
        connection.execute(
            sa.insert(TABLES["epoch"]), {"number": 1, "state": "live", "created_at": NOW, "changed_at": NOW}
        )
    server = listen(socket, keys.path, PASSPHRASE)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.closing.close()
        server.shutdown()
        server.server_close()
        thread.join()
