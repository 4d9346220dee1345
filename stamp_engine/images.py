"""One stamp as a picture, for previews and proofs."""

from io import BytesIO

from stamp_engine.format import QUIET_ZONE, Template
from stamp_engine.symbols import encode


def svg(template: Template, text: str, *, module_mm: float) -> bytes:
    """The symbol as SVG in true size, quiet zone included. Raises Malformed when the text does not fit."""
    out = BytesIO()
    encode(template, text).save(out, kind="svg", scale=module_mm, unit="mm", border=QUIET_ZONE, xmldecl=False)
    return out.getvalue()


def png(template: Template, text: str, *, dots: int) -> bytes:
    """The symbol as a 1-bit PNG with `dots` pixels a module, quiet zone included. Raises Malformed."""
    out = BytesIO()
    encode(template, text).save(out, kind="png", scale=dots, border=QUIET_ZONE)
    return out.getvalue()
