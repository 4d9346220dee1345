"""The public halves and states of keys in the database, brought in line with the key directory by who holds it."""

from collections.abc import Iterable

import sqlalchemy as sa

from app.models.keys import Epoch, SigningKey
from app.services.work import Work
from stamp_engine.lifecycle import KeyState
from stamp_engine.signing import PublicKey


def align(work: Work, keys: Iterable[PublicKey], epochs: Iterable[tuple[int, KeyState]]) -> None:
    """Write what is new, change what changed. Never takes a key away: old stamps keep needing it."""
    known = {row.kid: row for row in work.session.scalars(sa.select(SigningKey))}
    for key in keys:
        row = known.get(key.kid)
        if row is None:
            work.add(
                SigningKey(
                    kid=key.kid,
                    use=key.use.value,
                    public=key.public,
                    state=key.state.value,
                    created_at=work.now,
                    changed_at=work.now,
                ),
                "signing_key",
                "publish",
            )
        elif row.state != key.state.value:
            work.note("change", "signing_key", row.id, before=row.state, after=key.state.value)
            row.state, row.changed_at = key.state.value, work.now
    have = {row.number: row for row in work.session.scalars(sa.select(Epoch))}
    for number, state in epochs:
        epoch = have.get(number)
        if epoch is None:
            work.session.add(Epoch(number=number, state=state.value, created_at=work.now, changed_at=work.now))
            work.note("publish", "epoch", number, after=state.value)
        elif epoch.state != state.value:
            work.note("change", "epoch", number, before=epoch.state, after=state.value)
            epoch.state, epoch.changed_at = state.value, work.now
