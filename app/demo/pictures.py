"""Pictures of the demo's products: one flat style, two tones and a soft light, drawn as SVG by these few lines."""

from collections.abc import Mapping

from app.demo.catalogue import Motif

_TONES = ("#1f6b4a", "#c8456e", "#b7791f", "#7a5c3e", "#2f6f8f", "#8a3f5c", "#4d7c2a", "#a3552b")
_SHAPES: Mapping[Motif, str] = {
    Motif.LEAF: '<path d="M160 60c70 30 80 120 0 200-80-80-70-170 0-200z" fill="{a}"/>'
    '<path d="M160 80v170M160 140l34-26M160 180l38-28M160 150l-34-26M160 190l-38-28" stroke="#fff" stroke-width="5" fill="none" opacity=".7"/>',
    Motif.FRUIT: '<circle cx="125" cy="180" r="62" fill="{a}"/><circle cx="205" cy="190" r="54" fill="{a}" opacity=".8"/>'
    '<path d="M130 118c4-36 26-52 58-56-2 30-22 52-58 56z" fill="#4d7c2a"/><circle cx="104" cy="158" r="14" fill="#fff" opacity=".35"/>',
    Motif.JAR: '<rect x="110" y="66" width="100" height="30" rx="6" fill="{b}"/>'
    '<path d="M104 100h112l10 30v120a16 16 0 0 1-16 16H110a16 16 0 0 1-16-16V130z" fill="{a}"/><rect x="112" y="160" width="96" height="62" rx="8" fill="#fff" opacity=".85"/>',
    Motif.BAG: '<path d="M96 70h128l10 190a10 10 0 0 1-10 10H96a10 10 0 0 1-10-10z" fill="{a}"/>'
    '<path d="M96 70h128v26H96z" fill="{b}"/><circle cx="160" cy="182" r="44" fill="#fff" opacity=".85"/><path d="M160 150c22 14 22 44 0 62-22-18-22-48 0-62z" fill="{b}"/>',
    Motif.BOTTLE: '<rect x="142" y="44" width="36" height="26" rx="5" fill="{b}"/>'
    '<path d="M146 70h28v46c26 14 34 32 34 56v84a14 14 0 0 1-14 14h-68a14 14 0 0 1-14-14v-84c0-24 8-42 34-56z" fill="{a}"/><rect x="120" y="176" width="80" height="58" rx="6" fill="#fff" opacity=".85"/>',
    Motif.GRAIN: '<path d="M160 270V90" stroke="{b}" stroke-width="7"/>'
    + "".join(
        f'<ellipse cx="{160 + side * 26}" cy="{y}" rx="15" ry="26" transform="rotate({side * 28} {160 + side * 26} {y})" fill="{{a}}"/>'
        for y in (100, 140, 180, 220)
        for side in (-1, 1)
    )
    + '<ellipse cx="160" cy="72" rx="14" ry="26" fill="{a}"/>',
    Motif.CUP: '<path d="M84 130h130v58a56 56 0 0 1-56 56h-18a56 56 0 0 1-56-56z" fill="{a}"/>'
    '<path d="M214 146h20a26 26 0 0 1 0 52h-22" stroke="{a}" stroke-width="12" fill="none"/><path d="M120 108c-14-20 14-28 0-50M160 108c-14-20 14-28 0-50" stroke="{b}" stroke-width="7" fill="none"/>',
    Motif.HERB: '<path d="M160 270V110" stroke="{b}" stroke-width="8"/>'
    '<path d="M160 210c-60 4-74-40-72-66 40-2 70 22 72 66zM160 170c54 0 72-36 70-66-40-2-68 20-70 66z" fill="{a}"/><circle cx="160" cy="92" r="26" fill="{b}"/>',
    Motif.CLOTH: '<rect x="84" y="64" width="152" height="206" rx="6" fill="{a}"/>'
    '<path d="M84 110h152M84 224h152" stroke="#fff" stroke-width="6"/><path d="m104 168 28-28 28 28-28 28zm56 0 28-28 28 28-28 28z" fill="{b}" stroke="#fff" stroke-width="4"/>',
    Motif.BASKET: '<path d="M80 130h160l-22 126a14 14 0 0 1-14 12h-88a14 14 0 0 1-14-12z" fill="{a}"/>'
    '<path d="M92 160h136M96 192h128M102 224h116M120 130l14 138M160 130v138M200 130l-14 138" stroke="#fff" stroke-width="4" opacity=".6"/><path d="M104 130c0-84 112-84 112 0" stroke="{b}" stroke-width="10" fill="none"/>',
    Motif.MEAT: '<path d="M84 120c40-60 130-50 150 10s-20 120-80 120-104-76-70-130z" fill="{a}"/>'
    '<path d="M112 142c26-34 80-30 92 6s-10 70-48 72-64-44-44-78z" fill="#fff" opacity=".35"/><circle cx="166" cy="176" r="16" fill="{b}"/>',
    Motif.FLOWER: '<path d="M160 270V170" stroke="#4d7c2a" stroke-width="8"/>'
    + "".join(
        f'<ellipse cx="160" cy="98" rx="22" ry="44" transform="rotate({turn} 160 140)" fill="{{a}}"/>'
        for turn in range(0, 360, 60)
    )
    + '<circle cx="160" cy="140" r="20" fill="{b}"/>',
    Motif.HOUSE: '<path d="M60 150 160 70l100 80z" fill="{b}"/><rect x="90" y="150" width="140" height="70" fill="{a}"/>',
}


def draw(motif: Motif, number: int) -> bytes:
    """The picture of product `number` as SVG, well under 30 kB."""
    one, other = _TONES[number % len(_TONES)], _TONES[(number * 3 + 2) % len(_TONES)]
    if one == other:
        other = _TONES[(number + 1) % len(_TONES)]
    shape = _SHAPES[motif].replace("{a}", one).replace("{b}", other)
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 320">'
        '<rect width="320" height="320" fill="#f6f3ec"/>'
        f'<circle cx="160" cy="170" r="128" fill="{one}" opacity=".12"/>'
        '<ellipse cx="160" cy="280" rx="92" ry="10" fill="#000" opacity=".08"/>'
        f"{shape}</svg>"
    )
    return svg.encode()
