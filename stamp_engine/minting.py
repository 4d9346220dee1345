"""Minting: from keys and a block of indices to codes, sheets and a signed manifest. Lazy, in constant memory.

Everything follows from (keys, block, template), so a batch that was interrupted is minted again from the start and
comes out bit for bit the same (invariant 2). Files are written beside their names and moved into place when complete.
"""

import csv
import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from stamp_engine.errors import MintRefused
from stamp_engine.format import Profile, Template, sealed_text
from stamp_engine.keys import KeyDirectory
from stamp_engine.manifest import Manifest, sign
from stamp_engine.pdf import PdfWriter, Sink
from stamp_engine.sheets import LAYOUTS, SMALLEST_MODULE_MM, Face, Layout, Sheet, module_mm
from stamp_engine.signing import sealed_message
from stamp_engine.symbols import U8, for_template
from stamp_engine.texts import compact_texts, rows, serials

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
    """Some stamps of a batch in order, one row each: texts, serials and PINs in ASCII, symbols as 1-bit lines."""

    start: int
    texts: U8
    serials: U8
    symbols: U8
    pins: U8 | None


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
            signatures = _signed(job, keys, numbers)
            symbols = table.draw_sealed(indices.astype(np.int64), signatures)
            pairs = zip(numbers, signatures, strict=True)
            spelled = "".join(sealed_text(job.template, index, signature) for index, signature in pairs)
            texts = np.frombuffer(spelled.encode(), dtype=np.uint8).reshape(len(numbers), -1)
        yield Chunk(start, texts, serials(high, low), symbols, pins.pins(indices) if job.pins else None)


def _signed(job: Job, keys: KeyDirectory, numbers: list[int]) -> list[bytes]:
    """The seals of some stamps; libsodium signs outside the interpreter's lock, so every core helps."""
    key, deployment, gtin = keys.stamp_key(job.kid), keys.deployment, job.template.gtin

    def sign_some(some: list[int]) -> list[bytes]:
        return [key.sign(sealed_message(deployment, gtin, index)) for index in some]

    cores = os.cpu_count() or 1
    step = -(-len(numbers) // cores)
    with ThreadPoolExecutor(cores) as pool:
        parts = pool.map(sign_some, [numbers[at : at + step] for at in range(0, len(numbers), step)])
        return [signature for part in parts for signature in part]


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
    files: list[_File] = []
    with ExitStack() as stack:

        def opened(name: str) -> _File:
            files.append(stack.enter_context(_File(out, name)))
            return files[-1]

        codes = _Codes(opened(CODES), pins=job.pins) if wants.codes else None
        pages = _Pages(opened(SHEETS), layout, job) if layout is not None else None
        for chunk in chunks(job, keys, size=_chunk_size(layout)):
            if codes is not None:
                codes.write(chunk, job.block.start)
            if pages is not None:
                pages.write(chunk)
            progress(chunk.start + len(chunk.texts) - job.block.start)
        if pages is not None:
            pages.close()
    digests = tuple((file.name, file.settled()) for file in files)
    text = sign(_manifest(job, keys, digests), keys.manifest_key())
    with _File(out, MANIFEST) as file:
        file.write(text.encode())
    file.settled()
    return Minted(text, digests)


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


class _File:
    """A file that is hashed as it is written, under another name until it is whole and on the disk."""

    def __init__(self, out: Path, name: str) -> None:
        self.name = name
        self._path = out / name
        self._partial = out / f"{name}.part"
        self._file = self._partial.open("wb", buffering=1 << 20)
        self._hash = hashlib.sha256()

    def write(self, content: bytes) -> None:
        """Append."""
        self._hash.update(content)
        self._file.write(content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def settled(self) -> str:
        """Give it its name; gives its SHA-256."""
        self._partial.replace(self._path)
        return self._hash.hexdigest()


class _Codes:
    """The list of codes for a print house: position in the roll, serial, text, PIN where there is one."""

    def __init__(self, out: Sink, *, pins: bool) -> None:
        self._out = out
        self._out.write(b"position,serial,code,pin\r\n" if pins else b"position,serial,code\r\n")

    def write(self, chunk: Chunk, start: int) -> None:
        columns = [chunk.serials, chunk.texts, *([] if chunk.pins is None else [chunk.pins])]
        self._out.write(rows(chunk.start - start + 1, columns))


class _Pages:
    """The sheets of a batch as one PDF."""

    def __init__(self, out: Sink, layout: Layout, job: Job) -> None:
        self._sheet = Sheet(layout, job.template, job.face, pins=job.pins)
        self._pdf = PdfWriter(out, *layout.page, title=f"{job.batch} {job.product}", shared=self._sheet.shared)

    def write(self, chunk: Chunk) -> None:
        for page in self._sheet.pages(chunk.symbols, chunk.serials, chunk.pins):
            self._pdf.page(page)

    def close(self) -> None:
        self._pdf.close()


def read_codes(path: Path) -> Iterator[str]:
    """The texts in a list of codes, in order."""
    with path.open(encoding="ascii", newline="") as file:
        for row in csv.DictReader(file):
            yield row["code"]
