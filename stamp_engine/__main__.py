"""The engine alone on the command line: `python -m stamp_engine COMMAND`. `estamp` has the same commands.

Exit codes: 0 done, 1 refused or not authentic, 2 bad usage or input.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from stamp_engine.cli import keys_option, open_keys, passphrase_option
from stamp_engine.errors import KeyStoreError
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.mint_command import layouts, mint, preview_command, styled_command
from stamp_engine.tokens import KeyState
from stamp_engine.verifying import Outcome, check


@click.group()
def main() -> None:
    """Signed, serialised QR stamps from keys and an index."""


for command in (mint, layouts, preview_command, styled_command):
    main.add_command(command)


@main.command()
@click.argument("texts", nargs=-1)
@keys_option
@passphrase_option
@click.option("--json", "as_json", is_flag=True)
def verify(texts: tuple[str, ...], keys_dir: Path, passphrase: str, *, as_json: bool) -> None:
    """Check codes without a database, one line each; `-` reads them from standard input. Status is not checked."""
    keys = open_keys(keys_dir, passphrase)
    given = texts if texts and texts != ("-",) else tuple(line.strip() for line in sys.stdin if line.strip())
    right = True
    for text in given:
        found = check(text, keys)
        right = right and found.outcome is Outcome.AUTHENTIC
        if as_json:
            click.echo(json.dumps({"code": text, "outcome": found.outcome.value, "index": found.index}))
        else:
            click.echo(found.outcome.value if found.index is None else f"{found.outcome.value} {found.index}")
    sys.exit(0 if right and given else 1)


@main.group()
def keys() -> None:
    """Key life: list, new, rotate, retire, compromise."""


def show(directory: KeyDirectory) -> None:
    """The public halves as JWKS with states, and the epochs."""
    found = [{**key.jwk(), "state": key.state.value} for key in directory.public_keys()]
    epochs = [{"epoch": epoch.number, "state": epoch.state.value} for epoch in directory.symmetric.epochs]
    click.echo(json.dumps({"deployment": directory.deployment.hex(), "keys": found, "epochs": epochs}, indent=2))


@keys.command("list")
@keys_option
@passphrase_option
def list_keys(keys_dir: Path, passphrase: str) -> None:
    """Show the public halves as JWKS, their states and the epochs."""
    show(open_keys(keys_dir, passphrase))


@keys.command()
@keys_option
@passphrase_option
def new(keys_dir: Path, passphrase: str) -> None:
    """Make a stand-alone key directory, for minting without the platform."""
    try:
        show(KeyDirectory.create(keys_dir, passphrase.encode(), KeyKind.STANDALONE))
    except KeyStoreError as error:
        click.echo(f"--keys: {error}", err=True)
        sys.exit(1)


@keys.command()
@keys_option
@passphrase_option
def rotate(keys_dir: Path, passphrase: str) -> None:
    """Start a new epoch and new signing keys; those before stay live until retired."""
    _change(keys_dir, passphrase, lambda directory: directory.rotate())


@keys.command()
@click.argument("name")
@keys_option
@passphrase_option
def retire(name: str, keys_dir: Path, passphrase: str) -> None:
    """Let a key (kid) or epoch (number) make nothing new; its stamps stay good."""
    _change(keys_dir, passphrase, lambda directory: directory.set_state(name, KeyState.RETIRED))


@keys.command()
@click.argument("name")
@keys_option
@passphrase_option
def compromise(name: str, keys_dir: Path, passphrase: str) -> None:
    """Say that a key (kid) or epoch (number) is known to others; its stamps are no longer believed."""
    _change(keys_dir, passphrase, lambda directory: directory.set_state(name, KeyState.COMPROMISED))


def _change(keys_dir: Path, passphrase: str, act: Callable[[KeyDirectory], None]) -> None:
    directory = open_keys(keys_dir, passphrase)
    try:
        act(directory)
    except KeyStoreError as error:
        click.echo(f"refused: {error}", err=True)
        sys.exit(1)
    show(directory)


if __name__ == "__main__":
    os.umask(0o077)
    main()
