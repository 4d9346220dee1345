"""The symbols that are drawn by the thousand: segno's bit for bit, and read by zxing-cpp as exactly their text.

The suite takes a thousand of each proof; `make test-long` draws ten thousand and reads twenty thousand.
"""

import os
from collections.abc import Sequence

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from stamp_engine.format import INDEX_LIMIT, Profile, Template, choose_template, compact_text, sealed_text
from stamp_engine.symbols import U8, for_template, matrix
from stamp_engine.texts import characters, sealed_digits

LONG = os.environ.get("ESTAMP_LONG") == "1"
HOSTS = ("T.VN", "T.SONLA.VN", "TEM.SONLA.GOV.VN")
TEMPLATES = [
    choose_template(profile, host, gtin) for host in HOSTS for profile in Profile for gtin in (None, "09521234000013")
]
IDENTICAL = (10_000 if LONG else 1_000) // len(TEMPLATES) + 1
READ = (20_000 if LONG else 1_000) // len(TEMPLATES) + 1
templates = pytest.mark.parametrize(
    "template", TEMPLATES, ids=lambda one: f"{one.host}-{one.profile.value}{'-gtin' * (one.gtin is not None)}"
)


def compact(template: Template, tokens: Sequence[int]) -> tuple[list[str], U8]:
    halves = [np.array([token >> 40 for token in tokens], dtype=np.uint64)]
    halves.append(np.array([token & (1 << 40) - 1 for token in tokens], dtype=np.uint64))
    table = for_template(template)
    return [compact_text(template, token) for token in tokens], table.unpacked(table.draw(characters(*halves)))


def sealed(template: Template, seals: Sequence[tuple[int, bytes]]) -> tuple[list[str], U8]:
    table = for_template(template)
    drawn = table.draw(sealed_digits([index for index, _ in seals], b"".join(seal for _, seal in seals)))
    return [sealed_text(template, *seal) for seal in seals], table.unpacked(drawn)


def random(template: Template, seed: int, count: int) -> tuple[list[str], U8]:
    """Texts by the one-at-a-time spelling and symbols by the fast drawing, of payloads without any pattern."""
    rng = np.random.default_rng(seed)
    if template.profile is Profile.COMPACT:
        return compact(template, [int.from_bytes(rng.bytes(10), "big") for _ in range(count)])
    return sealed(template, [(int(rng.integers(INDEX_LIMIT)), rng.bytes(64)) for _ in range(count)])


def edges(template: Template) -> tuple[list[str], U8]:
    """All characters the least, all the greatest, and each bit alone."""
    if template.profile is Profile.COMPACT:
        return compact(template, [0, (1 << 80) - 1, *(1 << bit for bit in range(80))])
    numbers = [0, (1 << 512) - 1, *(1 << bit for bit in range(0, 512, 7))]
    return sealed(template, [(number % INDEX_LIMIT, number.to_bytes(64, "big")) for number in numbers])


@templates
def test_random_payloads_are_drawn_bit_for_bit_as_segno_draws_them(template: Template) -> None:
    texts, symbols = random(template, TEMPLATES.index(template), IDENTICAL)
    for text, symbol in zip(texts, symbols, strict=True):
        assert (symbol == matrix(template, text)).all(), text


@templates
def test_edges_of_the_payload_are_drawn_as_segno_draws_them(template: Template) -> None:
    for text, symbol in zip(*edges(template), strict=True):
        assert (symbol == matrix(template, text)).all(), text


@settings(deadline=None)
@given(st.sampled_from([one for one in TEMPLATES if one.profile is Profile.COMPACT]), st.integers(0, (1 << 80) - 1))
def test_any_token_is_drawn_as_segno_draws_it(template: Template, token: int) -> None:
    texts, symbols = compact(template, [token])
    assert (symbols[0] == matrix(template, texts[0])).all()


@settings(deadline=None)  # the first of a template builds its tables
@given(
    st.sampled_from([one for one in TEMPLATES if one.profile is Profile.SEALED]),
    st.integers(0, INDEX_LIMIT - 1),
    st.binary(min_size=64, max_size=64),
)
def test_any_seal_is_drawn_as_segno_draws_it(template: Template, index: int, signature: bytes) -> None:
    texts, symbols = sealed(template, [(index, signature)])
    assert (symbols[0] == matrix(template, texts[0])).all()


def test_a_stamp_is_drawn_the_same_alone_and_among_others() -> None:
    for template in TEMPLATES:
        texts, symbols = random(template, 1, 50)
        again, first = random(template, 1, 1)
        assert again == texts[:1]
        assert (first[0] == symbols[0]).all()


@templates
def test_every_symbol_reads_as_exactly_its_text(template: Template) -> None:
    """An independent decoder, on clean pictures of three dots a module with the quiet zone."""
    for text, symbol in zip(*random(template, 1000 + TEMPLATES.index(template), READ), strict=True):
        picture = np.kron(np.pad(1 - symbol, 4, constant_values=1), np.full((3, 3), 255, dtype=np.uint8))
        found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
        assert [one.text for one in found] == [text]
