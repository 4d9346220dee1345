"""Whether a batch's signed manifest says the same as its row: checked once, when a stamp of it is first asked for.

A province has tens of thousands of batches and a check takes a fifth of a millisecond, so a worker that had to check
all of them before its first answer would keep phones waiting for seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stamp_engine.errors import ManifestInvalid
from stamp_engine.lifecycle import KeyState
from stamp_engine.manifest import verify
from stamp_engine.signing import KeyUse
from stamp_engine.signing import PublicKey as EngineKey
from verifier.dossier import Row

COMPROMISED = "compromised"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key as the database has it: 32 bytes; `use` is `stamp` or `manifest`."""

    kid: str
    use: str
    public: bytes
    state: str


class Manifests:
    """What manifests are found to name under some keys. Safe to share between threads, and between snapshots."""

    def __init__(self, keys: Mapping[str, PublicKey], before: "Manifests | None" = None) -> None:
        # A compromised manifest key could sign a batch that nobody ordered, so it vouches for nothing.
        self._vouching = {
            kid: key for kid, key in keys.items() if key.use == KeyUse.MANIFEST.value and key.state != COMPROMISED
        }
        self._keys = {
            key.kid: EngineKey(key.kid, KeyUse(key.use), key.public, KeyState(key.state))
            for key in self._vouching.values()
        }
        self._found = before.still(self._vouching) if before is not None else {}

    def still(self, vouching: Mapping[str, PublicKey]) -> dict[int, tuple[Row, str | None]]:
        """What is right under these keys too: what verified, where none is lost; all, where none is new."""
        if not self._vouching.items() <= vouching.items():
            return {}
        same = self._vouching == vouching
        return {key: found for key, found in self._found.copy().items() if same or found[1] is not None}

    def deployment(self, row: Row) -> str | None:
        """The deployment (hex) that a batch's manifest names, None where it does not verify or says otherwise."""
        found = self._found.get(row.id)
        if found is not None and found[0] is row:
            return found[1]
        named = found[1] if found is not None and found[0] == row else self._checked(row)
        self._found[row.id] = (row, named)
        return named

    def _checked(self, row: Row) -> str | None:
        try:
            manifest = verify(row.manifest or "", self._keys)
        except ManifestInvalid:
            return None
        said = (manifest.batch, manifest.lo, manifest.hi, manifest.profile.value, manifest.gtin, manifest.host)
        meant = (row.number, row.lo, row.hi, row.profile, row.gtin, row.host)
        keys_agree = (manifest.epoch, manifest.kid, manifest.pins) == (row.epoch, row.kid, row.pins)
        return manifest.deployment if said == meant and keys_agree else None
