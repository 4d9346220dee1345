"""Webhooks: where an organisation's programs are told, each with a secret of its own, shown once."""

import base64
import secrets
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa

from app.domain.errors import Refusal
from app.domain.permissions import Action
from app.models.notices import Webhook
from app.models.organisations import Organisation
from app.services.work import Work

MOST = 5
LONGEST = 500


def add(work: Work, organisation: UUID, url: str) -> Webhook:
    """A webhook with its secret (`whsec_` and 32 random bytes, base64). Raises Refusal."""
    owner = work.find(Organisation, organisation, "organisation")
    work.may(Action.EDIT_ORGANISATION, organisation_id=owner.id, what="organisation")
    parts = urlsplit(url)
    if len(url) > LONGEST or parts.scheme != "https" or not parts.hostname or parts.username or parts.fragment:
        raise Refusal("webhook_url", pointer="/url")
    if len(every(work, organisation)) >= MOST:
        raise Refusal("too_many", most=MOST)
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    row = Webhook(uid=work.new_id(), organisation_id=owner.id, url=url, secret=secret, created_at=work.now)
    return work.add(row, "webhook")


def every(work: Work, organisation: UUID) -> list[Webhook]:
    """The webhooks of an organisation that are told. Raises Refusal."""
    owner = work.find(Organisation, organisation, "organisation")
    work.may(Action.EDIT_ORGANISATION, organisation_id=owner.id, what="organisation")
    live = sa.select(Webhook).where(Webhook.organisation_id == owner.id, Webhook.ended_at.is_(None))
    return list(work.session.scalars(live.order_by(Webhook.id)))


def end(work: Work, uid: UUID) -> Webhook:
    """Tell it nothing more. Raises Refusal."""
    row = work.find(Webhook, uid, "webhook")
    work.may(Action.EDIT_ORGANISATION, organisation_id=row.organisation_id, what="webhook")
    if row.ended_at is None:
        row.ended_at = work.now
        work.note("end", "webhook", row.id)
    return row
