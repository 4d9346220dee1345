"""The manifest of a batch: what was minted and for whom, signed with Ed25519 over RFC 8785 bytes."""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import rfc8785

from stamp_engine.errors import Forged, ManifestInvalid
from stamp_engine.format import Profile
from stamp_engine.lifecycle import KeyState
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
    """The manifest, once the signature on it is right, by a known manifest key that is not known to others.

    A signed manifest has one spelling, so two readers cannot see two manifests in it. Raises ManifestInvalid.
    """
    if len(text) > LONGEST:
        raise ManifestInvalid(f"a manifest has at most {LONGEST} characters")
    raw = text.encode(errors="replace") if isinstance(text, str) else text
    try:
        signed = json.loads(raw)
        if rfc8785.dumps(signed) != raw.strip(b" \t\r\n"):
            raise ManifestInvalid("the manifest is not spelled as RFC 8785 has it; take the file as it was written")
        content, key = signed.pop("manifest"), keys[signed.pop("kid")]
        signature = _signature(signed.pop("signature"))
        if signed or key.use is not KeyUse.MANIFEST or key.state is KeyState.COMPROMISED:
            raise ManifestInvalid("its key vouches for no manifest, or there is more than was signed")
        files = tuple(sorted(content["files"].items()))
        manifest = Manifest(**{**content, "profile": Profile(content["profile"]), "files": files})
        key.verify(MANIFEST_CONTEXT + canonical(manifest), signature)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Forged) as error:
        raise ManifestInvalid(f"the manifest does not verify: {type(error).__name__}") from None
    return manifest


def _signature(text: str) -> bytes:
    """The bytes of a signature that is spelled the one right way."""
    raw = base64.urlsafe_b64decode(text)
    if base64.urlsafe_b64encode(raw).decode() != text:
        raise ValueError("not the canonical base64url of a signature")
    return raw
