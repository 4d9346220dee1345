"""The scenarios of single codes. What each case must give is written here by hand and never asked of a reader."""

import hashlib
from collections.abc import Iterable

import numpy as np

from stamp_engine.format import human_serial
from stamp_engine.lifecycle import KeyState
from stamp_engine.signing import SecretKey, sealed_message
from stamp_engine.tokens import EpochKey, TokenKeys
from tests.vectors.given import (
    ALIAS,
    DEPLOYMENT,
    EPOCHS,
    GTIN,
    HOST,
    INDICES,
    LAST,
    MANIFEST,
    ORDER,
    ORDER_8,
    OTHER,
    STAMP,
    STRANGER,
    TOKENS,
    Case,
    Made,
    bad,
    compact,
    good,
    kid,
    sealed,
    serial,
    spelled,
    token,
)


def authentic() -> Iterable[Case]:
    """Every profile at every boundary of the index, and typed serials."""
    for gtin in (None, GTIN):
        for index in INDICES:
            yield good(compact(index, gtin), Made("epoch-4", index))
            yield good(compact(index, gtin, 3), Made("epoch-3", index))
            yield good(sealed(index, gtin), Made(kid(), index))
    for index in INDICES:
        yield good(serial(index), Made("epoch-4", index))
    yield good(compact(41, GTIN, host=ALIAS), Made("epoch-4", 41), "another host of ours")


def forged() -> Iterable[Case]:
    """Well formed, but made without our keys or for something else."""
    yield bad(spelled(0), "forged", "a token of zeros")
    yield bad(spelled((1 << 80) - 1), "forged", "a token of ones")
    for bit in (0, 39, 40, 79):
        yield bad(spelled(token(41) ^ 1 << bit), "forged", f"bit {bit} of a token is another")
    elsewhere = TokenKeys(b"\0\0\0\1", EPOCHS).seal_one(41, 4)
    yield bad(spelled(elsewhere), "forged", "the token of another deployment with our key")
    unknown = TokenKeys(DEPLOYMENT, [EpochKey(5, KeyState.LIVE, bytes([4] * 32))]).seal_one(41, 5)
    yield bad(spelled(unknown), "forged", "the token of an epoch that we never had")
    other = TokenKeys(DEPLOYMENT, [EpochKey(4, KeyState.LIVE, bytes([9] * 32))]).seal_one(41, 4)
    yield bad(spelled(other), "forged", "the token of another key")
    yield bad(human_serial(0), "forged", "a serial with the right check character")
    message = sealed_message(DEPLOYMENT, None, 41)
    right = STAMP[KeyState.LIVE].sign(message)
    yield bad(sealed(41, key=STRANGER), "forged", "the seal of a stranger")
    yield bad(sealed(41, key=MANIFEST), "forged", "the seal of a key for manifests")
    yield bad(sealed(42, signature=right), "forged", "the seal of another index")
    yield bad(sealed(41, GTIN, signature=right), "forged", "a GTIN put into a text sealed without one")
    with_gtin = STAMP[KeyState.LIVE].sign(sealed_message(DEPLOYMENT, GTIN, 41))
    yield bad(sealed(41, signature=with_gtin), "forged", "a GTIN taken out of a text sealed with one")
    elsewhere_seal = STAMP[KeyState.LIVE].sign(sealed_message(b"\0\0\0\1", None, 41))
    yield bad(sealed(41, signature=elsewhere_seal), "forged", "the seal of another deployment")
    bare = STAMP[KeyState.LIVE].sign(b"/000000000041")
    yield bad(sealed(41, signature=bare), "forged", "a seal without its context")
    for place in (0, 31, 32, 63):
        changed = bytearray(right)
        changed[place] ^= 1
        yield bad(sealed(41, signature=bytes(changed)), "forged", f"byte {place} of a signature is another")


def malformed() -> Iterable[Case]:
    """No stamp code at all; never repaired."""
    start, code, digits = f"https://{HOST}", compact(41).rpartition("/")[2], sealed(41).removeprefix(f"https://{HOST}/")
    texts = {
        "nothing": "",
        "white space": " \t\r\n",
        "no path": start,
        "no code": f"{start}/",
        "the letter U": f"{start}/{code[:15]}U",
        "something after the code": f"{start}/{code}/extra",
        "two slashes at the end": f"{start}/{code}//",
        "two slashes at the start": f"{start}//{code}",
        "a query": f"{start}/{code}?x=1",
        "an empty query": f"{start}/{code}?",
        "a fragment": f"{start}/{code}#x",
        "a percent escape": f"{start}/{code[:15]}%30",
        "a space inside": f"{start}/{code[:8]} {code[8:]}",
        "a line break inside": f"{start}/{code[:8]}\n{code[8:]}",
        "a NUL": f"{start}/{code}\0",
        "a hyphen": f"{start}/{code[:8]}-{code[8:]}",
        "another scheme": f"ftp://{HOST}/{code}",
        "a script": "javascript://x/%0Aalert(1)",
        "a token alone": code,
        "a path alone": f"/{code}",
        "a host without a scheme": f"{HOST}/{code}",
        "another application identifier": f"{start}/02/{GTIN}/21/{code}",
        "an application identifier too many": f"{start}/01/{GTIN}/10/A/21/{code}",
        "no serial": f"{start}/01/{GTIN}",
        "a signature alone": f"{start}/{digits[:155]}",
        "a sign before the index": f"{start}/{digits[:156]}+{digits[157:]}",
        "letters in a signature": f"{start}/A{digits[1:]}",
        "letters in an index": f"{start}/{digits[:-1]}A",
        "the profiles mixed": f"{start}/{digits[:155]}/{code}",
    }
    return [bad(text, "malformed", says) for says, text in texts.items()]


def wrong_gtin() -> Iterable[Case]:
    """A GTIN that is none is malformed; one that the batch has not frozen is forged."""
    yield bad(compact(41).replace(f"{HOST}/", f"{HOST}/01/09521234000014/21/"), "malformed", "a wrong check digit")
    yield bad(sealed(41, GTIN).replace(GTIN, "09521234000014"), "malformed", "a wrong check digit in a sealed text")
    yield bad(compact(41, GTIN).replace(GTIN, GTIN[1:]), "malformed", "a GTIN-13, not padded")
    yield bad(compact(41, GTIN).replace(GTIN, "0" + GTIN), "malformed", "15 digits")
    yield bad(sealed(41, GTIN).replace(GTIN, OTHER), "forged", "another GTIN under the seal")
    zeros = "0" * 14
    yield good(
        compact(41, zeros), Made("epoch-4", 41), "the check digit of zeros is right, and no batch says otherwise"
    )
    lo, made = 1000, Made("epoch-4", 1000, "B-COMPACT-GTIN")
    yield good(compact(lo, GTIN), made, "the GTIN of the batch")
    yield bad(compact(lo, OTHER), "forged", "another GTIN than the batch's", made=made)
    yield bad(compact(lo), "forged", "no GTIN where the batch has one", made=made)
    plain = Made("epoch-3", 2000, "B-COMPACT")
    yield bad(compact(2000, GTIN, 3), "forged", "a GTIN where the batch has none", made=plain)
    seal = Made(kid(), 3000, "B-SEALED-GTIN")
    yield good(sealed(3000, GTIN), seal, "the GTIN of the batch under its seal")
    yield bad(sealed(3000, OTHER), "forged", "another GTIN than the batch's, and rightly sealed", made=seal)
    yield bad(sealed(3000), "forged", "no GTIN where the batch has one, and rightly sealed", made=seal)


def batches() -> Iterable[Case]:
    """What a batch has frozen: its range, profile, epoch and key."""
    name = "B-COMPACT"
    for index in (2000, 2099):
        yield good(compact(index, epoch=3), Made("epoch-3", index, name), "an end of the batch")
    for index in (1999, 2100):
        yield good(compact(index, epoch=3), Made("epoch-3", index), "beside the batch, and in none")
    yield good(serial(2050, 3), Made("epoch-3", 2050, name), "a typed serial")
    yield good(serial(1050), Made("epoch-4", 1050, "B-COMPACT-GTIN"), "a typed serial has no GTIN")
    yield good(serial(3050), Made("epoch-4", 3050, "B-SEALED-GTIN"), "a typed serial of a sealed stamp")
    yield bad(compact(2050), "forged", "another epoch than the batch's", made=Made("epoch-4", 2050, name))
    typed = serial(2050)
    yield bad(typed, "forged", "a serial of another epoch", made=Made("epoch-4", 2050, name))
    yield bad(sealed(2050), "forged", "sealed in a batch of compact stamps", made=Made(kid(), 2050, name))
    made = Made("epoch-4", 3050, "B-SEALED-GTIN")
    yield bad(compact(3050, GTIN), "forged", "compact in a batch of sealed stamps", made=made)
    old = STAMP[KeyState.RETIRED]
    made = Made(kid(old), 3050, "B-SEALED-GTIN")
    yield bad(sealed(3050, GTIN, old), "forged", "another key than the batch's", made=made)


def retired() -> Iterable[Case]:
    """A retired epoch or key makes nothing new; what it made stays good."""
    key = STAMP[KeyState.RETIRED]
    for gtin in (None, GTIN):
        for index in INDICES:
            yield good(compact(index, gtin, 1), Made("epoch-1", index))
            yield good(sealed(index, gtin, key), Made(kid(key), index))
    yield good(serial(41, 1), Made("epoch-1", 41))


def compromised() -> Iterable[Case]:
    """A compromised epoch or key is known to others: whatever it made is not believed, and says so."""
    key = STAMP[KeyState.COMPROMISED]
    for gtin in (None, GTIN):
        for index in INDICES:
            made = Made("epoch-2", index)
            yield bad(compact(index, gtin, 2), "forged", "the token opens", "compromised", made)
            made = Made(kid(key), index)
            yield bad(sealed(index, gtin, key), "forged", "the seal is right", "compromised", made)
    yield bad(serial(41, 2), "forged", "a typed serial", "compromised", Made("epoch-2", 41))


def foreign() -> Iterable[Case]:
    """Rightly made codes under a host that is not ours."""
    path = compact(41).removeprefix(f"https://{HOST}")
    hosts = {
        "another host": "EXAMPLE.VN",
        "a zero for an O": "T.S0NLA.VN",
        "a one for an L": "T.SON1A.VN",
        "a letter too many": "T.SONNLA.VN",
        "our host as the start of another": f"{HOST}.EXAMPLE.COM",
        "our host as the end of another": f"X{HOST}",
        "a host under ours": f"X.{HOST}",
        "the host above ours": "SONLA.VN",
        "our host as a user's name": f"{HOST}@EXAMPLE.COM",
        "a user's name before our host": f"X@{HOST}",
        "a port": f"{HOST}:8443",
        "a dot at the end": f"{HOST}.",
        "a hyphen for a dot": "T-SONLA.VN",
        "Punycode": "XN--T-SNLA-QDG.VN",
        "a percent escape": "T.S%4FNLA.VN",
        "a backslash": f"EXAMPLE.COM\\{HOST}",
    }
    for says, host in hosts.items():
        yield bad(f"https://{host}{path}", "malformed", says, "foreign")
    yield bad("https://EXAMPLE.VN/", "malformed", "another host, and no code", "foreign")
    sealed_path = sealed(41).removeprefix(f"https://{HOST}")
    yield bad(f"https://T.S0NLA.VN{sealed_path}", "malformed", "a sealed text", "foreign")
    yield bad(f"https://T.S\u041eNLA.VN{path}", "malformed", "a Cyrillic O")
    yield bad(f"https://{path}", "malformed", "no host")


def look_alikes() -> Iterable[Case]:
    """O, I and L fold in a token and a serial, and nowhere else; no letter outside ASCII folds to anything."""
    for index in range(2000, 2016):
        text = compact(index, epoch=3)
        head, code = text[:-16], text[-16:]
        if {"0", "1"} <= set(code):
            made = Made("epoch-3", index, "B-COMPACT")
            for one in "IL":
                yield good(head + code.replace("0", "O").replace("1", one), made, f"O and {one}")
                yield good((head + code.replace("0", "O").replace("1", one)).lower(), made, "and in lower case")
            typed = serial(index, 3)
            yield good(typed.replace("0", "O").replace("1", "L"), made, "in a serial")
            if "8" in code:
                yield bad(head + code.replace("8", "B", 1), "forged", "B is a character of its own")
            if "5" in code:
                yield bad(head + code.replace("5", "S", 1), "forged", "S is a character of its own")
            for char, says in (("\uff10", "a full-width zero"), ("\u0660", "an Arabic zero"), ("\u041e", "Cyrillic")):
                yield bad(head + code.replace("0", char), "malformed", says)
            yield bad(head + code.replace("1", "\u0131"), "malformed", "a dotless i, whose upper case is I")
            break
    text = sealed(41, GTIN)
    yield bad(text.replace("/01/", "/O1/"), "malformed", "O in an application identifier")
    yield bad(text.replace("/21/", "/2I/"), "malformed", "I in an application identifier")
    yield bad(text.replace(GTIN, GTIN.replace("0", "O", 1)), "malformed", "O in a GTIN")
    yield bad(text[:-12] + text[-12:].replace("0", "O", 1), "malformed", "O in an index")
    yield bad(text.replace("/0", "/O", 1), "malformed", "O in a signature")
    yield bad(
        compact(41, GTIN).replace(GTIN, GTIN.replace("0", "O", 1)), "malformed", "O in the GTIN of a compact text"
    )
    yield bad(compact(41).replace("h", "\uff48"), "malformed", "a full-width h")
    yield bad(compact(41) + "\u200b", "malformed", "a space of no width")


def folding() -> Iterable[Case]:
    """Letter case, surrounding white space, one trailing slash and the scheme http fold."""
    for text, made in (
        (compact(41), Made("epoch-4", 41)),
        (compact(1000, GTIN), Made("epoch-4", 1000, "B-COMPACT-GTIN")),
        (sealed(41), Made(kid(), 41)),
        (sealed(3000, GTIN), Made(kid(), 3000, "B-SEALED-GTIN")),
    ):
        yield good(text.lower(), made, "all in lower case")
        yield good(text.upper(), made, "all in upper case")
        yield good(text.swapcase(), made, "the other case")
        yield good(f" \t\r\n{text}\n ", made, "white space around it")
        yield good(f"{text}/", made, "a slash at the end")
        yield good(f"{text}/ ", made, "a slash and a space")
        yield good(text.replace("https", "http"), made, "the scheme http")
        yield bad(f"{text} /", "malformed", "a space before the slash")
        yield bad(f"\u00a0{text}", "malformed", "a no-break space before it")
        yield bad(f"{text}\v", "malformed", "a vertical tab after it")
    typed, made = serial(41), Made("epoch-4", 41)
    yield good(typed.lower(), made, "a serial in lower case")
    yield good(f"  {typed}\n", made, "white space around a serial")
    yield bad(f"{typed}/", "malformed", "a slash after a serial")


def serials() -> Iterable[Case]:
    """What is typed by hand: three groupings, and a check character that finds every single error."""
    typed, made = serial(41), Made("epoch-4", 41)
    bare = typed.replace("-", "")
    yield good(typed, made, "as it is printed")
    yield good(bare, made, "without hyphens")
    yield good(typed.replace("-", " "), made, "spaces for hyphens")
    for text, says in (
        (f"{bare[:4]}-{bare[4:]}", "one hyphen"),
        (typed.replace("-", " ", 1), "hyphens and spaces"),
        (typed.replace("-", "--"), "two hyphens"),
        (typed.replace("-", "\u2013"), "dashes"),
        (bare[:16], "no check character"),
        (bare + "0", "a character too many"),
        (f"U{bare[1:]}", "the letter U"),
    ):
        yield bad(text, "malformed", says)
    for place in range(17):
        char = "7" if bare[place] != "7" else "8"
        wrong = bare[:place] + char + bare[place + 1 :]
        yield bad(wrong, "malformed", f"character {place + 1} is another", "typing_error")
    for place in range(16):
        if bare[place] != bare[place + 1]:
            wrong = bare[:place] + bare[place + 1] + bare[place] + bare[place + 2 :]
            yield bad(wrong, "malformed", f"characters {place + 1} and {place + 2} are swapped", "typing_error")
    yield bad(f"{bare[:16]}U", "malformed", "the letter U as the check character", "typing_error")


def _scalar(seed: bytes) -> int:
    low = bytearray(hashlib.sha512(seed).digest()[:32])
    low[0] &= 248
    low[31] = low[31] & 127 | 64
    return int.from_bytes(low, "little")


def _with_point(point: bytes, message: bytes, key: SecretKey) -> bytes:
    """The signature that the equation of RFC 8032 holds for with a small-order R: only who has the key can make it."""
    digest = hashlib.sha512(point + key.public.public + message).digest()
    response = int.from_bytes(digest, "little") * _scalar(key.seed) % ORDER
    return point + response.to_bytes(32, "little")


def signatures() -> Iterable[Case]:
    """One signature has one spelling, of exactly 155 digits."""
    message = sealed_message(DEPLOYMENT, None, 41)
    right = STAMP[KeyState.LIVE].sign(message)
    point, response = right[:32], int.from_bytes(right[32:], "little")
    for times in (1, 2, 15):
        again = point + (response + times * ORDER).to_bytes(32, "little")
        yield bad(sealed(41, signature=again), "forged", f"S + {times} L: not canonical")
    yield bad(sealed(41, signature=point + bytes(32)), "forged", "S is zero")
    yield bad(sealed(41, signature=point + ORDER.to_bytes(32, "little")), "forged", "S is L")
    one = (1).to_bytes(32, "little")
    yield bad(sealed(41, signature=_with_point(one, message, STAMP[KeyState.LIVE])), "forged", "R is the neutral point")
    spelled_otherwise = ((1 << 255) - 18).to_bytes(32, "little")
    forged_point = _with_point(spelled_otherwise, message, STAMP[KeyState.LIVE])
    yield bad(sealed(41, signature=forged_point), "forged", "R is the neutral point, with y ≥ p")
    eighth = _with_point(ORDER_8.to_bytes(32, "little"), message, STAMP[KeyState.LIVE])
    yield bad(sealed(41, signature=eighth), "forged", "R is of order 8, which only an equation times 8 lets through")
    yield bad(sealed(41, signature=bytes(64)), "forged", "a signature of zeros")
    yield bad(sealed(41, signature=b"\xff" * 64), "forged", "the largest signature")
    start = f"https://{HOST}/"
    yield bad(f"{start}{1 << 512}/000000000041", "malformed", "2^512")
    yield bad(f"{start}{'9' * 155}/000000000041", "malformed", "155 nines")
    number = int.from_bytes(right, "big")
    yield bad(f"{start}0{number:0155d}/000000000041", "malformed", "156 digits")
    yield bad(f"{start}{number:0155d}"[:-1] + "/000000000041", "malformed", "154 digits")
    low = next(at for at in range(10_000) if STAMP[KeyState.LIVE].sign(sealed_message(DEPLOYMENT, None, at))[0] < 1)
    yield good(sealed(low), Made(kid(), low), "a signature whose first byte is zero")


def boundaries() -> Iterable[Case]:
    """The ends of every number and length."""
    raw = TOKENS._cipher(4)  # noqa: SLF001  tokens that nobody may make
    for high, low, says in (
        (0, 10**12, "the first index too large"),
        (0, (1 << 40) - 1, "40 ones"),
        (1, 41, "the lowest of the upper bits"),
        (1 << 39, 41, "the highest of the upper bits"),
    ):
        left, right = raw.encrypt(_array(high), _array(low))
        yield bad(spelled(int(left[0]) << 40 | int(right[0])), "forged", says)
    yield good(compact(LAST), Made("epoch-4", LAST), "the last index")
    yield good(sealed(LAST), Made(kid(), LAST), "the last index, sealed")
    head, text = f"https://{HOST}/", compact(41)
    yield bad(text[:-1], "malformed", "15 characters")
    yield bad(f"{text}0", "malformed", "17 characters")
    seal = sealed(41)
    yield bad(seal[:-1], "malformed", "an index of 11 digits")
    yield bad(f"{seal}0", "malformed", "an index of 13 digits")
    yield bad(head + seal.removeprefix(head).replace("/0", "/", 1), "malformed", "an index without its first zero")
    yield good(text.rjust(512), Made("epoch-4", 41), "512 characters")
    yield bad(text.rjust(513), "malformed", "513 characters")
    yield bad("0" * 513, "malformed", "513 digits")
    yield bad("https://" + "A" * 504, "malformed", "512 characters of a host", "foreign")
    yield bad("https://" + "A" * 505, "malformed", "513 characters of a host")


def _array(value: int) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    return np.array([value], dtype=np.uint64)
