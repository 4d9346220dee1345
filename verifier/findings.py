"""What is found of a stamp: one fact that applies, with its values, and the same in words. Pure."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from verifier.contract import Reason, ReasonCode, Words
from verifier.words import EVIDENCE, REASONS

Value = int | str | date | Words


class Finding(NamedTuple):
    """A fact that applies, with the values its sentences need."""

    code: ReasonCode
    values: Mapping[str, Value]


def found_that(code: ReasonCode, **values: Value) -> Finding:
    """A finding with the values its sentences need."""
    return Finding(code, values)


def reason(finding: Finding) -> Reason:
    """The finding in words, with its evidence."""
    return _told(finding.code, tuple(finding.values.items()))


@lru_cache(maxsize=4096)
def _told(code: ReasonCode, values: tuple[tuple[str, Value], ...]) -> Reason:
    """Most scans of a day find the same few things, with the same few values."""
    evidence = EVIDENCE.get(code)
    return Reason(code, _filled(REASONS[code], values), evidence and _filled(evidence, values))


def _filled(words: Words, values: tuple[tuple[str, Value], ...]) -> Words:
    if not values:
        return words
    vi = {name: _spoken(value, vietnamese=True) for name, value in values}
    en = {name: _spoken(value, vietnamese=False) for name, value in values}
    return Words(words.vi.format(**vi), words.en.format(**en))


def _spoken(value: Value, *, vietnamese: bool) -> object:
    match value:
        case Words():
            return value.vi if vietnamese else value.en
        case date():
            return value.strftime("%d/%m/%Y") if vietnamese else value.isoformat()
        case _:
            return value
