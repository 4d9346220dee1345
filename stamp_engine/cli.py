"""What the commands share: where the keys are, how they are opened, and the manifests they signed."""

import sys
from collections.abc import Callable, Collection, Iterable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click
from click.core import ParameterSource

from stamp_engine import manifest
from stamp_engine.errors import KeyStoreError, ManifestInvalid
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.manifest import Manifest
from stamp_engine.vault import secret_in

_SECRET, _FILES = "ESTAMP_PASSPHRASE", "ESTAMP_KEY_FILE"
P = ParamSpec("P")
R = TypeVar("R")

directory_type = click.Path(path_type=Path, file_okay=False)
file_type = click.Path(path_type=Path, dir_okay=False)
keys_option = click.option("--keys", "keys_dir", required=True, type=directory_type, help="key directory")


def secret_of(passphrase: str, key_files: Collection[Path]) -> str:
    """The passphrase, or what the key files hold. Exits 2 where a file cannot be used."""
    if not key_files:
        return passphrase
    try:
        found = secret_in(key_files)
    except KeyStoreError as error:
        raise click.UsageError(f"--key-file {error}") from None
    for path in key_files:
        if path.stat().st_mode & 0o077:
            warn(f"--key-file {path} is open to other users of this machine; chmod 600 {path}")
    return found


def passphrase_option(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command its `passphrase`: from `--passphrase`, `--key-file`, or the variables that stand for them."""

    @click.option(
        "--passphrase",
        envvar=_SECRET,
        default="",
        prompt="Mật khẩu / passphrase",
        prompt_required=False,
        hide_input=True,
        help=f"opens the key directory; without a value it is asked for; or set {_SECRET}",
    )
    @click.option(
        "--key-file",
        "key_files",
        envvar=_FILES,
        multiple=True,
        type=file_type,
        help=f"file that holds the passphrase; give it twice for two people's; or set {_FILES}=ONE:TWO",
    )
    @wraps(command)
    def opened(*args: P.args, **kwargs: P.kwargs) -> R:
        passphrase, key_files = str(kwargs.pop("passphrase")), kwargs.pop("key_files")
        kwargs["passphrase"] = _chosen(passphrase, key_files)  # type: ignore[arg-type]  # click gives paths
        return command(*args, **kwargs)

    return opened


def _chosen(passphrase: str, key_files: tuple[Path, ...]) -> str:
    """What was typed counts before what the environment says; two that were both typed are one too many."""
    context = click.get_current_context()
    typed = [
        name
        for name in ("passphrase", "key_files")
        if context.get_parameter_source(name) in {ParameterSource.COMMANDLINE, ParameterSource.PROMPT}
    ]
    if len(typed) == 2:
        raise click.UsageError("give --passphrase or --key-file, not both")
    return secret_of(passphrase, () if typed == ["passphrase"] else key_files)


def warn(warning: str) -> None:
    """Say it where it spoils no output."""
    click.echo(f"cảnh báo / warning: {warning}", err=True)


def open_keys(keys_dir: Path, passphrase: str, kind: KeyKind | None = None) -> KeyDirectory:
    """The key directory, or exit 2 with what to do."""
    try:
        found = KeyDirectory.open(keys_dir, passphrase.encode(), kind)
    except KeyStoreError as error:
        click.echo(f"--keys: {error}", err=True)
        sys.exit(2)
    for warning in found.warnings:
        warn(warning)
    return found


def manifests_of(keys: KeyDirectory, files: Iterable[Path]) -> list[Manifest]:
    """Signed manifests of this directory's batches, or exit 2 naming the one that is none."""
    known = {key.kid: key for key in keys.public_keys()}
    found = []
    for path in files:
        try:
            made = manifest.verify(path.read_bytes(), known)
        except (OSError, ManifestInvalid) as error:
            raise click.UsageError(f"{path}: {error}") from None
        if made.deployment != keys.deployment.hex():
            raise click.UsageError(f"{path} is of another deployment")
        found.append(made)
    return found
