"""Lots told day by day in memory, as a replay does it; the worker does the same over the database. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from verifier.clones import lots
from verifier.clones.evidence import Plan
from verifier.clones.lots import NOTHING, Shown, State
from verifier.sightings import Sighting

_DAY_S = 86_400
_EAST_S = 7 * 3600  # local days, Vietnam


@dataclass(frozen=True, slots=True)
class LotDay:
    """What a lot had shown at the end of a local day, by its scans so far."""

    lot: str
    day: date
    shown: Shown


@dataclass(slots=True)
class Told:
    """One lot: the state of each stamp, the counts of them, and what it showed when it was judged last."""

    counts: Counter[int] = field(default_factory=Counter)
    states: dict[int, State] = field(default_factory=dict)
    shown: Shown = NOTHING
    stirred: bool = False
    day: int = 0

    def take(self, stamp: int, state: State) -> Iterator[tuple[int, int]]:
        """Put a stamp into its state; gives what that changes of all lots' counts."""
        before = self.states.get(stamp)
        if before == state:
            return
        self.states[stamp] = state
        self.stirred = self.stirred or lots.telling(state)
        for of, step in ((before, -1), (state, 1)):
            for sign in lots.signs(of):
                self.counts[sign] += step
                yield sign, step

    def judge(self, everywhere: Mapping[int, int]) -> Iterator[tuple[int, int]]:
        """Judge it, where something happened that can speak; gives what that changes of all lots' counts."""
        if not self.stirred:
            return
        self.stirred = False
        self.shown = lots.judged(self.counts, everywhere)
        for common, sign, step in list(lots.moves(self.counts, self.shown)):
            if common:
                yield sign, step
            else:
                self.counts[sign] += step


@dataclass(slots=True)
class LotWatch:
    """Counts by lot, and over all lots; `saw` takes the consumers' events in the order of their record."""

    _lots: dict[str, Told] = field(default_factory=dict)
    _everywhere: Counter[int] = field(default_factory=Counter)
    _closed: list[LotDay] = field(default_factory=list)

    def saw(self, name: str, plan: Plan, stamp: int, at_s: int, after: Sighting) -> None:
        """One consumer's event on a stamp of a lot, with the stamp's history after it."""
        lot = self._lots.get(name)
        if lot is None:
            lot = self._lots[name] = Told()
        day = (at_s + _EAST_S) // _DAY_S
        if day > lot.day:
            self._close(name, lot)
            lot.day = day
        state = lots.state(plan, after)
        if state is not None:
            for sign, step in lot.take(stamp, state):
                self._everywhere[sign] += step

    def days(self) -> Iterator[LotDay]:
        """What every lot had shown on each day with an event, the days that ended first."""
        for name, lot in self._lots.items():
            self._close(name, lot)
            lot.day = 0
        yield from sorted(self._closed, key=lambda one: (one.day, one.lot))

    def _close(self, name: str, lot: Told) -> None:
        if lot.day:
            for sign, step in list(lot.judge(self._everywhere)):
                self._everywhere[sign] += step
            self._closed.append(LotDay(name, datetime.fromtimestamp(lot.day * _DAY_S, UTC).date(), lot.shown))
