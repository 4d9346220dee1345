"""The platform's key directory, opened by the worker and the command line only; a web process never imports this."""

from pathlib import Path

from stamp_engine.errors import KeyStoreError
from stamp_engine.keys import PUBLIC, KeyDirectory, KeyKind


def open_or_create(keys_dir: Path, passphrase: str) -> KeyDirectory:
    """The platform's keys, made when there are none yet. Raises KeyStoreError."""
    if not (keys_dir / PUBLIC).exists():
        return KeyDirectory.create(keys_dir, passphrase.encode(), KeyKind.PLATFORM)
    return KeyDirectory.open(keys_dir, passphrase.encode(), KeyKind.PLATFORM)


__all__ = ["KeyDirectory", "KeyStoreError", "open_or_create"]
