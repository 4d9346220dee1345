"""Carries notices out: e-mail by SMTP, signed webhooks, plain texts; without an SMTP server into a folder.

The outbox is a folder of files: `ID.eml` for an e-mail, `ID.txt` for a text (first line the number, then the words
without diacritics), which an SMS or Zalo gateway picks up. A file of the same id is written over: a repeat is no second
letter. Webhooks follow Standard Webhooks 1.0 (https://www.standardwebhooks.com): the id stays the same in every try.
"""

import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.domain.notices import Channel, plain_text
from app.domain.permissions import SYSTEM
from app.services import notices
from app.services.notices import Letter
from app.services.work import Desk

TIMEOUT_S = 10


class Undelivered(Exception):
    """Raised when a letter has not arrived; its text is for the operator."""


def _public(address: str) -> bool:
    """Whether an address is on the Internet: a webhook must not reach into our own network."""
    return ipaddress.ip_address(address).is_global


@dataclass(frozen=True, slots=True)
class Courier:
    """`smtp` is `smtp://user:password@host:port` (STARTTLS) or `smtps://…`; empty: everything goes into `outbox`."""

    outbox: Path
    smtp: str
    sender: str
    public_url: str
    allowed: Callable[[str], bool] = _public
    context: ssl.SSLContext | None = None

    def carry(self, letter: Letter, now: int) -> None:
        """Carry one letter; `now` is UTC microseconds. Raises Undelivered."""
        if not letter.to:
            raise Undelivered("there is nobody to send it to any more")
        try:
            match letter.channel:
                case Channel.EMAIL:
                    self._mail(letter)
                case Channel.WEBHOOK:
                    self._call(letter, now)
                case _:
                    self._keep(f"{letter.uid}.txt", f"{letter.to}\n{plain_text(letter.words.vi)}\n".encode())
        except (OSError, smtplib.SMTPException, http.client.HTTPException, ValueError) as error:
            raise Undelivered(f"{type(error).__name__}: {error}") from error

    def _keep(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all."""
        self.outbox.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = self.outbox / f".{name}.part"
        partial.write_bytes(content)
        partial.replace(self.outbox / name)

    def _mail(self, letter: Letter) -> None:
        message = EmailMessage()
        message["From"], message["To"] = self.sender, letter.to
        both = (letter.words.vi, letter.words.en)
        message["Subject"] = " ".join(both[letter.locale == "en"].split())
        message["Message-ID"] = f"<{letter.uid}@{self.sender.rpartition('@')[2]}>"
        message["Date"] = datetime.fromtimestamp(letter.at / 1_000_000, UTC)
        message.set_content("\n".join((*both, "", f"{self.public_url}/office/notices")))
        if not self.smtp:
            self._keep(f"{letter.uid}.eml", message.as_bytes())
            return
        parts = urlsplit(self.smtp)
        with self._server(parts.scheme, parts.hostname or "", parts.port) as server:
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)

    def _server(self, scheme: str, host: str, port: int | None) -> smtplib.SMTP:
        context = self.context or ssl.create_default_context()
        if scheme == "smtps":
            return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_S, context=context)
        server = smtplib.SMTP(host, port or 587, timeout=TIMEOUT_S)
        server.starttls(context=context)
        return server

    def _call(self, letter: Letter, now: int) -> None:
        """POST to a webhook, at the very address that was looked at; a redirect is not followed."""
        parts = urlsplit(letter.to)
        host, port = parts.hostname or "", parts.port or 443
        body = payload(letter)
        headers = {
            "content-type": "application/json",
            "user-agent": "sonla-estamp",
            **signed(letter.secret, str(letter.uid), now // 1_000_000, body),
        }
        connection = _Pinned(host, port, self._address(host, port), self.context or ssl.create_default_context())
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, headers)
            status = connection.getresponse().status
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise Undelivered(f"it answered {status}")

    def _address(self, host: str, port: int) -> str:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        if not found or not all(self.allowed(address) for address in found):
            raise Undelivered("that host is not on the Internet")
        return min(found)


def post(desk: Desk, courier: Courier) -> int:
    """One round: tell what was done, and carry what is due; gives how much there was of both."""
    told = 0
    with desk.reading(SYSTEM) as work:
        behind = notices.behind(work)
    if behind:
        with desk.work(SYSTEM) as work:
            told = notices.tell(work)
    with desk.reading(SYSTEM) as work:
        letters = notices.due(work)
    for letter in letters:
        problem = None
        try:
            courier.carry(letter, desk.clock())
        except Undelivered as error:
            problem = str(error)
        # Where this is not written the letter leaves again under the same id: at least once.
        with desk.work(SYSTEM) as work:
            notices.settle(work, letter.uid, problem)
    return told + len(letters)


class _Pinned(http.client.HTTPSConnection):
    """Connects to the address that was checked, whatever the name says a moment later; TLS is the name's."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S, context=context)
        self._address, self._tls = address, context

    def connect(self) -> None:
        """Connect."""
        plain = socket.create_connection((self._address, self.port), TIMEOUT_S)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def payload(letter: Letter) -> bytes:
    """The body of a webhook: thin, ids and words only; the program asks the API for the rest."""
    at = datetime.fromtimestamp(letter.at / 1_000_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    noun = letter.event.partition(".")[0]
    data = {"noun": noun, "id": str(letter.thing), "words": {"vi": letter.words.vi, "en": letter.words.en}}
    return json.dumps({"type": letter.event, "timestamp": at, "data": data}, ensure_ascii=False).encode()


def signed(secret: str, uid: str, seconds: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks: HMAC-SHA256 over id, time and body with the bytes of a `whsec_` secret."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = b".".join((uid.encode(), str(seconds).encode(), body))
    mark = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return {"webhook-id": uid, "webhook-timestamp": str(seconds), "webhook-signature": f"v1,{mark}"}
