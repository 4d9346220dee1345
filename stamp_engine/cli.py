"""What the commands share: where the keys are, and how they are opened."""

import sys
from pathlib import Path

import click

from stamp_engine.errors import KeyStoreError
from stamp_engine.keys import KeyDirectory, KeyKind

_SECRET = "ESTAMP_PASSPHRASE"  # noqa: S105  the name of a variable
keys_option = click.option(
    "--keys", "keys_dir", required=True, type=click.Path(path_type=Path, file_okay=False), help="key directory"
)
passphrase_option = click.option(
    "--passphrase", envvar=_SECRET, default="", help=f"opens the key directory; better set {_SECRET}"
)


def open_keys(keys_dir: Path, passphrase: str, kind: KeyKind | None = None) -> KeyDirectory:
    """The key directory, or exit 2 with what to do."""
    try:
        return KeyDirectory.open(keys_dir, passphrase.encode(), kind)
    except KeyStoreError as error:
        click.echo(f"--keys: {error}; make one with: keys new --keys {keys_dir}", err=True)
        sys.exit(2)
