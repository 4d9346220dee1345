"""Texts, serials and what a reader folds or refuses."""

import contextlib
from string import ascii_uppercase, digits

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamp_engine.errors import Foreign, Malformed, MintRefused, TypingError
from stamp_engine.format import (
    ALPHABET,
    INDEX_LIMIT,
    CompactCode,
    Profile,
    SealedCode,
    check_gtin,
    choose_template,
    compact_text,
    decode_token,
    encode_token,
    human_serial,
    parse,
    sealed_text,
)
from stamp_engine.signing import sealed_message, sealed_messages
from stamp_engine.texts import characters, compact_texts, decimals, letters, lines, rows, serials

HOST = "T.SONLA.VN"
GTIN = "09521234000013"
TOKENS = st.integers(0, 2**80 - 1)


@pytest.mark.parametrize(
    ("profile", "gtin", "host", "symbol"),
    [
        (Profile.COMPACT, None, "T.SONLA.VN", "3-Q"),
        (Profile.COMPACT, None, "TEM.SONLA.GOV.VN", "3-Q"),
        (Profile.COMPACT, None, "SL.GOV", "2-M"),
        (Profile.COMPACT, GTIN, "T.SONLA.VN", "3-M"),
        (Profile.COMPACT, GTIN, "TEM.SONLA.GOV.VN", "4-Q"),
        (Profile.SEALED, None, "T.SONLA.VN", "6-M"),
        (Profile.SEALED, GTIN, "TEM.SONLA.GOV.VN", "7-M"),
    ],
)
def test_the_symbol_of_each_profile(profile: Profile, gtin: str | None, host: str, symbol: str) -> None:
    template = choose_template(profile, host, gtin)
    assert f"{template.version}-{template.ecc.value}" == symbol


@given(TOKENS, st.booleans())
def test_compact_texts_read_back(token: int, with_gtin: bool) -> None:  # noqa: FBT001
    gtin = GTIN if with_gtin else None
    text = compact_text(choose_template(Profile.COMPACT, HOST, gtin), token)
    assert parse(text, {HOST}) == CompactCode(token, gtin)
    assert parse(f"  {text.swapcase()}/ ", {HOST}) == CompactCode(token, gtin)


@given(st.integers(0, 10**12 - 1), st.binary(min_size=64, max_size=64), st.booleans())
def test_sealed_texts_read_back(index: int, signature: bytes, with_gtin: bool) -> None:  # noqa: FBT001
    gtin = GTIN if with_gtin else None
    text = sealed_text(choose_template(Profile.SEALED, HOST, gtin), index, signature)
    assert parse(text, {HOST}) == SealedCode(index, signature, gtin)


@given(TOKENS)
def test_tokens_and_serials_round_trip_with_look_alikes(token: int) -> None:
    text = encode_token(token)
    assert decode_token(text.replace("0", "o").replace("1", "L").lower()) == token
    assert parse(human_serial(token).lower(), {HOST}) == CompactCode(token)


@given(TOKENS, st.integers(0, 16), st.sampled_from(ALPHABET))
def test_every_single_typing_error_is_found(token: int, place: int, char: str) -> None:
    serial = list(human_serial(token).replace("-", ""))
    if serial[place] != char:
        serial[place] = char
        with pytest.raises(TypingError):
            parse("".join(serial), {HOST})


@given(TOKENS, st.integers(0, 14))
def test_every_swap_of_neighbours_is_found(token: int, place: int) -> None:
    serial = list(human_serial(token).replace("-", ""))
    if serial[place] != serial[place + 1]:
        serial[place], serial[place + 1] = serial[place + 1], serial[place]
        with pytest.raises(TypingError):
            parse("".join(serial), {HOST})


@given(st.text(max_size=300))
def test_any_text_is_a_code_or_refused_and_never_breaks(text: str) -> None:
    with contextlib.suppress(Malformed, Foreign):
        parse(text, {HOST})


@pytest.mark.parametrize(
    "text",
    [
        "https://T.SONLA.VN/",
        "https://T.SONLA.VN/0000000000000000/extra",
        "https://T.SONLA.VN/000000000000000U",
        "https://T.SONLA.VN/01/09521234000014/21/0000000000000000",
        f"https://T.SONLA.VN/{'9' * 155}/000000000001",
        f"https://T.SONLA.VN/{'0' * 154}/000000000001",
        "ftp://T.SONLA.VN/0000000000000000",
    ],
)
def test_what_a_reader_must_reject(text: str) -> None:
    with pytest.raises((Malformed, Foreign)):
        parse(text, {HOST})


def test_a_look_alike_host_is_foreign() -> None:
    with pytest.raises(Foreign):
        parse("https://T.S0NLA.VN/0000000000000000", {HOST})


@given(st.text(ascii_uppercase + digits + ".-_/ ", max_size=60))
def test_a_host_fits_or_is_refused_with_the_remedy(host: str) -> None:
    found = "host"
    try:
        assert choose_template(Profile.COMPACT, host).version <= 9
    except MintRefused as error:
        found = str(error)
    assert "host" in found


def test_gtin_check_digits() -> None:
    assert check_gtin("9521234000013") == GTIN
    with pytest.raises(Malformed):
        check_gtin("9521234000014")


@given(st.lists(TOKENS, min_size=1, max_size=30))
def test_blocks_of_texts_and_serials_equal_single_ones(tokens: list[int]) -> None:
    high = np.array([token >> 40 for token in tokens], dtype=np.uint64)
    low = np.array([token & (1 << 40) - 1 for token in tokens], dtype=np.uint64)
    template = choose_template(Profile.COMPACT, HOST, GTIN)
    assert lines(compact_texts(template, letters(characters(high, low)))) == [
        compact_text(template, token) for token in tokens
    ]
    assert lines(serials(letters(characters(high, low)))) == [human_serial(token) for token in tokens]


@given(st.integers(1, 10**6), st.integers(1, 40))
def test_rows_of_positions_are_counted_across_every_power_of_ten(first: int, count: int) -> None:
    column = np.full((count, 3), ord("x"), dtype=np.uint8)
    expected = "".join(f"{first + place},xxx\r\n" for place in range(count))
    assert rows(first, [column], (b"", b",", b"\r\n")) == expected.encode()


@given(st.sampled_from([None, GTIN]), st.integers(0, INDEX_LIMIT - 4), st.integers(0, 4))
def test_messages_of_a_run_are_those_of_its_stamps(gtin: str | None, first: int, count: int) -> None:
    run = range(first, first + count)
    assert list(sealed_messages(b"SLA1", gtin, run)) == [sealed_message(b"SLA1", gtin, index) for index in run]


@given(st.lists(st.integers(0, 10**12 - 1)))
def test_decimals_have_twelve_digits(numbers: list[int]) -> None:
    spelled = decimals(np.array(numbers, dtype=np.uint64))
    assert [bytes(row).decode() for row in spelled] == [f"{number:012d}" for number in numbers]
