"""The text of a stamp: profiles, symbol templates, and the reading of codes (docs/spec/stamp-payload.md).

    compact         https://HOST/{token}                       token: 80 bits as 16 characters of Crockford base32
    compact, GTIN   https://HOST/01/{gtin14}/21/{token}        GS1 Digital Link
    sealed          https://HOST/{signature}/{index}           155 digits, 12 digits
    sealed, GTIN    https://HOST/{signature}/01/{gtin14}/21/{index}

The scheme is printed in lower case because phone cameras fail on `HTTPS://`; all else is upper case, so that it fits
the alphanumeric mode of a QR symbol. Readers fold case, Crockford look-alikes, surrounding white space and one trailing
slash. Anything else is malformed and never repaired.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import TypeAlias

from segno import consts

from stamp_engine.errors import Foreign, Malformed, MintRefused, TypingError

INDEX_LIMIT = 10**12
TOKEN_BITS = 80
TOKEN_CHARS = 16
SIGNATURE_DIGITS = 155
INDEX_DIGITS = 12
SIGNATURE_LIMIT = 1 << 512
QUIET_ZONE = 4
# A fixed mask reads as well as the one with the best penalty, and lets every symbol of a batch share one layout.
MASK = 3

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FOLD = str.maketrans("OIL", "011")
# Python's own base 32 spells the digits 0-9A-V; U stands for nothing in Crockford's, so it never gets this far.
_TOKEN = re.compile(r"[0-9A-TV-Z]{16}", re.ASCII)
_DIGITS = str.maketrans(ALPHABET + "OIL", "0123456789ABCDEFGHIJKLMNOPQRSTUV" + "011")
_SPACE = " \t\r\n"


class Profile(StrEnum):
    """`compact` is checked online; `sealed` carries a signature and can be checked offline too."""

    COMPACT = "compact"
    SEALED = "sealed"


class Ecc(StrEnum):
    """Error correction levels in use. L is never used: it fails first when a label gets dirty."""

    M = "M"
    Q = "Q"
    H = "H"


_ECC_CONSTANT = {Ecc.M: consts.ERROR_LEVEL_M, Ecc.Q: consts.ERROR_LEVEL_Q, Ecc.H: consts.ERROR_LEVEL_H}


class Mode(StrEnum):
    """QR segment modes in use (ISO/IEC 18004)."""

    BYTE = "byte"
    ALPHANUMERIC = "alphanumeric"
    NUMERIC = "numeric"


# Mode → (bits of mode indicator and length field in versions 1 to 9, bits for n characters).
_HEADER_BITS = {Mode.BYTE: 12, Mode.ALPHANUMERIC: 13, Mode.NUMERIC: 14}


def _body_bits(mode: Mode, chars: int) -> int:
    if mode is Mode.BYTE:
        return 8 * chars
    if mode is Mode.ALPHANUMERIC:
        return 11 * (chars // 2) + 6 * (chars % 2)
    return 10 * (chars // 3) + (0, 4, 7)[chars % 3]


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of `chars` characters in one mode; `text` is what is fixed, empty where each stamp has its own."""

    mode: Mode
    chars: int
    text: str = ""

    @property
    def bits(self) -> int:
        """Bits the segment takes in a symbol of version 1 to 9."""
        return _HEADER_BITS[self.mode] + _body_bits(self.mode, self.chars)


@dataclass(frozen=True, slots=True)
class Template:
    """What all symbols of a batch share. Frozen in the batch, so that a reprint is bit-identical."""

    profile: Profile
    host: str
    gtin: str | None
    version: int
    ecc: Ecc
    mask: int = MASK

    @property
    def size(self) -> int:
        """Modules along one side, without quiet zone."""
        return 17 + 4 * self.version

    def segments(self, text: str) -> tuple[tuple[str, Mode], ...]:
        """`text` cut into the template's segments; raises Malformed when it is of another length."""
        plan = _plan(self.profile, self.host, self.gtin)
        if len(text) != sum(segment.chars for segment in plan):
            raise Malformed(f"text of {len(text)} characters does not fit the template")
        cut: list[tuple[str, Mode]] = []
        at = 0
        for segment in plan:
            cut.append((text[at : at + segment.chars], segment.mode))
            at += segment.chars
        return tuple(cut)


def _plan(profile: Profile, host: str, gtin: str | None) -> tuple[Segment, ...]:
    head = (Segment(Mode.BYTE, 5, "https"),)
    site = f"://{host}/"
    if profile is Profile.COMPACT:
        if gtin is None:
            return (*head, Segment(Mode.ALPHANUMERIC, len(site) + TOKEN_CHARS))
        return (
            *head,
            Segment(Mode.ALPHANUMERIC, len(site) + 3),
            Segment(Mode.NUMERIC, 14),
            Segment(Mode.ALPHANUMERIC, 4 + TOKEN_CHARS),
        )
    signed = (*head, Segment(Mode.ALPHANUMERIC, len(site)), Segment(Mode.NUMERIC, SIGNATURE_DIGITS))
    if gtin is None:
        return (*signed, Segment(Mode.ALPHANUMERIC, 1), Segment(Mode.NUMERIC, INDEX_DIGITS))
    return (
        *signed,
        Segment(Mode.ALPHANUMERIC, 4),
        Segment(Mode.NUMERIC, 14),
        Segment(Mode.ALPHANUMERIC, 4),
        Segment(Mode.NUMERIC, INDEX_DIGITS),
    )


_HOST = re.compile(r"(?=.{1,40}\Z)[A-Z0-9]([A-Z0-9-]*[A-Z0-9])?(\.[A-Z0-9]([A-Z0-9-]*[A-Z0-9])?)*", re.ASCII)


@cache
def choose_template(profile: Profile, host: str, gtin: str | None = None) -> Template:
    """The smallest symbol for these codes, then the highest error correction it has room for (never L).

    Raises MintRefused when the host cannot stand in a stamp or no symbol up to version 9 holds the text.
    """
    host = host.upper()
    if not _HOST.fullmatch(host):
        raise MintRefused(f"host {host!r} is not a plain host name of at most 40 characters; set STAMP_HOST")
    if gtin is not None:
        gtin = check_gtin(gtin)
    bits = sum(segment.bits for segment in _plan(profile, host, gtin))
    for version in range(1, 10):
        capacity: Mapping[int, int] = consts.SYMBOL_CAPACITY[version]  # type: ignore[assignment]  # typed as object
        for ecc in (Ecc.H, Ecc.Q, Ecc.M):
            if bits <= capacity[_ECC_CONSTANT[ecc]]:
                return Template(profile, host, gtin, version, ecc)
    raise MintRefused(f"host {host!r} makes the code too long for a stamp; choose a shorter host")


def printed_mm(template: Template, module_mm: float) -> float:
    """Printed width in millimetres, quiet zone of four modules on each side included."""
    return (template.size + 2 * QUIET_ZONE) * module_mm


def encode_token(token: int) -> str:
    """16 characters of Crockford base32, most significant first."""
    if not 0 <= token < 1 << TOKEN_BITS:
        raise Malformed("a token has 80 bits")
    return "".join([_PAIRS[(token >> shift) & 1023] for shift in _PAIR_SHIFTS])


def decode_token(text: str) -> int:
    """The 80-bit token behind 16 characters; folds case and the look-alikes O, I and L. Raises Malformed."""
    folded = text.upper()
    # Outside ASCII there are letters whose upper case is an ASCII letter, such as the dotless i.
    if not (text.isascii() and _TOKEN.fullmatch(folded)):
        raise Malformed(f"a token has {TOKEN_CHARS} letters and digits, and no U")
    return int(folded.translate(_DIGITS), 32)


def _powers() -> tuple[int, ...]:
    # Powers of the generator of GF(32) with x^5 + x^2 + 1.
    powers = [1]
    for _ in range(30):
        shifted = powers[-1] << 1
        powers.append(shifted ^ 0b100101 if shifted & 32 else shifted)
    return tuple(powers)


_POWER = _powers()
_LOG = {value: exponent for exponent, value in enumerate(_POWER)}


def _weighted(digit: int, position: int) -> int:
    return _POWER[(_LOG[digit] + position + 1) % 31] if digit else 0


# A token is written, and its check character summed up, two characters at a time.
_PAIR_SHIFTS = range(TOKEN_BITS - 10, -1, -10)
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_WEIGHTED = [
    (shift, [_weighted(pair >> 5, 2 * place) ^ _weighted(pair & 31, 2 * place + 1) for pair in range(1024)])
    for place, shift in enumerate(_PAIR_SHIFTS)
]


def check_character(token: int) -> str:
    """The serial's check character: the sum over GF(2^5) of each digit times its own power of the generator.

    The weights are distinct and not zero, so every single wrong character and every swap of two is found.
    """
    total = 0
    for shift, weighted in _WEIGHTED:
        total ^= weighted[(token >> shift) & 1023]
    return ALPHABET[total]


def human_serial(token: int) -> str:
    """The printed serial `XXXX-XXXX-XXXX-XXXX-C`."""
    text = encode_token(token)
    return "-".join((text[:4], text[4:8], text[8:12], text[12:], check_character(token)))


_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}", re.ASCII)


@lru_cache(maxsize=1024)
def check_gtin(text: str) -> str:
    """A GTIN-8, -12, -13 or -14 as 14 digits. Raises Malformed on a wrong check digit (GS1 General Specs 7.9)."""
    if not _GTIN.fullmatch(text):
        raise Malformed("a GTIN has 8, 12, 13 or 14 digits")
    digits = text.zfill(14)
    if (3 * sum(map(int, digits[::2])) + sum(map(int, digits[1::2]))) % 10:
        raise Malformed(f"the check digit of GTIN {text} is wrong")
    return digits


@dataclass(frozen=True, slots=True)
class CompactCode:
    """A token, and the GTIN that stood before it if any. Nothing is proved yet."""

    token: int
    gtin: str | None = None


@dataclass(frozen=True, slots=True)
class SealedCode:
    """An index with its 64-byte signature, and the GTIN it signs if any. Nothing is proved yet."""

    index: int
    signature: bytes
    gtin: str | None = None


Code: TypeAlias = CompactCode | SealedCode

_PATH = re.compile(
    r"/(?:(?P<signature>[0-9]{155})(?:/(?P<plain>[0-9]{12})|/01/(?P<sealed_gtin>[0-9]{14})/21/(?P<index>[0-9]{12}))"
    r"|(?:01/(?P<gtin>[0-9]{14})/21/)?(?P<token>[0-9A-Z]{16}))/?",
    re.ASCII,
)
# The path begins with its slash, so that a text can be cut in one way only: with two a long one took milliseconds.
_LINK = re.compile(r"HTTPS?://(?P<host>[^/?#\s]+)(?P<path>(?:/[^?#\s]*)?)", re.ASCII)
_LOOKS_LIKE_LINK = re.compile(r"[a-z][a-z0-9+.-]*://", re.ASCII | re.IGNORECASE)
LONGEST = 512


def parse_path(path: str) -> Code:
    """The code in a request's path, whatever host it was sent to. Raises Malformed."""
    if len(path) > LONGEST:
        raise Malformed(f"a code has at most {LONGEST} characters")
    if not path.isascii():
        raise Malformed("a code has only plain letters and digits")
    found = _PATH.fullmatch(path.upper())
    if found is None:
        raise Malformed("not a stamp code")
    if found["signature"] is None:
        gtin = found["gtin"]
        return CompactCode(decode_token(found["token"]), None if gtin is None else check_gtin(gtin))
    number = int(found["signature"])
    if number >= SIGNATURE_LIMIT:
        raise Malformed("the signature is out of range")
    gtin = found["sealed_gtin"]
    return SealedCode(
        int(found["plain"] or found["index"]),
        number.to_bytes(64, "big"),
        None if gtin is None else check_gtin(gtin),
    )


def parse(text: str, hosts: Collection[str] | None) -> Code:
    """What a scanner read or a person typed: a whole link to one of `hosts` (upper case; None: any), or a serial.

    Raises Malformed, TypingError when a serial's check character does not fit, Foreign when the host is another's.
    """
    if len(text) > LONGEST:
        raise Malformed(f"a code has at most {LONGEST} characters")
    text = text.strip(_SPACE)
    if not text.isascii():
        raise Malformed("a code has only plain letters and digits")
    if not _LOOKS_LIKE_LINK.match(text):
        return _parse_serial(text)
    found = _LINK.fullmatch(text.upper())
    if found is None:
        raise Malformed("not a stamp code")
    if hosts is not None and found["host"] not in hosts:
        raise Foreign(f"the host {found['host']} is not ours")
    return parse_path(found["path"])


_SERIAL = re.compile(r"[0-9A-Z]{4}([- ]?)[0-9A-Z]{4}\1[0-9A-Z]{4}\1[0-9A-Z]{4}\1[0-9A-Z]", re.ASCII)


def _parse_serial(text: str) -> CompactCode:
    folded = text.upper().translate(_FOLD)
    if not _SERIAL.fullmatch(folded):
        raise Malformed("not a stamp code; a printed serial has 17 characters")
    bare = folded.replace("-", "").replace(" ", "")
    token = decode_token(bare[:TOKEN_CHARS])
    if check_character(token) != bare[TOKEN_CHARS]:
        raise TypingError("the serial's check character does not fit; check each character")
    return CompactCode(token)


def compact_text(template: Template, token: int) -> str:
    """The text in a compact symbol."""
    return f"https://{template.host}{_gtin_part(template)}/{encode_token(token)}"


def sealed_suffix(gtin: str | None, index: int) -> str:
    """The canonical suffix that a sealed signature covers, and that stands after it in the text."""
    if not 0 <= index < INDEX_LIMIT:
        raise Malformed("an index has at most 12 digits")
    serial = f"{index:0{INDEX_DIGITS}d}"
    return f"/{serial}" if gtin is None else f"/01/{gtin}/21/{serial}"


def sealed_text(template: Template, index: int, signature: bytes) -> str:
    """The text in a sealed symbol; the 64 signature bytes become exactly 155 digits."""
    number = int.from_bytes(signature, "big")
    return f"https://{template.host}/{number:0{SIGNATURE_DIGITS}d}{sealed_suffix(template.gtin, index)}"


def _gtin_part(template: Template) -> str:
    return "" if template.gtin is None else f"/01/{template.gtin}/21"
