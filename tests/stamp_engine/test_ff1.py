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
DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
BASE36 = DIGITS + LOWER
BASE64 = DIGITS + LOWER.upper() + LOWER + "+/"
# NIST, "Block Cipher Modes of Operation: FF1 Samples", all nine.
SAMPLES = [
    (K128, DIGITS, "", "0123456789", "2433477484"),
    (K128, DIGITS, "39383736353433323130", "0123456789", "6124200773"),
    (K128, BASE36, LONG, "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    (K192, DIGITS, "", "0123456789", "2830668132"),
    (K192, DIGITS, "39383736353433323130", "0123456789", "2496655549"),
    (K192, BASE36, LONG, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
    (K256, DIGITS, "", "0123456789", "6657667009"),
    (K256, DIGITS, "39383736353433323130", "0123456789", "1001623463"),
    (K256, BASE36, LONG, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
]
# NIST ACVP-Server, gen-val/json-files/ACVP-AES-FF1-1.0, some of each radix: odd lengths, several blocks, empty tweaks.
ACVP = [
    (
        "3544151C9CEB324C3C1ED31ADE99406D",
        DIGITS,
        "6CA0E692B2773C7ECA2ECA1E7793DAA1",
        "80013770071781669296061827483885771389518248319371666162",
        "09295026876845967206918789775693655654016802646140865387",
    ),
    (
        "66CD1402BEB8E109F4C32127BC671612",
        DIGITS,
        "",
        "3977633797152882484132285829138398283498299038365691586",
        "5779864671334843538915338106140220357402582782642380644",
    ),
    ("CBBCF93E14DC2C48997288BF1D4DA2AF", DIGITS, "08AAAF", "4174217715070973658683", "4099802985390383287464"),
    (
        "35BB510F46F954E6E30C66B7D2FA740B",
        LOWER,
        "B726CF9FDA21BE995220DA27F9B5E07F",
        "gcxlhzfozazwxyahmbtvuxzuuklqeyzxuiofxtam",
        "foarmyqmdyhigguanyzprvxbuaocltoyxevynmyu",
    ),
    ("EA1A9041D4BD10646F78708C32E2D911", LOWER, "9FADB3", "pdbhuyvwqcirk", "arbtswyzyywxc"),
    ("D943FA73D0DFBBFE5CBBB51AE1883B1F", BASE64, "", "g0mbl8Ztx4", "4NNV4Ujcsq"),
    ("DBA70B52BE72675DFEB1A98AD86DF0C3", BASE64, "475C0D3F874CD1", "Gr2oiRz3MoIXwhwD4RfsW", "WQWHdCu3IBAwMvItxLidq"),
    (
        "56F47313CA7B3D061463361E13B19056C27F6047810BC0442B7BD6F8636AA40D",
        DIGITS,
        "",
        "615693772006794173392815266071107632708729301206976301",
        "801412949703016551126582855707910498035613957060743818",
    ),
    (
        "30CD3D73400C84F089282963A49E9CF91C69A09C8B00406474FBB822C00FAAB1",
        LOWER,
        "76F10AF7E766AFADEE0AD762383B87AF",
        "ruuflcdflrdblkubozwvqwrdvjbdqbrxwhnytfzy",
        "sazzjcmlgcvjdoeurdiebeltzcifapyiavtwobbe",
    ),
    (
        "42DC85418E1E0CC6B652091EE25EE7B945EEF3928D4E4CA9F9AD9EB5730FB619",
        BASE64,
        "78FC11F1C54D61C3660F652224FED7B2",
        "hr8VCBn+7BLcNpyVIWzmsV9REEAB",
        "px7e1mJ54weGBIXeS+YgtCSfaIho",
    ),
    (
        "CCC8664D7485D6C49A8D4B7C85DAC1F0108DE7434C1C87087771059DDE7224F3",
        BASE64,
        "8DAFCD6FD3B8A852",
        "/r4w50zjH3i5MLG16",
        "ljg+SpoY1BBwAlDXT",
    ),
]


@pytest.mark.parametrize(("key", "alphabet", "tweak", "plain", "cipher"), SAMPLES + ACVP)
def test_published_samples(key: str, alphabet: str, tweak: str, plain: str, cipher: str) -> None:
    ff1 = FF1(bytes.fromhex(key), len(alphabet))
    numerals = [alphabet.index(char) for char in plain]
    made = ff1.encrypt(numerals, bytes.fromhex(tweak))
    assert made == [alphabet.index(char) for char in cipher]
    assert ff1.decrypt(made, bytes.fromhex(tweak)) == numerals


EDGES = [0, 1, 10**12 - 1, 10**12, (1 << 40) - 1, 1 << 40, (1 << 80) - 1]


@given(
    st.lists(st.integers(0, 2**80 - 1), max_size=20).map(lambda values: EDGES + values),
    st.sampled_from([16, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
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


def test_what_ff1_does_not_take_is_named() -> None:
    key = bytes(16)
    for wrong in (0, 1, 65537):
        with pytest.raises(ValueError, match="radix"):
            FF1(key, wrong)
    with pytest.raises(ValueError, match="key"):
        FF1(bytes(15), 10)
    with pytest.raises(ValueError, match="too few"):
        FF1(key, 10).encrypt([1, 2, 3, 4, 5], b"")
    for numeral in (-1, 10):
        with pytest.raises(ValueError, match="0 to 9"):
            FF1(key, 10).decrypt([0, 1, 2, 3, 4, numeral], b"")
    with pytest.raises(ValueError, match="tweak"):
        FF1Binary80(key, bytes(11))


@given(st.integers(2, 1 << 16), st.data())
def test_any_radix_comes_back(radix: int, data: st.DataObject) -> None:
    least = next(length for length in range(2, 21) if radix**length >= 1_000_000)
    numerals = data.draw(st.lists(st.integers(0, radix - 1), min_size=least, max_size=40))
    tweak = data.draw(st.binary(max_size=40))
    ff1 = FF1(bytes(32), radix)
    made = ff1.encrypt(numerals, tweak)
    assert ff1.decrypt(made, tweak) == numerals
