"""The engine alone on the command line: `python -m stamp_engine COMMAND`. `estamp` has the same commands.

Exit codes: 0 done, 1 refused or not authentic, 2 bad usage or input.
"""

import click

from stamp_engine.keys_command import ALONE, key_commands
from stamp_engine.mint_command import layouts, mint, preview_command, styled_command
from stamp_engine.verify_command import verify


@click.group()
def main() -> None:
    """Signed, serialised QR stamps from keys and an index."""


for command in (mint, layouts, preview_command, styled_command, verify, key_commands(ALONE)):
    main.add_command(command)


if __name__ == "__main__":
    main()
