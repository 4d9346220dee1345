"""The Flask extensions, made once and bound to an application in `app.create`."""

from typing import Any

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect

from app.database import options, prepared
from app.models import Base

db = SQLAlchemy(metadata=Base.metadata)
login: Any = LoginManager()
csrf: Any = CSRFProtect()
limiter = Limiter(get_remote_address, storage_uri="memory://")


def bind(app: Flask, database_url: str) -> None:
    """Bind all of them."""
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options(database_url)
    db.init_app(app)
    login.init_app(app)
    csrf.init_app(app)
    limiter.init_app(app)
    with app.app_context():
        prepared(db.engine)
