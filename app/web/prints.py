"""Print jobs: released by an officer, taken once by the print house, tested, printed, handed over, counted in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app.auth import desk, fresh, may, needs, reading, working
from app.domain.errors import Refusal, Text
from app.domain.orders import PrintJobState
from app.domain.permissions import Action
from app.models.orders import PrintJob, StampOrder
from app.models.organisations import Organisation
from app.models.products import Product
from app.models.stamps import Batch
from app.services import audit, parcels, products, progress, strips
from app.services import printing as service
from app.services.printing import Receipt, Spoilage
from app.services.stamps import Positions
from app.services.work import Work
from app.web import Line, Page, asked_page, done, labels, listing, number, said, step, submitted, web
from app.web.forms import Form, asked, optional
from app.web.uploads import upload

PATH = tuple(PrintJobState)


@web.get("/print-jobs")
@needs(Action.READ_PRINT_JOB)
def print_jobs() -> str:
    """The print jobs in scope."""
    with reading() as work:
        part = service.page(work, asked_page())
        rolls = service.batches(work, part.rows)
        names = products.names(work, (roll.product_id for roll in rolls.values()))
        in_hand = progress.in_hand(work) if "after" not in request.args else []
    rows = []
    for job in part.rows:
        roll = rolls[job.batch_id]
        cells = (
            roll.number,
            job.state,
            names.get(roll.product_id, ""),
            number(roll.hi - roll.lo),
            said(labels.layout_words(roll.layout)),
        )
        rows.append(Line(cells, url_for(".print_job", uid=job.uid)))
    heads = (
        ("Cuộn", "Roll"),
        ("Trạng thái", "State"),
        ("Sản phẩm", "Product"),
        ("Số tem", "#Stamps"),
        ("Cỡ nhãn", "Layout"),
    )
    empty = Text("Chưa có việc in nào.", "No print jobs yet.")
    title = Text("In tem", "Printing")
    return listing(title, heads, rows, empty, after=part.next, states=PATH, in_hand=in_hand)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A job with everything its pages say."""

    job: PrintJob
    batch: Batch
    order: StampOrder
    product: str
    producer: Organisation
    printer: Organisation
    trail: list[audit.Step]

    @property
    def files(self) -> Mapping[str, str]:
        """The digests that the signed manifest names."""
        said = json.loads(self.batch.manifest or "{}")
        found: Mapping[str, str] = said.get("manifest", {}).get("files", {})
        return found


def _sheet(work: Work, uid: UUID) -> _Sheet:
    job = service.get(work, uid)
    batch = work.session.get_one(Batch, job.batch_id)
    producer = work.session.get_one(Organisation, batch.organisation_id)
    return _Sheet(
        job,
        batch,
        work.session.get_one(StampOrder, batch.order_id),
        work.session.get_one(Product, batch.product_id).name,
        producer,
        work.session.get_one(Organisation, job.printer_id) if job.printer_id else producer,
        audit.trail(work.session, "print_job", job.id),
    )


@web.get("/print-jobs/<uuid:uid>")
@needs(Action.READ_PRINT_JOB)
def print_job(uid: UUID) -> str:
    """One job; the passphrase of its one download is made for this very page and kept nowhere."""
    with reading() as work:
        sheet = _sheet(work, uid)
    released = sheet.job.state is PrintJobState.RELEASED and may(Action.PRINT_JOB)
    return render_template(
        "print_job.html",
        sheet=sheet,
        job=sheet.job,
        batch=sheet.batch,
        path=PATH,
        strip=strips.count(desk().press, sheet.batch),
        passphrase=parcels.new_passphrase() if released else None,
    )


@web.get("/print-jobs/<uuid:uid>/handover")
@needs(Action.READ_PRINT_JOB)
def handover(uid: UUID) -> str:
    """The hand-over note with its digests, to print and sign."""
    with reading() as work:
        sheet = _sheet(work, uid)
    if sheet.job.printed_at is None:
        raise Refusal("illegal_step", event="hand over", state=sheet.job.state.value)
    return render_template("handover.html", sheet=sheet, job=sheet.job, batch=sheet.batch)


@web.post("/print-jobs/<uuid:uid>/release")
@fresh
@needs(Action.RELEASE_PRINT_JOB)
def release(uid: UUID) -> Answer:
    """Let the print house have the file, or have it once more."""
    reason = request.form.get("reason")
    return step(lambda work: service.release(work, uid, reason), "web.print_job", uid=uid)


@web.post("/print-jobs/<uuid:uid>/download")
@needs(Action.PRINT_JOB)
def download(uid: UUID) -> Answer:
    """The print file, once, under the passphrase of the page it was asked from."""
    try:
        with working() as work:
            job = service.download(work, uid)
            content = parcels.packed(_file_of(job), request.form.get("passphrase", ""))
    except Refusal as refusal:
        flash(said(refusal.text), "error")
        return redirect(url_for("web.print_job", uid=uid), 303)
    headers = {"content-disposition": f'attachment; filename="tem-{uid}.zip"'}
    return Response(content, mimetype="application/zip", headers=headers)


def _file_of(job: PrintJob) -> Path:
    path: Path = current_app.extensions["print_file"](job.sha256)
    if not path.is_file():
        raise Refusal("not_found", what="print file")
    return path


@web.get("/print-jobs/<uuid:uid>/strip")
@needs(Action.PRINT_JOB)
def strip(uid: UUID) -> Answer:
    """The test strip as PDF."""
    with reading() as work:
        sheet = _sheet(work, uid)
        work.may(Action.PRINT_JOB, organisation_id=sheet.printer.id, what="print job")
    content = strips.sheet(desk().press, sheet.batch, sheet.product, sheet.producer.name)
    headers = {"content-disposition": f'attachment; filename="mau-thu-{sheet.batch.number}.pdf"'}
    return Response(content, mimetype="application/pdf", headers=headers)


@web.post("/print-jobs/<uuid:uid>/strip")
@needs(Action.PRINT_JOB)
def read_strip(uid: UUID) -> Answer:
    """Read the printed strip back from a photo."""
    photo = upload("picture")

    def read(work: Work) -> PrintJob:
        job = service.get(work, uid)
        return service.tested(work, uid, strips.read(work.press, work.session.get_one(Batch, job.batch_id), photo))

    return step(read, "web.print_job", uid=uid)


@dataclass(frozen=True, slots=True)
class _Report:
    """The places that a print house names, as typed."""

    spoiled_at: str = ""
    unprinted_at: str = ""


@web.route("/print-jobs/<uuid:uid>/printed", methods=["GET", "POST"])
@needs(Action.PRINT_JOB)
def printed(uid: UUID) -> Page:
    """The batch is on paper, but for what is named."""
    with reading() as work:
        service.get(work, uid)
    form = Form(
        _Report,
        (
            optional(
                "spoiled_at", "Tem in hỏng (số thứ tự, ví dụ: 3-5, 20)", "Spoiled stamps (places, such as 3-5, 20)"
            ),
            optional("unprinted_at", "Tem chưa in (số thứ tự)", "Stamps not printed (places)"),
        ),
    )
    form.button = Text("Báo đã in xong", "Report as printed")

    def then(_: Any) -> Answer:
        return done("web.print_job", uid=uid)

    def act(work: Work, said: _Report) -> PrintJob:
        report = Spoilage(positions(said.spoiled_at, "/spoiled_at"), positions(said.unprinted_at, "/unprinted_at"))
        return service.printed(work, uid, report)

    return submitted(form, act, then, Text("Báo kết quả in", "Report the printing"))


@dataclass(frozen=True, slots=True)
class _Count:
    """What a producer counted, as typed."""

    good: int
    spoiled_at: str = ""
    returned_at: str = ""
    lost_at: str = ""


@web.route("/print-jobs/<uuid:uid>/receive", methods=["GET", "POST"])
@needs(Action.RECEIVE_STAMPS)
def receive(uid: UUID) -> Page:
    """Count a printed roll in: good, spoiled, sent back and lost add up to what was printed."""
    with reading() as work:
        came = service.expected(work, uid)
    form = Form(
        _Count,
        (
            asked("good", "Số tem tốt", "Good stamps", "number", most=9),
            optional(
                "spoiled_at",
                "Vị trí tem hỏng (ví dụ: 3-5, 20)",
                "Positions of spoiled stamps (for example 3-5, 20)",
            ),
            optional("returned_at", "Tem trả lại nhà in", "Stamps sent back to the print house"),
            optional("lost_at", "Tem mất trên đường giao", "Stamps lost on the way"),
        ),
    )
    form.given = {"good": str(came)}
    form.button = Text("Nhận tem", "Receive")

    def then(roll: UUID) -> Answer:
        return done("web.roll", uid=roll)

    def count_in(work: Work, said: _Count) -> UUID:
        parts = [positions(getattr(said, name), f"/{name}") for name in ("spoiled_at", "returned_at", "lost_at")]
        job = service.receive(work, uid, Receipt(said.good, *parts))
        return work.session.get_one(Batch, job.batch_id).uid

    return submitted(form, count_in, then, Text("Nhận tem", "Receive stamps"))


def positions(text: str, pointer: str) -> tuple[Positions, ...]:
    """`3-5, 20` as ranges. Raises Refusal."""
    found = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.strip():
            try:
                found.append(Positions(int(first), int(last or first)))
            except ValueError:
                raise Refusal("malformed", pointer=pointer, what=part.strip()) from None
    return tuple(found)
