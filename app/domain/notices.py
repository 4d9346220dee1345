"""What is worth telling, and to whom: one table from acts of the audit chain to words and readers; pure."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.permissions import Action
from app.domain.refusals import Text


class Audience(StrEnum):
    """Whose work goes on from here."""

    OFFICERS = "officers"  # of the whole province, who may take the next step
    PRODUCER = "producer"  # accounts of the organisation that it is about
    PRINTER = "printer"  # accounts of the print house of the job, or of the producer who prints at home


class Channel(StrEnum):
    """How a notice leaves; every one of a person is also shown in the office."""

    APP = "app"
    EMAIL = "email"
    TEXT = "text"
    WEBHOOK = "webhook"


class NoticeState(StrEnum):
    """Whether it has left."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Telling:
    """One act: who reads of it (those who may take `action`), and the words, with `{name}` for the thing."""

    audience: Audience
    action: Action
    words: Text


def _officers(action: Action, vi: str, en: str) -> Telling:
    return Telling(Audience.OFFICERS, action, Text(vi, en))


def _producer(action: Action, vi: str, en: str) -> Telling:
    return Telling(Audience.PRODUCER, action, Text(vi, en))


TELLINGS: Mapping[str, Telling] = {
    "organisation.register": _officers(
        Action.DECIDE_ORGANISATION, "Chủ thể {name} chờ duyệt", "Organisation {name} waits for a decision"
    ),
    "organisation.approve": _producer(
        Action.READ_ORGANISATION, "Chủ thể {name} đã được duyệt", "Organisation {name} was approved"
    ),
    "organisation.suspend": _producer(
        Action.READ_ORGANISATION, "Chủ thể {name} bị tạm dừng", "Organisation {name} was suspended"
    ),
    "product.submit": _officers(
        Action.DECIDE_PRODUCT, "Sản phẩm {name} chờ duyệt", "Product {name} waits for a decision"
    ),
    "product.approve": _producer(Action.READ_PRODUCT, "Sản phẩm {name} đã được duyệt", "Product {name} was approved"),
    "product.return": _producer(
        Action.EDIT_PRODUCT, "Sản phẩm {name} bị trả lại để sửa", "Product {name} was returned"
    ),
    "order.submit": _officers(Action.DECIDE_ORDER, "Đơn tem {name} chờ duyệt", "Order {name} waits for a decision"),
    "order.endorse": _officers(
        Action.DECIDE_ORDER, "Đơn tem {name} cần cán bộ thứ hai", "Order {name} needs a second officer"
    ),
    "order.approve": _producer(Action.READ_ORDER, "Đơn tem {name} đã được duyệt", "Order {name} was approved"),
    "order.return": _producer(Action.PLACE_ORDER, "Đơn tem {name} bị trả lại để sửa", "Order {name} was returned"),
    "order.reject": _producer(Action.READ_ORDER, "Đơn tem {name} bị từ chối", "Order {name} was rejected"),
    "print_job.create": _officers(
        Action.RELEASE_PRINT_JOB, "Tệp in {name} chờ phát hành", "Print file {name} waits for its release"
    ),
    "print_job.release": Telling(
        Audience.PRINTER, Action.PRINT_JOB, Text("Có việc in {name}", "Print job {name} is yours to print")
    ),
    "print_job.print": _producer(
        Action.RECEIVE_STAMPS, "Cuộn tem {name} đã in xong, hãy nhận", "Roll {name} is printed; receive it"
    ),
    "hold.place": _producer(Action.READ_LOT, "Lô {name} bị tạm dừng", "Lot {name} is on hold"),
    "recall.request": _officers(
        Action.DECIDE_RECALL, "Đề nghị thu hồi {name} chờ duyệt", "Recall {name} waits for a decision"
    ),
    "alert_case.raise": _officers(
        Action.DECIDE_CASE, "Vụ việc {name} cần xem: dấu hiệu sao chép", "Case {name} needs a look: signs of copies"
    ),
    "alert_case.page": _officers(
        Action.MANAGE_USERS,
        "KHẨN {name}: có mã đúng khoá nhưng chưa từng phát hành; khoá có thể đã lộ",
        "URGENT {name}: codes right by our key that were never issued; the key may be known to others",
    ),
    "alert_case.ask_hold": _officers(
        Action.APPROVE_HOLD, "Vụ việc {name}: chờ duyệt tạm dừng lô", "Case {name}: a hold waits for approval"
    ),
    "alert_case.confirm": _producer(
        Action.READ_LOT, "Vụ việc {name}: cán bộ xác nhận có vi phạm", "Case {name}: officers confirmed it"
    ),
    "hold.lift": _producer(Action.READ_LOT, "Lô {name} được gỡ tạm dừng", "The hold on lot {name} was lifted"),
    "recall.approve": _producer(Action.READ_RECALL, "Thu hồi {name} đã có hiệu lực", "Recall {name} is in force"),
}
"""By `noun.action` of the audit chain."""

RETRIES_S = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""How long to wait after each try that failed, as Standard Webhooks advises; after the last it is given up."""
LONGEST_TEXT = 160


def bare(text: str) -> str:
    """The words without their marks: "Chè Shan tuyết" is "Che Shan tuyet"."""
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(one for one in apart if not unicodedata.combining(one))


def plain_text(text: str) -> str:
    """The words for SMS or Zalo: no diacritics, so that one message of 160 characters holds them (GSM 03.38)."""
    line = "".join(one if " " <= one <= "~" else " " for one in bare(text))
    return " ".join(line.split())[:LONGEST_TEXT]
