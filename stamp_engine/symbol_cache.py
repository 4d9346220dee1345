"""What a template's tables are made of, kept in a folder so that a second start need not probe again.

A file is a line of JSON (template, shapes), the arrays' bytes, and their SHA-256. A file that is damaged or of another
template counts as none. The digest finds accidents; whoever reads a file back must still hold some symbols drawn with
it against segno's, since a folder that others can write proves nothing (`symbols.for_template` does).
"""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stamp_engine.format import Template

U8 = npt.NDArray[np.uint8]
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Affine:
    """The symbol of all zeros, and the modules that each data bit flips: (bytes,) and (bits, bytes)."""

    base: U8
    bits: U8


def path_of(folder: Path, template: Template) -> Path:
    """The file of a template in a folder."""
    return folder / f"{hashlib.sha256(_described(template)).hexdigest()[:32]}.symbols"


def load(folder: Path, template: Template) -> Affine | None:
    """What was kept for a template; None where there is nothing, or nothing whole."""
    try:
        content = path_of(folder, template).read_bytes()
        head, _, rest = content.partition(b"\n")
        said = json.loads(head)
        body, digest = rest[:-32], rest[-32:]
        if said["template"] != _described(template).decode() or hashlib.sha256(head + body).digest() != digest:
            return None
        values = np.frombuffer(body, dtype=np.uint8)
        width = int(said["bytes"])
        rows = values.reshape(-1, width)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Affine(rows[0], rows[1:])


def save(folder: Path, template: Template, affine: Affine) -> None:
    """Keep it. A folder that cannot be written is no reason not to mint, so nothing is raised."""
    said = {"bytes": len(affine.base), "template": _described(template).decode()}
    head, body = json.dumps(said).encode(), affine.base.tobytes() + affine.bits.tobytes()
    path = path_of(folder, template)
    fresh = path.with_suffix(f".{os.getpid()}.new")
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(head + b"\n" + body + hashlib.sha256(head + body).digest())
        fresh.replace(path)


def _described(template: Template) -> bytes:
    return json.dumps({"format": _FORMAT, **asdict(template)}, sort_keys=True).encode()
