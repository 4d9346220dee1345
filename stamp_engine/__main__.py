"""The engine alone on the command line: `python -m stamp_engine COMMAND`. `estamp` has the same commands.

Exit codes: 0 done, 1 refused or not authentic, 2 bad usage or input.
"""

import sys

import click

from stamp_engine.keys_command import ALONE, key_commands
from stamp_engine.mint_command import layouts, mint, preview_command, styled_command
from stamp_engine.verify_command import verify


class _Group(click.Group):
    """Says what to install where a command needs more than the engine brings."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            click.echo(f"{error.name} is not installed; it comes with: pip install 'sonla-estamp[proof]'", err=True)
            sys.exit(2)


@click.group(cls=_Group)
def main() -> None:
    """Signed, serialised QR stamps from keys and an index."""


for command in (mint, layouts, preview_command, styled_command, verify, key_commands(ALONE)):
    main.add_command(command)


if __name__ == "__main__":
    main()
