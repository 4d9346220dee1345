"""Forms as a browser finds them in a page, and what somebody who means harm types into them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

SCRIPT = "<script>alert('tem')</script>"
QUOTED = "\"'><img src=x onerror=alert('tem')>"
ANY = {
    "empty": "",
    "blank": "  \t ",
    "script": SCRIPT,
    "quoted": QUOTED,
    "sql": "'; DROP TABLE lot; --",
    "template": "{{ 7*7 }}${7*7}",
    "nul": "a\0b",
    "bidi": "\u202ea\u2066b\u200f",
    "look-alike": "ѕоnlа\u0301\u200b",
    "lines": "a\r\nSet-Cookie: x=1\r\n\r\n",
    "huge number": "9" * 40,
    "not a number": "NaN",
    "endless": "1e999999999",
    "negative": "-1",
    "path": "../../../../etc/passwd",
    "emoji": "🍵" * 50,
    "not text": b"\xff\xfe\x80",
    "very long": "x" * 20_000,
}
"""Values that no field may choke on."""
WRONG = {
    "date": ("hôm qua", "2026-02-30", "0000-00-00", "99999-01-01"),
    "numeric": ("năm", "9" * 40, "1e5x"),
    "decimal": ("năm", "NaN", "1,2,3", "9" * 40),
    "select": ("no-such-choice", "\0"),
}
"""Values that cannot be right for a field of that kind."""
GUESS = {
    "date": "2026-11-20",
    "numeric": "5",
    "decimal": "1,5",
    "email": "ai.do@example.vn",
    "tel": "0912 000 222",
    "password": "mật khẩu dài mười",
    "url": "https://vidu.example.vn/tem",
}


@dataclass
class Field:
    name: str
    kind: str
    value: str = ""
    options: list[str] = field(default_factory=list)
    required: bool = False
    most: int | None = None

    @property
    def plausible(self) -> str:
        """What an honest person would leave or put here."""
        if self.kind == "select":
            return self.value or next((one for one in self.options if one), "")
        if self.value or self.kind in {"hidden", "checkbox", "file", "search"}:
            return self.value
        return GUESS.get(self.kind, "thử") if self.required else ""


@dataclass
class Form:
    action: str
    method: str
    fields: list[Field] = field(default_factory=list)
    files: bool = False

    @property
    def filled(self) -> dict[str, str]:
        return {one.name: one.plausible for one in self.fields if one.kind not in {"file", "checkbox"} and one.name}


class _Finder(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.forms = path, list[Form]()
        self.form: Form | None = None
        self.text: Field | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = said.get("method", "get").lower()
            self.form = Form(said.get("action") or self.path, method, [], "multipart" in said.get("enctype", ""))
            self.forms.append(self.form)
        elif self.form is None or not (said.get("name") or tag == "option"):
            return
        elif tag == "button" and any(one.name == said["name"] for one in self.form.fields):
            return  # a second button, which says something else than the form's own
        elif tag in {"input", "button"}:
            kind = said.get("inputmode") if said.get("type", "text") == "text" else said["type"]
            kind = "hidden" if tag == "button" else kind or "text"
            self._add(said, kind, "on" if kind == "checkbox" else said.get("value", ""))
        elif tag == "textarea":
            self.text = self._add(said, "textarea", "")
        elif tag == "select":
            self._add(said, "select", "")
        elif tag == "option" and self.form.fields and self.form.fields[-1].kind == "select":
            self.form.fields[-1].options.append(said.get("value", ""))
            if "selected" in said:
                self.form.fields[-1].value = said.get("value", "")

    def _add(self, said: dict[str, str], kind: str, value: str) -> Field:
        assert self.form is not None
        most = said.get("maxlength", "")
        made = Field(said["name"], kind, value, [], "required" in said, int(most) if most.isdigit() else None)
        self.form.fields.append(made)
        return made

    def handle_data(self, data: str) -> None:
        if self.text is not None:
            self.text.value += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        if tag == "textarea":
            self.text = None


def forms(path: str, page: str) -> list[Form]:
    """The forms of a page, as a browser would send them."""
    finder = _Finder(path)
    finder.feed(page)
    return finder.forms
