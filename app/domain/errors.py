"""The one error of the management side: a refusal, with its code, its field and its words in both languages.

A refusal is a value: it does not log, format for HTTP or know Flask. `app.problems` translates it at the edge.
"""

from app.domain.refusals import REFUSALS, Kind, Text

__all__ = ["REFUSALS", "Kind", "Refusal", "Text"]


class Refusal(Exception):
    """Raised when an act may not go on. Nothing of it has been or will be written."""

    def __init__(self, code: str, *, pointer: str | None = None, **values: object) -> None:
        self.code = code
        self.pointer = pointer
        self.kind, words = REFUSALS[code]
        self.text = words.fill(values)
        super().__init__(f"{code}: {self.text.en}")
