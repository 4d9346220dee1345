"""Writes the vectors of docs/spec/vectors.md, one file a scenario: `python -m tests.vectors.make`."""

import base64
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import rfc8785

from stamp_engine.format import Profile
from stamp_engine.lifecycle import KeyState
from stamp_engine.manifest import Manifest, sign
from stamp_engine.signing import KeyUse, SecretKey
from stamp_engine.tokens import PinKeys
from tests.vectors import codes
from tests.vectors.given import (
    ALIAS,
    DEPLOYMENT,
    EPOCHS,
    GIVEN_UP,
    GTIN,
    HOST,
    INDICES,
    KEYS,
    MANIFEST,
    PIN_KEY,
    STAMP,
    STRANGER,
    Case,
    kid,
    template,
)

FOLDER = Path(__file__).parent


def scratch_codes() -> Iterable[Case]:
    """The scratch code of an index."""
    return [{"index": index, "pin": PinKeys(PIN_KEY).pin(index)} for index in (*INDICES, 2_345_678)]


def _manifest(batch: str, lo: int, profile: Profile, gtin: str | None, epoch: int) -> Manifest:
    made = template(profile, gtin)
    return Manifest(
        deployment=DEPLOYMENT.hex(),
        batch=batch,
        lo=lo,
        hi=lo + 100,
        profile=profile,
        host=HOST,
        gtin=gtin,
        version=made.version,
        ecc=made.ecc.value,
        mask=made.mask,
        epoch=epoch,
        kid=kid() if profile is Profile.SEALED else None,
        pins=False,
        product="Mận hậu “Sơn La” ví dụ",
        organisation="HTX-1",
        order="DH000001",
        created_at=1_790_000_000_000_000,
        files=(("codes.csv", "0" * 64), ("sheets.pdf", "f" * 64)),
    )


MANIFESTS = (
    _manifest("B-COMPACT-GTIN", 1000, Profile.COMPACT, GTIN, 4),
    _manifest("B-COMPACT", 2000, Profile.COMPACT, None, 3),
    _manifest("B-SEALED-GTIN", 3000, Profile.SEALED, GTIN, 4),
)


def manifests() -> Iterable[Case]:
    """Signed manifests that verify, and what must not."""
    for made in MANIFESTS:
        yield {"text": sign(made, MANIFEST), "batch": made.batch}
    right = sign(MANIFESTS[0], MANIFEST)
    yield {"says": "a line break after it", "text": f"{right}\n", "batch": MANIFESTS[0].batch}
    parts = json.loads(right)
    stranger = SecretKey.from_seed(STRANGER.seed, KeyUse.MANIFEST)
    wide = replace(MANIFESTS[0], hi=MANIFESTS[0].hi + 1)
    standard = parts["signature"].replace("-", "+").replace("_", "/")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    loose = parts["signature"][:85] + alphabet[alphabet.index(parts["signature"][85]) + 1] + "=="
    body = rfc8785.dumps(parts["manifest"])
    for says, text in (
        ("another range", right.replace('"hi":1100', '"hi":1101')),
        (
            "the manifest of another signature",
            _spelled({**parts, "manifest": json.loads(sign(wide, MANIFEST))["manifest"]}),
        ),
        ("a member more", _spelled({**parts, "note": "x"})),
        ("a member more under the signature", _spelled({**parts, "manifest": {**parts["manifest"], "note": "x"}})),
        ("a key that nobody knows", sign(MANIFESTS[0], stranger)),
        ("a key for stamps", sign(MANIFESTS[0], STAMP[KeyState.LIVE])),
        ("a key that is known to others", sign(MANIFESTS[0], GIVEN_UP)),
        ("a signature without its context", _spelled({**parts, "signature": _signed(body)})),
        ("base64 for base64url", _spelled({**parts, "signature": standard})),
        ("base64url without its padding", _spelled({**parts, "signature": parts["signature"].rstrip("=")})),
        ("base64url with bits that say nothing", _spelled({**parts, "signature": loose})),
        ("spaces", json.dumps(parts, ensure_ascii=False)),
        (
            "members in another order",
            json.dumps(dict(reversed(parts.items())), ensure_ascii=False, separators=(",", ":")),
        ),
        ("a name twice", right.replace('"lo":1000', '"lo":1000,"lo":1000')),
        ("a number spelled otherwise", right.replace('"lo":1000', '"lo":1e3')),
        ("a letter spelled otherwise", right.replace("HTX-1", "\\u0048TX-1")),
        ("cut short", right[:-1]),
        ("nothing", ""),
        ("a list", "[]"),
        ("null", "null"),
    ):
        yield {"says": says, "text": text, "batch": None}


def _spelled(content: object) -> str:
    return rfc8785.dumps(content).decode()  # type: ignore[arg-type]  # JSON


def _signed(message: bytes) -> str:
    raw = MANIFEST.sign(message)
    return base64.urlsafe_b64encode(raw).decode()


SCENARIOS = {
    "authentic": codes.authentic,
    "forged": codes.forged,
    "malformed": codes.malformed,
    "wrong-gtin": codes.wrong_gtin,
    "batches": codes.batches,
    "retired": codes.retired,
    "compromised": codes.compromised,
    "foreign-host": codes.foreign,
    "look-alikes": codes.look_alikes,
    "folding": codes.folding,
    "serials": codes.serials,
    "signatures": codes.signatures,
    "boundaries": codes.boundaries,
    "scratch-codes": scratch_codes,
    "manifests": manifests,
}


def keys() -> dict[str, object]:
    """What a reader is given. The secret halves are here because these are test keys, and no stamp has them."""
    return {
        "deployment": DEPLOYMENT.hex(),
        "hosts": [HOST, ALIAS],
        "keys": [{**key.public.jwk(), "state": key.public.state.value} for key in KEYS],
        "manifests": [sign(made, MANIFEST) for made in MANIFESTS],
        "test_epochs": [{"epoch": one.number, "state": one.state.value, "key": one.key.hex()} for one in EPOCHS],
        "test_pin_key": PIN_KEY.hex(),
    }


def files() -> dict[str, str]:
    """Every file by its name."""
    content: dict[str, object] = {"keys": keys()}
    for name, cases in SCENARIOS.items():
        content[name] = {"says": cases.__doc__, "cases": list(cases())}
    return {f"{name}.json": json.dumps(one, indent=1, ensure_ascii=False) + "\n" for name, one in content.items()}


if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).write_text(text, "utf-8")
