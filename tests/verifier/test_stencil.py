"""A page from a stencil is the page, plain and compressed."""

import gzip

from hypothesis import given
from hypothesis import strategies as st

from verifier.stencil import Page, Stencil, hole

_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
_NAMES = ("when", "here")


@given(st.lists(st.tuples(_TEXTS, st.sampled_from(_NAMES))), _TEXTS, st.tuples(_TEXTS, _TEXTS))
def test_what_is_unpacked_is_the_text_with_its_holes_filled(
    parts: list[tuple[str, str]], last: str, values: tuple[str, str]
) -> None:
    named = dict(zip(_NAMES, values, strict=True))
    page = Page(Stencil.of("".join(part + str(hole(name)) for part, name in parts) + last), named)
    meant = "".join(part + named[name] for part, name in parts) + last
    assert page.text == meant
    assert gzip.decompress(page.gzip()) == meant.encode()


def test_a_value_longer_than_a_block_is_put_into_several() -> None:
    long = "Sơn La " * 30_000
    page = Page(Stencil.of(f"<p>{hole('history')}</p>"), {"history": long})
    assert gzip.decompress(page.gzip()).decode() == f"<p>{long}</p>"
