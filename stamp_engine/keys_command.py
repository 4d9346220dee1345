"""`keys` on the command line: the life of keys.

`estamp` gives these commands its platform's own directory where `--keys` is missing; the engine alone has none.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from stamp_engine.cli import directory_type, file_type, manifests_of, open_keys, passphrase_option, secret_of, warn
from stamp_engine.errors import KeyStoreError
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.lifecycle import KeyState

_where = click.option("--keys", "keys_dir", type=directory_type, help="key directory; without it the platform's own")


def show(directory: KeyDirectory) -> None:
    """The public halves as JWKS with states, the epochs, and the first index never handed out."""
    found = [{**key.jwk(), "state": key.state.value} for key in directory.public_keys()]
    epochs = [{"epoch": epoch.number, "state": epoch.state.value} for epoch in directory.symmetric.epochs]
    try:
        high_water = directory.high_water
    except KeyStoreError as error:
        high_water = None
        warn(str(error))
    content = {"deployment": directory.deployment.hex(), "keys": found, "epochs": epochs, "high_water": high_water}
    click.echo(json.dumps(content, indent=2))


@dataclass(frozen=True, slots=True)
class Custody:
    """Whose keys the `keys` commands change where `--keys` may be missing.

    `held` opens a directory for one command and does what has to follow a change; `make` makes a new one; `floor` says
    above which index nothing was minted, None where nobody knows.
    """

    held: Callable[[Path | None, str], AbstractContextManager[KeyDirectory]]
    make: Callable[[Path | None, str], KeyDirectory]
    floor: Callable[[Path | None], int | None]


def _required(keys_dir: Path | None) -> Path:
    if keys_dir is None:
        raise click.UsageError("give --keys, the key directory")
    return keys_dir


@contextmanager
def _alone(keys_dir: Path | None, passphrase: str) -> Iterator[KeyDirectory]:
    yield open_keys(_required(keys_dir), passphrase)


def make_alone(keys_dir: Path | None, passphrase: str) -> KeyDirectory:
    """A new stand-alone directory. Raises KeyStoreError."""
    made = KeyDirectory.create(_required(keys_dir), passphrase.encode(), KeyKind.STANDALONE)
    if not passphrase:
        warn(
            f"không có mật khẩu, ai đọc được {keys_dir} đều làm được tem / no passphrase: whoever reads {keys_dir} can "
            f"make stamps; set one with: keys passphrase --keys {keys_dir} --new-key-file FILE"
        )
    return made


ALONE = Custody(_alone, make_alone, lambda _: None)


def key_commands(custody: Custody) -> click.Group:
    """The group `keys`."""

    @click.group()
    @click.pass_context
    def keys(context: click.Context) -> None:
        """Key life: list, new, rotate, retire, compromise, passphrase, floor."""
        context.obj = custody

    for command in (list_keys, new, rotate, retire, compromise, lock_with, floor):
        keys.add_command(command)
    return keys


# One kid in 64 begins with a hyphen, which is a name here and no option.
_named = click.command(context_settings={"ignore_unknown_options": True})


def _change(
    custody: Custody, keys_dir: Path | None, passphrase: str, act: Callable[[KeyDirectory], object] = lambda _: None
) -> None:
    with custody.held(keys_dir, passphrase) as directory:
        try:
            act(directory)
        except KeyStoreError as error:
            _refuse(error)
        show(directory)


@click.command("list")
@_where
@passphrase_option
@click.pass_obj
def list_keys(custody: Custody, keys_dir: Path | None, passphrase: str) -> None:
    """Show the public halves as JWKS, their states, the epochs and the first index never handed out."""
    _change(custody, keys_dir, passphrase)


@click.command()
@_where
@passphrase_option
@click.pass_obj
def new(custody: Custody, keys_dir: Path | None, passphrase: str) -> None:
    """Make a key directory: stand-alone with `--keys`, for minting without the platform."""
    try:
        show(custody.make(keys_dir, passphrase))
    except KeyStoreError as error:
        _refuse(error)


@click.command()
@_where
@passphrase_option
@click.pass_obj
def rotate(custody: Custody, keys_dir: Path | None, passphrase: str) -> None:
    """Start a new epoch and new signing keys; those before stay live until retired."""
    _change(custody, keys_dir, passphrase, lambda directory: directory.rotate())


@_named
@click.argument("name")
@_where
@passphrase_option
@click.pass_obj
def retire(custody: Custody, name: str, keys_dir: Path | None, passphrase: str) -> None:
    """Let a key (kid) or epoch (number) make nothing new; its stamps stay good."""
    _change(custody, keys_dir, passphrase, lambda directory: directory.set_state(name, KeyState.RETIRED))


@_named
@click.argument("name")
@_where
@passphrase_option
@click.pass_obj
def compromise(custody: Custody, name: str, keys_dir: Path | None, passphrase: str) -> None:
    """Say that a key (kid) or epoch (number) is known to others; its stamps are no longer believed."""
    _change(custody, keys_dir, passphrase, lambda directory: directory.set_state(name, KeyState.COMPROMISED))


@click.command("passphrase")
@_where
@passphrase_option
@click.option(
    "--new-passphrase",
    default="",
    prompt="Mật khẩu mới / new passphrase",
    prompt_required=False,
    hide_input=True,
    confirmation_prompt=True,
    help="without a value it is asked for twice",
)
@click.option("--new-key-file", "new_key_files", multiple=True, type=file_type, help="as --key-file")
@click.pass_obj
def lock_with(
    custody: Custody, keys_dir: Path | None, passphrase: str, new_passphrase: str, new_key_files: tuple[Path, ...]
) -> None:
    """Let another passphrase open the directory; copies made before keep theirs."""
    secret = secret_of(new_passphrase, new_key_files)
    if not secret or (new_passphrase and new_key_files):
        raise click.UsageError("give --new-passphrase or --new-key-file")
    _change(custody, keys_dir, passphrase, lambda directory: directory.lock_with(secret.encode()))


@click.command()
@click.argument("files", metavar="[MANIFEST]...", nargs=-1, type=file_type)
@click.option("--at", type=click.IntRange(0), default=None, help="the first index that was surely never minted")
@_where
@passphrase_option
@click.pass_obj
def floor(custody: Custody, files: tuple[Path, ...], at: int | None, keys_dir: Path | None, passphrase: str) -> None:
    """After a restore: mint only above `--at`, above these signed manifests and above what the database knows."""

    def raised(directory: KeyDirectory) -> None:
        known = custody.floor(keys_dir)
        if at is None and known is None and not files:
            raise click.UsageError("say where to go on: --at INDEX, or the manifests of all batches")
        highest = [manifest.hi for manifest in manifests_of(directory, files)]
        directory.raise_floor(max(at or 0, known or 0, *highest))

    _change(custody, keys_dir, passphrase, raised)


def _refuse(error: KeyStoreError) -> None:
    click.echo(f"bị từ chối / refused: {error}", err=True)
    sys.exit(1)
