"""Ed25519 (RFC 8032) for sealed stamps and manifests, through libsodium, which is the fastest at hand.

libsodium refuses a non-canonical S, a small-order R or key and a non-canonical key, as a verifier must.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import nacl.bindings
import nacl.exceptions

from stamp_engine.errors import Forged
from stamp_engine.format import INDEX_DIGITS, sealed_suffix
from stamp_engine.lifecycle import KeyState

_SEALED_CONTEXT = b"SLSTAMP/1/sealed\0"
MANIFEST_CONTEXT = b"SLSTAMP/1/manifest\0"
SNAPSHOT_CONTEXT = b"SLSTAMP/1/snapshot\0"
SIGNATURE_BYTES = 64


class KeyUse(StrEnum):
    """What an Ed25519 key signs; a key has one use."""

    STAMP = "stamp"
    MANIFEST = "manifest"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half: 32 bytes, named by its RFC 7638 thumbprint."""

    kid: str
    use: KeyUse
    public: bytes
    state: KeyState = KeyState.LIVE

    def verify(self, message: bytes, signature: bytes) -> None:
        """Returns when `signature` is right; raises Forged."""
        if len(signature) != SIGNATURE_BYTES:
            raise Forged(f"a signature has {SIGNATURE_BYTES} bytes")
        try:
            nacl.bindings.crypto_sign_open(signature + message, self.public)
        except (nacl.exceptions.BadSignatureError, nacl.exceptions.ValueError):
            raise Forged("the signature is not right") from None

    def jwk(self) -> dict[str, str]:
        """The key as a JSON Web Key (RFC 8037)."""
        return {**_jwk(self.public), "kid": self.kid, "use": "sig", "alg": "EdDSA", "purpose": self.use.value}


@dataclass(frozen=True, slots=True)
class SecretKey:
    """The private half: the 32-byte seed; `repr` hides it."""

    public: PublicKey
    seed: bytes

    def __repr__(self) -> str:
        return f"SecretKey({self.public.kid})"

    @classmethod
    def from_seed(cls, seed: bytes, use: KeyUse, state: KeyState = KeyState.LIVE) -> "SecretKey":
        """The key pair of a seed of 32 random bytes."""
        public, _ = nacl.bindings.crypto_sign_seed_keypair(seed)
        return cls(PublicKey(thumbprint(public), use, public, state), seed)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature. Deterministic."""
        return self.sign_all([message])

    def sign_all(self, messages: Iterable[bytes]) -> bytes:
        """The signatures of many messages, joined."""
        sign, secret = nacl.bindings.crypto_sign, self.seed + self.public.public
        return b"".join([sign(message, secret)[:SIGNATURE_BYTES] for message in messages])


def _jwk(public: bytes) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": base64.urlsafe_b64encode(public).rstrip(b"=").decode()}


def thumbprint(public: bytes) -> str:
    """The RFC 7638 thumbprint of an Ed25519 key: 43 characters."""
    fields = _jwk(public)
    text = f'{{"crv":"{fields["crv"]}","kty":"{fields["kty"]}","x":"{fields["x"]}"}}'
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def sealed_message(deployment: bytes, gtin: str | None, index: int) -> bytes:
    """The bytes a sealed stamp's signature covers."""
    return _SEALED_CONTEXT + deployment + sealed_suffix(gtin, index).encode()


def sealed_messages(deployment: bytes, gtin: str | None, run: range) -> Iterator[bytes]:
    """The same for a run of stamps, whose messages differ in their last digits."""
    head = sealed_message(deployment, gtin, 0)[:-INDEX_DIGITS]
    return (b"%b%0*d" % (head, INDEX_DIGITS, index) for index in run)
