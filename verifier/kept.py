"""What is made once of objects that many answers share: a facts' snapshot gives one object to all scans of a lot."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
MOST = 4096


class Kept(Generic[T]):
    """Things made of objects in a language.

    They are found by the objects' identity, which stays their own while they are kept here.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._made: dict[tuple[object, ...], tuple[tuple[object, ...], T]] = {}

    def of(self, locale: str, parts: tuple[object, ...], make: Callable[[], T]) -> T:
        """What was made of these very objects, or is made now."""
        key = (locale, *map(id, parts))
        found = self._made.get(key)
        if found is None:
            if len(self._made) >= self._most:
                self._made.clear()
            found = self._made[key] = parts, make()
        return found[1]
