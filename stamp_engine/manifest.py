"""The manifest of a batch: what was minted and for whom, signed with Ed25519 over RFC 8785 bytes."""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import rfc8785

from stamp_engine.errors import Forged, ManifestInvalid
from stamp_engine.format import Profile
from stamp_engine.signing import MANIFEST_CONTEXT, KeyUse, PublicKey, SecretKey

LONGEST = 1 << 16


@dataclass(frozen=True, slots=True)
class Manifest:
    """Stamps lo ≤ index < hi of one batch. `files` maps each print file to its SHA-256; times are UTC microseconds."""

    deployment: str
    batch: str
    lo: int
    hi: int
    profile: Profile
    host: str
    gtin: str | None
    version: int
    ecc: str
    mask: int
    epoch: int
    kid: str | None
    pins: bool
    product: str
    organisation: str
    order: str
    created_at: int
    files: tuple[tuple[str, str], ...]


def canonical(manifest: Manifest) -> bytes:
    """The RFC 8785 bytes that are signed."""
    content = asdict(manifest)
    content["files"] = dict(manifest.files)
    content["profile"] = manifest.profile.value
    return rfc8785.dumps(content)


def sign(manifest: Manifest, key: SecretKey) -> str:
    """The signed manifest as JSON text: `{"manifest": …, "kid": …, "signature": …}`."""
    body = canonical(manifest)
    signature = base64.urlsafe_b64encode(key.sign(MANIFEST_CONTEXT + body)).decode()
    return rfc8785.dumps({"manifest": json.loads(body), "kid": key.public.kid, "signature": signature}).decode()


def verify(text: str | bytes, keys: Mapping[str, PublicKey]) -> Manifest:
    """The manifest, once a known manifest key's signature on it is right. Raises ManifestInvalid."""
    if len(text) > LONGEST:
        raise ManifestInvalid(f"a manifest has at most {LONGEST} characters")
    try:
        signed = json.loads(text, object_pairs_hook=_once)
        content, key = signed.pop("manifest"), keys[signed.pop("kid")]
        signature = _signature(signed.pop("signature"))
        if signed or key.use is not KeyUse.MANIFEST:
            raise ManifestInvalid("the key is not a manifest key, or there is more than was signed")
        files = tuple(sorted(content["files"].items()))
        manifest = Manifest(**{**content, "profile": Profile(content["profile"]), "files": files})
        key.verify(MANIFEST_CONTEXT + canonical(manifest), signature)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Forged) as error:
        raise ManifestInvalid(f"the manifest does not verify: {type(error).__name__}") from None
    return manifest


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object whose names are there once: with two, two readers could see different manifests."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _signature(text: str) -> bytes:
    """The bytes of a signature that is spelled the one right way."""
    raw = base64.urlsafe_b64decode(text)
    if base64.urlsafe_b64encode(raw).decode() != text:
        raise ValueError("not the canonical base64url of a signature")
    return raw
