"""One label as it will be printed, as SVG in true millimetres. The code on it is a specimen that no key ever made."""

from markupsafe import Markup, escape

from stamp_engine.format import (
    QUIET_ZONE,
    Profile,
    Template,
    choose_template,
    compact_text,
    human_serial,
    printed_mm,
    sealed_text,
)
from stamp_engine.sheets import Layout, module_mm
from stamp_engine.symbols import matrix

_SPECIMEN = 0


def _template(profile: Profile, host: str, gtin: str | None) -> Template:
    return choose_template(profile, host, gtin)


def printed_size(layout: Layout, profile: Profile, host: str, gtin: str | None) -> float:
    """The printed side of the symbol in millimetres, quiet zone included. Raises MintRefused."""
    template = _template(profile, host, gtin)
    return round(printed_mm(template, module_mm(layout, template)), 1)


def label(
    layout: Layout, profile: Profile, host: str, gtin: str | None, words: tuple[str, str], *, pins: bool
) -> Markup:
    """The label as SVG: outline, symbol, product, producer, serial, and the scratch layer where there is one."""
    template = _template(profile, host, gtin)
    width, height = layout.label
    parts = [
        f'<svg class="label" role="img" aria-label="{escape(words[0])}" width="{width}mm" height="{height}mm"',
        f' viewBox="0 0 {width} {height}">',
        f'<rect width="{width}" height="{height}" fill="#fff" stroke="#98a2b3" stroke-width=".3"/>',
        _symbol(layout, template),
    ]
    if layout.words:
        parts += _text(layout, words)
    parts.append(f'<text x="2" y="{height - 1.2:.1f}" font-size="1.9">{human_serial(_SPECIMEN)}</text>')
    if pins:
        left, top = width * 0.58 - 0.5, height - 7.2
        parts.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="15" height="3.4" fill="#98a2b3"/>')
    return Markup("".join(parts) + "</svg>")  # noqa: S704  every word in it is escaped, the rest are numbers


def _symbol(layout: Layout, template: Template) -> str:
    text = (
        compact_text(template, _SPECIMEN)
        if template.profile is Profile.COMPACT
        else sealed_text(template, _SPECIMEN, bytes(64))
    )
    side = module_mm(layout, template)
    at = QUIET_ZONE * side
    path = "".join(
        f"M{column} {row}h1v1h-1z"
        for row, line in enumerate(matrix(template, text).tolist())
        for column, dark in enumerate(line)
        if dark
    )
    return f'<path transform="translate({at:.3f} {at:.3f}) scale({side:.4f})" d="{path}"/>'


def _text(layout: Layout, words: tuple[str, str]) -> list[str]:
    left = layout.symbol + 0.5
    room = max(6, int((layout.label[0] - left) / 1.15))
    product, producer = words
    lines = [(2.3, line) for line in _wrapped(product, room)[:3]]
    lines += [(1.9, line) for line in (*_wrapped(producer, room + 3)[:2], *_wrapped("Quét để kiểm tra", room + 3))]
    found, y = [], 4.0
    for size, line in lines:
        found.append(f'<text x="{left}" y="{y:.1f}" font-size="{size}">{escape(line)}</text>')
        y += size * 1.25
    return found


def _wrapped(text: str, most: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(longer) > most:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
