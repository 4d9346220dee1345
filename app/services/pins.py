"""Scratch codes: where too many wrong ones were tried, an officer who saw the pack lets the stamp answer again."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.permissions import Action
from app.models.scans import PinTry
from app.models.stamps import Batch
from app.services import checks, codes
from app.services.codes import Reader
from app.services.work import Work
from verifier.contract import TRIES_IN_ALL

# All tries on a stamp are counted together under nobody's name and no day (`verifier.claims`).
_ALL = (PinTry.who == b"") & (PinTry.day == 0)


@dataclass(frozen=True, slots=True)
class Reopening:
    """A stamp by its code or serial, and why its scratch code may be tried again."""

    stamp: str
    reason: str


def reopen(work: Work, reader: Reader, asked: Reopening) -> Batch:
    """Forget the wrong tries on a locked stamp; gives its roll. Raises Refusal where it is not locked."""
    place = codes.locate(work, reader, asked.stamp, pointer="/stamp")
    batch = place.batch
    work.may(Action.REOPEN_PIN, organisation_id=batch.organisation_id, what="stamp")
    reason = checks.text("reason", asked.reason, 500)
    stamp = batch.lo + place.position - 1
    locked = (PinTry.stamp == stamp) & _ALL & (PinTry.wrong >= TRIES_IN_ALL)
    # The wrong tries of one device on one day stay: whoever guesses goes on being slow.
    done: Any = work.session.execute(sa.delete(PinTry).where(locked))
    if not done.rowcount:
        raise Refusal("pin_not_locked", pointer="/stamp")
    work.note("reopen_pin", "batch", batch.id, after=str(place.position), detail=reason)
    return batch
