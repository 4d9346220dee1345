"""Pictures of products, for everybody: only files that are public, by their digest."""

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, current_app, send_file
from werkzeug.wrappers import Response

from app.auth import desk, for_anybody
from app.domain.errors import Refusal
from app.domain.permissions import SYSTEM
from app.models.files import StoredFile

media = Blueprint("media", __name__, url_prefix="/media")


@media.get("/<sha256>")
@for_anybody
def picture(sha256: str) -> Response:
    """One picture; it never changes, so it may be kept for ever."""
    with desk().reading(SYSTEM) as work:
        wanted: Any = sa.select(StoredFile).where(StoredFile.sha256 == sha256, StoredFile.public.is_(True)).limit(1)
        row: StoredFile | None = work.session.scalar(wanted)
    if row is None:
        raise Refusal("not_found", what="picture")
    answer = send_file(current_app.extensions["files"].path(row.sha256), mimetype=row.media_type)
    answer.headers["cache-control"] = "public, max-age=31536000, immutable"
    answer.headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    answer.headers["x-content-type-options"] = "nosniff"
    return answer
