"""The public pages, rendered whole on the server: verdict first, no script needed, one style and one script inline.

The content security policy names the hashes of exactly these two, so that nothing else runs or styles.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from types import SimpleNamespace
from typing import Final
from uuid import UUID

import jinja2
from markupsafe import Markup

from verifier.codec import said
from verifier.contract import VERDICTS, ClaimAnswer, ScanAnswer, Tone, Words
from verifier.page_words import CLAIMED, PAGE
from verifier.verdict import LOCAL

_LOADER = jinja2.PackageLoader("verifier", "page")
_ENVIRONMENT = jinja2.Environment(
    loader=_LOADER, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
)
_ICONS: Final[Mapping[Tone, str]] = {
    Tone.GREEN: "m14 25 7 7 13-15",
    Tone.AMBER: "M24 13v14m0 7v.1",
    Tone.RED: "m16 16 16 16m0-16L16 32",
    Tone.GREY: "M18 19a6 6 0 1 1 8 6c-2 1-2 2-2 4m0 6v.1",
    Tone.BLUE: "M24 21v13m0-20v.1",
}


def _source(name: str) -> str:
    return _LOADER.get_source(_ENVIRONMENT, name)[0].strip()


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


_CSS, _JS = _source("style.css"), _source("script.js")
POLICY: Final = (
    f"default-src 'none'; style-src {_hash(_CSS)}; script-src {_hash(_JS)}; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def moment(at: int) -> str:
    """UTC microseconds as people in Sơn La write them."""
    return f"{datetime.fromtimestamp(at // 1_000_000, LOCAL):%H:%M %d/%m/%Y}"


def day(value: date | None) -> str:
    """A date as people in Vietnam write it; empty for none."""
    return "" if value is None else f"{value:%d/%m/%Y}"


def phone(number: str) -> str:
    """A telephone number as people in Vietnam read it: +84912345678 is 0912 345 678."""
    local = f"0{number[3:]}" if number.startswith("+84") else number
    return f"{local[:-6]} {local[-6:-3]} {local[-3:]}" if local.isdigit() and len(local) > 8 else local


@jinja2.pass_context
def _say(context: jinja2.runtime.Context, words: Words) -> str:
    return said(words, context["locale"])


_ENVIRONMENT.filters.update(moment=moment, day=day, phone=phone, say=_say)
_SAY = {
    locale: SimpleNamespace(**{name: said(words, locale) for name, words in PAGE.items()}) for locale in ("vi", "en")
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page shows around its content: language, its own path, the help line, a way to the office."""

    locale: str
    here: str
    help_phone: str = ""
    office: bool = False


def _render(template: str, frame: Frame, **values: object) -> str:
    page = _ENVIRONMENT.get_template(template)
    return page.render(
        locale=frame.locale,
        here=frame.here,
        help_phone=frame.help_phone,
        office=frame.office,
        say=_SAY[frame.locale],
        css=Markup(_CSS),  # noqa: S704  our own file
        js=Markup(_JS),  # noqa: S704  our own file
        **values,
    )


def result(
    frame: Frame,
    answer: ScanAnswer,
    *,
    receipt: UUID | None,
    past: bool = False,
    claimed: ClaimAnswer | None = None,
) -> str:
    """The page of one scan. `past` dates it clearly; `claimed` is the answer to a claim just made."""
    words = VERDICTS[answer.verdict]
    return _render(
        "result.html",
        frame,
        answer=answer,
        receipt=receipt,
        headline=said(words.headline, frame.locale),
        advice=said(words.advice, frame.locale),
        tone=words.tone.value,
        icon=_ICONS[words.tone],
        pins=answer.stamp is not None and answer.stamp.pins,
        past=past,
        claimed=None if claimed is None else _claimed(claimed, frame.locale),
    )


def _claimed(answer: ClaimAnswer, locale: str) -> str:
    at = "" if answer.at is None else moment(answer.at)
    return said(CLAIMED[answer.outcome].fill(at=at, tries=answer.tries_left), locale)


def check(frame: Frame) -> str:
    """The page where a code is typed."""
    return _render("check.html", frame, receipt=None)


def message(frame: Frame, heading: Words, *lines: Words, back: str = "/") -> str:
    """A page that says one thing."""
    spoken = [said(line, frame.locale) for line in lines]
    return _render("message.html", frame, receipt=None, heading=said(heading, frame.locale), lines=spoken, back=back)
