"""State machines as tables, the life of a stamp, and that of a key.

A machine is total: every state is a row, and a final state has an empty row. Nothing else in the project decides
whether a step is legal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class KeyState(StrEnum):
    """`live` makes and opens; `retired` opens only; `compromised` opens and says so."""

    LIVE = "live"
    RETIRED = "retired"
    COMPROMISED = "compromised"


class IllegalTransition(Exception):
    """Raised when `event` is not possible in `state`."""

    def __init__(self, machine: str, state: StrEnum, event: StrEnum) -> None:
        self.machine = machine
        self.state = state
        self.event = event
        super().__init__(f"{machine}: {event.value} is not possible in state {state.value}")


@dataclass(frozen=True, slots=True)
class Machine(Generic[S, E]):
    """A named table `state → event → next state`."""

    name: str
    table: Mapping[S, Mapping[E, S]]

    def next(self, state: S, event: E) -> S:
        """The state after `event`; raises IllegalTransition where the table has no such step."""
        try:
            return self.table[state][event]
        except KeyError:
            raise IllegalTransition(self.name, state, event) from None

    def allows(self, state: S, event: E) -> bool:
        """Whether the table has this step."""
        return event in self.table[state]


class StampState(StrEnum):
    """What a stamp is now. Holds and recalls are facts of their own and do not change it."""

    MINTED = "MINTED"
    PRINTED = "PRINTED"
    DELIVERED = "DELIVERED"
    ACTIVE = "ACTIVE"
    SPOILED = "SPOILED"
    VOID = "VOID"
    LOST = "LOST"


class StampEvent(StrEnum):
    """What may happen to a range of stamps."""

    MINT = "mint"
    PRINT = "print"
    DELIVER = "deliver"
    ACTIVATE = "activate"
    SPOIL = "spoil"
    VOID = "void"
    LOSE = "lose"
    RETURN = "return"
    UNDO = "undo"


STAMP: Machine[StampState, StampEvent] = Machine(
    "stamp",
    {
        StampState.MINTED: {
            StampEvent.PRINT: StampState.PRINTED,
            StampEvent.SPOIL: StampState.SPOILED,
            StampEvent.VOID: StampState.VOID,
            StampEvent.LOSE: StampState.LOST,
        },
        StampState.PRINTED: {
            StampEvent.DELIVER: StampState.DELIVERED,
            StampEvent.SPOIL: StampState.SPOILED,
            StampEvent.RETURN: StampState.SPOILED,
            StampEvent.VOID: StampState.VOID,
            StampEvent.LOSE: StampState.LOST,
        },
        StampState.DELIVERED: {
            StampEvent.ACTIVATE: StampState.ACTIVE,
            StampEvent.SPOIL: StampState.SPOILED,
            StampEvent.VOID: StampState.VOID,
            StampEvent.LOSE: StampState.LOST,
        },
        StampState.ACTIVE: {
            StampEvent.VOID: StampState.VOID,
            StampEvent.LOSE: StampState.LOST,
            StampEvent.UNDO: StampState.DELIVERED,
        },
        StampState.SPOILED: {},
        StampState.VOID: {},
        StampState.LOST: {},
    },
)
"""No way leads out of SPOILED, VOID or LOST: a stamp is never used again. From ACTIVE to another lot there is only
UNDO, which its service allows for minutes, and only while no consumer has met the stamp."""
