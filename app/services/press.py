"""What stamps are printed with: the host in their links and the layouts there are, shipped and the office's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.errors import Refusal
from stamp_engine import layouts
from stamp_engine.errors import MintRefused
from stamp_engine.format import Profile, Template, choose_template
from stamp_engine.layouts import Layout, Printed

LAYOUTS = "layouts"
"""The folder in `DATA_DIR` where an office puts layouts of its own."""


@dataclass(frozen=True, slots=True)
class Press:
    """Knows before anything is ordered how large a stamp comes out."""

    host: str = "T.SONLA.VN"
    layouts: Mapping[str, Layout] = field(default_factory=layouts.shipped)

    def layout(self, name: str) -> Layout:
        """The layout of that name. Raises Refusal."""
        found = self.layouts.get(name)
        if found is None:
            raise Refusal("layout_unknown", pointer="/layout", layout=name, known=", ".join(self.layouts))
        return found

    def template(self, profile: Profile, gtin: str | None) -> Template:
        """The symbol that stamps of this kind get."""
        return choose_template(profile, self.host, gtin)

    def printed(self, name: str, template: Template, *, pins: bool) -> Printed:
        """How large its symbols are printed. Raises Refusal where that is too small, or has no room for a code."""
        layout = self.layout(name)
        if pins and layout.pin is None:
            raise Refusal("layout_without_pin", pointer="/pins", layout=layout.vi, en=layout.en)
        try:
            return layout.printed(template)
        except MintRefused:
            raise Refusal("layout_too_small", pointer="/layout", layout=layout.vi, en=layout.en) from None
