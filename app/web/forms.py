"""Forms as tables: what is asked, how, and which command they fill. Pydantic reads the fields; services judge them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError
from werkzeug.datastructures import MultiDict

from app.domain.errors import Refusal, Text
from app.web.words import CHOICES, STATES

C = TypeVar("C")


class Source(Protocol):
    """Where the choices of a `pick` come from: the address that finds more, and what an answer may mean."""

    @property
    def url(self) -> str:
        """The address that finds more."""

    def label(self, key: str) -> Text | None:
        """What the choice with this key is called."""

    def meant(self, typed: str) -> list[tuple[str, Text]]:
        """What was meant: one choice where it is clear."""


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `kind`: an input type, `select`, `pick`, `textarea`, `checkbox`, `file`, `code`, `amount`."""

    name: str
    label: Text
    kind: str = "text"
    required: bool = False
    options: Sequence[tuple[str, Text]] = ()
    hint: Text | None = None
    most: int = 200
    complete: str = ""
    source: Source | None = None

    def wrong(self, value: str) -> Text | None:
        """What is wrong with an answer, as far as the question itself knows; a page in a browser would not send it."""
        if self.required and not value:
            return _about(self.label, "required")
        if len(value) > self.most and self.kind not in {"select", "date"}:
            return _about(self.label, "too_long", most=self.most)
        if self.kind == "select" and value and value not in {one for one, _ in self.options}:
            return _about(self.label, "malformed")
        return None


def _about(label: Text, code: str, **values: Any) -> Text:
    """The words of a refusal about a question, naming it in both languages."""
    words = Refusal(code, what="{what}", **values).text
    return Text(words.vi.format(what=label.vi), words.en.format(what=label.en))


def answer_of(given: "MultiDict[str, str]", name: str) -> str:
    """An answer: a choice that was shown stands before the field it was typed into, and is empty where none fitted."""
    return next((value for value in given.getlist(name) if value.strip()), "")


def faults(given: Mapping[str, str], *fields: Field) -> dict[str, Text]:
    """What is wrong with the answers of a form that has a page of its own: each by its name, in words."""
    found = {one.name: one.wrong(given.get(one.name, "").strip()) for one in fields}
    return {name: words for name, words in found.items() if words is not None}


def choices(kind: Iterable[StrEnum]) -> list[tuple[str, Text]]:
    """The members of an enum, or some of them, as options."""
    return [(one.value, Text(*(CHOICES.get(one.value) or STATES[one.value]))) for one in kind]


def asked(name: str, vi: str, en: str, kind: str = "text", **more: Any) -> Field:
    """A question that must be answered."""
    return Field(name, Text(vi, en), kind, required=True, **more)


def optional(name: str, vi: str, en: str, kind: str = "text", **more: Any) -> Field:
    """A question that may be left open."""
    return Field(name, Text(vi, en), kind, **more)


_SAVE = Text("Lưu", "Save")
_CLASH = Text(
    "Người khác vừa sửa bản ghi này, nên chưa lưu. Xem dưới mỗi ô khác nhau; gửi lại thì những gì bạn gõ thay cho họ.",
    "Somebody else has just changed this, so nothing is saved yet. What they wrote stands below each field that "
    "differs; sent again, yours replaces it.",
)


@dataclass(slots=True)
class Form(Generic[C]):
    """A form being filled: its questions, what was typed, and what is wrong with it by field."""

    command: type[C]
    fields: Sequence[Field]
    given: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, Text] = field(default_factory=dict)
    general: Text | None = None
    matches: dict[str, list[tuple[str, Text]]] = field(default_factory=dict)
    """What may have been meant by a field that was looked up, where it was not clear."""
    theirs: Mapping[str, str] = field(default_factory=dict)
    """What somebody else wrote meanwhile, where it is not what was typed."""
    button: Text = _SAVE
    _stands: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> bool:
        """Whether a file is asked for."""
        return any(one.kind == "file" for one in self.fields)

    def read(self, given: "MultiDict[str, str]", **more: Any) -> C | None:
        """The command, or None with `errors` filled: everything that is wrong, each at its field."""
        self._stands, self.given = self.given, given.to_dict()
        raw: dict[str, Any] = {}
        for one in self.fields:
            value = answer_of(given, one.name).replace("\0", "").strip()
            if one.kind == "file":
                continue
            if one.kind == "checkbox":
                raw[one.name] = one.name in given
                continue
            wrong = one.wrong(value)
            if wrong is None and one.source is not None and value:
                value, wrong = self._meant(one, one.source, value)
            if wrong is not None:
                self.errors[one.name] = wrong
            elif value:
                raw[one.name] = value.replace(".", "").replace(",", ".") if one.kind == "amount" else value
        try:
            command = TypeAdapter(self.command).validate_python({**raw, **more})
        except ValidationError as error:
            self._unread(error)
            return None
        return None if self.errors else command

    def so_far(self, given: "MultiDict[str, str]", fields: Iterable[Field]) -> C | None:
        """The same for a form of several steps: of what is wrong, only the questions asked so far are told."""
        command = self.read(given)
        names = {one.name for one in fields}
        self.errors = {name: words for name, words in self.errors.items() if name in names}
        return command

    def _meant(self, one: Field, source: Source, typed: str) -> tuple[str, Text | None]:
        """The key of what was typed, and what the field shows from now on; or what is not clear about it."""
        found = source.meant(typed)
        if len(found) == 1:
            self.given = {**self.given, one.name: found[0][0]}
            return found[0][0], None
        self.matches[one.name] = found
        return typed, _about(one.label, "which_one" if found else "nothing_like_it")

    def _unread(self, error: ValidationError) -> None:
        for fault in error.errors():
            name = str(fault["loc"][0]) if fault["loc"] else ""
            label = next((one.label for one in self.fields if one.name == name), Text(name, name))
            self.errors.setdefault(name, _about(label, "required" if fault["type"] == "missing" else "malformed"))

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal at its field, or above all of them; who was slower sees what the other wrote."""
        if refusal.code == "changed_meanwhile" and "version" in self._stands:
            self._clashed()
            return
        name = (refusal.pointer or "").strip("/").split("/")[0]
        if any(one.name == name for one in self.fields):
            self.errors[name] = refusal.text
        else:
            self.general = refusal.text

    def _clashed(self) -> None:
        """Nothing typed is lost, what stands now is shown beside it, and sending again is meant for that version."""
        names = [one.name for one in self.fields if self._stands.get(one.name, "") != self.given.get(one.name, "")]
        self.theirs = {name: self._stands.get(name, "") for name in names}
        self.given = {**self.given, "version": self._stands["version"]}
        self.general = _CLASH

    def value(self, name: str) -> str:
        """What a field shows."""
        return self.given.get(name, "")

    def words(self, one: Field, value: str) -> Text:
        """An answer as people read it: a choice by what it is called, anything else as it was typed."""
        called = dict(one.options).get(value)
        if called is None and one.source is not None and value:
            called = one.source.label(value)
        return called or Text(value, value)

    @property
    def status(self) -> int:
        """422 when something is wrong."""
        return 422 if self.errors or self.general else 200
