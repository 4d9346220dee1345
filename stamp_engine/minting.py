"""Minting: from keys and a block of indices to codes, sheets and a signed manifest. Lazy, in constant memory.

Everything follows from (keys, block, template), so a batch that was interrupted is minted again from the start and
comes out bit for bit the same (invariant 2). Files are written beside their names and moved into place when complete.
"""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Protocol

import numpy as np

from stamp_engine.covers import header, write_test_strip
from stamp_engine.files import WholeFile
from stamp_engine.format import Profile, Template
from stamp_engine.images import Picturing
from stamp_engine.keys import KeyDirectory
from stamp_engine.layouts import Layout
from stamp_engine.manifest import Manifest, sign
from stamp_engine.sealing import seals
from stamp_engine.sheets import Face, Sheet
from stamp_engine.symbols import U8, SymbolTable, for_template
from stamp_engine.texts import characters, compact_texts, letters, lines, rows, sealed_digits, sealed_texts, serials

CODES, CODES_JSON, SHEETS, TEST_STRIP, IMAGES, MANIFEST = (
    "codes.csv",
    "codes.json",
    "sheets.pdf",
    "test-strip.pdf",
    "symbols.zip",
    "manifest.json",
)
SYMBOLS = "symbols"
"""The folder beside the keys where symbol tables are kept."""
_CHUNK = {Profile.COMPACT: 8192, Profile.SEALED: 4096}
"""Stamps at a time: enough to make NumPy worth its calls, of slow seals so few that no core ends long after another."""
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
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
    """Which files to write: lists of codes, sheets in a layout with their test strip, a picture of each symbol."""

    codes: bool = True
    codes_json: bool = False
    layout: Layout | None = None
    images: Picturing | None = None


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


def chunks(job: Job, keys: KeyDirectory, *, size: int) -> Iterator[Chunk]:
    """The stamps of a batch, some at a time. Raises KeyStoreError where a key is missing."""
    table = for_template(job.template, keys.path / SYMBOLS)
    tokens, pins = keys.symmetric.token_keys(), keys.symmetric.pin_keys()
    runs = [job.block[at : at + size] for at in range(0, len(job.block), size)]
    sealed = job.template.profile is Profile.SEALED
    signed = seals(keys.stamp_key(job.kid), keys.deployment, job.template.gtin, runs) if sealed else repeat(b"")
    for run, signatures in zip(runs, signed, strict=False):
        indices = np.arange(run.start, run.stop, dtype=np.uint64)
        token = characters(*tokens.seal(indices, job.epoch))
        spelled = letters(token)
        own = sealed_digits(run, signatures) if sealed else token
        texts = sealed_texts(job.template, own) if sealed else compact_texts(job.template, spelled)
        yield Chunk(run.start, texts, serials(spelled), table.draw(own), pins.pins(indices) if job.pins else None)


def mint(job: Job, keys: KeyDirectory, out: Path, wants: Wants, progress: Progress = lambda _: None) -> Minted:
    """Write the files of a batch into `out` and sign its manifest. `progress` hears how many stamps are done.

    Raises MintRefused before anything is written, KeyStoreError, OSError; then no file has its final name.
    """
    sheet = None if wants.layout is None else Sheet(wants.layout, job.template, job.face, pins=job.pins)
    out.mkdir(parents=True, exist_ok=True)
    files: list[WholeFile] = []
    with ExitStack() as stack:

        def opened(name: str) -> WholeFile:
            files.append(stack.enter_context(WholeFile(out, name)))
            return files[-1]

        parts: list[_Part] = []
        if wants.codes:
            parts.append(_Codes(opened(CODES), _csv(pins=job.pins)))
        if wants.codes_json:
            parts.append(_Codes(opened(CODES_JSON), _json(pins=job.pins)))
        if sheet is not None:
            parts.append(_Pages(opened(SHEETS), sheet, job, keys))
            write_test_strip(opened(TEST_STRIP), sheet.layout, job.template, job.face, pins=job.pins)
        if wants.images is not None:
            parts.append(_Pictures(opened(IMAGES), wants.images, for_template(job.template, keys.path / SYMBOLS)))
        for chunk in chunks(job, keys, size=_chunk_size(job.template.profile, wants.layout)):
            for part in parts:
                part.write(chunk, chunk.start - job.block.start)
            progress(chunk.start + len(chunk.texts) - job.block.start)
        for part in parts:
            part.close()
    digests = tuple((file.name, file.settled()) for file in files)
    text = sign(_manifest(job, keys, digests), keys.manifest_key())
    with WholeFile(out, MANIFEST) as file:
        file.write(text.encode())
    file.settled()
    return Minted(text, digests)


def _chunk_size(profile: Profile, layout: Layout | None) -> int:
    """A whole number of pages, so that a page never needs two chunks."""
    size = _CHUNK[profile]
    return size if layout is None else max(1, size // layout.per_page) * layout.per_page


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


class _Part(Protocol):
    """A file of a batch: takes its chunks in order, then is closed."""

    def write(self, chunk: Chunk, done: int) -> None:
        """Append; `done` stamps came before."""

    def close(self) -> None:
        """Write what ends it."""


@dataclass(frozen=True, slots=True)
class _ListForm:
    """How a list of codes is spelled: its head, the bytes around each value of a row, its tail."""

    head: bytes
    between: tuple[bytes, ...]
    tail: bytes


def _csv(*, pins: bool) -> _ListForm:
    extra = (b",pin", (b",",)) if pins else (b"", ())
    return _ListForm(b"position,serial,code" + extra[0] + b"\r\n", (b"", b",", b",", *extra[1], b"\r\n"), b"")


def _json(*, pins: bool) -> _ListForm:
    extra = (b'","pin":"',) if pins else ()
    return _ListForm(b"[", (b',\n{"position":', b',"serial":"', b'","code":"', *extra, b'"}'), b"\n]\n")


class _Codes:
    """The list of codes for a print house or a label printer: position, serial, text, PIN where there is one."""

    def __init__(self, out: WholeFile, form: _ListForm) -> None:
        self._out = out
        self._form = form
        out.write(form.head)

    def write(self, chunk: Chunk, done: int) -> None:
        columns = [chunk.serials, chunk.texts, *([] if chunk.pins is None else [chunk.pins])]
        written = rows(done + 1, columns, self._form.between)
        # In JSON a comma stands between rows, so the first has none before it.
        self._out.write(written[1:] if done == 0 and written.startswith(b",") else written)

    def close(self) -> None:
        self._out.write(self._form.tail)


class _Pages:
    """The sheets of a batch as one PDF."""

    def __init__(self, out: WholeFile, sheet: Sheet, job: Job, keys: KeyDirectory) -> None:
        self._sheet = sheet
        self._pdf = sheet.writer(out, title=f"{job.batch} {job.product}".strip())
        if sheet.layout.header:
            self._pdf.page(header(sheet.layout, _told(job, sheet, keys)))

    def write(self, chunk: Chunk, done: int) -> None:  # noqa: ARG002  pages are in order already
        self._sheet.write(self._pdf, chunk.symbols, chunk.serials, chunk.pins)

    def close(self) -> None:
        self._pdf.close()


_NARROW_MM = 40


def _told(job: Job, sheet: Sheet, keys: KeyDirectory) -> Sequence[str]:
    """The lines of the header page; on a narrow label only what tells rolls apart."""
    ends = np.array([job.block.start, job.block.stop - 1], dtype=np.uint64)
    first, last = lines(serials(letters(characters(*keys.symmetric.token_keys().seal(ends, job.epoch)))))
    template, printed = job.template, sheet.printed
    count = f"{len(job.block):,}".replace(",", ".")
    if sheet.layout.page[0] < _NARROW_MM:
        return (job.batch, f"{count} tem", first, "→", last)
    side = f"{printed.side_mm:.1f}".replace(".", ",")
    dots = "" if printed.dots is None else f", {printed.dots} điểm in/ô ở {sheet.layout.dpi} dpi"
    return (
        f"Lô tem / batch: {job.batch}",
        f"Từ / from: {first}",
        f"Đến / to: {last}",
        f"Số tem / stamps: {count}",
        *([f"Sản phẩm / product: {job.face.product}"] if job.face.product else []),
        *([f"Chủ thể / producer: {job.face.organisation}"] if job.face.organisation else []),
        f"Mã QR / symbol: {template.version}-{template.ecc.value}, {side} mm{dots}",
        f"Khổ / layout: {sheet.layout.vi}",
        "In đúng 100 %, không co giãn / print at 100 %, no scaling",
    )


class _Pictures:
    """A picture of each symbol, in a ZIP archive, named by position and serial."""

    def __init__(self, out: WholeFile, kind: Picturing, table: SymbolTable) -> None:
        self._zip = zipfile.ZipFile(out, "w")
        self._kind = kind
        self._table = table

    def write(self, chunk: Chunk, done: int) -> None:
        symbols = self._table.unpacked(chunk.symbols)
        for place, (modules, serial) in enumerate(zip(symbols, lines(chunk.serials), strict=True)):
            info = zipfile.ZipInfo(f"{done + place + 1:09d}-{serial}.{self._kind.suffix}", _ZIP_TIME)
            self._zip.writestr(info, self._kind.draw(modules))

    def close(self) -> None:
        self._zip.close()
