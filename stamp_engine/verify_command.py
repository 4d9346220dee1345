"""`verify` on the command line: codes in, one line each out, as they arrive."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import click

from stamp_engine.cli import file_type, keys_option, manifests_of, open_keys, passphrase_option
from stamp_engine.format import LONGEST
from stamp_engine.verifying import Checked, Checker, Outcome

_READ = 1 << 18
_LONGEST_LINE = 4 * LONGEST


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
    checker = Checker(keys.symmetric, keys.public_keys(), ours or None, manifests_of(keys, files))
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
