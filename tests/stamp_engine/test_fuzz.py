"""The parser under fire, and every small change of authentic codes. `make test-long` runs both in full."""

import gc
import os
import time
from collections.abc import Iterator
from random import Random
from string import printable

import pytest

from stamp_engine.errors import Foreign, Malformed
from stamp_engine.format import CompactCode, SealedCode, parse, parse_path
from stamp_engine.keys import SymmetricKeys
from stamp_engine.verifying import Checker, Outcome
from tests.vectors import codes, given
from tests.vectors.given import GTIN, HOST, compact, sealed

LONG = os.environ.get("ESTAMP_LONG") == "1"
EXAMPLES = 1_000_000 if LONG else 10_000
CODES = 1_000 if LONG else 60
HOSTS = {HOST}
SLOW = 1_000_000
"""Nanoseconds of the processor; looked at in the long run only."""
PIECES = (
    *("https://", "http://", "HTTPS://", "://", "/", "//", "/01/", "/21/", "?", "#", "%30", "@", ":443", ".", "-", " "),
    *(
        "\t",
        "\r\n",
        "\0",
        "\v",
        "\u00a0",
        "\u200b",
        "\u202e",
        "\uff10",
        "\u0660",
        "\u0131",
        "\u017f",
        "\u212a",
        "\ud800",
    ),
    *("\ud800", "0" * 155, "9" * 155, "1" * 600, "A" * 16, "O" * 17, "\u0130" * 40, "🍑", "ề", HOST, GTIN, "0" * 14),
)


def seeds() -> list[str]:
    """What is near to codes, and right on the edges."""
    return [str(case["text"]) for cases in (codes.authentic, codes.folding, codes.boundaries) for case in cases()]


def mutated(random: Random, text: str, others: list[str]) -> str:
    """A text with one small part of it changed."""
    at = random.randrange(len(text) + 1)
    end = min(len(text), at + random.choice((0, 0, 1, 1, 2, 8, 60)))
    put = random.choice(
        (
            "",
            random.choice(printable),
            random.choice(PIECES),
            chr(random.choice((random.randrange(0x300), random.randrange(0x110000)))),
            text[at:end] * 3,
            random.choice(others)[at:end],
        )
    )
    return text[:at] + put + text[end:]


def examples(count: int, seed: int) -> Iterator[str]:
    """Texts that were mutated once to many times, and some that are noise from the start."""
    random, known = Random(seed), seeds()
    for _ in range(count):
        if random.random() < 0.05:
            yield "".join(map(chr, random.choices(range(0x250), k=random.randrange(700))))
            continue
        text = random.choice(known)
        for _ in range(random.choice((1, 1, 1, 2, 3, 10))):
            text = mutated(random, text, known)
        yield text


def spent(text: str) -> int:
    start = time.thread_time_ns()
    answered(text)
    return time.thread_time_ns() - start


def answered(text: str) -> bool:
    """Whether a text was taken as a code; anything but a typed refusal fails the test."""
    found = 0
    for read, arguments in ((parse, (text, HOSTS)), (parse, (text, None)), (parse_path, (text,))):
        try:
            code = read(*arguments)  # type: ignore[operator]
        except (Malformed, Foreign):
            continue
        assert isinstance(code, CompactCode | SealedCode)
        found += 1
    return found > 0


def test_any_text_is_a_code_or_a_typed_refusal() -> None:
    taken = sum(map(answered, examples(EXAMPLES, 1)))
    assert EXAMPLES // 100 < taken < EXAMPLES, "the examples are near enough to codes, and not all are some"


@pytest.mark.skipif(not LONG, reason="measured in the long run")
def test_no_text_takes_a_millisecond() -> None:
    """Of the processor's time; a text that seems to is given a second and a third chance."""
    gc.disable()
    try:
        slow = [text for text in examples(EXAMPLES, 2) if spent(text) > SLOW and min(spent(text), spent(text)) > SLOW]
    finally:
        gc.enable()
    assert not slow


def authentic(count: int) -> Iterator[tuple[str, int]]:
    """Codes of every profile, with and without GTIN, and typed serials."""
    random = Random(3)
    for place in range(count):
        index = random.randrange(10**12)
        gtin = GTIN if place % 2 else None
        make = (compact, compact, sealed, lambda index, _: given.serial(index))[place % 8 // 2]
        yield make(index, gtin), index


def changes(text: str) -> Iterator[str]:
    """Every single bit of a text turned, and every single character put, taken or changed."""
    for at, char in enumerate(text):
        before, after = text[:at], text[at + 1 :]
        yield before + after
        yield from (before + chr(ord(char) ^ 1 << bit) + after for bit in range(8))
        yield from (before + other + after for other in (*printable, "\0", "\u00e9", "\uff10") if other != char)
        yield from (before + other + text[at:] for other in ("0", "A", "/", " ", "\0"))


@pytest.mark.parametrize("part", range(4))
def test_every_small_change_of_an_authentic_code_is_rejected_or_folds_to_the_same_stamp(part: int) -> None:
    symmetric = SymmetricKeys(given.DEPLOYMENT, tuple(given.EPOCHS), given.PIN_KEY)
    checker = Checker(symmetric, [key.public for key in given.KEYS], HOSTS)
    folded = 0
    for text, index in list(authentic(CODES))[part::4]:
        (same,) = checker.check([text])
        assert (same.outcome, same.index) == (Outcome.AUTHENTIC, index)
        for found in checker.check(list(changes(text))):
            if found.outcome is Outcome.AUTHENTIC:
                assert found == same
                folded += 1
    assert folded > CODES, "letter case and look-alikes fold"
