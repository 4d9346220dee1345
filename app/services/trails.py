"""What was done to one thing, for whoever may see the thing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.services import audit, cases, lots, orders, organisations, printing, products, recalls, stamps
from app.services.work import Work


class Noun(StrEnum):
    """The things that have a trail, as the audit chain calls them."""

    ORGANISATION = "organisation"
    PRODUCT = "product"
    LOT = "lot"
    ORDER = "order"
    PRINT_JOB = "print_job"
    BATCH = "batch"
    RECALL = "recall"
    ALERT_CASE = "alert_case"


_GET: Mapping[Noun, Callable[[Work, UUID], Any]] = {
    Noun.ORGANISATION: organisations.get,
    Noun.PRODUCT: products.get,
    Noun.LOT: lots.get,
    Noun.ORDER: orders.get,
    Noun.PRINT_JOB: printing.get,
    Noun.BATCH: stamps.get,
    Noun.RECALL: recalls.get,
    Noun.ALERT_CASE: cases.get,
}


@dataclass(frozen=True, slots=True)
class Done:
    """One act: when (UTC microseconds), by whom (None: the system), and from which state to which."""

    seq: int
    at: int
    who: str | None
    action: str
    before: str | None
    after: str | None
    detail: str


def of(work: Work, noun: Noun, uid: UUID) -> list[Done]:
    """The trail of a thing the actor may see, the newest act first. Raises Refusal `not_found`."""
    row = _GET[noun](work, uid)
    steps = ((step.entry, step.who) for step in audit.trail(work.session, noun.value, row.id))
    # What a roll's entries add are indices of stamps, which nobody outside needs.
    return [
        Done(one.seq, one.at, who, one.action, one.before, one.after, "" if noun is Noun.BATCH else one.detail)
        for one, who in steps
    ]
