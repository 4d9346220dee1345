"""How far the minting of an order is, as people are told: pure, from what the worker last said of it."""

from dataclasses import dataclass
from enum import StrEnum

QUIET_US = 120 * 1_000_000
"""A worker that said nothing for so long has stopped; whoever mints tells of it every second."""


class Phase(StrEnum):
    """What the worker was doing when it was last heard of."""

    DRAWING = "drawing"
    READING = "reading"
    PACKING = "packing"
    FAILED = "failed"


class Standing(StrEnum):
    """Where an order's minting stands."""

    WAITING = "waiting"  # its turn has not come: `ahead` orders come before it
    DRAWING = "drawing"  # codes are made and labels drawn
    READING = "reading"  # labels are read back
    PACKING = "packing"  # the print file is put together
    STOPPED = "stopped"  # the worker went away; it begins again with the same codes when it is back
    FAILED = "failed"  # it could not be done; the worker tries again by itself


@dataclass(frozen=True, slots=True)
class Heard:
    """What the worker last said: doing what, how much of it was done, in which try, and when (UTC microseconds)."""

    phase: Phase
    done: int
    of: int
    tries: int
    at: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an order's minting is; `done` of `of` stamps in the present step, and how many orders are before it."""

    standing: Standing
    done: int = 0
    of: int = 0
    tries: int = 0
    ahead: int = 0


def told(heard: Heard | None, ahead: int, now: int) -> Progress:
    """What to tell of an order that is approved and not minted yet."""
    if heard is None:
        return Progress(Standing.WAITING, ahead=ahead)
    quiet = heard.phase is not Phase.FAILED and now - heard.at > QUIET_US
    standing = Standing.STOPPED if quiet else Standing(heard.phase.value)
    return Progress(standing, heard.done, heard.of, heard.tries)
