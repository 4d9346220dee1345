"""Passkeys (WebAuthn): enrolled by their owner, and then a way in of its own, or the second factor after a password.

A passkey is asked to verify its user (a finger, a face, a PIN), so alone it is two factors. What is kept is public: the
key's id, its public half and how often it signed. Each answer is bound to the challenge of one page of ours, which is
answered once.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
import webauthn
from webauthn.helpers import base64url_to_bytes, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.domain.errors import Refusal
from app.models.users import Passkey, SpentChallenge, User
from app.services import access, checks
from app.services.work import Work

MOST = 10
LONGEST = 20_000
CHALLENGE_US = 5 * 60 * 1_000_000
_NAME = "Tem điện tử Sơn La"
_UNREADABLE = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Party:
    """Who asks for passkeys: the host they are bound to, and the address of the pages that may use them."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Question:
    """What the browser is asked, as JSON, and the challenge that its answer must be for."""

    options: str
    challenge: bytes


def party(public_url: str) -> Party:
    """The party at this address. A passkey is bound to a name: one's own machine is `localhost`, not its number."""
    parts = urlsplit(public_url)
    host = parts.hostname or "localhost"
    if host in {"127.0.0.1", "::1"}:
        host = "localhost"
    port = f":{parts.port}" if parts.port else ""
    return Party(host, f"{parts.scheme or 'http'}://{host}{port}")


def question_to_enrol(work: Work, who: Party) -> Question:
    """What a browser is asked to make a passkey for the actor."""
    user = _self(work)
    options = webauthn.generate_registration_options(
        rp_id=who.host,
        rp_name=_NAME,
        user_name=user.email or user.phone or user.name,
        user_display_name=user.name,
        user_id=user.uid.bytes,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_named(user.passkeys),
    )
    return Question(webauthn.options_to_json(options), options.challenge)


def question_to_sign_in(who: Party, user: User | None = None) -> Question:
    """What a browser is asked to sign in: with any passkey of this office, or with one of this account."""
    options = webauthn.generate_authentication_options(
        rp_id=who.host,
        allow_credentials=_named(user.passkeys) if user is not None else None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Question(webauthn.options_to_json(options), options.challenge)


def _named(rows: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=row.credential_id) for row in rows]


def spend(work: Work, challenge: bytes, asked_at: int) -> None:
    """Take a challenge of the last five minutes, once, whatever the answer is. Raises Refusal `passkey_refused`."""
    refused = Refusal("passkey_refused", pointer="/answer")
    if not challenge or work.now - asked_at > CHALLENGE_US:
        raise refused
    # Both sides of a challenge's life are in the signed session, so an older row can refuse nothing any more.
    work.session.execute(sa.delete(SpentChallenge).where(SpentChallenge.at < work.now - CHALLENGE_US))
    work.session.add(SpentChallenge(digest=hashlib.sha256(challenge).digest(), at=asked_at))
    try:
        work.session.flush()
    except sa.exc.IntegrityError:
        raise refused from None


def enrol(work: Work, who: Party, challenge: bytes, answer: str, name: str) -> list[str]:
    """Keep the passkey a browser made for the actor; gives recovery codes where there were none. Raises Refusal."""
    user = _self(work)
    if len(user.passkeys) >= MOST:
        raise Refusal("too_many", most=MOST)
    called = checks.text("name", name, 60)
    try:
        made = webauthn.verify_registration_response(
            credential=answer[:LONGEST],
            expected_challenge=challenge,
            expected_rp_id=who.host,
            expected_origin=who.origin,
            require_user_verification=True,
        )
    except _UNREADABLE:
        raise Refusal("passkey_refused", pointer="/answer") from None
    if work.session.scalar(sa.select(Passkey.id).where(Passkey.credential_id == made.credential_id)):
        raise Refusal("already_used", pointer="/answer", what="passkey")
    work.add(
        Passkey(
            uid=work.new_id(),
            user_id=user.id,
            name=called,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            created_at=work.now,
        ),
        "passkey",
        "enrol",
    )
    return access.first_codes(work, user)


def confirm(work: Work, who: Party, challenge: bytes, answer: str, user: User | None = None) -> User:
    """Whose passkey answered: any account's, or only this one's. Raises Refusal `passkey_refused`."""
    refused = Refusal("passkey_refused", pointer="/answer")
    try:
        given = parse_authentication_credential_json(answer[:LONGEST])
    except _UNREADABLE:
        raise refused from None
    row = work.session.scalar(sa.select(Passkey).where(Passkey.credential_id == given.raw_id))
    if row is None or (user is not None and row.user_id != user.id):
        raise refused
    owner = work.session.get_one(User, row.user_id)
    if not owner.active or given.response.user_handle not in {None, b"", owner.uid.bytes}:
        raise refused
    try:
        seen = webauthn.verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=who.host,
            expected_origin=who.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except _UNREADABLE:
        raise refused from None
    # Of two answers at the same moment one wins; the counter of a copied key does not go on where the other's went.
    mark = sa.update(Passkey).where(Passkey.id == row.id, Passkey.sign_count == row.sign_count)
    values = {"sign_count": seen.new_sign_count, "last_used_at": work.now}
    done: Any = work.session.execute(mark.values(values).execution_options(synchronize_session=False))
    if done.rowcount != 1:
        raise refused
    return owner


def remove(work: Work, uid: UUID) -> None:
    """Take a passkey of one's own away. Raises Refusal `not_found`."""
    row = work.find(Passkey, uid, "passkey")
    if row.user_id != work.actor.user_id:
        raise Refusal("not_found", what="passkey")
    work.session.delete(row)
    work.note("remove", "passkey", row.id)


def own(work: Work) -> list[Passkey]:
    """The actor's passkeys, the oldest first."""
    return list(_self(work).passkeys)


def _self(work: Work) -> User:
    if work.actor.user_id is None:
        raise Refusal("forbidden")
    return work.session.get_one(User, work.actor.user_id)


def challenge_of(text: str) -> bytes:
    """A challenge as a session keeps it."""
    return base64url_to_bytes(text)
