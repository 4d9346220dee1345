"""The engine alone on the command line: `python -m stamp_engine mint|verify|keys`. `estamp` has the same commands.

Exit codes: 0 done, 1 refused or not authentic, 2 bad usage or input.
"""

import json
import os
import sys
import time
from pathlib import Path

import click

from stamp_engine.commands import ALONE, key_commands, keys_option, open_keys, passphrase_option, verify
from stamp_engine.errors import StampError
from stamp_engine.format import Profile, choose_template
from stamp_engine.keys import KeyKind
from stamp_engine.minting import Job, Wants
from stamp_engine.minting import mint as mint_batch
from stamp_engine.sheets import LAYOUTS, Face


@click.group()
def main() -> None:
    """Signed, serialised QR stamps from keys and an index."""


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


main.add_command(verify)
main.add_command(key_commands(ALONE))


if __name__ == "__main__":
    os.umask(0o077)
    main()
