"""A poster of a product to share or to print: its picture, its stars, who makes it, and how to check a stamp.

Drawn here, so that it looks the same everywhere; its code leads to the page where a stamp is checked, and is no stamp.
"""

import io
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import segno
from PIL import Image, ImageDraw, ImageFont, ImageOps

from app.domain.errors import Text
from app.services.shopfront import Shopfront
from stamp_engine import fonts

HOW = Text(
    "Quét tem QR trên sản phẩm để kiểm tra.\nMã này mở trang kiểm tra tem.",
    "Scan the QR stamp on the pack to check it.\nThis code opens the page that checks stamps.",
)
SIZE = (1080, 1440)
_TEA, _PLUM, _INK, _PAPER, _GOLD = "#1f6b4a", "#c8456e", "#1d2939", "#fcfcfb", "#d69e2e"
_PICTURE = (0, 0, 1080, 720)
_MARGIN = 64
_FONT = Path(fonts.__file__).with_name("NotoSans-Vietnamese.ttf")


@dataclass(frozen=True, slots=True)
class Poster:
    """What stands on a poster."""

    name: str
    pack: str
    maker: str
    address: str
    phone: str | None
    stars: int
    how: str
    address_of_check: str


def of(shown: Shopfront, how: str, public_url: str) -> Poster:
    """What stands on the poster of a product; `how` a stamp is checked, in one language."""
    product, owner = shown.product, shown.owner
    phone = _national(owner.phone)
    return Poster(product.name, product.pack, owner.name, owner.address, phone, shown.stars, how, f"{public_url}/")


def _national(phone: str | None) -> str | None:
    """A telephone number of Vietnam as people there write it."""
    return f"0{phone.removeprefix('+84')}" if phone and phone.startswith("+84") else phone


def drawn(poster: Poster, picture: Path | None) -> bytes:
    """The poster as a JPEG, which phones share as it is; a PNG of a photo is five times as large and slow to write."""
    sheet = _ground().copy()
    pen = ImageDraw.Draw(sheet)
    _photo(sheet, picture)
    y = _lines(pen, poster.name, 72, 2, 780, _TEA)
    if poster.stars:
        for at in range(poster.stars):
            _star(pen, (_MARGIN + 30 + at * 70, y + 36), 30)
        pen.text((_MARGIN + 30 + poster.stars * 70, y + 12), f"OCOP {poster.stars} sao", fill=_INK, font=_font(36))
        y += 84
    y = _lines(pen, poster.pack, 34, 1, y, _INK)
    y = _lines(pen, poster.maker, 40, 2, y + 12, _INK)
    said = poster.address if poster.phone is None else f"{poster.address} · {poster.phone}"
    _lines(pen, said, 30, 2, y, "#475467")
    _code(sheet, pen, poster)
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=88, subsampling=0)
    return out.getvalue()


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONT, size)


@lru_cache(maxsize=1)
def _ground() -> Image.Image:
    """What is the same on every poster: paper, and brocade where a picture may come."""
    sheet = Image.new("RGB", SIZE, _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.rectangle(_PICTURE, fill="#e8f3ee")
    for y in (*range(48, _PICTURE[3] - 48, 72), _PICTURE[3]):
        _brocade(pen, y)
    return sheet


def _photo(sheet: Image.Image, picture: Path | None) -> None:
    """The picture, filling the upper half; the brocade stays where there is none that can be drawn."""
    if picture is None:
        return
    try:
        with Image.open(picture, formats=["WEBP"]) as found:
            sheet.paste(ImageOps.fit(found.convert("RGB"), (_PICTURE[2], _PICTURE[3])), (0, 0))
    except OSError:
        return


def _brocade(pen: ImageDraw.ImageDraw, y: int) -> None:
    for at in range(0, SIZE[0], 40):
        for x, colour in ((at, _TEA), (at + 20, _PLUM)):
            pen.polygon([(x, y + 12), (x + 10, y), (x + 20, y + 12), (x + 10, y + 24)], fill=colour)


def _star(pen: ImageDraw.ImageDraw, centre: tuple[int, int], radius: int) -> None:
    points = [
        (
            centre[0] + (radius if turn % 2 == 0 else radius * 0.42) * math.sin(turn * math.pi / 5),
            centre[1] - (radius if turn % 2 == 0 else radius * 0.42) * math.cos(turn * math.pi / 5),
        )
        for turn in range(10)
    ]
    pen.polygon(points, fill=_GOLD)


def _lines(pen: ImageDraw.ImageDraw, text: str, size: int, most: int, y: int, colour: str) -> int:
    """So many lines of a text at most, the last one cut with an ellipsis; gives where the next may begin."""
    font, width = _font(size), SIZE[0] - 2 * _MARGIN
    words, lines = text.split(), [""]
    while words:
        wider = f"{lines[-1]} {words[0]}".strip()
        if pen.textlength(wider, font) <= width:
            lines[-1] = wider
        elif lines[-1] and len(lines) < most:
            lines.append("")
            continue
        else:
            lines[-1] = _cut(pen, wider, font, width)
            break
        words.pop(0)
    for line in lines:
        pen.text((_MARGIN, y), line, fill=colour, font=font)
        y += round(size * 1.3)
    return y


def _cut(pen: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    while text and pen.textlength(f"{text}…", font) > width:
        text = text[:-1]
    return f"{text}…"


def _code(sheet: Image.Image, pen: ImageDraw.ImageDraw, poster: Poster) -> None:
    side = 200
    symbol = io.BytesIO()
    segno.make(poster.address_of_check, error="m").save(symbol, kind="png", scale=8, border=2)
    with Image.open(symbol) as found:
        sheet.paste(found.convert("RGB").resize((side, side), Image.Resampling.NEAREST), (_MARGIN, SIZE[1] - side - 40))
    font = _font(30)
    for at, line in enumerate(poster.how.splitlines()):
        pen.text((_MARGIN + side + 32, SIZE[1] - side + 10 + at * 42), line, fill=_INK, font=font)
