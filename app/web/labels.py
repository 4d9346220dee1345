"""Kinds of labels: what each looks like and how large its code is printed, before anything is ordered."""

from functools import lru_cache

from flask import Response, render_template, request

from app.auth import desk, needs, reading
from app.domain.errors import Refusal, Text
from app.domain.permissions import Action
from app.models.organisations import Organisation
from app.services import certificates, products
from app.web import member, uid_of, web
from stamp_engine.format import Profile, Template
from stamp_engine.images import preview
from stamp_engine.layouts import Layout, Printed
from stamp_engine.sheets import Face


def options() -> list[tuple[str, Text]]:
    """The layouts as choices of a form."""
    return [(layout.name, _words(layout)) for layout in desk().press.layouts.values()]


def layout_words(name: str) -> Text:
    """What a layout is called; one that was put away since keeps its name."""
    layout = desk().press.layouts.get(name)
    return Text(name, name) if layout is None else _words(layout)


@web.context_processor
def _named() -> dict[str, object]:
    return {"layout_words": layout_words}


def _words(layout: Layout) -> Text:
    dpi = "" if layout.dpi is None else f", {layout.dpi} dpi"
    return Text(layout.vi + dpi, layout.en + dpi)


@web.get("/labels")
@needs(Action.READ_ORDER)
def labels() -> str:
    """All layouts with their previews, and the printed size of a code of each kind."""
    press = desk().press
    rows = []
    for layout in press.layouts.values():
        sizes: list[tuple[Profile, Printed | None]] = []
        for profile in Profile:
            try:
                sizes.append((profile, press.printed(layout.name, press.template(profile, None), pins=False)))
            except Refusal:
                sizes.append((profile, None))
        rows.append((layout, _words(layout), sizes))
    return render_template("labels.html", rows=rows)


@lru_cache(maxsize=128)
def _drawn(layout: Layout, template: Template, face: Face, *, pins: bool) -> bytes:
    """A label is a whole sheet that is drawn and cut: what was drawn lately is kept, some 20 kB each."""
    return preview(layout, template, face, pins=pins)


@web.get("/labels/<name>.png")
@needs(Action.READ_ORDER)
def label(name: str) -> Response:
    """A label as it will be printed, with a test symbol. Asked with `product`, `profile`, `gtin=1`, `pins=1`."""
    press = desk().press
    face, gtin = Face("Chè Shan tuyết", "Hợp tác xã Ví dụ", 4), None
    product = uid_of(request.args.get("product"))
    if product is not None:
        with reading() as work:
            row = products.get(work, product)
            owner = work.session.get_one(Organisation, row.organisation_id)
            face = Face(row.name, owner.name, certificates.stars_at(work, row.id, work.now))
            gtin = row.gtin if request.args.get("gtin") else None
    template = press.template(member(Profile, request.args.get("profile", Profile.COMPACT)), gtin)
    pins = bool(request.args.get("pins"))
    press.printed(name, template, pins=pins)
    answer = Response(_drawn(press.layout(name), template, face, pins=pins), mimetype="image/png")
    answer.headers["cache-control"] = "private, max-age=300"
    return answer
