"""`estamp`: everything an operator types. Exit codes: 0 done, 1 refused or not valid, 2 bad usage or settings."""

import sys

import click

import config
from app.cli import copies, keys, labels, ledger, replay, serve
from stamp_engine.errors import KeyStoreError
from stamp_engine.mint_command import layouts, mint, preview_command, styled_command
from stamp_engine.verify_command import verify


class _Group(click.Group):
    """Turns wrong settings and closed key directories into one clear message each."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except config.BadSettings as error:
            click.echo("Cấu hình chưa đúng / the settings are not right:", err=True)
            for name, problem in error.problems.items():
                click.echo(f"  {name}: {problem}", err=True)
            sys.exit(2)
        except KeyStoreError as error:
            click.echo(f"Kho khoá / key directory: {error}", err=True)
            sys.exit(2)


@click.group(cls=_Group)
def main() -> None:
    """Tem điện tử Sơn La: the e-stamp platform of Sơn La province."""


for command in (
    mint,
    layouts,
    preview_command,
    styled_command,
    verify,
    keys.keys,
    serve.init,
    serve.demo,
    serve.serve,
    serve.run,
    ledger.codes,
    ledger.audit,
    ledger.user,
    labels.labels,
    copies.backup,
    copies.restore,
    replay.replay,
):
    main.add_command(command)
