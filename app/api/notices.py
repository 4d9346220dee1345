"""One's own notices, and the webhooks of an organisation, over the API."""

from flask import Response, json
from pydantic import BaseModel, Field

from app.api import ById, Paging, api, plainly, stepped
from app.api.views import views
from app.auth import needs, reading, working
from app.domain.permissions import Action
from app.services import notices, webhooks


class NewWebhook(BaseModel):
    """Where an organisation's program is told."""

    url: str = Field(max_length=500)


@api.get("/notices")
@needs()
def list_notices(query: Paging) -> Response:
    """One's notices, the newest first, and how many are not read."""
    with reading() as work:
        part = notices.page(work, query.ask())
        shown = zip(views(work, part.rows), part.rows, strict=True)
        return plainly(
            {
                "items": [{**view, "words": notices.words(row)} for view, row in shown],
                "next": part.next,
                "unread": notices.unread(work),
            }
        )


@api.post("/notices/<uuid:uid>/read")
@needs()
def read_notice(path: ById) -> Response:
    """Mark a notice of one's own as read."""
    with working() as work:
        notices.read(work, path.uid)
    return plainly({})


@api.post("/notices/read")
@needs()
def read_notices() -> Response:
    """Mark all notices of one's own as read."""
    with working() as work:
        notices.read(work)
    return plainly({})


@api.get("/organisations/<uuid:uid>/webhooks")
@needs(Action.EDIT_ORGANISATION)
def list_webhooks(path: ById) -> Response:
    """Where an organisation's programs are told."""
    with reading() as work:
        return plainly({"items": views(work, webhooks.every(work, path.uid))})


@api.post("/organisations/<uuid:uid>/webhooks")
@needs(Action.EDIT_ORGANISATION)
def add_webhook(path: ById, body: NewWebhook) -> Response:
    """A webhook, signed per Standard Webhooks; its secret is shown once."""
    with working() as work:
        row = webhooks.add(work, path.uid, body.url)
        content = {**views(work, [row])[0], "secret": row.secret}
    return Response(json.dumps(content), 201, content_type="application/json")


@api.post("/webhooks/<uuid:uid>/end")
@needs(Action.EDIT_ORGANISATION)
def end_webhook(path: ById) -> Response:
    """Tell it nothing more."""
    return stepped(lambda work: webhooks.end(work, path.uid))
