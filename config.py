"""Every setting of every role, typed and frozen; the only module that reads the environment.

`SETTINGS` is the table that the documentation and the `.env` file follow. A role is given only what it may know: the
management and verifier configurations have no field that could hold a key or its passphrase (invariant 7). Bad settings
are reported all at once, by name.
"""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from stamp_engine.errors import KeyStoreError
from stamp_engine.vault import secret_in

ENV_FILE = ".env"


class Environment(StrEnum):
    """`production` refuses the demo and needs every secret to be set."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class BadSettings(Exception):
    """One or more settings are wrong; `problems` maps each name to what is wrong and how to mend it."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("\n".join(f"{name}: {problem}" for name, problem in self.problems.items()))


def _text(raw: str) -> str:
    return raw


def _path(raw: str) -> Path:
    return Path(raw).expanduser()


def _paths(raw: str) -> list[Path]:
    return [_path(one) for one in raw.split(os.pathsep)]


def _port(raw: str) -> int:
    value = int(raw)
    if not 0 < value < 65536:
        raise ValueError("use a port from 1 to 65535")
    return value


def _count(raw: str) -> int:
    value = int(raw)
    if value < 1:
        raise ValueError("use a whole number of 1 or more")
    return value


def _days(raw: str) -> int:
    value = int(raw)
    if not 1 <= value <= 3650:
        raise ValueError("use a number of days from 1 to 3650")
    return value


def _database(raw: str) -> str:
    if raw.startswith("postgres://"):
        raw = "postgresql://" + raw.removeprefix("postgres://")
    if raw.startswith("postgresql://"):
        raw = "postgresql+psycopg://" + raw.removeprefix("postgresql://")
    if not raw.startswith(("postgresql+psycopg://", "sqlite:///")):
        raise ValueError("use postgresql://user:password@host/name or sqlite:///path")
    return raw


def _redis(raw: str) -> str:
    if raw and not raw.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("use redis://host:6379/0, or leave it empty to cache in the process")
    return raw


def _host(raw: str) -> str:
    host = raw.strip().upper()
    if not host or len(host) > 40 or not all(char.isalnum() or char in ".-" for char in host) or not host.isascii():
        raise ValueError("use a plain host name of at most 40 letters, digits, dots and hyphens")
    return host


def _hosts(raw: str) -> tuple[str, ...]:
    # An alias may carry a port, as the links of a development server do.
    return tuple(alias.strip().upper() for alias in raw.split(",") if alias.strip())


def _words(raw: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in raw.split(",") if word.strip())


def _environment(raw: str) -> Environment:
    try:
        return Environment(raw)
    except ValueError:
        raise ValueError("use development or production") from None


def _like(pattern: str, remedy: str) -> Callable[[str], str]:
    def read(raw: str) -> str:
        if not re.fullmatch(pattern, raw):
            raise ValueError(remedy)
        return raw

    return read


def _first(words: str) -> Callable[[str], bool]:
    return lambda raw: _like(words, f"use {words.replace('|', ' or ')}")(raw) == words.partition("|")[0]


def _level(raw: str) -> str:
    level = raw.upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("use DEBUG, INFO, WARNING or ERROR")
    return level


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it means, how it is read, what it is when nobody sets it (None: derived, see `describe`)."""

    name: str
    read: Callable[[str], object]
    default: str | None
    describe: str
    secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting("ENVIRONMENT", _environment, "development", "`development` or `production`"),
    Setting("DATA_DIR", _path, "var", "folder of the embedded database, the keys and the files"),
    Setting("DATABASE_URL", _database, None, "database of the management side; default: SQLite in `DATA_DIR`"),
    Setting("VERIFIER_DATABASE_URL", _database, None, "the same database as the narrow role; default: `DATABASE_URL`"),
    Setting("REDIS_URL", _redis, "", "Redis or Valkey for sighting states and limits; empty: in the process"),
    Setting("STAMP_HOST", _host, "T.SONLA.VN", "host printed in new stamps; a longer one makes bigger symbols"),
    Setting("STAMP_HOST_ALIASES", _hosts, "", "other hosts whose links are ours, separated by commas"),
    Setting("PUBLIC_URL", _text, "", "address of this server in links it prints; default: from `HOST` and `PORT`"),
    Setting("HOST", _text, "127.0.0.1", "address to listen on; `0.0.0.0` lets phones on the same network in"),
    Setting("PORT", _port, "8000", "port to listen on"),
    Setting("WEB_CONCURRENCY", _count, "1", "verifier worker processes"),
    Setting("TRUSTED_PROXIES", _words, "", "addresses or networks whose forwarding headers are believed"),
    Setting("SESSION_SECRET", _text, None, "signs the office's sessions; 32 characters or more", secret=True),
    Setting("DEVICE_SECRET", _text, None, "signs device cookies and hashes device ids; 32 or more", secret=True),
    Setting("KEYS_DIR", _path, None, "key directory (opener and worker only); default: `DATA_DIR/keys`"),
    Setting("KEYS_PASSPHRASE", _text, None, "opens the key directory (opener and worker only)", secret=True),
    Setting("KEYS_PASSPHRASE_FILE", _paths, None, "file with that passphrase; `ONE:TWO` for two people's"),
    Setting("OPENER_SOCKET", _path, None, "Unix socket of the opener; default: `DATA_DIR/opener.sock`"),
    Setting("HELP_PHONE", _text, "", "telephone number for help on every public page; empty: none is shown"),
    Setting("COPY_WARNINGS", _first("shown|shadow"), "shadow", "`shown` shows suspected copies; `shadow` logs them"),
    Setting("TWO_OFFICERS_ABOVE", _count, "50000", "an order of more stamps than this needs two officers"),
    Setting("SECOND_FACTOR", _first("on|off"), None, "`on`: officers need a second factor; default: on in production"),
    Setting("SCAN_RETENTION_DAYS", _days, "90", "days that raw scans are kept"),
    Setting("SMTP_URL", _like(r"|smtps?://\S+", "use smtp://…"), "", "`smtp://user:password@host:587`", secret=True),
    Setting("MAIL_FROM", _like(r"\S+@[^\s@]+", "use an e-mail address"), "no-reply@localhost", "who e-mail comes from"),
    Setting("LOG_LEVEL", _level, "INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`"),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}
_SHORTEST_SECRET = 32


@dataclass(frozen=True, slots=True)
class Common:
    """What every role knows."""

    environment: Environment
    data_dir: Path
    log_level: str


@dataclass(frozen=True, slots=True)
class Management(Common):
    """The office and its API. Holds no key: codes are opened through `opener_socket`."""

    database_url: str = field(repr=False)
    stamp_host: str
    stamp_hosts: tuple[str, ...]
    opener_socket: Path
    two_officers_above: int
    second_factor: bool
    public_url: str
    session_secret: str = field(repr=False)
    trusted_proxies: tuple[str, ...]
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Verifier(Common):
    """The public side. Holds no key: codes are opened through `opener_socket`."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    stamp_hosts: tuple[str, ...]
    public_url: str
    device_secret: str = field(repr=False)
    trusted_proxies: tuple[str, ...]
    opener_socket: Path
    help_phone: str
    show_copies: bool
    host: str
    port: int
    workers: int


@dataclass(frozen=True, slots=True)
class Opener(Common):
    """The process that opens tokens and checks PINs. No database, no network."""

    keys_dir: Path
    passphrase: str = field(repr=False)
    opener_socket: Path


@dataclass(frozen=True, slots=True)
class Worker(Common):
    """The process that mints: it alone holds the signing keys, and it faces nobody."""

    database_url: str = field(repr=False)
    stamp_host: str
    keys_dir: Path
    passphrase: str = field(repr=False)
    scan_retention_days: int
    public_url: str
    smtp_url: str = field(repr=False)
    mail_from: str


Role = TypeVar("Role", bound=Common)


class Environ:
    """The environment with `.env` beneath it, read once; collects what is wrong with it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._raw = {name: value.strip() for name, value in environ.items() if name in _BY_NAME and value.strip()}
        self.problems: dict[str, str] = {}

    @property
    def environment(self) -> Environment:
        """Development unless it says production."""
        value = self.get("ENVIRONMENT")
        return value if isinstance(value, Environment) else Environment.DEVELOPMENT

    def get(self, name: str) -> object:
        """The value of a setting, its default, or None where it is unset or wrong."""
        setting = _BY_NAME[name]
        raw = self._raw.get(name, setting.default)
        if raw is None:
            return None
        try:
            return setting.read(raw)
        except ValueError as error:
            shown = "" if setting.secret else f"{raw!r} is not right; "
            self.problems[name] = f"{shown}{error}"
            return None

    @property
    def data_dir(self) -> Path:
        """The data folder as an absolute path."""
        value = self.get("DATA_DIR")
        return (value if isinstance(value, Path) else Path("var")).resolve()

    def secret(self, name: str) -> str:
        """A secret that was set; in development one that is made once and kept in `DATA_DIR/secrets`."""
        raw = self._raw.get(name)
        if raw is not None:
            if len(raw) < _SHORTEST_SECRET:
                self.problems[name] = f"is too short; use at least {_SHORTEST_SECRET} characters"
            return raw
        if self.environment is Environment.PRODUCTION:
            self.problems[name] = "must be set in production; make one with: openssl rand -hex 32"
            return ""
        return _kept_secret(self.data_dir / "secrets" / name.lower())

    def passphrase(self) -> str:
        """The passphrase of the key directory, from `KEYS_PASSPHRASE` or the file it names."""
        if "KEYS_PASSPHRASE" in self._raw:
            return self._raw["KEYS_PASSPHRASE"]
        files = self.get("KEYS_PASSPHRASE_FILE")
        if not isinstance(files, list):
            return self.secret("KEYS_PASSPHRASE")
        try:
            return secret_in(files)
        except KeyStoreError as error:
            self.problems["KEYS_PASSPHRASE_FILE"] = str(error)
            return ""


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("ascii")
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    return path.read_text("ascii")


def _derived(env: Environ, name: str, otherwise: Callable[[], object]) -> object:
    value = env.get(name)
    return otherwise() if value is None else value


def _public_url(env: Environ) -> str:
    host = str(env.get("HOST"))
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  compared, not bound
    return str(env.get("PUBLIC_URL") or f"http://{shown}:{env.get('PORT')}").rstrip("/")


def _database_url(env: Environ) -> object:
    return _derived(env, "DATABASE_URL", lambda: f"sqlite:///{env.data_dir / 'estamp.sqlite'}")


def _stamp_hosts(env: Environ) -> tuple[str, ...]:
    aliases = env.get("STAMP_HOST_ALIASES")
    own = _public_url(env).partition("://")[2].upper()
    return tuple(dict.fromkeys((str(env.get("STAMP_HOST")), *(aliases if isinstance(aliases, tuple) else ()), own)))


_FIELDS: Mapping[str, Callable[[Environ], object]] = {
    "environment": lambda env: env.environment,
    "data_dir": lambda env: env.data_dir,
    "log_level": lambda env: env.get("LOG_LEVEL"),
    "stamp_host": lambda env: env.get("STAMP_HOST"),
    "stamp_hosts": _stamp_hosts,
    "public_url": _public_url,
    "redis_url": lambda env: env.get("REDIS_URL"),
    "help_phone": lambda env: env.get("HELP_PHONE"),
    "show_copies": lambda env: env.get("COPY_WARNINGS"),
    "host": lambda env: env.get("HOST"),
    "port": lambda env: env.get("PORT"),
    "workers": lambda env: env.get("WEB_CONCURRENCY"),
    "trusted_proxies": lambda env: env.get("TRUSTED_PROXIES"),
    "session_secret": lambda env: env.secret("SESSION_SECRET"),
    "device_secret": lambda env: env.secret("DEVICE_SECRET"),
    "keys_dir": lambda env: _derived(env, "KEYS_DIR", lambda: env.data_dir / "keys"),
    "passphrase": lambda env: env.passphrase(),
    "opener_socket": lambda env: _derived(env, "OPENER_SOCKET", lambda: env.data_dir / "opener.sock"),
    "two_officers_above": lambda env: env.get("TWO_OFFICERS_ABOVE"),
    "second_factor": lambda env: _derived(env, "SECOND_FACTOR", lambda: env.environment is Environment.PRODUCTION),
    "smtp_url": lambda env: env.get("SMTP_URL"),
    "mail_from": lambda env: env.get("MAIL_FROM"),
    "scan_retention_days": lambda env: env.get("SCAN_RETENTION_DAYS"),
}


def _read(role: type[Role], environ: Mapping[str, str] | None) -> Role:
    env = Environ(_environment_and_file() if environ is None else environ)
    values = {item.name: _FIELDS[item.name](env) for item in fields(role) if item.name != "database_url"}
    if any(item.name == "database_url" for item in fields(role)):
        url = _database_url(env)
        values["database_url"] = _derived(env, "VERIFIER_DATABASE_URL", lambda: url) if role is Verifier else url
    if env.problems:
        raise BadSettings(env.problems)
    return role(**values)  # type: ignore[arg-type]  # each reader gives its field's type


def _environment_and_file() -> dict[str, str]:
    merged: dict[str, str] = {}
    path = Path(ENV_FILE)
    if path.is_file():
        for line in path.read_text("utf-8").splitlines():
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                merged[name.strip()] = value.strip().strip("\"'")
    return {**merged, **os.environ}


def management(environ: Mapping[str, str] | None = None) -> Management:
    """The management side's settings. Raises BadSettings."""
    return _read(Management, environ)


def verifier(environ: Mapping[str, str] | None = None) -> Verifier:
    """The public side's settings. Raises BadSettings."""
    return _read(Verifier, environ)


def opener(environ: Mapping[str, str] | None = None) -> Opener:
    """The opener's settings. Raises BadSettings."""
    return _read(Opener, environ)


def worker(environ: Mapping[str, str] | None = None) -> Worker:
    """The minting worker's settings. Raises BadSettings."""
    return _read(Worker, environ)
