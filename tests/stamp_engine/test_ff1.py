"""FF1 against the published samples of NIST SP 800-38G, and the fast path against the plain one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamp_engine.ff1 import FF1, FF1Binary80

K128 = "2B7E151628AED2A6ABF7158809CF4F3C"
K192 = K128 + "EF4359D8D580AA4F"
K256 = K192 + "7F036D6F04FC6A94"
LONG = "3737373770717273373737"
SAMPLES = [
    (K128, 10, "", "0123456789", "2433477484"),
    (K128, 10, "39383736353433323130", "0123456789", "6124200773"),
    (K128, 36, LONG, "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    (K192, 10, "", "0123456789", "2830668132"),
    (K192, 10, "39383736353433323130", "0123456789", "2496655549"),
    (K192, 36, LONG, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
    (K256, 10, "", "0123456789", "6657667009"),
    (K256, 10, "39383736353433323130", "0123456789", "1001623463"),
    (K256, 36, LONG, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
]


@pytest.mark.parametrize(("key", "radix", "tweak", "plain", "cipher"), SAMPLES)
def test_published_samples(key: str, radix: int, tweak: str, plain: str, cipher: str) -> None:
    ff1 = FF1(bytes.fromhex(key), radix)
    numerals = [int(char, 36) for char in plain]
    made = ff1.encrypt(numerals, bytes.fromhex(tweak))
    assert made == [int(char, 36) for char in cipher]
    assert ff1.decrypt(made, bytes.fromhex(tweak)) == numerals


@given(
    st.lists(st.integers(0, 2**80 - 1), min_size=1, max_size=20),
    st.binary(min_size=32, max_size=32),
    st.binary(max_size=10),
)
def test_the_fast_path_is_the_plain_algorithm(values: list[int], key: bytes, tweak: bytes) -> None:
    high = np.array([value >> 40 for value in values], dtype=np.uint64)
    low = np.array([value & (1 << 40) - 1 for value in values], dtype=np.uint64)
    fast = FF1Binary80(key, tweak)
    one, other = fast.encrypt(high, low)
    plain = FF1(key, 2)
    for place, value in enumerate(values):
        bits = [int(bit) for bit in f"{value:080b}"]
        made = plain.encrypt(bits, tweak)
        assert int("".join(map(str, made)), 2) == int(one[place]) << 40 | int(other[place])
    back = fast.decrypt(one, other)
    assert (back[0] == high).all()
    assert (back[1] == low).all()
