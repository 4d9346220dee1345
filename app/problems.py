"""Refusals at the edge: one table from kinds to HTTP status, RFC 9457 for programs, a page for people."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import Flask, Response, json, render_template, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from app.domain.errors import Kind, Refusal

STATUS: Mapping[Kind, int] = {
    Kind.INVALID: 422,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.STALE: 412,
    Kind.UNCONDITIONAL: 428,
}
_HTTP_WORDS: Mapping[int, tuple[str, str]] = {
    400: ("Yêu cầu không đúng dạng.", "The request is not of the right form."),
    401: ("Hãy đăng nhập.", "Sign in first."),
    404: ("Không có trang hoặc mục này.", "There is no such page or thing."),
    405: ("Địa chỉ này không nhận cách gọi đó.", "Use another method here."),
    413: ("Tệp gửi lên quá lớn.", "What was sent is too large."),
    415: ("Hãy gửi JSON.", "Send JSON."),
    429: ("Bạn thử quá nhiều lần; hãy đợi một phút.", "Too many tries; wait a minute."),
}
_OUR_FAULT = ("Hệ thống gặp lỗi; chúng tôi đã ghi nhận.", "Something failed on our side; it is on record.")

_WORDS = {"type": "object", "required": ["vi", "en"], "additionalProperties": {"type": "string"}}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "errors", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": _WORDS,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": _WORDS},
            },
        },
        "request_id": {"type": "string"},
    },
}
"""What `document` gives, as JSON Schema."""


def document(code: str, status: int, words: tuple[str, str], errors: list[dict[str, Any]]) -> dict[str, Any]:
    """A problem as JSON."""
    return {
        "type": f"/problems/{code}",
        "title": words[1],
        "status": status,
        "detail": {"vi": words[0], "en": words[1]},
        "errors": errors,
        "request_id": request.headers.get("x-request-id", "")[:64] or str(uuid4()),
    }


def of_refusal(refusal: Refusal) -> tuple[dict[str, Any], int]:
    """A refusal as a problem and its status."""
    status = 401 if refusal.code == "sign_in_failed" else STATUS[refusal.kind]
    words = (refusal.text.vi, refusal.text.en)
    errors = []
    if refusal.pointer is not None:
        errors.append({"pointer": refusal.pointer, "detail": {"vi": words[0], "en": words[1]}})
    return document(refusal.code, status, words, errors), status


def of_validation(error: ValidationError) -> tuple[dict[str, Any], int]:
    """Every field that pydantic could not read, as a problem."""
    errors = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        name = "/".join(str(part) for part in fault["loc"])
        missing = fault["type"] == "missing"
        refusal = Refusal("required" if missing else "malformed", what=name or "body")
        detail = {"vi": refusal.text.vi, "en": f"{refusal.text.en} ({fault['msg']})"}
        errors.append({"pointer": f"/{name}", "detail": detail})
    words = ("Có trường chưa đúng; hãy sửa rồi gửi lại.", "Mend the fields and send again.")
    return document("invalid", 422, words, errors), 422


def answer(content: dict[str, Any], status: int) -> Response:
    """The problem as a response."""
    return Response(json.dumps(content), status, content_type="application/problem+json")


def install(app: Flask) -> None:
    """Translate errors: JSON under `/api/` and `/openapi/`, pages elsewhere."""

    def shown(content: dict[str, Any], status: int) -> Response | tuple[str, int]:
        if request.path.startswith(("/api/", "/openapi/")):
            return answer(content, status)
        return render_template("message.html", detail=content["detail"], status=status), status

    def refused(error: Refusal) -> Response | tuple[str, int]:
        return shown(*of_refusal(error))

    def unreadable(error: ValidationError) -> Response | tuple[str, int]:
        return shown(*of_validation(error))

    def http(error: HTTPException) -> Any:
        status = error.code or 500
        if status < 400:
            return error
        words = _HTTP_WORDS.get(status, _OUR_FAULT if status >= 500 else _HTTP_WORDS[400])
        return shown(document(f"http_{status}", status, words, []), status)

    app.register_error_handler(Refusal, refused)
    app.register_error_handler(ValidationError, unreadable)
    app.register_error_handler(HTTPException, http)
