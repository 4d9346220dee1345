"""The platform's key directory, opened by the worker and the command line only; a web process never imports this."""

import logging
from pathlib import Path

from stamp_engine.errors import KeyStoreError
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.vault import PUBLIC

_log = logging.getLogger(__name__)


def open_or_create(keys_dir: Path, passphrase: str) -> KeyDirectory:
    """The platform's keys, made when there are none yet. Raises KeyStoreError."""
    secret = passphrase.encode()
    if not (keys_dir / PUBLIC).exists():
        try:
            return KeyDirectory.create(keys_dir, secret, KeyKind.PLATFORM)
        except KeyStoreError:
            if not (keys_dir / PUBLIC).exists():
                raise
            # Another process made them first.
    opened = KeyDirectory.open(keys_dir, secret, KeyKind.PLATFORM)
    for warning in opened.warnings:
        _log.warning("%s", warning)
    return opened


__all__ = ["KeyDirectory", "KeyStoreError", "open_or_create"]
