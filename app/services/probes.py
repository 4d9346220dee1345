"""What officers see of people who try codes: the alerts, and samples of the codes they tried."""

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.permissions import Action, scopes
from app.models.probes import ProbeAlert, ProbeSample
from app.services import paging
from app.services.paging import Ask, Part
from app.services.work import Work


def page(work: Work, ask: Ask = paging.FIRST) -> Part[ProbeAlert]:
    """The alerts, the newest first. Raises Refusal."""
    _may(work)
    return paging.part(work, ProbeAlert, sa.select(ProbeAlert), ask)


def samples(work: Work, most: int = 100) -> list[ProbeSample]:
    """Samples of forged and unknown codes, the newest first. Raises Refusal."""
    _may(work)
    return list(work.session.scalars(sa.select(ProbeSample).order_by(ProbeSample.id.desc()).limit(most)))


def _may(work: Work) -> None:
    if not scopes(work.actor, Action.READ_PROBES):
        raise Refusal("forbidden")
