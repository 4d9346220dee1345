"""Which devices behave like buyers: by their own past alone, in memory, for one local day.

A buyer scans what is in the basket. Who scans more than a few dozen different stamps in a day works with them: a shop's
hand, a curious reseller, a rival. Their scans are answered and recorded like any other and do not
speak against a stamp.
"""

from collections import OrderedDict

MOST_STAMPS = 30
_REMEMBERED = 100_000
_DAY_S = 86_400
_EAST_S = 7 * 3600  # the day turns over in Vietnam (UTC+7)


class Crowd:
    """Counts the stamps of each device on its last day. The devices not seen for the longest time are forgotten."""

    def __init__(self, most: int = MOST_STAMPS, remembered: int = _REMEMBERED) -> None:
        self._most = most
        self._remembered = remembered
        self._seen: OrderedDict[str, tuple[int, set[int]]] = OrderedDict()

    def credible(self, device: str | None, stamp: int, at_s: int) -> bool:
        """Whether this device, which scans this stamp now, has behaved like a buyer today. Nobody in particular has."""
        if not device:
            return True
        today = (at_s + _EAST_S) // _DAY_S
        seen = self._seen
        known = seen.get(device)
        if known is not None:
            seen.move_to_end(device)
        if known is None or known[0] != today:
            seen[device] = (today, {stamp})
            if len(seen) > self._remembered:
                seen.popitem(last=False)
            return self._most >= 1
        stamps = known[1]
        if len(stamps) <= self._most:
            stamps.add(stamp)
        return len(stamps) <= self._most
