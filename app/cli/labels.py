"""`estamp labels`: what officers decided about alert cases, as a trace with labels."""

import click

from app.cli.stage import office
from app.domain.permissions import SYSTEM
from app.services import labels as service


@click.command()
def labels() -> None:
    """Decided alert cases as JSON lines: lots, the events of each stamp, and what officers found."""
    with office().reading(SYSTEM) as work:
        for line in service.lines(work):
            click.echo(line)
