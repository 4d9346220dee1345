"""Which stamp a typed serial, a pasted code or a place in a roll means. The token is opened by the opener's process.

A sealed code says its index openly; its signature is not checked here, because the stamp must lie in a roll that the
actor may see before anything is done with it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.models.stamps import Batch
from app.services.work import Work
from stamp_engine.errors import Foreign, Malformed, TypingError
from stamp_engine.format import SealedCode, parse
from stamp_engine.tokens import Opened

Opener = Callable[[Sequence[int]], Sequence[Opened | None]]
LONGEST_PLACE = 8


@dataclass(frozen=True, slots=True)
class Reader:
    """How codes are read: the hosts whose links are ours (upper case), and what opens tokens; None where nothing does.

    `open` raises OSError or the opener's own fault when it cannot answer.
    """

    hosts: Collection[str]
    open: Opener | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One stamp: its roll and its place in it, counted from 1."""

    batch: Batch
    position: int


def locate(work: Work, reader: Reader, text: str, *, pointer: str, roll: Batch | None = None) -> Place:
    """The stamp of a serial, a code, or (where the roll is known) a place in it. Raises Refusal at `pointer`."""
    text = text.strip()
    if not text:
        raise Refusal("required", pointer=pointer, what="Tem / stamp")
    if roll is not None and len(text) <= LONGEST_PLACE and text.isascii() and text.isdigit():
        size = roll.hi - roll.lo
        if not 1 <= int(text) <= size:
            raise Refusal("range_out_of_batch", pointer=pointer, size=size)
        return Place(roll, int(text))
    index = _index(reader, text, pointer)
    found = work.session.scalar(sa.select(Batch).where(Batch.lo <= index, Batch.hi > index))
    if found is None:
        raise Refusal("code_not_issued", pointer=pointer)
    return Place(found, index - found.lo + 1)


def _index(reader: Reader, text: str, pointer: str) -> int:
    try:
        code = parse(text, reader.hosts)
    except TypingError:
        raise Refusal("code_typing_error", pointer=pointer) from None
    except (Malformed, Foreign):
        raise Refusal("code_unreadable", pointer=pointer) from None
    if isinstance(code, SealedCode):
        return code.index
    if reader.open is None:
        raise Refusal("opener_away", pointer=pointer)
    try:
        (opened,) = reader.open([code.token])
    except OSError:
        raise Refusal("opener_away", pointer=pointer) from None
    if opened is None:
        raise Refusal("code_not_issued", pointer=pointer)
    return opened.index
