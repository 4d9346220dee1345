"""The first page: what is due, and for a producer the four things a day is made of."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import render_template, url_for
from flask_login import current_user

from app.auth import may, needs, reading
from app.domain.cases import CaseState
from app.domain.errors import Text
from app.domain.orders import PrintJobState
from app.domain.permissions import Action, RoleName
from app.services import activations, cases, dossiers, supply, tasks
from app.services.work import Work
from app.web import day, number, web

PRODUCERS = frozenset({RoleName.PRODUCER_OWNER, RoleName.PRODUCER_STAFF})


@dataclass(frozen=True, slots=True)
class Due:
    """One thing to do and where; `urgent` ones stand out."""

    words: Text
    url: str
    urgent: bool = False


@web.get("/")
@needs()
def home() -> str:
    """What is due, above four big buttons for a producer."""
    producer = bool(PRODUCERS & current_user.actor.roles)
    with reading() as work:
        due = [one for find in _FINDERS[producer] for one in find(work)]
        stock = supply.of_own(work) if producer else []
        undoable = activations.undoable(work, limit=1) if producer else []
    return render_template("home.html", due=due[:12], producer=producer, stock=stock, undoable=undoable)


@web.get("/more")
@needs()
def more() -> str:
    """All sections, for a phone whose bar holds four."""
    return render_template("more.html")


def _low(work: Work) -> Iterator[Due]:
    for one in supply.of_own(work):
        if one.low and may(Action.PLACE_ORDER):
            words = Text(
                f"{one.name}: còn {number(one.stock)} tem, khoảng {one.days} ngày: đặt thêm",
                f"{one.name}: {number(one.stock)} stamps left, about {one.days} days: order again",
            )
            url = url_for("web.new_order", step=2, product=one.product, quantity=one.used)
            yield Due(words, url, urgent=True)


def _unreceived(work: Work) -> Iterator[Due]:
    for job, batch in tasks.unreceived(work):
        count = number(job.good if job.good is not None else batch.hi - batch.lo)
        words = Text(f"Nhận cuộn tem đã in {batch.number}: {count} tem", f"Receive roll {batch.number}: {count} stamps")
        yield Due(words, url_for("web.receive", uid=job.uid))


def _returned(work: Work) -> Iterator[Due]:
    for order in tasks.returned_orders(work):
        words = Text(f"Sửa đơn {order.number} bị trả lại", f"Mend the returned order {order.number}")
        yield Due(words, url_for("web.order", uid=order.uid), urgent=True)


def _dossiers(work: Work) -> Iterator[Due]:
    for lot in tasks.unfinished_lots(work):
        words = Text(f"Hoàn thiện hồ sơ lô {lot.lot_no}", f"Complete the dossier of lot {lot.lot_no}")
        yield Due(words, url_for("web.lot", uid=lot.uid))


def _tests(work: Work) -> Iterator[Due]:
    for test, lot in dossiers.ending(work):
        left = (test.valid_until - work.today).days
        words = (
            Text(
                f"Phiếu kiểm nghiệm {test.report_no} (lô {lot.lot_no}) còn hạn {left} ngày",
                f"Test report {test.report_no} (lot {lot.lot_no}) runs out in {left} days",
            )
            if left >= 0
            else Text(
                f"Phiếu kiểm nghiệm {test.report_no} (lô {lot.lot_no}) đã hết hạn {day(test.valid_until)}",
                f"Test report {test.report_no} (lot {lot.lot_no}) ran out on {day(test.valid_until)}",
            )
        )
        yield Due(words, url_for("web.lot", uid=lot.uid), urgent=True)


def _rolls(work: Work) -> Iterator[Due]:
    for roll in tasks.stocked_rolls(work, 3):
        words = Text(
            f"Còn {number(roll.stock)} tem chưa kích hoạt – {roll.product}, cuộn {roll.number}",
            f"{number(roll.stock)} stamps to activate – {roll.product}, roll {roll.number}",
        )
        yield Due(words, url_for("web.roll", uid=roll.batch))


def _officer(work: Work) -> Iterator[Due]:
    yield from _each(
        tasks.recalls(work), "web.recall", lambda row: Text(f"Thu hồi {row.number}", f"Recall {row.number}")
    )
    yield from _each(tasks.orders(work), "web.order", _order_words)
    if tasks.print_jobs(work, Action.RELEASE_PRINT_JOB, PrintJobState.READY):
        yield Due(Text("Phát hành tệp in", "Release a print file"), url_for("web.print_jobs", state="READY"))
    yield from _each(
        tasks.organisations(work),
        "web.organisation",
        lambda row: Text(f"Duyệt chủ thể {row.name}", f"Decide organisation {row.name}"),
    )
    yield from _each(
        tasks.products(work),
        "web.product",
        lambda row: Text(f"Duyệt sản phẩm {row.name}", f"Decide product {row.name}"),
    )


def _cases(work: Work) -> Iterator[Due]:
    for row in cases.to_decide(work):
        asked = row.state is CaseState.HOLD_ASKED
        words = (
            Text(f"Duyệt tạm dừng lô, vụ việc {row.number}", f"Decide a hold, case {row.number}")
            if asked
            else Text(f"Xem vụ việc {row.number}", f"Look at case {row.number}")
        )
        yield Due(words, url_for("web.case", uid=row.uid), urgent=asked or row.red)


def _each(rows: Iterable[Any], endpoint: str, words: Callable[[Any], Text]) -> Iterator[Due]:
    for row in rows:
        yield Due(words(row), url_for(endpoint, uid=row.uid))


def _order_words(row: Any) -> Text:
    count = number(row.quantity)
    return Text(f"Duyệt đơn {row.number}: {count} tem", f"Decide order {row.number}: {count} stamps")


def _printer(work: Work) -> Iterator[Due]:
    waiting = (PrintJobState.RELEASED, PrintJobState.DOWNLOADED)
    count = tasks.print_jobs(work, Action.PRINT_JOB, *waiting) if may(Action.PRINT_JOB) else 0
    if count:
        words = Text(f"{count} việc in đang chờ", f"{count} print jobs are waiting")
        yield Due(words, url_for("web.print_jobs"))


Finder = Callable[[Work], Iterator[Due]]
_FINDERS: dict[bool, tuple[Finder, ...]] = {
    True: (_low, _returned, _tests, _unreceived, _printer, _dossiers, _rolls),
    False: (_cases, _officer, _printer),
}
