"""Reading a list of codes that minting wrote (`codes.csv`)."""

from pathlib import Path


class CodeList:
    """The texts in a list of codes by position, without holding them: all rows have one width but for the position."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            head = file.readline()
            first = file.readline()
        self._start = len(head)
        self._rest = len(first) - 1
        self._column = head.rstrip().split(b",").index(b"code")
        self._count = self._rows(path.stat().st_size - self._start)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, part: slice) -> list[str]:
        start, stop, _ = part.indices(self._count)
        with self._path.open("rb") as file:
            file.seek(self._start + self._bytes(start))
            block = file.read(self._bytes(stop) - self._bytes(start))
        return [row.split(b",")[self._column].decode("ascii") for row in block.splitlines()]

    def _bytes(self, count: int) -> int:
        """How long the first rows are: position n takes as many bytes as it has digits."""
        digits: int = sum(max(0, count - (10**power - 1)) for power in range(len(str(count))))
        return count * self._rest + digits

    def _rows(self, size: int) -> int:
        """How many rows so many bytes hold."""
        low, high = 0, size // max(1, self._rest) + 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._bytes(middle) <= size else (low, middle - 1)
        return low
