"""`estamp keys`: the life of keys. Without `--keys` it is the platform's own directory, and the database follows."""

import json
from collections.abc import Callable
from pathlib import Path

import click

import config
from app.cli.stage import prepared
from stamp_engine.__main__ import show
from stamp_engine.cli import open_keys, passphrase_option
from stamp_engine.errors import KeyStoreError
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.tokens import KeyState

_where = click.option(
    "--keys", "keys_dir", type=click.Path(path_type=Path, file_okay=False), help="stand-alone directory"
)


@click.group()
def keys() -> None:
    """Key life: list, new, rotate, retire, compromise."""


def _change(keys_dir: Path | None, passphrase: str, act: Callable[[KeyDirectory], None]) -> None:
    if keys_dir is not None:
        directory = open_keys(keys_dir, passphrase)
        _attempt(directory, act)
        return
    minter = prepared()
    _attempt(minter.keys, act)
    minter.publish_keys()


def _attempt(directory: KeyDirectory, act: Callable[[KeyDirectory], None]) -> None:
    try:
        act(directory)
    except KeyStoreError as error:
        click.echo(f"refused: {error}", err=True)
        raise SystemExit(1) from None
    show(directory)


@keys.command("list")
@_where
@passphrase_option
def list_keys(keys_dir: Path | None, passphrase: str) -> None:
    """Show the public halves as JWKS, their states and the epochs."""
    _change(keys_dir, passphrase, lambda _: None)


@keys.command()
@_where
@passphrase_option
def new(keys_dir: Path | None, passphrase: str) -> None:
    """Make a key directory: stand-alone with `--keys`, else the platform's own where there is none."""
    if keys_dir is None:
        settings = config.worker()
        found = KeyDirectory.create(settings.keys_dir, settings.passphrase.encode(), KeyKind.PLATFORM)
        click.echo(json.dumps({"deployment": found.deployment.hex(), "path": str(settings.keys_dir)}))
        return
    try:
        show(KeyDirectory.create(keys_dir, passphrase.encode(), KeyKind.STANDALONE))
    except KeyStoreError as error:
        click.echo(f"--keys: {error}", err=True)
        raise SystemExit(1) from None


@keys.command()
@_where
@passphrase_option
def rotate(keys_dir: Path | None, passphrase: str) -> None:
    """Start a new epoch and new signing keys; those before stay live until retired."""
    _change(keys_dir, passphrase, lambda directory: directory.rotate())


@keys.command()
@click.argument("name")
@_where
@passphrase_option
def retire(name: str, keys_dir: Path | None, passphrase: str) -> None:
    """Let a key (kid) or epoch (number) make nothing new; its stamps stay good."""
    _change(keys_dir, passphrase, lambda directory: directory.set_state(name, KeyState.RETIRED))


@keys.command()
@click.argument("name")
@_where
@passphrase_option
def compromise(name: str, keys_dir: Path | None, passphrase: str) -> None:
    """Say that a key (kid) or epoch (number) is known to others; its stamps are no longer believed."""
    _change(keys_dir, passphrase, lambda directory: directory.set_state(name, KeyState.COMPROMISED))
