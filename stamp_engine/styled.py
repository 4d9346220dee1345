"""Styled stamps for posters and shop windows: rounded modules, a house colour, a logo in the middle.

A logo hides modules, so the symbol takes the highest error correction, whatever version that needs; and it leaves here
only when an independent reader has decoded it at the size of a thumbnail and in full. Not for labels: it is larger than
a plain symbol of the same code and reads worse.

Needs `qrcode`, `pillow` and `zxing-cpp` (the extra `proof`), which a plain engine does not bring.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stamp_engine.errors import MintRefused, ReadBackFailed
from stamp_engine.format import QUIET_ZONE
from stamp_engine.readback import decoded

if TYPE_CHECKING:
    from PIL import Image

_MODULE_PX = 16
_LOGO_SHARE = 0.22
"""The logo's part of a side: 5 % of the area, where level H recovers 30 % of the codewords."""
_LEAST_CONTRAST = 4.5
_THUMBNAIL_PX = 3


@dataclass(frozen=True, slots=True)
class Style:
    """Ink and paper as (red, green, blue); the logo is a picture file, or none."""

    ink: tuple[int, int, int] = (31, 107, 74)
    paper: tuple[int, int, int] = (255, 255, 255)
    logo: Path | None = None


def draw(text: str, style: Style) -> bytes:
    """A styled symbol as PNG.

    Raises MintRefused where the colours are too close or the logo cannot be read, ReadBackFailed where what was drawn
    does not decode.
    """
    import qrcode  # noqa: PLC0415  only where marketing stamps are made
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415
    from qrcode.image.styledpil import StyledPilImage  # noqa: PLC0415
    from qrcode.image.styles.colormasks import SolidFillColorMask  # noqa: PLC0415
    from qrcode.image.styles.moduledrawers.pil import RoundedModuleDrawer  # noqa: PLC0415

    if contrast(style.ink, style.paper) < _LEAST_CONTRAST or _light(style.ink) > _light(style.paper):
        raise MintRefused("--ink is too light for its paper; choose a darker ink (contrast of at least 4.5)")
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_H, box_size=_MODULE_PX, border=QUIET_ZONE)
    code.add_data(text, optimize=4)
    code.make(fit=True)
    mask = SolidFillColorMask(back_color=style.paper, front_color=style.ink)
    made = code.make_image(image_factory=StyledPilImage, module_drawer=RoundedModuleDrawer(), color_mask=mask)
    image = made.get_image().convert("RGB")
    if style.logo is not None:
        try:
            with Image.open(style.logo) as file:
                logo = file.convert("RGBA")
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise MintRefused(f"--logo cannot be read as a picture: {error}") from None
        _place(image, logo, style.paper)
    _prove(image, text, code.modules_count + 2 * QUIET_ZONE)
    out = BytesIO()
    image.save(out, format="PNG", optimize=True)
    return out.getvalue()


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_light(one), _light(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _light(colour: tuple[int, int, int]) -> float:
    parts = [value / 255 for value in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _place(image: "Image.Image", logo: "Image.Image", paper: tuple[int, int, int]) -> None:
    """Put a logo on a field of paper in the middle, in its own proportions."""
    from PIL import Image  # noqa: PLC0415

    side = round(image.width * _LOGO_SHARE)
    logo.thumbnail((side, side), Image.Resampling.LANCZOS)
    field = Image.new("RGB", (logo.width + _MODULE_PX, logo.height + _MODULE_PX), paper)
    field.paste(logo, (_MODULE_PX // 2, _MODULE_PX // 2), logo)
    image.paste(field, ((image.width - field.width) // 2, (image.height - field.height) // 2))


def _prove(image: "Image.Image", text: str, modules: int) -> None:
    """Raises ReadBackFailed unless the picture decodes in full and at three pixels a module."""
    small = image.resize((modules * _THUMBNAIL_PX, modules * _THUMBNAIL_PX))
    for one in (image, small):
        if decoded(np.asarray(one.convert("L"))) != text:
            raise ReadBackFailed("the styled stamp does not read back; use a smaller or no logo, or a darker ink")
