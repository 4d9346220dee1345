"""`estamp replay`: a recorded market trace through the production detector, without HTTP or a database."""

import gc
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import click

from verifier.clones.lot_watch import LotWatch
from verifier.market import HANDLING, Market, Unreadable

_EVERY = 50_000


@click.command()
@click.argument("trace", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="where the answers go; default: stdout")
@click.option("--lots", type=click.Path(dir_okay=False, path_type=Path), help="write one line a lot and day here")
@click.option("--strict", is_flag=True, help="stop at the first line that needs handling")
def replay(trace: Path, out: Path | None, lots: Path | None, *, strict: bool) -> None:
    """Judge the events of TRACE (JSON lines, `-` for stdin); suspected copies are shown as such."""
    market = Market(int(time.time()), LotWatch() if lots is not None else None)
    with ExitStack() as stack:
        lines = sys.stdin.buffer if str(trace) == "-" else stack.enter_context(trace.open("rb"))
        answers = sys.stdout.buffer if out is None else stack.enter_context(out.open("wb"))
        # Millions of small tuples that live to the end and hold no cycles: looking for cycles took a fifth of the time.
        gc.disable()
        try:
            _run(market, lines, answers, strict=strict)
        except Unreadable as error:
            answers.flush()
            click.echo(f"{trace}: {error}", err=True)
            sys.exit(2)
        finally:
            gc.enable()
        if lots is not None:
            with lots.open("wb") as file:
                file.writelines(line + b"\n" for line in market.lots())
    for fault, count in sorted(market.faults.items()):
        first = market.first[fault]
        click.echo(f"{trace}: {fault}: {count} × ({HANDLING[fault]}), first on line {first}", err=True)


def _run(market: Market, lines: BinaryIO, answers: BinaryIO, *, strict: bool) -> None:
    shown = sys.stderr.isatty()
    for number, raw in enumerate(lines, 1):
        answer = market.read(number, raw)
        if strict and market.faults:
            fault = next(iter(market.faults))
            raise Unreadable(number, fault.value, HANDLING[fault])
        if answer is not None:
            answers.write(answer)
            answers.write(b"\n")
        if shown and number % _EVERY == 0:
            click.echo(f"\r{number:,}", nl=False, err=True)
    if shown:
        click.echo("\r", nl=False, err=True)
