"""Checking a code with a key directory alone: no database, no network, no status."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from stamp_engine.errors import Foreign, Forged, Malformed
from stamp_engine.format import CompactCode, parse
from stamp_engine.keys import KeyDirectory
from stamp_engine.signing import KeyUse, sealed_message
from stamp_engine.tokens import KeyState


class Outcome(StrEnum):
    """What can be said without a database."""

    AUTHENTIC = "authentic"
    FORGED = "forged"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Checked:
    """One code's outcome, and its index where a key of ours made it."""

    outcome: Outcome
    index: int | None = None


def check(text: str, keys: KeyDirectory, hosts: Collection[str] | None = None) -> Checked:
    """Check a link or a printed serial. Without `hosts`, any host is taken as ours."""
    try:
        code = parse(text, hosts if hosts is not None else {_host(text)})
    except (Malformed, Foreign):
        return Checked(Outcome.MALFORMED)
    if isinstance(code, CompactCode):
        opened = keys.symmetric.token_keys().open([code.token])[0]
        if opened is None or opened.compromised:
            return Checked(Outcome.FORGED)
        return Checked(Outcome.AUTHENTIC, opened.index)
    message = sealed_message(keys.deployment, code.gtin, code.index)
    for key in keys.public_keys():
        if key.use is KeyUse.STAMP and key.state is not KeyState.COMPROMISED:
            try:
                key.verify(message, code.signature)
            except Forged:
                continue
            return Checked(Outcome.AUTHENTIC, code.index)
    return Checked(Outcome.FORGED)


def _host(text: str) -> str:
    return text.strip().partition("://")[2].partition("/")[0].upper()
