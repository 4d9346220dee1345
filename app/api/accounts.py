"""Accounts over the API: who there is, inviting, letting back in, closing; and the tokens of one's own programs."""

from uuid import UUID

from flask import Response, current_app, json, url_for
from pydantic import BaseModel

from app.api import ById, Paging, api, paged, plainly, stepped
from app.api.views import views
from app.auth import needs, reading, working
from app.domain.permissions import Action, RoleName
from app.models.users import User
from app.services import access, users
from app.services.access import Invitation
from app.services.work import Work


class InvitationBody(BaseModel):
    """Somebody to invite: `organisation` is a public id, `unit` the code of a commune."""

    name: str
    role: RoleName
    email: str | None = None
    phone: str | None = None
    organisation: UUID | None = None
    unit: str | None = None


class TokenRequest(BaseModel):
    """A token for one's own program."""

    name: str
    scopes: list[Action]


def _roles(row: User) -> dict[str, object]:
    return {"roles": sorted(role.name for role in row.roles), "second_factor": access.has_second(row)}


def _handed(work: Work, user: User, secret: str, status: int) -> Response:
    link = current_app.extensions["public_url"] + url_for("web.join", key=secret)
    content = {**views(work, [user])[0], **_roles(user), "link": link}
    return Response(json.dumps(content), status, content_type="application/json")


@api.get("/users")
@needs(Action.INVITE_STAFF)
def list_users(query: Paging) -> Response:
    """The accounts one looks after: all, or those of one's own organisation."""
    with reading() as work:
        return paged(work, users.page(work, query.ask()), _roles)


@api.post("/users")
@needs(Action.INVITE_STAFF)
def invite_user(body: InvitationBody) -> Response:
    """Make an account; `link`, shown once, lets its owner choose a password within a week."""
    asked = Invitation(body.name, body.role, body.email, body.phone, body.organisation, body.unit)
    with working() as work:
        return _handed(work, *access.invite(work, access.placed(work, asked)), 201)


@api.get("/users/<uuid:uid>")
@needs(Action.INVITE_STAFF)
def get_user(path: ById) -> Response:
    """One account that one looks after."""
    with reading() as work:
        row = users.get(work, path.uid)
        return plainly({**views(work, [row])[0], **_roles(row)})


@api.post("/users/<uuid:uid>/close")
@needs(Action.INVITE_STAFF)
def close_user(path: ById) -> Response:
    """Close an account: its sessions, links and tokens end at once."""
    return stepped(lambda work: access.close(work, path.uid))


@api.post("/users/<uuid:uid>/recover")
@needs(Action.MANAGE_USERS)
def recover_user(path: ById) -> Response:
    """A `link`, shown once, to a new password; the second factor ends with it."""
    with working() as work:
        secret = access.recover(work, path.uid)
        return _handed(work, users.get(work, path.uid), secret, 200)


@api.get("/tokens")
@needs()
def list_tokens() -> Response:
    """One's own tokens that still work, the newest first; never the secrets."""
    with reading() as work:
        rows = users.tokens(work)
        shown = zip(views(work, rows), rows, strict=True)
        return plainly({"items": [{**item, "scopes": row.scopes.split()} for item, row in shown]})


@api.post("/tokens")
@needs()
def issue_token(body: TokenRequest) -> Response:
    """A bearer token for one's own program, shown once."""
    with working() as work:
        secret = users.issue_token(work, body.name, tuple(body.scopes))
    return Response(json.dumps({"token": secret}), 201, content_type="application/json")


@api.post("/tokens/<uuid:uid>/revoke")
@needs()
def revoke_token(path: ById) -> Response:
    """End a token of one's own, at once."""
    return stepped(lambda work: users.revoke_token(work, path.uid))
