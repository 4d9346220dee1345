"""Uploads: read with a limit, checked by content and drawn again by the services, served with safe headers."""

from uuid import UUID

from flask import current_app, request, send_file
from werkzeug.wrappers import Response

from app.auth import needs, reading
from app.domain.permissions import Action
from app.services import dossiers, files
from app.services.files import ContentStore
from app.web import web


def upload(name: str) -> bytes:
    """The bytes sent in a file field, one more than allowed at most; empty where none was chosen."""
    sent = request.files.get(name)
    return sent.read(files.LARGEST_PICTURE + 1) if sent else b""


def store() -> ContentStore:
    """Where files are kept."""
    found: ContentStore = current_app.extensions["files"]
    return found


@web.get("/files/<uuid:uid>")
@needs(Action.READ_LOT)
def private_file(uid: UUID) -> Response:
    """A report or a photo of a lot, for those who may see the lot; it runs nothing and is shown nowhere else."""
    with reading() as work:
        row = dossiers.file(work, uid)
    picture = row.media_type.startswith("image/")
    name = f"{row.name}.{'webp' if picture else 'pdf'}"
    answer = send_file(store().path(row.sha256), row.media_type, as_attachment=not picture, download_name=name)
    answer.headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    answer.headers["cache-control"] = "private, no-store"
    return answer
