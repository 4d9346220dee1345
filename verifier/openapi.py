"""The public API as an OpenAPI 3.1 document, served at `/openapi/public.json`. Pure data beside its doors.

A test sends what the document allows, and what it does not, to every door and holds each answer to it.
"""

from collections.abc import Mapping
from typing import Any, Final

from verifier.batches import LARGEST_BATCH
from verifier.codec import LONGEST_CODE
from verifier.contract import ClaimOutcome, PlaceSource, ReasonCode, Tone, Verdict
from verifier.page_words import PHOTO, REPORTED
from verifier.problems import PROBLEMS

Json = dict[str, Any]


def _object(needed: Mapping[str, Json], **more: Json) -> Json:
    """A closed object: `needed` members are always there, `more` may be."""
    shape: Json = {"type": "object", "properties": {**needed, **more}, "additionalProperties": False}
    return {**shape, "required": list(needed)} if needed else shape


def _text(most: int | None = None, **more: Any) -> Json:
    return {"type": "string", **({} if most is None else {"maxLength": most}), **more}


def _list(items: Json, **more: Any) -> Json:
    return {"type": "array", "items": items, **more}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


_TEXT, _WHOLE, _YES = _text(), {"type": "integer"}, {"type": "boolean"}
_TIME, _DAY, _ID = _text(format="date-time"), _text(format="date"), _text(format="uuid")
_WORDS = _object({"vi": _TEXT, "en": _TEXT})
_STARS = _object(
    {"n": {"type": "integer", "minimum": 1, "maximum": 5}, "certificate": _TEXT, "valid_until": _DAY, "expired": _YES}
)

SCHEMAS: Final[Mapping[str, Json]] = {
    "Words": _WORDS,
    "Problem": _object(
        {
            "type": {"enum": [f"/problems/{code}" for code in PROBLEMS]},
            "title": _TEXT,
            "status": _WHOLE,
            "detail": _WORDS,
            "errors": _list(_object({"pointer": _TEXT, "detail": _WORDS})),
            "request_id": _TEXT,
        }
    ),
    "Place": _object(
        {
            "lat": {"type": "number", "minimum": -90, "maximum": 90},
            "lon": {"type": "number", "minimum": -180, "maximum": 180},
            "accuracy_m": {"type": "number", "minimum": 0, "maximum": 10_000_000},
        },
        source={"enum": [PlaceSource.GPS.value, PlaceSource.WIFI.value]},
    ),
    "Scan": _object(
        {"code": _text(LONGEST_CODE, minLength=1)},
        nonce=_text(64),
        device=_text(128),
        location=_ref("Place"),
        scanned_at=_text(40, format="date-time", description="set where the scan was made earlier, without a network"),
        locale=_text(16),
    ),
    "LateScan": _object(
        {"code": _text(LONGEST_CODE, minLength=1)},
        nonce=_text(64),
        device=_text(128),
        location=_ref("Place"),
        scanned_at=_text(40, format="date-time"),
        locale=_text(16),
        verdict={"enum": [verdict.value for verdict in Verdict], "description": "what the device showed offline"},
    ),
    "Batch": _object({"scans": _list({}, minItems=1, maxItems=LARGEST_BATCH, description="each as LateScan")}),
    "Reason": _object(
        {"code": {"enum": [code.value for code in ReasonCode]}, "text": _TEXT, "evidence": _or_null(_TEXT)}
    ),
    "ScanAnswer": _object(
        {
            "verdict": {"enum": [verdict.value for verdict in Verdict]},
            "tone": {"enum": [tone.value for tone in Tone]},
            "headline": _WORDS,
            "advice": _TEXT,
            "reasons": _list(_ref("Reason")),
            "first_scan": _YES,
            "scans": _or_null(
                _object(
                    {
                        "count": _WHOLE,
                        "by_you": _WHOLE,
                        "elsewhere": _WHOLE,
                        "devices": _WHOLE,
                        "first_at": _or_null(_TIME),
                        "last_at": _or_null(_TIME),
                    }
                )
            ),
            "stamp": _or_null(
                _object({"serial": _TEXT, "state": _TEXT, "profile": _TEXT, "key_id": _TEXT, "pins": _YES})
            ),
            "product": _or_null(_ref("Product")),
            "organisation": _or_null(_ref("Organisation")),
            "lot": _or_null(_ref("Lot")),
            "trace": _list(
                _object({"what": _TEXT, "where": _TEXT, "when": _DAY, "who": _TEXT, "why": _or_null(_TEXT)})
            ),
            "recall": _or_null(
                _object(
                    {
                        "number": _TEXT,
                        "reason": _TEXT,
                        "instruction": _TEXT,
                        "since": _DAY,
                        "closed_on": _or_null(_DAY),
                    }
                )
            ),
            "receipt": _or_null(_ID),
            "checked_at": _TIME,
            "suspicion": {"type": "integer", "minimum": 0, "maximum": 3},
            "late": _YES,
        }
    ),
    "Product": _object(
        {
            "code": _TEXT,
            "gtin": _or_null(_TEXT),
            "name": _TEXT,
            "images": _list(_TEXT),
            "group": _TEXT,
            "brand": _or_null(_TEXT),
            "standards": _or_null(_TEXT),
            "description": _TEXT,
            "ingredients": _or_null(_TEXT),
            "usage": _or_null(_TEXT),
            "warnings": _or_null(_TEXT),
            "pack": _TEXT,
            "stars": _or_null(_STARS),
        }
    ),
    "Organisation": _object(
        {
            "name": _TEXT,
            "kind": _TEXT,
            "address": _TEXT,
            "phone": _or_null(_TEXT),
            "story": _or_null(_TEXT),
            "example": _YES,
        }
    ),
    "Lot": _object(
        {
            "number": _TEXT,
            "produced_on": _DAY,
            "expires_on": _or_null(_DAY),
            "facility": _TEXT,
            "tests": _list(
                _object(
                    {
                        "laboratory": _TEXT,
                        "report_no": _TEXT,
                        "criteria": _TEXT,
                        "issued_on": _DAY,
                        "valid_until": _DAY,
                        "passed": _YES,
                    }
                )
            ),
            "samples": _list(_object({"code": _TEXT, "taken_on": _DAY, "keep_until": _DAY})),
            "stars": _or_null(_STARS),
        }
    ),
    "BatchAnswer": _object(
        {
            "scans": _list(
                _object(
                    {"status": _WHOLE, "late": _YES, "conflicts": _list(_ref("Reason"))},
                    answer=_ref("ScanAnswer"),
                    problem=_ref("Problem"),
                )
            )
        }
    ),
    "Claim": _object({}, pin=_text(32, pattern="^\\s*[0-9]+\\s*$"), device=_text(128)),
    "ClaimAnswer": _object(
        {
            "outcome": {"enum": [outcome.value for outcome in ClaimOutcome]},
            "at": _or_null(_TIME),
            "place": _or_null(_TEXT),
            "tries_left": _or_null(_WHOLE),
            "locked_until": _or_null(_TIME),
        }
    ),
    "Report": _object(
        {"text": _text(2000, minLength=1)}, place=_text(200), contact=_text(120), receipt=_text(36, format="uuid")
    ),
    "ReportForm": _object(
        {"text": _text(2000, minLength=1)},
        place=_text(200),
        contact=_text(120),
        receipt=_text(36),
        photo=_text(contentMediaType="image/*", description="JPEG, PNG or WebP, 8 MB at most", format="binary"),
    ),
    "Reported": _object({"id": _ID, "state": {"enum": list(REPORTED)}}),
    "Outcome": _object(
        {
            "id": _ID,
            "state": {"enum": list(REPORTED)},
            "outcome": _or_null(_TEXT),
            "photo": _or_null({"enum": list(PHOTO)}),
            "received_at": _TIME,
            "decided_at": _or_null(_TIME),
        }
    ),
    "Accepted": _object({"id": _ID, "state": {"enum": ["accepted"]}}),
    "Keys": _object(
        {"keys": _list(_object(dict.fromkeys(("kty", "crv", "x", "kid", "use", "alg", "purpose"), _TEXT)))}
    ),
    "Snapshot": _object(
        {
            "head": _object(
                {
                    "version": _WHOLE,
                    "deployment": _TEXT,
                    "number": _WHOLE,
                    "clock": _WHOLE,
                    "issued_at": _WHOLE,
                    "records": _WHOLE,
                    "digest": _TEXT,
                }
            ),
            "kid": _TEXT,
            "signature": _TEXT,
            "since": _WHOLE,
            "removed": _list(_TEXT),
            "lines": _list(_list({}, minItems=2, maxItems=2)),
        }
    ),
    "Readiness": _object({"ready": _YES, "parts": {"type": "object", "additionalProperties": _YES}}),
}


def _answers(schema: str | None, status: int = 200, **more: Json) -> Json:
    """The answers of a door: its own, and the problems any door may have."""
    good: Json = {"description": "done"}
    if schema is not None:
        good["content"] = {"application/json": {"schema": _ref(schema)}}
    problem: Json = {
        "description": "a problem (RFC 9457)",
        "content": {"application/problem+json": {"schema": _ref("Problem")}},
    }
    return {str(status): good, **more, "4XX": problem, "503": problem}


def _body(schema: str, *, form: str | None = None) -> Json:
    content = {"application/json": {"schema": _ref(schema)}}
    if form is not None:
        content["multipart/form-data"] = {"schema": _ref(form)}
    return {"required": True, "content": content}


def _door(summary: str, answers: Json, **more: Any) -> Json:
    return {"summary": summary, "responses": answers, **more}


def _in(where: str, name: str, schema: Json, *, needed: bool = False) -> Json:
    return {"name": name, "in": where, "required": needed or where == "path", "schema": schema}


_RECEIPT = _in("path", "receipt", _ID)
_LANG = _in("query", "lang", {"enum": ["vi", "en"]})
_PROBLEM_TOO: Json = {
    "description": "could not check, or a problem",
    "content": {
        "application/json": {"schema": _ref("ScanAnswer")},
        "application/problem+json": {"schema": _ref("Problem")},
    },
}

PATHS: Final[Mapping[str, Json]] = {
    "/api/v1/scans": {
        "post": _door(
            "One scan, by its code or typed serial",
            {**_answers("ScanAnswer"), "503": _PROBLEM_TOO},
            requestBody=_body("Scan"),
        ),
        "delete": _door("Forget what is personal in all scans of this device", _answers("Accepted", 202)),
    },
    "/api/v1/scans/batch": {
        "post": _door(
            "Scans in bulk, of an enrolled device",
            _answers("BatchAnswer"),
            requestBody=_body("Batch"),
            security=[{"device": []}],
        )
    },
    "/api/v1/scans/{receipt}": {
        "delete": _door("Forget what is personal in one scan", _answers("Accepted", 202), parameters=[_RECEIPT])
    },
    "/api/v1/scans/{receipt}/claim": {
        "post": _door(
            "I bought this, or the code under the scratch layer",
            _answers("ClaimAnswer"),
            parameters=[_RECEIPT, _LANG],
            requestBody=_body("Claim"),
        )
    },
    "/api/v1/scans/{receipt}/location": {
        "post": _door(
            "Where that scan was made, by consent",
            _answers(None, 204),
            parameters=[_RECEIPT],
            requestBody=_body("Place"),
        )
    },
    "/api/v1/reports": {
        "post": _door(
            "A suspicious product, by anyone",
            _answers("Reported", 201),
            parameters=[_in("header", "Idempotency-Key", _text(255))],
            requestBody=_body("Report", form="ReportForm"),
        )
    },
    "/api/v1/reports/{receipt}": {"get": _door("What became of a report", _answers("Outcome"), parameters=[_RECEIPT])},
    "/api/v1/keys": {"get": _door("Public keys as a JSON Web Key Set", _answers("Keys"))},
    "/api/v1/snapshot": {
        "get": _door(
            "The signed offline pack for sealed stamps",
            _answers("Snapshot"),
            parameters=[_in("query", "since", {"type": "integer", "minimum": 0, "maximum": 10**15 - 1})],
        )
    },
    "/readyz": {
        "get": _door(
            "Whether scans can be answered",
            {
                **_answers("Readiness"),
                "503": {"description": "no", "content": {"application/json": {"schema": _ref("Readiness")}}},
            },
        )
    },
}


def document() -> Json:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tem điện tử Sơn La – public API", "version": "1"},
        "paths": dict(PATHS),
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {"device": {"type": "http", "scheme": "bearer"}},
        },
    }
