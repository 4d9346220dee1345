"""Step one of a scan: is the code authentic? CPU only: no database, no cache (invariant 3).

A token or a signature names an index; the batch around that index has frozen what the rest of the text must say. A text
that says anything else was made by somebody who has seen a code, not by us: forged.
"""

from dataclasses import dataclass

from stamp_engine.errors import Forged
from stamp_engine.format import INDEX_DIGITS, Code, CompactCode, Profile, human_serial
from stamp_engine.lifecycle import KeyState
from stamp_engine.signing import KeyUse, sealed_message
from stamp_engine.signing import PublicKey as EngineKey
from stamp_engine.tokens import Opened
from verifier.contract import ReasonCode
from verifier.facts import BatchFacts, PublicKey, Snapshot
from verifier.findings import Finding, found_that

MOST_KEYS_TRIED = 2


@dataclass(frozen=True, slots=True)
class Authentic:
    """A code that a key of ours made: its stamp, what it prints, and the key's name."""

    index: int
    serial: str
    profile: Profile
    key_id: str


def check(code: Code, opened: Opened | None, facts: Snapshot, *, typed: bool) -> Authentic | Finding:
    """The stamp behind a code, or the finding that makes it forged.

    `opened` is what the opener found in a token; `typed` says the printed serial was given, which stands for the whole
    stamp and carries no GTIN.
    """
    if isinstance(code, CompactCode):
        return _compact(code, opened, facts, typed=typed)
    batch = facts.batch_of(code.index)
    deployment = (batch and batch.deployment) or facts.deployment()
    if deployment is None:
        return found_that(ReasonCode.SIGNATURE_WRONG)
    message = sealed_message(bytes.fromhex(deployment), code.gtin, code.index)
    for key in _keys(batch, facts):
        try:
            EngineKey(key.kid, KeyUse.STAMP, key.public, KeyState(key.state)).verify(message, code.signature)
        except Forged:
            continue
        if batch is not None and batch.row.profile != Profile.SEALED:
            return found_that(ReasonCode.SIGNATURE_WRONG)
        if batch is not None and batch.row.gtin != code.gtin:
            return found_that(ReasonCode.WRONG_GTIN, gtin=code.gtin or "–")
        return Authentic(code.index, f"{code.index:0{INDEX_DIGITS}d}", Profile.SEALED, key.kid)
    return found_that(ReasonCode.SIGNATURE_WRONG)


def _compact(code: CompactCode, opened: Opened | None, facts: Snapshot, *, typed: bool) -> Authentic | Finding:
    if opened is None:
        return found_that(ReasonCode.SIGNATURE_WRONG)
    batch = facts.batch_of(opened.index)
    profile = Profile.COMPACT
    if batch is not None:
        profile = Profile(batch.row.profile)
        if batch.row.epoch != opened.epoch or (profile is not Profile.COMPACT and not typed):
            return found_that(ReasonCode.SIGNATURE_WRONG)
        if not typed and batch.row.gtin != code.gtin:
            return found_that(ReasonCode.WRONG_GTIN, gtin=code.gtin or "–")
    return Authentic(opened.index, human_serial(code.token), profile, f"epoch-{opened.epoch}")


def _keys(batch: BatchFacts | None, facts: Snapshot) -> list[PublicKey]:
    """The batch's own key; outside every batch the newest live keys, to tell a forged code from an unknown one."""
    if batch is not None:
        own = facts.keys.get(batch.row.kid) if batch.row.kid else None
        return [own] if own is not None else []
    live = [key for key in facts.keys.values() if key.use == KeyUse.STAMP and key.state == KeyState.LIVE]
    return live[-MOST_KEYS_TRIED:]
