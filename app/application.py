"""The management side as a WSGI application: the one place where its parts are put together."""

import time
from datetime import timedelta

import uuid_utils.compat
from flask import Flask
from flask_openapi import Info, OpenAPI  # type: ignore[attr-defined]  # it exports by name only
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

import config
from app import auth, problems, web
from app.api import api, invalid
from app.extensions import bind, csrf, db
from app.services.access import Box
from app.services.codes import Opener, Reader
from app.services.files import ContentStore
from app.services.passkeys import party
from app.services.press import LAYOUTS, Press
from app.services.work import Desk
from app.web.media import media
from stamp_engine.layouts import known

LARGEST_REQUEST = 10 * 1024 * 1024
SESSION = "sl_office"
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def create(settings: config.Management, open_tokens: Opener | None = None) -> Flask:
    """The management side as a WSGI application; `open_tokens` asks the opener, and raises OSError where it is away."""
    info = Info(title="Tem điện tử Sơn La – management API", version="1")
    app = OpenAPI(
        __name__,
        info=info,
        doc_prefix="/openapi",
        static_folder="web/static",
        template_folder="web/templates",
        security_schemes={
            "bearer": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": SESSION},
        },
        openapi_extensions={"openapi": "3.1.0"},
        validation_error_callback=invalid,
    )
    app.config.update(
        SECRET_KEY=settings.session_secret,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_NAME=SESSION,
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        WTF_CSRF_TIME_LIMIT=None,
    )
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    bind(app, settings.database_url)
    with app.app_context():
        app.extensions["desk"] = Desk(
            db.engine,
            lambda: time.time_ns() // 1000,
            uuid_utils.compat.uuid7,
            Press(settings.stamp_host, known(settings.data_dir / LAYOUTS)),
        )
    app.extensions["files"] = ContentStore(settings.data_dir / "files")
    app.extensions["print_file"] = lambda sha256: settings.data_dir / "print" / f"{sha256}.zip"
    app.extensions["codes"] = Reader(settings.stamp_hosts, open_tokens)
    app.extensions["public_url"] = settings.public_url
    app.extensions["party"] = party(settings.public_url)
    app.extensions["box"] = Box(settings.session_secret)
    app.extensions["second_factor"] = settings.second_factor
    app.extensions["two_officers_above"] = settings.two_officers_above
    auth.install(app)
    problems.install(app)
    web.install(app)
    app.register_blueprint(media)
    app.register_api(api)
    csrf.exempt(api)

    def guard(answer: Response) -> Response:
        answer.headers.setdefault("content-security-policy", POLICY)
        answer.headers.setdefault("x-content-type-options", "nosniff")
        answer.headers.setdefault("referrer-policy", "same-origin")
        answer.headers.setdefault("cache-control", "no-store")
        return answer

    app.after_request(guard)
    return app
