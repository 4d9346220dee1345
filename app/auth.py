"""Who is asking: a person by session cookie, a program by bearer token; and the desk they work at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import Flask, current_app, g, request, session
from flask_login import current_user

from app.domain.errors import Refusal
from app.domain.permissions import SYSTEM, Action, Actor, scopes
from app.extensions import login
from app.models.users import User
from app.services import access, users
from app.services.work import Desk, Work


class Person:
    """The signed-in account, as Flask-Login wants it. The session names its uniquifier, never its key."""

    is_authenticated = True
    is_anonymous = False

    def __init__(self, user: User) -> None:
        self.name = user.name
        self.locale = user.locale
        self.is_active = user.active
        self.actor = users.actor_of(user)
        self.second_factor = access.has_second(user)
        self._uniquifier = user.fs_uniquifier

    def get_id(self) -> str:
        """What the session keeps."""
        return self._uniquifier


def desk() -> Desk:
    """The desk of this application."""
    found: Desk = current_app.extensions["desk"]
    return found


@contextmanager
def working() -> Iterator[Work]:
    """A piece of work by whoever is asking. Raises Refusal."""
    with desk().work(_actor()) as work:
        yield work


@contextmanager
def reading() -> Iterator[Work]:
    """A look by whoever is asking. Raises Refusal."""
    with desk().reading(_actor()) as work:
        yield work


@dataclass(frozen=True, slots=True)
class Door:
    """Who may knock at a route: anybody, whoever is signed in, or who may take one of `actions` somewhere.

    What they may do there, and to whose things, is the service's to say.
    """

    actions: tuple[Action, ...] = ()
    anybody: bool = False


V = TypeVar("V", bound=Callable[..., Any])
_DOOR = "estamp_door"
# Routes that are not ours to declare: style sheets, and the API's own description.
_OUTSIDE = ("/static/", "/openapi")
# These knock for themselves: pages send who is not known to sign in, the API reads a token first.
_THEIR_OWN = frozenset({"web", "api"})


def needs(*actions: Action) -> Callable[[V], V]:
    """Declare that a route is for those who may take one of these actions; none named: for whoever is signed in."""
    return _declared(Door(actions))


def for_anybody(view: V) -> V:
    """Declare that a route is for everybody."""
    return _declared(Door(anybody=True))(view)


def _declared(door: Door) -> Callable[[V], V]:
    def mark(view: V) -> V:
        setattr(view, _DOOR, door)
        return view

    return mark


_FRESH = "estamp_fresh"
FRESH_US = 15 * 60 * 1_000_000
# Where somebody goes who must turn the second factor on.
ENROLLING = frozenset({"web.second_factor", "web.passkeys", "web.sign_out"})


def fresh(view: V) -> V:
    """Declare that what a route is sent needs a password given in the last quarter of an hour."""
    setattr(view, _FRESH, True)
    return view


def stale(view: Any) -> bool:
    """Whether this route asks for a password again."""
    at: int = session.get("signed_in_at", 0)
    return getattr(view, _FRESH, False) and request.method == "POST" and desk().clock() - at > FRESH_US


def must_enrol() -> bool:
    """Whether who is asking must turn the second factor on before anything else."""
    if not current_app.extensions["second_factor"] or not current_user.is_authenticated or "program" in g:
        return False
    return access.needs_second(current_user.actor) and not current_user.second_factor


def door_of(view: Any) -> Door | None:
    """What a route declares; None where it declares nothing, and nobody may pass."""
    found: Door | None = getattr(view, _DOOR, None)
    return found


def knock() -> None:
    """Let nobody past a route that declares nothing, or that is not theirs. Raises Refusal."""
    endpoint = request.endpoint
    if endpoint is None or request.path.startswith(_OUTSIDE):
        return
    door = door_of(current_app.view_functions[endpoint])
    if door is None:
        raise Refusal("forbidden")
    if door.anybody:
        return
    if not signed_in():
        raise Refusal("sign_in_failed")
    if must_enrol() and endpoint not in ENROLLING:
        raise Refusal("second_factor_first")
    if door.actions and not any(may(action) for action in door.actions):
        raise Refusal("forbidden")


def signed_in() -> bool:
    """Whether anybody we know is asking."""
    return bool(current_user.is_authenticated) or "program" in g


def may(action: Action) -> bool:
    """Whether who is asking may ever do this: what a page needs to know to show a button."""
    return bool(scopes(_actor(), action))


def _actor() -> Actor:
    program: Actor | None = g.get("program")
    if program is not None:
        return program
    if current_user.is_authenticated:
        actor: Actor = current_user.actor
        return actor
    raise Refusal("forbidden")


def read_token() -> None:
    """Take a bearer token as the one who is asking. Raises Refusal where it is not good."""
    header = request.headers.get("authorization", "")
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer":
        return
    with desk().reading(SYSTEM) as work:
        found = users.by_token(work, secret.strip())
    if found is None:
        raise Refusal("sign_in_failed")
    g.program = replace(users.actor_of(found[0]), only=found[1])


def install(app: Flask) -> None:
    """Teach Flask-Login our accounts."""

    def load(uniquifier: str) -> Person | None:
        with desk().reading(SYSTEM) as work:
            user = users.by_session(work, uniquifier)
        return None if user is None else Person(user)

    login.user_loader(load)
    app.before_request(lambda: None if request.blueprint in _THEIR_OWN else knock())
    app.jinja_env.globals.update(may=may, Action=Action, signed_in=signed_in)
