"""Forms with a file, read within a limit, whatever the sender says about their length."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from verifier.problems import Problem
from verifier.reports import LARGEST_PHOTO

LARGEST_FIELD = 16_384
MOST_FIELDS = 8
_LARGEST = LARGEST_PHOTO + MOST_FIELDS * LARGEST_FIELD


@dataclass(frozen=True, slots=True)
class Form:
    """The text fields of a form, and the file it brought, if any."""

    fields: dict[str, str] = field(default_factory=dict)
    photo: bytes | None = None


def is_multipart(request: Request) -> bool:
    """Whether the body is a form that may bring a file."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def multipart(request: Request) -> Form:
    """The form in a multipart body. Raises Problem where it is too large or broken."""
    parser = MultiPartParser(
        request.headers,
        _limited(request),
        max_files=1,
        max_fields=MOST_FIELDS,
        max_part_size=LARGEST_FIELD,
    )
    try:
        parsed = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError):
        raise Problem("bad_form") from None
    try:
        fields = {name: value for name, value in parsed.multi_items() if isinstance(value, str)}
        files = [value for _, value in parsed.multi_items() if isinstance(value, UploadFile)]
        photo = await files[0].read(LARGEST_PHOTO + 1) if files else b""
        if len(photo) > LARGEST_PHOTO:
            raise Problem("photo_too_large")
        # A form without a chosen file sends an empty one.
        return Form(fields, photo or None)
    finally:
        await parsed.close()


async def _limited(request: Request) -> AsyncGenerator[bytes, None]:
    length = 0
    async for part in request.stream():
        length += len(part)
        if length > _LARGEST:
            raise Problem("photo_too_large")
        yield part
