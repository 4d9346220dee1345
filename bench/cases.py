"""What `bench.mint` times besides the command itself, each a process of its own: `python -m bench.cases NAME CASE`.

Every case prints its rate as JSON. A peer gets its texts ready-made and draws nothing but symbols: no tokens, no
serials, no words, no list of codes, no digests. That favours the peer.
"""

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stamp_engine.format import Ecc, Profile, Template, choose_template, compact_text, sealed_text

HOST, GTIN = "T.SONLA.VN", "09521234000013"
TEMPLATES: Mapping[str, Template] = {
    "compact": choose_template(Profile.COMPACT, HOST),
    "compact_gtin": choose_template(Profile.COMPACT, HOST, GTIN),
    "sealed": choose_template(Profile.SEALED, HOST),
}
SECONDS = 1.0
_TEXTS = 500
_PIECE = 1 << 20


def texts(template: Template) -> list[str]:
    """Texts of this template with arbitrary tokens or signatures, the same at every run."""
    noise = (hashlib.sha512(index.to_bytes(4, "big")).digest() for index in range(_TEXTS))
    if template.profile is Profile.COMPACT:
        return [compact_text(template, int.from_bytes(one[:10], "big")) for one in noise]
    return [sealed_text(template, index, one) for index, one in enumerate(noise)]


def per_second(draw: Callable[[str], object], given: list[str]) -> float:
    """How often a second something is drawn, once it has been drawn the first time."""
    draw(given[0])
    started, count = time.perf_counter(), 0
    while (taken := time.perf_counter() - started) < SECONDS:
        for text in given[:50]:
            draw(text)
        count += 50
    return count / taken


def zint_symbols(template: Template, *, mask: bool) -> Callable[[str], object]:
    """By zint, in memory, at the template's version and correction; with the template's mask or the best one."""
    import zint

    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.QRCODE
    symbol.option_1 = {Ecc.M: 2, Ecc.Q: 3, Ecc.H: 4}[template.ecc]
    symbol.option_2 = template.version
    # zint takes the mask, counted from one, in bits 8 to 15 (its manual, 6.6.2).
    symbol.option_3 = (template.mask + 1) << 8 if mask else 0

    def draw(text: str) -> object:
        symbol.clear()
        symbol.encode(text)
        return symbol

    return draw


def segno_symbols(template: Template, *, mask: bool) -> Callable[[str], object]:
    """By segno with our segments, for it has no optimal segmentation of its own."""
    import segno
    from segno import consts

    def draw(text: str) -> object:
        parts: Any = [(part, getattr(consts, f"MODE_{mode.name}")) for part, mode in template.segments(text)]
        return segno.make(
            parts,
            version=template.version,
            error=template.ecc.value,
            mask=template.mask if mask else None,
            boost_error=False,
            micro=False,
        )

    return draw


def qrcode_matrix(template: Template, *, mask: bool) -> Callable[[str], list[list[bool]]]:
    """By python-qrcode; `optimize=4` lets it find segments that fit the same version."""
    import qrcode
    from qrcode import constants

    level = {Ecc.M: constants.ERROR_CORRECT_M, Ecc.Q: constants.ERROR_CORRECT_Q, Ecc.H: constants.ERROR_CORRECT_H}

    def draw(text: str) -> list[list[bool]]:
        code = qrcode.QRCode(
            version=template.version,
            error_correction=level[template.ecc],
            mask_pattern=template.mask if mask else None,
            border=0,
        )
        code.add_data(text, optimize=4)
        found: list[list[bool]] = code.get_matrix()
        return found

    return draw


def runs(row: list[bool]) -> Iterator[tuple[int, int]]:
    """The dark runs of a line as (start, length)."""
    start = None
    for at, dark in enumerate([*row, False]):
        if dark and start is None:
            start = at
        elif not dark and start is not None:
            yield start, at - start
            start = None


def sheets(path: Path, place: Callable[[Any, float, float, str], None], given: list[str]) -> float:
    """A4 sheets of 45 symbols by reportlab until time is up, synced to disk; stamps a second."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.pdfgen.canvas import Canvas

    started, count = time.perf_counter(), 0
    canvas = Canvas(str(path), pagesize=A4, pageCompression=0)
    while time.perf_counter() - started < 2 * SECONDS:
        for at in range(45):
            row, column = divmod(at, 5)
            place(canvas, (5 + 40 * column) * mm, (254 - 30 * row) * mm, given[(count + at) % len(given)])
        count += 45
        canvas.showPage()
    canvas.save()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return count / (time.perf_counter() - started)


def qrcode_sheets(template: Template, *, mask: bool) -> float:
    """python-qrcode symbols, placed by reportlab as paths of runs."""
    from reportlab.lib.units import mm

    symbol = qrcode_matrix(template, mask=mask)
    side = 22 * mm / (template.size + 8)

    def place(canvas: Any, x: float, y: float, text: str) -> None:
        path = canvas.beginPath()
        for line, row in enumerate(symbol(text)):
            for start, length in runs(row):
                path.rect(x + start * side, y + (template.size - line) * side, length * side, side)
        canvas.drawPath(path, stroke=0, fill=1)

    with tempfile.TemporaryDirectory() as folder:
        return sheets(Path(folder, "sheets.pdf"), place, texts(template))


def widget_sheets(template: Template) -> float:
    """The same sheets with reportlab's own QrCodeWidget."""
    from reportlab.graphics import renderPDF
    from reportlab.graphics.barcode.qr import QrCodeWidget
    from reportlab.graphics.shapes import Drawing

    def place(canvas: Any, x: float, y: float, text: str) -> None:
        drawing = Drawing()
        drawing.add(QrCodeWidget(text, barLevel=template.ecc.value, barWidth=62, barHeight=62))
        renderPDF.draw(drawing, canvas, x, y)

    with tempfile.TemporaryDirectory() as folder:
        return sheets(Path(folder, "sheets.pdf"), place, texts(template))


def signing() -> float:
    """Bare Ed25519 signatures a second of the library in use, over messages as long as a sealed stamp's."""
    import nacl.bindings

    _, secret = nacl.bindings.crypto_sign_seed_keypair(bytes(32))
    given = [f"SLSTAMP/1/sealed\0....{text[-13:]}" for text in texts(TEMPLATES["sealed"])]
    messages = {text: text.encode() for text in given}
    return per_second(lambda text: nacl.bindings.crypto_sign(messages[text], secret), given)


def written(size: int) -> float:
    """Seconds to hash so many bytes (SHA-256), write and sync them: what the disk and the digest alone cost."""
    piece = os.urandom(_PIECE)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(buffering=0) as file:
        started = time.perf_counter()
        for at in range(0, size, _PIECE):
            part = piece[: size - at]
            digest.update(part)
            file.write(part)
        os.fsync(file.fileno())
        return time.perf_counter() - started


def warm(counts: list[int]) -> dict[str, float]:
    """Seconds a batch of each size takes in one warm process, the best of several; of a million with scratch codes too.

    Those with and without them take turns.
    """
    from stamp_engine.keys import KeyDirectory, KeyKind
    from stamp_engine.layouts import DEFAULT, shipped
    from stamp_engine.minting import Job, Wants, mint
    from stamp_engine.sheets import Face

    template, found = TEMPLATES["compact_gtin"], dict[str, float]()
    with tempfile.TemporaryDirectory() as folder:
        keys = KeyDirectory.create(Path(folder, "keys"), b"bench", KeyKind.STANDALONE)

        def took(count: int, *, pins: bool = False) -> float:
            block = keys.reserve(count)
            job = Job(
                batch="B1",
                block=block,
                template=template,
                epoch=1,
                kid=None,
                pins=pins,
                order="",
                product="",
                organisation="",
                created_at=1,
                face=Face(),
            )
            started = time.perf_counter()
            mint(job, keys, Path(folder, "out"), Wants(layout=shipped()[DEFAULT]))
            return time.perf_counter() - started

        for count in (1, *counts):
            found[str(count)] = min(took(count) for _ in range(7 if count <= 10**5 else 2))
        turns = [(took(10**6), took(10**6, pins=True)) for _ in range(4)]
        found["plain"], found["pins"] = (min(one) for one in zip(*turns, strict=True))
    return found


PEERS: Mapping[str, Callable[[Template], float]] = {
    "qrcode_reportlab": lambda template: qrcode_sheets(template, mask=False),
    "qrcode_reportlab_fixed": lambda template: qrcode_sheets(template, mask=True),
    "reportlab_widget": widget_sheets,
    "zint": lambda template: per_second(zint_symbols(template, mask=True), texts(template)),
    "zint_auto": lambda template: per_second(zint_symbols(template, mask=False), texts(template)),
    "segno_fixed": lambda template: per_second(segno_symbols(template, mask=True), texts(template)),
    "segno": lambda template: per_second(segno_symbols(template, mask=False), texts(template)),
}


def main(name: str, *given: str) -> None:
    """Run one case and print what it found; exits 3 when a peer is not installed."""
    try:
        if name == "signing":
            found: Any = signing()
        elif name == "written":
            found = written(int(given[0]))
        elif name == "warm":
            found = warm([int(count) for count in given])
        else:
            found = PEERS[name](TEMPLATES[given[0]])
    except ImportError as error:
        print(f"{error.name} is not installed", file=sys.stderr)
        sys.exit(3)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
