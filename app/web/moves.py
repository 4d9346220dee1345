"""What the forms of a roll ask for."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from stamp_engine.lifecycle import StampEvent


class Sideways(StrEnum):
    """The ways a stamp ends early."""

    VOID = "void"
    LOSE = "lose"
    SPOIL = "spoil"


@dataclass(frozen=True, slots=True)
class Activate:
    """Stamps first to last, each as a code, a serial or a place in its roll, for a lot."""

    lot: UUID
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Retire:
    """Stamps first to last that end early, and why."""

    event: Sideways
    first: str
    last: str
    reason: str

    @property
    def stamp_event(self) -> StampEvent:
        """The event in the table of stamp states."""
        return StampEvent(self.event.value)
