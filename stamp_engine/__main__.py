"""The engine alone on the command line: `python -m stamp_engine mint|verify|keys`. `estamp` has the same commands.

Exit codes: 0 done, 1 refused or not authentic, 2 bad usage or input.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from stamp_engine.errors import KeyStoreError, StampError
from stamp_engine.format import Profile, choose_template
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.minting import Job, Wants
from stamp_engine.minting import mint as mint_batch
from stamp_engine.sheets import LAYOUTS, Face
from stamp_engine.tokens import KeyState
from stamp_engine.verifying import Outcome, check

_SECRET = "ESTAMP_PASSPHRASE"  # noqa: S105  the name of a variable
keys_option = click.option(
    "--keys", "keys_dir", required=True, type=click.Path(path_type=Path, file_okay=False), help="key directory"
)
passphrase_option = click.option(
    "--passphrase", envvar=_SECRET, default="", help=f"opens the key directory; better set {_SECRET}"
)


@click.group()
def main() -> None:
    """Signed, serialised QR stamps from keys and an index."""


def open_keys(keys_dir: Path, passphrase: str, kind: KeyKind | None = None) -> KeyDirectory:
    """The key directory, or exit 2 with what to do."""
    try:
        return KeyDirectory.open(keys_dir, passphrase.encode(), kind)
    except KeyStoreError as error:
        click.echo(f"--keys: {error}; make one with: keys new --keys {keys_dir}", err=True)
        sys.exit(2)


@main.command()
@click.option("--profile", type=click.Choice([profile.value for profile in Profile]), default="compact")
@click.option("--gtin", default=None, help="GTIN-8, -12, -13 or -14 in the link")
@click.option("--count", required=True, type=click.IntRange(1, 10**9))
@keys_option
@passphrase_option
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option("--host", default="T.SONLA.VN", show_default=True)
@click.option("--pdf/--no-pdf", default=False)
@click.option("--csv/--no-csv", "codes", default=False)
@click.option("--pins/--no-pins", default=False)
@click.option("--layout", type=click.Choice(list(LAYOUTS)), default="a4-40x30")
@click.option("--json", "as_json", is_flag=True)
def mint(  # noqa: PLR0913  one argument an option
    *,
    profile: str,
    gtin: str | None,
    count: int,
    keys_dir: Path,
    passphrase: str,
    out: Path,
    host: str,
    pdf: bool,
    codes: bool,
    pins: bool,
    layout: str,
    as_json: bool,
) -> None:
    """Mint stamps without a database: codes, sheets and a signed manifest in OUT."""
    keys = open_keys(keys_dir, passphrase, KeyKind.STANDALONE)
    try:
        template = choose_template(Profile(profile), host, gtin)
        block = keys.reserve(count)
        sealed = template.profile is Profile.SEALED
        job = Job(
            batch=f"local-{block.start}",
            block=block,
            template=template,
            epoch=keys.symmetric.current,
            kid=keys.stamp_key().public.kid if sealed else None,
            pins=pins,
            order="",
            product=template.gtin or "",
            organisation="",
            created_at=time.time_ns() // 1000,
            face=Face(),
        )
        with click.progressbar(length=count, label="Minting", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
            wants = Wants(codes=codes or not pdf, layout=layout if pdf else None)
            made = mint_batch(job, keys, out, wants, lambda done: bar.update(done - bar.pos))
    except (StampError, OSError) as error:
        click.echo(f"not minted: {error}", err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps({"lo": block.start, "hi": block.stop, "out": str(out), "files": dict(made.files)}))
    else:
        names = ", ".join([*dict(made.files), "manifest.json"])
        click.echo(f"{count} stamps, indices {block.start}–{block.stop - 1}: {names} in {out}")


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
