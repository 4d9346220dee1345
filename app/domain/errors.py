"""The one error of the management side: a refusal, with its code, its field and its words in both languages.

A refusal is a value: it does not log, format for HTTP or know Flask. `app.problems` translates it at the edge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Text:
    """The same sentence in Vietnamese and English."""

    vi: str
    en: str

    def fill(self, values: Mapping[str, object]) -> "Text":
        """Both sentences with `{name}` places filled."""
        return Text(self.vi.format(**values), self.en.format(**values))


class Kind(StrEnum):
    """What sort of refusal it is; the edge gives each its HTTP status."""

    INVALID = "invalid"  # a value cannot be right: 422
    FORBIDDEN = "forbidden"  # this person may not: 403
    NOT_FOUND = "not_found"  # there is no such thing here, or none that you may see: 404
    CONFLICT = "conflict"  # it may not happen now, in this state: 409
    STALE = "stale"  # somebody else changed it first: 412


class Refusal(Exception):  # noqa: N818  a refusal is the trade's word, and an answer rather than a fault
    """Raised when an act may not go on. Nothing of it has been or will be written."""

    def __init__(self, code: str, *, pointer: str | None = None, **values: object) -> None:
        self.code = code
        self.pointer = pointer
        self.kind, words = REFUSALS[code]
        self.text = words.fill(values)
        super().__init__(f"{code}: {self.text.en}")


REFUSALS: Mapping[str, tuple[Kind, Text]] = {
    "forbidden": (Kind.FORBIDDEN, Text("Bạn không có quyền làm việc này.", "You may not do this.")),
    "not_found": (Kind.NOT_FOUND, Text("Không tìm thấy {what}.", "No such {what}.")),
    "illegal_step": (
        Kind.CONFLICT,
        Text(
            "Không thể thực hiện bước “{event}” khi đang ở trạng thái “{state}”.",
            "Step “{event}” is not possible in state “{state}”.",
        ),
    ),
    "changed_meanwhile": (
        Kind.STALE,
        Text(
            "Người khác vừa thay đổi bản ghi này. Hãy tải lại rồi làm lại.",
            "Someone else has just changed this record. Reload it and try again.",
        ),
    ),
    "four_eyes": (
        Kind.FORBIDDEN,
        Text(
            "Người đề nghị không được tự phê duyệt. Hãy nhờ một cán bộ khác.",
            "Who asked may not approve. Ask another officer.",
        ),
    ),
}
