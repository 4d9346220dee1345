"""The office's pages. Each view asks a service and shows what came of it; Vietnamese first, English beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from importlib import import_module
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request, session, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from app.auth import ENROLLING, Door, door_of, knock, must_enrol, stale, working
from app.domain.errors import Refusal, Text
from app.services.paging import Ask
from app.services.work import LOCAL, Work
from app.web.forms import Form
from app.web.words import ACTS, CHOICES, STATES

C = TypeVar("C")
M = TypeVar("M", bound=StrEnum)
Page = str | Response | tuple[str, int]
web = Blueprint("web", __name__, url_prefix="/office", template_folder="templates")
ROOMS = (
    "home",
    "accounts",
    "access",
    "passkeys",
    "organisations",
    "products",
    "shopfront",
    "labels",
    "lots",
    "dossiers",
    "uploads",
    "orders",
    "prints",
    "rolls",
    "activations",
    "sums",
    "recalls",
    "cases",
    "flags",
    "scans",
    "audit",
    "search",
    "pick",
    "tables",
    "notices",
    "reports",
    "devices",
)
DONE = Text("Đã xong.", "Done.")


def locale() -> str:
    """The language of this page: `vi` unless the session says `en`."""
    return "en" if session.get("lang") == "en" else "vi"


def say(vi: str, en: str) -> str:
    """The words in the page's language; both stand side by side where they are used."""
    return en if locale() == "en" else vi


def said(text: Text | tuple[str, str]) -> str:
    """A text in the page's language."""
    return say(text.vi, text.en) if isinstance(text, Text) else say(*text)


def state(word: object) -> str:
    """A state in words."""
    raw = str(getattr(word, "value", word))
    return said(STATES.get(raw) or CHOICES.get(raw) or (raw, raw))


def moment(at: int | None) -> str:
    """UTC microseconds as people in Sơn La write them."""
    return "" if at is None else f"{datetime.fromtimestamp(at / 1_000_000, UTC).astimezone(LOCAL):%H:%M %d/%m/%Y}"


def day(value: date | None) -> str:
    """A date as people in Vietnam write it."""
    return "" if value is None else f"{value:%d/%m/%Y}"


def number(value: object) -> str:
    """A number with dots for thousands and a comma for parts: 1.234.567,5."""
    text = f"{value:,}" if not isinstance(value, str) else value
    if isinstance(value, Decimal) and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.translate(str.maketrans(",.", ".,"))


def mm(value: float, places: int = 1) -> str:
    """A length in millimetres: 15,7."""
    return f"{value:.{places}f}".replace(".", ",")


def done(endpoint: str, words: Text = DONE, **values: Any) -> Response:
    """Say that it worked and go on to a page."""
    flash(said(words))
    return redirect(url_for(endpoint, **values), 303)


def shown(form: Form[Any], title: Text, **more: Any) -> Page:
    """A form as it stands, with what is wrong with it (422)."""
    return render_template("form.html", form=form, title=said(title), **more), form.status


def submitted(
    form: Form[C], act: Callable[[Work, C], Any], then: Callable[[Any], Response], title: Text, **more: Any
) -> Page:
    """Show a form, or do what it asks: the result's page, or the form again with what is wrong."""
    if request.method == "POST":
        command = form.read(request.form, **more)
        if command is not None:
            try:
                with working() as work:
                    made = act(work, command)
                return then(made)
            except Refusal as refusal:
                form.refuse(refusal)
    else:
        form.given = {**form.given, **request.args.to_dict()}
    return shown(form, title)


def step(act: Callable[[Work], Any], endpoint: str, **values: Any) -> Response:
    """Do one thing from a button; a refusal is shown on the page it came from."""
    try:
        with working() as work:
            act(work)
    except Refusal as refusal:
        flash(said(refusal.text), "error")
        return redirect(url_for(endpoint, **values), 303)
    return done(endpoint, **values)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list: its cells, and where its first cell leads."""

    cells: tuple[object, ...]
    url: str | None = None


def asked_page() -> Ask:
    """Which page of a list the address asks for. Raises Refusal."""
    state, words = request.args.get("state", ""), request.args.get("q", "")
    return Ask(uid_of(request.args.get("after")), state=state[:32] or None, words=words[:80] or None)


def listing(  # noqa: PLR0913  what a list may show
    title: Text,
    heads: Sequence[tuple[str, str]],
    rows: Sequence[Line],
    empty: Text,
    new: tuple[str, Text] | None = None,
    *,
    after: UUID | None = None,
    states: Sequence[StrEnum] | None = None,
    kinds: Sequence[tuple[str, Text]] = (),
    **more: Any,
) -> str:
    """A list page; a head whose English begins with `#` is a column of numbers. `empty` names the next step.

    `after` is where the next page begins; `states` are those to filter by, None where the list is not searched;
    `kinds` are a second thing to filter by; `more` is what else its template shows.
    """
    return render_template(
        "list.html",
        title=said(title),
        heads=[(say(vi, en.removeprefix("#")), en.startswith("#")) for vi, en in heads],
        rows=rows,
        empty=said(empty),
        new_url=new[0] if new else None,
        new_words=said(new[1]) if new else None,
        next_url=next_page(after),
        states=states,
        kinds=kinds,
        filtered=bool(_kept_filter()),
        **more,
    )


def next_page(after: object) -> str | None:
    """The address of the page of a list that begins after this row; None at the end."""
    return url_for(request.endpoint or "", after=after, **_kept_filter()) if after else None


def _kept_filter() -> dict[str, Any]:
    return {name: request.args[name] for name in ("state", "q", "kind") if request.args.get(name)}


def version_of(raw: str | None) -> int:
    """The version a form was filled for. Raises Refusal `changed_meanwhile` where it names none."""
    if raw is None or not raw.isascii() or not raw.isdigit() or len(raw) > 9:
        raise Refusal("changed_meanwhile")
    return int(raw)


def uid_of(raw: str | None) -> UUID | None:
    """A public id from a form, None where it is empty. Raises Refusal."""
    if not raw:
        return None
    try:
        return UUID(raw)
    except ValueError:
        raise Refusal("not_found", what="record") from None


def member(kind: type[M], raw: str) -> M:
    """The member of an enum that a form or an address names. Raises Refusal."""
    try:
        return kind(raw)
    except ValueError:
        raise Refusal("not_found", what="step") from None


@web.before_request
def _known() -> Response | str | None:
    """Keep the language; nobody passes a door that is not theirs, and who must sign in first loses nothing."""
    wanted = request.args.get("lang")
    if wanted in {"vi", "en"}:
        session["lang"] = wanted
    if must_enrol() and request.endpoint not in ENROLLING:
        return redirect(url_for("web.second_factor"))
    if current_user.is_authenticated and stale(current_app.view_functions[request.endpoint or ""]):
        return kept_for_later()
    if current_user.is_authenticated or door_of(current_app.view_functions[request.endpoint or ""]) == Door(
        anybody=True
    ):
        knock()
        return None
    if request.method == "POST":
        return kept_for_later()
    return redirect(url_for("web.sign_in", next=request.full_path))


def kept_for_later() -> str:
    """What was typed into a form whose session had ended: asked to sign in, it is sent again after."""
    fields = [(name, value[:8000]) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    return render_template("sign_in.html", error=None, kept=fields[:200], resume=request.full_path.rstrip("?"))


def act_words(action: str) -> str:
    """An act of the audit chain in words."""
    return said(ACTS.get(action, (action, action.replace("_", " "))))


def other_language() -> str:
    """This page in the other language; a page that was posted has none, so it leads home."""
    values = request.args.to_dict() | {"lang": "vi" if locale() == "en" else "en"}
    if request.method != "GET":
        return "?" + urlencode({"lang": values["lang"]})
    return "?" + urlencode(values)


def install(app: Flask) -> None:
    """Bind the pages and the words they use."""
    for room in ROOMS:
        import_module(f"app.web.{room}")
    app.jinja_env.globals.update(say=say, said=said, locale=locale, person=current_user, other_language=other_language)
    app.jinja_env.filters.update(state=state, moment=moment, day=day, number=number, act_words=act_words, mm=mm)
    app.register_error_handler(CSRFError, _no_token)
    app.register_blueprint(web)


def _no_token(error: CSRFError) -> Any:
    """A form without the right token: where its session had ended nothing typed is lost, else it is refused."""
    if request.path.startswith("/office/") and not current_user.is_authenticated and request.endpoint != "web.sign_in":
        return kept_for_later()
    detail = {"vi": "Trang này đã cũ; hãy tải lại rồi gửi lại.", "en": "This page is stale; reload it and send again."}
    return render_template("message.html", detail=detail), error.code
