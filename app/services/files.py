"""Files by their SHA-256: bytes in the content store, one row each. Pictures are checked by content and drawn again."""

import hashlib
import io
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from app.domain.errors import Refusal
from app.models.files import StoredFile
from app.services.work import Work

LARGEST_PICTURE = 8 * 1024 * 1024
SIDE = 640
PAGE_SIDE = 1800
MOST_PAGES = 20
# A bomb of a few kilobytes can claim any size; what a telephone takes stays well below this.
MOST_PIXELS = 60_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ContentStore:
    """A folder of files named by their SHA-256, two levels deep. A file appears whole or not at all."""

    root: Path

    def path(self, sha256: str) -> Path:
        """Where a file lies. Raises ValueError for what is no SHA-256."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError("not a SHA-256")
        return self.root / sha256[:2] / sha256

    def put(self, content: bytes) -> str:
        """Keep these bytes; gives their SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(f".{os.getpid()}.part")
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        return sha256


def picture(content: bytes, *, side: int = SIDE) -> bytes:
    """An uploaded picture drawn again as WebP of at most `side` pixels, which drops all it carried. Raises Refusal."""
    if not content:
        raise Refusal("file_missing", pointer="/picture")
    if len(content) > LARGEST_PICTURE:
        raise Refusal("picture_wrong", pointer="/picture")
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG", "PNG", "WEBP"]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Refusal("picture_wrong", pointer="/picture")
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise Refusal("picture_wrong", pointer="/picture") from None
    upright.thumbnail((side, side))
    out = io.BytesIO()
    upright.save(out, "WEBP", quality=80)
    return out.getvalue()


def document(content: bytes) -> tuple[bytes, str]:
    """An uploaded test report, drawn again: a picture as WebP, a PDF as a PDF of pictures; bytes and media type.

    Nothing of what the file carried besides its looks is left: no script, no attachment, no place. Raises Refusal.
    """
    if not content.startswith(b"%PDF-"):
        try:
            return picture(content, side=PAGE_SIDE), "image/webp"
        except Refusal:
            raise Refusal("file_wrong", pointer="/file") from None
    if len(content) > LARGEST_PICTURE:
        raise Refusal("file_wrong", pointer="/file")
    return _drawn(content), "application/pdf"


def _drawn(content: bytes) -> bytes:
    import pypdfium2  # noqa: PLC0415  a heavy library, wanted by uploads of PDF only

    out = io.BytesIO()
    try:
        with pypdfium2.PdfDocument(content) as document:
            if not 0 < len(document) <= MOST_PAGES:
                raise Refusal("file_wrong", pointer="/file")
            pages = [_page(document[place]) for place in range(len(document))]
        pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=150)
    except pypdfium2.PdfiumError:
        raise Refusal("file_wrong", pointer="/file") from None
    return out.getvalue()


def _page(page: Any) -> Image.Image:
    width, height = page.get_size()
    drawn: Image.Image = page.render(scale=PAGE_SIDE / max(width, height, 1)).to_pil()
    return drawn.convert("RGB")


def keep(
    work: Work, store: ContentStore, content: bytes, *, name: str, media_type: str, organisation_id: int, public: bool
) -> StoredFile:
    """Keep bytes and their row."""
    return work.add(
        StoredFile(
            uid=work.new_id(),
            sha256=store.put(content),
            media_type=media_type,
            size=len(content),
            name=name,
            organisation_id=organisation_id,
            public=public,
            created_at=work.now,
        ),
        "file",
        "keep",
    )
