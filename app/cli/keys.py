"""`estamp keys`: the life of keys. Without `--keys` it is the platform's own directory, and the database follows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import config
from app.cli.stage import office, prepared
from app.domain.permissions import SYSTEM
from app.services import minting
from stamp_engine.cli import open_keys
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.keys_command import Custody, key_commands, make_alone


@contextmanager
def _held(keys_dir: Path | None, passphrase: str) -> Iterator[KeyDirectory]:
    if keys_dir is not None:
        yield open_keys(keys_dir, passphrase)
        return
    minter = prepared()
    yield minter.keys
    minter.publish_keys()


def _make(keys_dir: Path | None, passphrase: str) -> KeyDirectory:
    if keys_dir is not None:
        return make_alone(keys_dir, passphrase)
    settings = config.worker()
    return KeyDirectory.create(settings.keys_dir, settings.passphrase.encode(), KeyKind.PLATFORM)


def _floor(keys_dir: Path | None) -> int | None:
    if keys_dir is not None:
        return None
    with office().reading(SYSTEM) as work:
        return minting.floor(work)


keys = key_commands(Custody(_held, _make, _floor))
