"""What the forms of a roll ask for."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.services.stamps import Positions
from stamp_engine.lifecycle import StampEvent


class Sideways(StrEnum):
    """The ways a stamp ends early."""

    VOID = "void"
    LOSE = "lose"
    SPOIL = "spoil"


@dataclass(frozen=True, slots=True)
class Activate:
    """Stamps first to last for a lot."""

    lot: UUID
    first: int
    last: int

    @property
    def positions(self) -> Positions:
        """The range."""
        return Positions(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Retire:
    """Stamps first to last that end early, and why."""

    event: Sideways
    first: int
    last: int
    reason: str

    @property
    def positions(self) -> Positions:
        """The range."""
        return Positions(self.first, self.last)

    @property
    def stamp_event(self) -> StampEvent:
        """The event in the table of stamp states."""
        return StampEvent(self.event.value)
