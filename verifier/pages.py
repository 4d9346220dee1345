"""The public pages, rendered whole on the server: verdict first, no script needed, one style and one script inline.

The content security policy names the hashes of exactly these two, so that nothing else runs or styles. The page of a
scan is drawn once for all scans that differ in time, history, receipt and address only.
"""

from base64 import b64encode
from collections import OrderedDict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from types import SimpleNamespace
from typing import Final
from uuid import UUID

import jinja2
from markupsafe import Markup, escape

from verifier.codec import said
from verifier.contract import VERDICTS, ClaimAnswer, ClaimOutcome, Reason, ReasonCode, ScanAnswer, Tone, Verdict, Words
from verifier.kept import Kept
from verifier.page_words import CLAIMED, LOCKED_FOR_GOOD, PAGE, PHOTO, REPORTED, TODO
from verifier.reports import Outcome
from verifier.stencil import Page, Stencil, hole
from verifier.verdict import LEADS_TO, LOCAL, local_day

_LOADER = jinja2.PackageLoader("verifier", "page")
_ENVIRONMENT = jinja2.Environment(
    loader=_LOADER,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
    # A server is started again for new pages; asking the disk after each file took a tenth of a page.
    auto_reload=False,
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
    return _minute(at // 60_000_000)


@lru_cache(maxsize=1024)
def _minute(at: int) -> str:
    return f"{datetime.fromtimestamp(at * 60, LOCAL):%H:%M %d/%m/%Y}"


def day(value: date | None) -> str:
    """A date as people in Vietnam write it; empty for none."""
    return "" if value is None else _date(value)


@lru_cache(maxsize=1024)
def _date(value: date) -> str:
    return f"{value:%d/%m/%Y}"


def phone(number: str) -> str:
    """A telephone number as people in Vietnam read it: +84912345678 is 0912 345 678."""
    plain = dial(number)
    local = f"0{plain[3:]}" if plain.startswith("+84") else plain
    if not local.isdigit() or len(local) not in {10, 11}:
        return number
    # A landline's number is a digit longer than a mobile's.
    return f"{local[:4]} {local[4:-3]} {local[-3:]}"


def dial(number: str) -> str:
    """A telephone number as a telephone dials it."""
    return "".join(char for char in number if char.isdigit() or char == "+")


@jinja2.pass_context
def _say(context: jinja2.runtime.Context, words: Words) -> str:
    return said(words, context["locale"])


@jinja2.pass_context
def _tongue(context: jinja2.runtime.Context, words: Words) -> str:
    """Marks words that a producer gave in Vietnamese only, on an English page."""
    return Markup(' lang="vi"') if context["locale"] == "en" and words.en == words.vi else ""


def _times(count: int, locale: str) -> str:
    if count < 2:
        return said(PAGE["once" if count else "never"], locale)
    return said(PAGE["times"].fill(n=count), locale)


_ENVIRONMENT.filters.update(
    moment=moment,
    day=day,
    phone=phone,
    dial=dial,
    say=_say,
    tongue=_tongue,
)
_SAY = {
    locale: SimpleNamespace(**{name: said(words, locale) for name, words in PAGE.items()}) for locale in ("vi", "en")
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page shows around its content: language, its own address, the help line, a way to the office."""

    locale: str
    here: str
    help_phone: str = ""
    office: bool = False
    query: str = ""


def load() -> None:
    """Compile every template, which the first page would otherwise wait for."""
    for name in _LOADER.list_templates():
        if name.endswith(".html"):
            _ENVIRONMENT.get_template(name)


def _render(template: str, frame: Frame, **values: object) -> str:
    page = _ENVIRONMENT.get_template(template)
    return page.render(
        locale=frame.locale,
        here=frame.here,
        query=frame.query,
        help_phone=frame.help_phone,
        office=frame.office,
        say=_SAY[frame.locale],
        css=Markup(_CSS),  # noqa: S704  our own file
        js=Markup(_JS),  # noqa: S704  our own file
        **{"receipt": None, "errors": {}, "given": {}, **values},
    )


@dataclass(frozen=True, slots=True)
class View:
    """How an answer is shown: with which receipt; dated, where it is a past one; whether to who made that scan.

    `claimed` is the answer to a claim just made, `pin_error` what was wrong with the code that was typed.
    """

    receipt: UUID | None = None
    past: bool = False
    own: bool = True
    claimed: ClaimAnswer | None = None
    pin_error: Words | None = None


_AGAINST = frozenset(LEADS_TO)
_CLAIMABLE = frozenset(Verdict) - {Verdict.NOT_ACTIVATED}
_IN_HISTORY = frozenset({ReasonCode.FIRST_SCAN, ReasonCode.SEEN_BEFORE, ReasonCode.SEEN_ELSEWHERE})
# No warning against the stamp, and yet a buyer should not miss it.
_TO_MIND = frozenset({ReasonCode.ON_DISPLAY})
_IN_NOTICE = frozenset({ReasonCode.RECALLED, ReasonCode.RECALL_CLOSED})
_TYPED = frozenset({Verdict.MALFORMED, Verdict.FOREIGN})


@dataclass(frozen=True, slots=True, eq=False)
class _Sections:
    """The sections that all scans of a lot share; themselves only, as the lot's facts are."""

    product: Markup
    maker: Markup
    journey: Markup


_shared = Kept[_Sections]()


def _of_the_lot(answer: ScanAnswer, locale: str) -> _Sections:
    """The sections that all scans of a lot share, drawn once."""

    def drawn() -> _Sections:
        return _Sections(*(_section(name, answer, locale) for name in ("product", "maker", "journey")))

    return _shared.of(locale, (answer.product, answer.organisation, answer.lot, answer.trace), drawn)


def _section(name: str, answer: ScanAnswer, locale: str) -> Markup:
    text = _ENVIRONMENT.get_template(f"{name}.html").render(answer=answer, locale=locale, say=_SAY[locale])
    return Markup(text)  # noqa: S704  what a template made is HTML already


_MOST_STENCILS = 512
_stencils: OrderedDict[Hashable, Stencil] = OrderedDict()


def result(frame: Frame, answer: ScanAnswer, view: View) -> Page:
    """The page of one scan."""
    reasons, values = _sorted(answer), _own(frame, answer, view)
    if view.claimed is not None or view.pin_error is not None or frame.query:
        # Of these hardly two are alike.
        return Page(Stencil.of(_drawn(frame, answer, view, reasons, values)), values)
    kind = (
        (frame.locale, frame.help_phone, frame.office),
        (answer.verdict, answer.recall, _of_the_lot(answer, frame.locale)),
        (reasons.why, reasons.mind, reasons.also),
        (view.receipt is None, view.past, view.own, _pins(answer), tuple(values)),
    )
    stencil = _stencils.pop(kind, None) or Stencil.of(_drawn(frame, answer, view, reasons, values))
    _stencils[kind] = stencil
    if len(_stencils) > _MOST_STENCILS:
        _stencils.popitem(last=False)
    return Page(stencil, values)


def _own(frame: Frame, answer: ScanAnswer, view: View) -> dict[str, str]:
    """What is this scan's own on its page, by hole, as HTML; only the address holds what others wrote."""
    own = {"when": moment(answer.checked_at), "here": escape(frame.here)}
    if view.receipt is not None:
        own["receipt"] = str(view.receipt)
    if answer.stamp is not None:
        own["serial"] = answer.stamp.serial
    scans, locale, say = answer.scans, frame.locale, _SAY[frame.locale]
    if scans is not None and scans.count:
        own["count"] = say.number.format(count=scans.count)
        own["first"] = say.first_now if answer.first_scan else _date(local_day(scans.first_at or answer.checked_at))
        own |= {"you": _times(scans.by_you, locale), "others": _times(scans.elsewhere, locale)}
        if scans.devices:
            own["devices"] = say.device if scans.devices == 1 else say.devices.format(devices=scans.devices)
    return own


@dataclass(frozen=True, slots=True)
class _Reasons:
    """What speaks against a stamp, what a buyer should mind all the same, and what stands with the history."""

    why: tuple[Reason, ...]
    mind: tuple[Reason, ...]
    also: tuple[Reason, ...]


def _sorted(answer: ScanAnswer) -> _Reasons:
    # The history and the recall notice say these in words of their own.
    said_there = _IN_HISTORY if answer.recall is None else _IN_HISTORY | _IN_NOTICE
    told = [reason for reason in answer.reasons if reason.code not in said_there]
    why = tuple(reason for reason in told if reason.code in _AGAINST or answer.stamp is None)
    mind = tuple(reason for reason in told if reason.code in _TO_MIND)
    return _Reasons(why, mind, tuple(reason for reason in told if reason not in why and reason not in mind))


def _pins(answer: ScanAnswer) -> bool:
    return answer.stamp is not None and answer.stamp.pins


def _drawn(frame: Frame, answer: ScanAnswer, view: View, reasons: _Reasons, holes: Collection[str]) -> str:
    """The page with holes where no two scans are alike."""
    words, claimed = VERDICTS[answer.verdict], view.claimed
    claimable = view.receipt is not None and words.tone in {Tone.GREEN, Tone.AMBER} and answer.verdict in _CLAIMABLE
    return _render(
        "result.html",
        replace(frame, here=hole("here")),
        **{name: hole(name) for name in holes if name != "here"},
        answer=answer,
        shared=_of_the_lot(answer, frame.locale),
        past=view.past,
        own=view.own,
        headline=said(words.headline, frame.locale),
        advice=said(words.advice, frame.locale),
        tone=words.tone.value,
        icon=_ICONS[words.tone],
        why=reasons.why,
        mind=reasons.mind,
        also=reasons.also,
        todo=TODO[answer.verdict],
        claimable=claimable,
        pins=_pins(answer),
        claimed=None if claimed is None else (CLAIMED[claimed.outcome][0].value, _claimed(claimed, frame.locale)),
        errors={} if view.pin_error is None else {"pin": said(view.pin_error, frame.locale)},
        again=hole("here") if answer.verdict is Verdict.UNAVAILABLE else "",
        retype=answer.verdict in _TYPED,
    )


def _claimed(answer: ClaimAnswer, locale: str) -> str:
    if answer.outcome is ClaimOutcome.LOCKED and answer.locked_until is None:
        return said(LOCKED_FOR_GOOD, locale)
    at, until = ("" if time is None else moment(time) for time in (answer.at, answer.locked_until))
    place = "" if answer.place is None else f", {said(answer.place, locale)}"
    return said(CLAIMED[answer.outcome][1].fill(at=at, until=until, tries=answer.tries_left, place=place), locale)


def check(frame: Frame, error: Words | None = None, code: str = "") -> str:
    """The page where a code is typed."""
    wrong = {} if error is None else {"code": said(error, frame.locale)}
    return _render("check.html", frame, errors=wrong, given={"code": code})


def report(frame: Frame, given: Mapping[str, str], errors: Mapping[str, Words]) -> str:
    """The form of a suspicious product, with what was typed and what is wrong with it."""
    wrong = {name: said(words, frame.locale) for name, words in errors.items()}
    return _render("report.html", frame, given=given, errors=wrong)


def outcome(frame: Frame, number: UUID, found: Outcome) -> str:
    """What became of a report."""
    state, photo = (None if word is None else said(words[word], frame.locale) for words, word in _told(found))
    return _render("outcome.html", frame, number=number, found=found, state=state, photo=photo)


def _told(found: Outcome) -> tuple[tuple[Mapping[str, Words], str | None], ...]:
    return (REPORTED, found.state), (PHOTO, found.photo)


def message(
    frame: Frame,
    heading: Words,
    *lines: Words,
    back: str = "/",
    link: tuple[str, Words] | None = None,
    small: Words | None = None,
) -> str:
    """A page that says one thing, perhaps with a link to go on and a line in small print."""
    return _render(
        "message.html",
        frame,
        heading=said(heading, frame.locale),
        lines=[said(line, frame.locale) for line in lines],
        back=f"{back}?lang={frame.locale}",
        link=None if link is None else (link[0], said(link[1], frame.locale)),
        small=None if small is None else said(small, frame.locale),
    )
