"""Notices: told once to those whose turn it is, carried at least once under one id, to real servers."""

import email
import email.policy
import http.server
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Receiver
from standardwebhooks import WebhookVerificationError

from app.courier import Courier, Undelivered, post
from app.domain.errors import Refusal
from app.domain.notices import RETRIES_S, TELLINGS, Channel, NoticeState, plain_text
from app.domain.orders import OrderEvent
from app.domain.permissions import RoleName
from app.models.notices import Notice
from app.models.organisations import Organisation
from app.services import notices, orders, printing, webhooks
from tests.app.office import Office
from tests.app.test_web import Browser, flask

__all__ = ["flask"]


def quiet(desk: Office, **values: Any) -> Courier:
    """A courier into the outbox."""
    return Courier(
        desk.stack.data_dir / "outbox", **{"smtp": "", "sender": "tem@example.vn", **values}, public_url="https://t.vn"
    )


def everything(desk: Office, courier: Courier) -> None:
    while post(desk, courier):
        pass


def told(desk: Office, who: str) -> list[str]:
    with desk.reading(desk.people[who]) as work:
        return [row.event for row in notices.page(work).rows]


def test_each_step_is_told_to_whose_turn_it_is(desk: Office) -> None:
    everything(desk, quiet(desk))
    for person in desk.people:
        desk.do(person, notices.read)
    product = desk.product()
    order = desk.order(product.uid)
    everything(desk, quiet(desk))
    assert told(desk, "coord")[0] == told(desk, "coord2")[0] == "order.submit"
    assert "order.submit" not in told(desk, "owner")
    _, job = desk.minted(order)
    everything(desk, quiet(desk))
    assert told(desk, "coord")[0] == "print_job.create"
    assert {"order.approve", "product.approve"} <= set(told(desk, "owner"))
    assert "order.approve" not in told(desk, "coord2")
    desk.do("coord", printing.release, job.uid)
    everything(desk, quiet(desk))
    assert told(desk, "owner")[0] == "print_job.release"
    assert "print_job.release" not in told(desk, "staff")
    assert not {"order.approve", "print_job.release"} & set(told(desk, "stranger"))


def test_every_event_names_an_act_that_the_chain_knows(desk: Office) -> None:
    for event, telling in TELLINGS.items():
        noun = event.partition(".")[0]
        assert noun in notices._THINGS  # noqa: SLF001  the table of things
        assert telling.words.fill({"name": "X"}).vi != telling.words.vi


def test_the_outbox_holds_letters_and_texts(desk: Office) -> None:
    everything(desk, quiet(desk))
    owner = desk.people["owner"].organisation_id
    desk.user("caller", RoleName.PRODUCER_OWNER, organisation_id=owner, phone="0912 345 670", with_email=False)
    order = desk.order(desk.product().uid)
    desk.do("coord", orders.decide, order.uid, OrderEvent.APPROVE)
    everything(desk, quiet(desk))
    outbox = desk.stack.data_dir / "outbox"
    letters = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in outbox.glob("*.eml")
    ]
    mine = [one for one in letters if one["To"] == "owner@example.vn" and order.number in one["Subject"]]
    assert [one["Subject"] for one in mine] == [f"Đơn tem {order.number} đã được duyệt"]
    assert "was approved" in mine[0].get_content()
    texts = [path.read_text("ascii").splitlines() for path in outbox.glob("*.txt")]
    assert ["+84912345670", f"Don tem {order.number} da duoc duyet"] in texts
    assert not list(outbox.glob(".*.part"))


@given(st.text())
def test_a_text_fits_one_message(text: str) -> None:
    made = plain_text(text)
    assert len(made) <= 160
    assert made.isascii()
    assert made.isprintable()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's context for `localhost`."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = folder / "both.pem"
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    pem.write_bytes(secret + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


@dataclass
class Heard:
    """What a server was sent, and what it answers next."""

    answers: list[int]
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiver(heard: Heard, context: ssl.SSLContext) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = heard.answers.pop(0) if heard.answers else 204
            self.send_response(status)
            if status in {301, 307}:
                self.send_header("location", "https://localhost:1/other")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def hooked(desk: Office, port: int) -> str:
    """The owner's organisation told at that port; gives the secret."""
    everything(desk, quiet(desk))
    organisation = next(row for row in desk.rows(Organisation) if row.id == desk.people["owner"].organisation_id)
    made = desk.do("owner", webhooks.add, organisation.uid, f"https://localhost:{port}/tem?x=1")
    return str(made.secret)


def test_a_webhook_is_signed_and_tried_again_under_one_id(
    desk: Office, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    heard = Heard([500, 307])
    with receiver(heard, tls[0]) as port:
        secret = hooked(desk, port)
        courier = quiet(desk, allowed=lambda _: True, context=tls[1])
        product = desk.product()
        order = desk.order(product.uid)
        desk.do("coord", orders.decide, order.uid, OrderEvent.APPROVE)
        everything(desk, courier)
        for wait in RETRIES_S[:2]:
            desk.clock.now += wait * 1_000_000
            everything(desk, courier)
    ids = [headers["webhook-id"] for headers, _ in heard.calls]
    assert len(set(ids)) == 2  # the product and the order were approved
    assert len(ids) == 4  # two of the tries failed
    assert all(row.state is NoticeState.SENT for row in desk.rows(Notice) if row.channel is Channel.WEBHOOK)
    for headers, body in heard.calls:
        # The clock of the test is not today's, which the receiver's own check of the time would refuse.
        stamp = headers["webhook-timestamp"]
        signature = Receiver(secret).sign(headers["webhook-id"], datetime.fromtimestamp(int(stamp), UTC), body.decode())
        assert headers["webhook-signature"] == signature
    said = [json.loads(body) for _, body in heard.calls]
    assert {one["type"] for one in said} == {"product.approve", "order.approve"}
    assert str(order.uid) in {one["data"]["id"] for one in said}


def test_a_receiver_refuses_what_we_did_not_sign(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    from app.courier import signed

    secret, body = "whsec_" + "A" * 44, b'{"type":"x"}'
    seconds = int(datetime.now(UTC).timestamp())
    headers = signed(secret, "id-1", seconds, body)
    assert Receiver(secret).verify(body.decode(), headers) == {"type": "x"}
    with pytest.raises(WebhookVerificationError):
        Receiver(secret).verify('{"type":"y"}', headers)


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "https://169.254.169.254/", "https://10.0.0.1/"],
)
def test_a_webhook_never_reaches_into_our_network(desk: Office, url: str) -> None:
    letter = _letter(Channel.WEBHOOK, url)
    with pytest.raises(Undelivered, match="not on the Internet"):
        quiet(desk).carry(letter, 0)


@pytest.mark.parametrize(
    "url", ["http://a.vn/x", "ftp://a.vn", "https://", "https://u:p@a.vn/", "x", "https://a.vn/" + "x" * 500]
)
def test_a_webhook_is_a_public_https_address(desk: Office, url: str) -> None:
    organisation = next(row for row in desk.rows(Organisation) if row.id == desk.people["owner"].organisation_id)
    with pytest.raises(Refusal, match="webhook_url"):
        desk.do("owner", webhooks.add, organisation.uid, url)
    with pytest.raises(Refusal, match="not_found"):
        desk.do("stranger", webhooks.add, organisation.uid, "https://a.vn/")


def _letter(channel: Channel, to: str) -> notices.Letter:
    from uuid import UUID

    words = TELLINGS["order.approve"].words.fill({"name": "DT\r\nBcc: x@y.vn"})
    return notices.Letter(UUID(int=1), channel, to, "whsec_" + "A" * 44, "order.approve", UUID(int=2), words, 10**15)


class Mailbox(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as one letter takes, over TLS, with AUTH PLAIN."""

    letters: list[tuple[list[str], bytes]]

    def handle(self) -> None:
        said: list[str] = []
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().decode().strip():
            said.append(line)
            if line.upper().startswith("EHLO"):
                self.wfile.write(b"250-here\r\n250 AUTH PLAIN\r\n")
            elif line.upper() == "DATA":
                self.wfile.write(b"354 go on\r\n")
                content = b""
                while not content.endswith(b"\r\n.\r\n"):
                    content += self.rfile.readline()
                self.letters.append((said, content))
                self.wfile.write(b"250 taken\r\n")
            elif line.upper() == "QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"235 yes\r\n" if line.upper().startswith("AUTH") else b"250 yes\r\n")


def test_a_letter_goes_by_smtp(desk: Office, tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    handler = type("Box", (Mailbox,), {"letters": []})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.socket = tls[0].wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        port = server.server_address[1]
        courier = quiet(desk, smtp=f"smtps://me:p%40ss@localhost:{port}", context=tls[1])
        courier.carry(_letter(Channel.EMAIL, "a@example.vn"), 0)
        server.shutdown()
    ((said, content),) = handler.letters
    made = email.message_from_bytes(content, policy=email.policy.default)
    assert made["Bcc"] is None
    assert made["Subject"] == "Đơn tem DT Bcc: x@y.vn đã được duyệt"
    assert any(line.startswith("AUTH PLAIN") for line in said)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = replace(courier, smtp=f"smtps://localhost:{taken.getsockname()[1]}")
        with pytest.raises(Undelivered, match="refused"):
            closed.carry(_letter(Channel.EMAIL, "a@example.vn"), 0)


def test_a_letter_that_fails_for_days_is_given_up(desk: Office) -> None:
    everything(desk, quiet(desk))
    desk.order(desk.product().uid)
    courier = quiet(desk, smtp="smtp://localhost:1")
    everything(desk, courier)
    for wait in RETRIES_S:
        desk.clock.now += wait * 1_000_000
        everything(desk, courier)
    rows = [row for row in desk.rows(Notice) if row.event == "order.submit"]
    assert {row.state for row in rows} == {NoticeState.FAILED}
    assert {row.tries for row in rows} == {len(RETRIES_S) + 1}
    assert all("refused" in row.problem for row in rows)
    assert "order.submit" in told(desk, "coord")  # it is read in the office all the same


def test_a_courier_killed_on_the_way_carries_again_under_the_same_id(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything(desk, quiet(desk))
    desk.order(desk.product().uid)
    carried: list[Any] = []
    monkeypatch.setattr(Courier, "carry", lambda _, letter, __: carried.append(letter.uid))
    with monkeypatch.context() as patch:
        patch.setattr(notices, "settle", _killed)
        with pytest.raises(KeyboardInterrupt):
            everything(desk, quiet(desk))
    first = list(carried)
    everything(desk, quiet(desk))
    assert len(first) == 1
    assert carried.count(first[0]) == 2
    assert len(set(carried)) == len(carried) - 1


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_two_couriers_tell_once(desk: Office) -> None:
    everything(desk, quiet(desk))
    before = len(desk.rows(Notice))
    desk.order(desk.product().uid)
    wall = threading.Barrier(2)

    def go() -> None:
        wall.wait()
        with desk.work(notices_actor()) as work:
            notices.tell(work)

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fresh = desk.rows(Notice)[before:]
    assert len({(row.event, row.user_id, row.thing) for row in fresh}) == len(fresh) > 0


def notices_actor() -> Any:
    from app.domain.permissions import SYSTEM

    return SYSTEM


def test_the_pages(flask: Flask, desk: Office) -> None:
    everything(desk, quiet(desk))
    order = desk.order(desk.product().uid)
    desk.do("coord", orders.decide, order.uid, OrderEvent.APPROVE)
    everything(desk, quiet(desk))
    owner = Browser(flask, "owner")
    assert f"<strong>Đơn tem {order.number} đã được duyệt</strong>" in owner.get("/office/notices")
    assert owner.post("/office/notices/read").status_code == 303
    assert f"<strong>Đơn tem {order.number}" not in owner.get("/office/notices")
    owner.get("/office/webhooks")
    shown = owner.post("/office/webhooks", url="https://phan-mem.example.vn/tem")
    assert "whsec_" in shown.text
    assert "whsec_" not in owner.get("/office/webhooks")
    assert "https://phan-mem.example.vn/tem" in owner.page
    bad = owner.post("/office/webhooks", url="<script>")
    assert bad.status_code == 422
    assert "<script>" not in bad.text
    assert order.number not in Browser(flask, "stranger").get("/office/notices")


def test_outbox_is_private(desk: Office) -> None:
    quiet(desk).carry(_letter(Channel.TEXT, "+84912345678"), 0)
    folder: Path = desk.stack.data_dir / "outbox"
    assert folder.stat().st_mode & 0o077 == 0
