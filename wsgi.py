"""The composition root of the servers: the management side alone, or everything on one port.

gunicorn "wsgi:management()"                          the office and its API
gunicorn -k asgi wsgi:app                             the public side with the office mounted behind it
"""

from collections.abc import Sequence
from typing import Any

from a2wsgi import WSGIMiddleware
from flask import Flask
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

import config
from app.application import create as create_office
from stamp_engine.tokens import Opened
from verifier.asgi import create as create_verifier
from verifier.asgi import served
from verifier.opener import OpenerClient, OpenerDown

OFFICE = ("/office", "/static/", "/media/", "/openapi", "/api/v1/")


class _Office(BaseRoute):
    """Whatever belongs to the management side, with its path as it is."""

    def __init__(self, office: Any) -> None:
        self._office = office

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is the office's."""
        ours = scope["type"] == "http" and scope["path"].startswith(OFFICE)
        return (Match.FULL if ours else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand it over."""
        await self._office(scope, receive, send)


def management() -> Flask:
    """The management side as a WSGI application. It opens codes through the opener, like the public side."""
    settings = config.management()
    client = OpenerClient(settings.opener_socket)

    def open_tokens(tokens: Sequence[int]) -> Sequence[Opened | None]:
        try:
            return client.open(tokens)
        except OpenerDown as error:
            raise OSError(str(error)) from error

    return create_office(settings, open_tokens)


def combined() -> Starlette:
    """Both sides on one port, for the embedded default."""
    office: Any = management().wsgi_app
    return create_verifier(config.verifier(), [_Office(WSGIMiddleware(office, workers=8))])


def __getattr__(name: str) -> Starlette:
    """`app`, made when a server asks for it."""
    if name == "app":
        return served(combined())
    raise AttributeError(name)
