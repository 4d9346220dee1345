"""The manifest of a batch: what was minted and for whom, signed with Ed25519 over RFC 8785 bytes."""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import rfc8785

from stamp_engine.errors import Forged, ManifestInvalid
from stamp_engine.format import Profile
from stamp_engine.signing import MANIFEST_CONTEXT, KeyUse, PublicKey, SecretKey


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
    try:
        signed = json.loads(text)
        key = keys[signed["kid"]]
        content = signed["manifest"]
        manifest = Manifest(
            **{
                **content,
                "profile": Profile(content["profile"]),
                "files": tuple(sorted(content["files"].items())),
            }
        )
        if key.use is not KeyUse.MANIFEST:
            raise ManifestInvalid("the key is not a manifest key")
        key.verify(MANIFEST_CONTEXT + canonical(manifest), base64.urlsafe_b64decode(signed["signature"]))
    except (ValueError, KeyError, TypeError, AttributeError, Forged) as error:
        raise ManifestInvalid(f"the manifest does not verify: {type(error).__name__}") from None
    return manifest
