"""Minting: from keys and a block of indices to codes, sheets and a signed manifest. Lazy, in constant memory.

Everything follows from (keys, block, template), so a batch that was interrupted is minted again from the start and
comes out bit for bit the same (invariant 2). Files are written beside their names and moved into place when complete.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from stamp_engine.errors import MintRefused
from stamp_engine.format import Profile, Template, sealed_text
from stamp_engine.keys import KeyDirectory
from stamp_engine.manifest import Manifest, sign
from stamp_engine.pdf import PdfWriter
from stamp_engine.sheets import LAYOUTS, SMALLEST_MODULE_MM, Face, Layout, Sheet, module_mm
from stamp_engine.signing import sealed_message
from stamp_engine.symbols import U8, for_template
from stamp_engine.texts import compact_texts, serials

CODES, SHEETS, MANIFEST = "codes.csv", "sheets.pdf", "manifest.json"
_CHUNK = 8192
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A batch to mint. `kid` names the sealing key of sealed stamps; `created_at` is UTC microseconds."""

    batch: str
    block: range
    template: Template
    epoch: int
    kid: str | None
    pins: bool
    order: str
    product: str
    organisation: str
    created_at: int
    face: Face


@dataclass(frozen=True, slots=True)
class Wants:
    """Which files to write; `layout` is a name in `LAYOUTS`, None for no sheets."""

    codes: bool = True
    layout: str | None = "a4-40x30"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some stamps of a batch in order: texts, serials, symbols as rows of 1-bit lines, PINs where it has them."""

    start: int
    texts: list[str]
    serials: list[str]
    symbols: U8
    pins: list[str] | None


@dataclass(frozen=True, slots=True)
class Minted:
    """What came out: the signed manifest, and each file with its SHA-256."""

    manifest: str
    files: tuple[tuple[str, str], ...]


def chunks(job: Job, keys: KeyDirectory, *, size: int = _CHUNK) -> Iterator[Chunk]:
    """The stamps of a batch, some at a time. Raises KeyStoreError where a key is missing."""
    table = for_template(job.template)
    tokens, pins = keys.symmetric.token_keys(), keys.symmetric.pin_keys()
    for start in range(job.block.start, job.block.stop, size):
        indices = np.arange(start, min(start + size, job.block.stop), dtype=np.uint64)
        high, low = tokens.seal(indices, job.epoch)
        numbers: list[int] = indices.tolist()
        if job.template.profile is Profile.COMPACT:
            texts, symbols = compact_texts(job.template, high, low), table.draw_compact(high, low)
        else:
            key = keys.stamp_key(job.kid)
            signatures = [key.sign(sealed_message(keys.deployment, job.template.gtin, index)) for index in numbers]
            symbols = table.draw_sealed(indices.astype(np.int64), signatures)
            pairs = zip(numbers, signatures, strict=True)
            texts = [sealed_text(job.template, index, signature) for index, signature in pairs]
        digits = [pins.pin(index) for index in numbers] if job.pins else None
        yield Chunk(start, texts, serials(high, low), symbols, digits)


def layout_for(name: str, template: Template) -> Layout:
    """The layout of that name, if its modules are large enough to be read. Raises MintRefused."""
    layout = LAYOUTS.get(name)
    if layout is None:
        raise MintRefused(f"there is no layout {name!r}; choose one of {', '.join(LAYOUTS)}")
    if module_mm(layout, template) < SMALLEST_MODULE_MM:
        raise MintRefused(
            f"layout {name} would print modules of {module_mm(layout, template):.2f} mm; "
            f"{SMALLEST_MODULE_MM} mm is the least. Choose a larger label or a shorter STAMP_HOST"
        )
    return layout


def mint(job: Job, keys: KeyDirectory, out: Path, wants: Wants, progress: Progress = lambda _: None) -> Minted:
    """Write the files of a batch into `out` and sign its manifest. `progress` hears how many stamps are done.

    Raises MintRefused, KeyStoreError.
    """
    layout = layout_for(wants.layout, job.template) if wants.layout is not None else None
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        codes = _Codes(stack.enter_context(_part(out, CODES)), pins=job.pins) if wants.codes else None
        pages = _Pages(stack.enter_context(_part(out, SHEETS)), layout, job) if layout is not None else None
        for chunk in chunks(job, keys, size=_chunk_size(layout)):
            if codes is not None:
                codes.write(chunk, job.block.start)
            if pages is not None:
                pages.write(chunk)
            progress(chunk.start + len(chunk.texts) - job.block.start)
        if pages is not None:
            pages.close()
    names = [name for name, wanted in ((CODES, codes), (SHEETS, pages)) if wanted is not None]
    files = tuple((name, _settle(out, name)) for name in names)
    text = sign(_manifest(job, keys, files), keys.manifest_key())
    with _part(out, MANIFEST) as file:
        file.write(text.encode())
    _settle(out, MANIFEST)
    return Minted(text, files)


def _chunk_size(layout: Layout | None) -> int:
    """A whole number of sheets, so that a page never needs two chunks."""
    return _CHUNK if layout is None else max(1, _CHUNK // layout.per_page) * layout.per_page


def _manifest(job: Job, keys: KeyDirectory, files: tuple[tuple[str, str], ...]) -> Manifest:
    template = job.template
    return Manifest(
        deployment=keys.deployment.hex(),
        batch=job.batch,
        lo=job.block.start,
        hi=job.block.stop,
        profile=template.profile,
        host=template.host,
        gtin=template.gtin,
        version=template.version,
        ecc=template.ecc.value,
        mask=template.mask,
        epoch=job.epoch,
        kid=job.kid,
        pins=job.pins,
        product=job.product,
        organisation=job.organisation,
        order=job.order,
        created_at=job.created_at,
        files=files,
    )


def _part(out: Path, name: str) -> BinaryIO:
    return (out / f"{name}.part").open("wb")


def _settle(out: Path, name: str) -> str:
    """Move a complete file to its name; gives its SHA-256."""
    with (out / f"{name}.part").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    (out / f"{name}.part").replace(out / name)
    return digest


class _Codes:
    """The list of codes for a print house: position in the roll, serial, text, PIN where there is one."""

    def __init__(self, out: BinaryIO, *, pins: bool) -> None:
        self._out = out
        self._out.write(b"position,serial,code,pin\r\n" if pins else b"position,serial,code\r\n")

    def write(self, chunk: Chunk, start: int) -> None:
        first = chunk.start - start + 1
        if chunk.pins is None:
            rows = zip(chunk.serials, chunk.texts, strict=True)
            lines = [f"{first + place},{serial},{text}\r\n" for place, (serial, text) in enumerate(rows)]
        else:
            triples = zip(chunk.serials, chunk.texts, chunk.pins, strict=True)
            lines = [f"{first + place},{serial},{text},{pin}\r\n" for place, (serial, text, pin) in enumerate(triples)]
        self._out.write("".join(lines).encode("ascii"))


class _Pages:
    """The sheets of a batch as one PDF."""

    def __init__(self, out: BinaryIO, layout: Layout, job: Job) -> None:
        self._pdf = PdfWriter(out, *layout.page, title=f"{job.batch} {job.product}")
        self._sheet = Sheet(layout, job.template, job.face)

    def write(self, chunk: Chunk) -> None:
        size = self._sheet.layout.per_page
        for at in range(0, len(chunk.texts), size):
            pins = chunk.pins[at : at + size] if chunk.pins is not None else None
            self._pdf.page(self._sheet.page(chunk.symbols[at : at + size], chunk.serials[at : at + size], pins))

    def close(self) -> None:
        self._pdf.close()


def read_codes(path: Path) -> Iterator[str]:
    """The texts in a list of codes, in order."""
    with path.open(encoding="ascii", newline="") as file:
        for row in csv.DictReader(file):
            yield row["code"]
