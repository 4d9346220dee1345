"""What the command lines share: how a key directory is opened, `verify`, and the `keys` commands.

`estamp` gives the `keys` commands its platform's own directory where `--keys` is missing; the engine alone has none.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

import click
from click.core import ParameterSource

from stamp_engine import manifest as manifests
from stamp_engine.errors import KeyStoreError, ManifestInvalid
from stamp_engine.format import LONGEST
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.manifest import Manifest
from stamp_engine.tokens import KeyState
from stamp_engine.verifying import Checked, Checker, Outcome

_SECRET, _FILES = "ESTAMP_PASSPHRASE", "ESTAMP_KEY_FILE"
_READ = 1 << 18
_LONGEST_LINE = 4 * LONGEST
P = ParamSpec("P")
R = TypeVar("R")
Command = Callable[..., None]

directory_type = click.Path(path_type=Path, file_okay=False)
file_type = click.Path(path_type=Path, dir_okay=False)
keys_option = click.option("--keys", "keys_dir", required=True, type=directory_type, help="key directory")


def secret_of(passphrase: str, key_files: Iterable[Path]) -> str:
    """The passphrase, or what the key files hold; several, from several people, count together in any order.

    Exits 2 where a file cannot be used.
    """
    parts = []
    for path in key_files:
        try:
            part = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise click.UsageError(f"--key-file {path}: {why}; make one with: openssl rand -hex 32 > {path}") from None
        if not part:
            raise click.UsageError(f"--key-file {path} is empty; make one with: openssl rand -hex 32 > {path}")
        if path.stat().st_mode & 0o077:
            _warn(f"--key-file {path} is open to other users of this machine; chmod 600 {path}")
        parts.append(part)
    return "\n".join(sorted(parts)) if parts else passphrase


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
        help=f"file that holds the passphrase; give it twice for two people's; or set {_FILES}",
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


def _warn(warning: str) -> None:
    click.echo(f"cảnh báo / warning: {warning}", err=True)


def open_keys(keys_dir: Path, passphrase: str, kind: KeyKind | None = None) -> KeyDirectory:
    """The key directory, or exit 2 with what to do."""
    try:
        found = KeyDirectory.open(keys_dir, passphrase.encode(), kind)
    except KeyStoreError as error:
        click.echo(f"--keys: {error}", err=True)
        sys.exit(2)
    for warning in found.warnings:
        _warn(warning)
    return found


def show(directory: KeyDirectory) -> None:
    """The public halves as JWKS with states, the epochs, and the first index never handed out."""
    found = [{**key.jwk(), "state": key.state.value} for key in directory.public_keys()]
    epochs = [{"epoch": epoch.number, "state": epoch.state.value} for epoch in directory.symmetric.epochs]
    try:
        high_water = directory.high_water
    except KeyStoreError as error:
        high_water = None
        _warn(str(error))
    content = {"deployment": directory.deployment.hex(), "keys": found, "epochs": epochs, "high_water": high_water}
    click.echo(json.dumps(content, indent=2))


@click.command()
@click.argument("texts", nargs=-1)
@keys_option
@passphrase_option
@click.option("--hosts", multiple=True, help="take links to these hosts only, separated by commas; else to any host")
@click.option("--manifest", "files", multiple=True, type=file_type, help="codes must say what this batch has frozen")
@click.option("--json", "as_json", is_flag=True, help="with reason, key and batch")
def verify(
    *,
    texts: tuple[str, ...],
    keys_dir: Path,
    passphrase: str,
    hosts: tuple[str, ...],
    files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Check codes without a database, one line each; `-` reads them from standard input. Status is not checked."""
    keys = open_keys(keys_dir, passphrase)
    ours = {host.strip().upper() for some in hosts for host in some.split(",") if host.strip()}
    checker = Checker(keys.symmetric, keys.public_keys(), ours or None, _manifests(keys, files))
    line = _as_json if as_json else _as_words
    given, right = False, True
    for some in [list(texts)] if texts and texts != ("-",) else lines(sys.stdin.buffer):
        found = checker.check(some)
        given, right = True, right and all(checked.outcome is Outcome.AUTHENTIC for checked in found)
        click.echo("\n".join(map(line, some, found)))
    sys.exit(0 if right and given else 1)


def lines(stream: BinaryIO) -> Iterator[list[str]]:
    """The lines that are not empty, as many at a time as have arrived, in constant memory.

    A line too long for any code is cut, and given as something that is none.
    """
    read = getattr(stream, "read1", stream.read)
    rest = b""
    while part := read(_READ):
        *whole, rest = (rest + part).split(b"\n")
        rest = _cut(rest)
        if found := _texts(whole):
            yield found
    if found := _texts([rest]):
        yield found


def _cut(line: bytes) -> bytes:
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + b"\0"


def _texts(raw: Iterable[bytes]) -> list[str]:
    return [text.decode(errors="replace") for line in raw if (text := _cut(line).strip(b" \t\r\n"))]


def _as_words(_: str, found: Checked) -> str:
    index = found.index if found.outcome is Outcome.AUTHENTIC else None
    return found.outcome.value if index is None else f"{found.outcome.value} {index}"


def _as_json(text: str, found: Checked) -> str:
    content = {
        "code": text,
        "outcome": found.outcome.value,
        "index": found.index,
        "reason": found.reason,
        "key": found.key,
        "batch": found.batch,
    }
    return json.dumps(content)


def _manifests(keys: KeyDirectory, files: Iterable[Path]) -> list[Manifest]:
    """Signed manifests of this directory's batches, or exit 2 naming the one that is none."""
    known = {key.kid: key for key in keys.public_keys()}
    found = []
    for path in files:
        try:
            made = manifests.verify(path.read_bytes(), known)
        except (OSError, ManifestInvalid) as error:
            raise click.UsageError(f"{path}: {error}") from None
        if made.deployment != keys.deployment.hex():
            raise click.UsageError(f"{path} is of another deployment")
        found.append(made)
    return found


@dataclass(frozen=True, slots=True)
class Custody:
    """Whose keys the `keys` commands change.

    `held` opens a directory for one command and does what has to follow a change; `make` makes a new one; `floor` says
    above which index nothing was minted, None where nobody knows.
    """

    where: Callable[[Command], Command]
    held: Callable[[Path | None, str], AbstractContextManager[KeyDirectory]]
    make: Callable[[Path | None, str], KeyDirectory]
    floor: Callable[[Path | None], int | None]


@contextmanager
def _alone(keys_dir: Path | None, passphrase: str) -> Iterator[KeyDirectory]:
    yield open_keys(Path(keys_dir or "."), passphrase)


def make_alone(keys_dir: Path | None, passphrase: str) -> KeyDirectory:
    """A new stand-alone directory. Raises KeyStoreError."""
    made = KeyDirectory.create(Path(keys_dir or "."), passphrase.encode(), KeyKind.STANDALONE)
    if not passphrase:
        _warn(
            f"không có mật khẩu, ai đọc được {keys_dir} đều làm được tem / no passphrase: whoever reads {keys_dir} can "
            f"make stamps; set one with: keys passphrase --keys {keys_dir} --new-key-file FILE"
        )
    return made


ALONE = Custody(keys_option, _alone, make_alone, lambda _: None)


def key_commands(custody: Custody) -> click.Group:  # noqa: C901  a list of commands, each a few lines
    """The group `keys`."""

    @click.group()
    def keys() -> None:
        """Key life: list, new, rotate, retire, compromise, passphrase, floor."""

    def change(keys_dir: Path | None, passphrase: str, act: Callable[[KeyDirectory], object]) -> None:
        with custody.held(keys_dir, passphrase) as directory:
            try:
                act(directory)
            except KeyStoreError as error:
                _refuse(error)
            show(directory)

    @keys.command("list")
    @custody.where
    @passphrase_option
    def list_keys(keys_dir: Path | None, passphrase: str) -> None:
        """Show the public halves as JWKS, their states, the epochs and the first index never handed out."""
        change(keys_dir, passphrase, lambda _: None)

    @keys.command()
    @custody.where
    @passphrase_option
    def new(keys_dir: Path | None, passphrase: str) -> None:
        """Make a key directory: stand-alone with `--keys`, for minting without the platform."""
        try:
            show(custody.make(keys_dir, passphrase))
        except KeyStoreError as error:
            _refuse(error)

    @keys.command()
    @custody.where
    @passphrase_option
    def rotate(keys_dir: Path | None, passphrase: str) -> None:
        """Start a new epoch and new signing keys; those before stay live until retired."""
        change(keys_dir, passphrase, lambda directory: directory.rotate())

    @keys.command()
    @click.argument("name")
    @custody.where
    @passphrase_option
    def retire(name: str, keys_dir: Path | None, passphrase: str) -> None:
        """Let a key (kid) or epoch (number) make nothing new; its stamps stay good."""
        change(keys_dir, passphrase, lambda directory: directory.set_state(name, KeyState.RETIRED))

    @keys.command()
    @click.argument("name")
    @custody.where
    @passphrase_option
    def compromise(name: str, keys_dir: Path | None, passphrase: str) -> None:
        """Say that a key (kid) or epoch (number) is known to others; its stamps are no longer believed."""
        change(keys_dir, passphrase, lambda directory: directory.set_state(name, KeyState.COMPROMISED))

    @keys.command("passphrase")
    @custody.where
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
    def lock_with(keys_dir: Path | None, passphrase: str, new_passphrase: str, new_key_files: tuple[Path, ...]) -> None:
        """Let another passphrase open the directory; copies made before keep theirs."""
        secret = secret_of(new_passphrase, new_key_files)
        if not secret or (new_passphrase and new_key_files):
            raise click.UsageError("give --new-passphrase or --new-key-file")
        change(keys_dir, passphrase, lambda directory: directory.lock_with(secret.encode()))

    @keys.command()
    @click.argument("files", metavar="[MANIFEST]...", nargs=-1, type=file_type)
    @click.option("--at", type=click.IntRange(0), default=None, help="the first index that was surely never minted")
    @custody.where
    @passphrase_option
    def floor(files: tuple[Path, ...], at: int | None, keys_dir: Path | None, passphrase: str) -> None:
        """After a restore: mint only above `--at`, above these signed manifests and above what the database knows."""

        def raised(directory: KeyDirectory) -> None:
            known = custody.floor(keys_dir)
            if at is None and known is None and not files:
                raise click.UsageError("say where to go on: --at INDEX, or the manifests of all batches")
            highest = [manifest.hi for manifest in _manifests(directory, files)]
            directory.raise_floor(max(at or 0, known or 0, *highest))

        change(keys_dir, passphrase, raised)

    return keys


def _refuse(error: KeyStoreError) -> None:
    click.echo(f"bị từ chối / refused: {error}", err=True)
    sys.exit(1)
