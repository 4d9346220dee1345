"""The offline pack for sealed stamps: records as canonical lines, and a signed head over all of them.

The signature covers the whole set of records, not the way it was carried. So whoever has the set of one number and is
told what changed since can check the new set against its head, and any server may work out the changes without a key.
Specified in `docs/spec/snapshot.md`.
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import rfc8785

from stamp_engine.errors import Forged, SnapshotInvalid
from stamp_engine.signing import SNAPSHOT_CONTEXT, KeyUse, PublicKey, SecretKey

VERSION = 1
Record = tuple[str, Mapping[str, Any]]
"""A key and its values; keys sort as bytes of UTF-8."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is signed: the number of a state, its fact clock, its time in UTC microseconds, its records and digest."""

    version: int
    deployment: str
    number: int
    clock: int
    issued_at: int
    records: int
    digest: str


def line(record: Record) -> str:
    """A record as its RFC 8785 text: `["key",{…}]`."""
    return rfc8785.dumps([record[0], dict(record[1])]).decode()


def digest(lines: Iterable[str]) -> str:
    """SHA-256, in hexadecimal, over the lines in the order of their keys, each ended by a line feed."""
    hashed = sha256()
    for one in lines:
        hashed.update(one.encode() + b"\n")
    return hashed.hexdigest()


def ordered(lines: Mapping[str, str]) -> list[str]:
    """The lines of a set, by key, in the order that is digested."""
    return [lines[key] for key in sorted(lines, key=str.encode)]


def canonical(head: Head) -> bytes:
    """The RFC 8785 bytes of a head."""
    return rfc8785.dumps(asdict(head))


def sign(head: Head, key: SecretKey) -> bytes:
    """The 64-byte signature of a manifest key on a head."""
    return key.sign(SNAPSHOT_CONTEXT + canonical(head))


def apply(
    pack: Mapping[str, Any], before: Mapping[str, str], keys: Mapping[str, PublicKey]
) -> tuple[Head, dict[str, str]]:
    """The head and the lines after a pack, as `GET /api/v1/snapshot` gives it; `before` are those of its `since`.

    Raises SnapshotInvalid where the signature, the digest or the form is not right; `before` then stays what is known.
    """
    try:
        head = Head(**pack["head"])
        key = keys[pack["kid"]]
        lines = dict(before) if pack["since"] else {}
        for removed in pack["removed"]:
            lines.pop(removed, None)
        lines.update({key: line((key, values)) for key, values in pack["lines"]})
        if key.use is not KeyUse.MANIFEST or head.version != VERSION:
            raise SnapshotInvalid("the pack is of another version or signed by another kind of key")
        signature = base64.urlsafe_b64decode(pack["signature"] + "==")
        key.verify(SNAPSHOT_CONTEXT + canonical(head), signature)
    except (KeyError, TypeError, ValueError, AttributeError, Forged) as error:
        raise SnapshotInvalid(f"the pack does not verify: {type(error).__name__}") from None
    if (head.records, head.digest) != (len(lines), digest(ordered(lines))):
        raise SnapshotInvalid("the pack's records are not those that were signed; ask for the whole pack")
    return head, lines


def text(head: bytes, kid: str, signature: bytes, since: int, lines: Sequence[str], removed: Sequence[str]) -> bytes:
    """A pack as JSON, from the canonical head and lines that are stored, without reading them again."""
    signed = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    rest = json.dumps({"kid": kid, "signature": signed, "since": since, "removed": list(removed)}, ensure_ascii=False)
    return b"".join(
        (b'{"head":', head, b",", rest[1:-1].encode(), b',"lines":[\n', ",\n".join(lines).encode(), b"\n]}")
    )
