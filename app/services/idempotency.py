"""The first answer to a creating request, given again to its repeats; kept in the effect's own transaction."""

import hashlib

from app.domain.errors import Refusal
from app.models.users import IdempotencyKey
from app.services.work import Work


def digest(method: str, path: str, body: bytes) -> bytes:
    """What makes two requests the same."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).digest()


def before(work: Work, key: str, request: bytes) -> IdempotencyKey | None:
    """The answer given before, if any. Raises Refusal where the key was used for another request."""
    kept = work.session.get(IdempotencyKey, (work.actor.user_id, key))
    if kept is not None and kept.request_digest != request:
        raise Refusal("idempotency_reused")
    return kept


def keep(work: Work, key: str, request: bytes, *, status: int, body: str, location: str | None) -> None:
    """Keep the answer, in the transaction of what it tells."""
    if work.actor.user_id is None:
        raise Refusal("forbidden")
    work.session.add(
        IdempotencyKey(
            user_id=work.actor.user_id,
            key=key,
            request_digest=request,
            status=status,
            location=location,
            body=body,
            created_at=work.now,
        )
    )
