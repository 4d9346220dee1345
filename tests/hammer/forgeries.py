"""Forged and mutated codes, seeded: what a forger without our keys can write, as links and as typed serials.

The shares follow the test list of docs/reliability.md: random, flipped bits, spliced halves, cut or extended, another
host or path, another profile's shape around a genuine token, and re-encoded text.
"""

import random
from collections.abc import Callable, Iterator, Sequence

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_HEAD = "https://T.SONLA.VN/"


def _random(dice: random.Random, _: Sequence[str]) -> str:
    return _HEAD + "".join(dice.choices(_ALPHABET, k=16))


def _flipped(dice: random.Random, genuine: Sequence[str]) -> str:
    """One symbol of the last part becomes another one; a seal's digits stay digits."""
    head, _, tail = dice.choice(genuine).rpartition("/")
    at = dice.randrange(len(tail))
    letters = "0123456789" if tail.isdigit() and len(tail) != 16 else _ALPHABET
    return f"{head}/{tail[:at]}{dice.choice(letters.replace(tail[at], ''))}{tail[at + 1 :]}"


def _spliced(dice: random.Random, genuine: Sequence[str]) -> str:
    """The beginning of one code and the end of another of the same length."""
    one = dice.choice(genuine)
    other = dice.choice([code for code in genuine if len(code) == len(one) and code != one])
    at = dice.randrange(len(_HEAD) + 4, len(one) - 4)
    return one[:at] + other[at:]


def _cut(dice: random.Random, genuine: Sequence[str]) -> str:
    one = dice.choice(genuine)
    extra = "".join(dice.choices(_ALPHABET, k=dice.randrange(1, 5)))
    return dice.choice((one[: -dice.randrange(1, 8)], one + extra))


def _elsewhere(dice: random.Random, genuine: Sequence[str]) -> str:
    one = dice.choice(genuine)
    return dice.choice(
        (one.replace("SONLA", "S0NLA"), one.replace("https://", "https://x@"), one.replace(".VN", ".VN.CO"))
    )


def _injected(dice: random.Random, genuine: Sequence[str]) -> str:
    one = dice.choice(genuine)
    tail = one.rpartition("/")[2]
    return dice.choice(
        (
            f"{_HEAD}01/09521234000013/21/{tail}",
            f"{_HEAD}{'0' * 155}/{dice.randrange(10**12):012d}",
            f"{one}?kid=none",
            f"{one}#alg=none",
            f"{_HEAD}v2/{tail}",
        )
    )


def _recoded(dice: random.Random, genuine: Sequence[str]) -> str:
    one = dice.choice(genuine)
    at = dice.randrange(len(_HEAD), len(one))
    letter = dice.choice((chr(ord(one[at]) + 0xFEE0), f"%{ord(one[at]):02X}", "\0"))
    return f"{one[:at]}{letter}{one[at + 1 :]}"


_KINDS: tuple[tuple[int, Callable[[random.Random, Sequence[str]], str]], ...] = (
    (25, _random),
    (25, _flipped),
    (20, _spliced),
    (10, _cut),
    (10, _elsewhere),
    (5, _injected),
    (5, _recoded),
)


def forgeries(genuine: Sequence[str], count: int, seed: int = 20_261_125) -> Iterator[str]:
    """`count` texts, none of which is one of the genuine codes or reads as one."""
    dice = random.Random(seed)
    weights, kinds = zip(*_KINDS, strict=True)
    known = frozenset(genuine)
    for kind in dice.choices(kinds, weights, k=count):
        text = kind(dice, genuine)
        # Two codes that begin alike, spliced where they still do, are one of them.
        while text in known:
            text = kind(dice, genuine)
        yield text
