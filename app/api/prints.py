"""Print jobs over the API: released, downloaded once, tested, printed, counted in."""

from pathlib import Path

from flask import Response, current_app, request
from pydantic import RootModel

from app.api import PICTURE, ById, Paging, Reason, answered, api, given, paged, stepped
from app.auth import needs, reading, working
from app.domain.errors import Refusal
from app.domain.permissions import Action
from app.models.orders import PrintJob
from app.services import parcels, printing, strips
from app.services.printing import Receipt, Spoilage
from app.services.work import Work


class SpoilageBody(RootModel[Spoilage]):
    """`Spoilage` as the body of a request; it may be left out."""


class ReceiptBody(RootModel[Receipt]):
    """`Receipt` as the body of a request."""


@api.get("/print-jobs")
@needs(Action.READ_PRINT_JOB)
def list_print_jobs(query: Paging) -> Response:
    """Print jobs in scope, the newest first."""
    with reading() as work:
        return paged(work, printing.page(work, query.ask()))


@api.get("/print-jobs/<uuid:uid>")
@needs(Action.READ_PRINT_JOB)
def get_print_job(path: ById) -> Response:
    """One print job with its digest and its counts."""
    with reading() as work:
        return answered(work, printing.get(work, path.uid))


@api.post("/print-jobs/<uuid:uid>/download")
@needs(Action.PRINT_JOB)
def download_print_job(path: ById) -> Response:
    """The print file, once, encrypted; its passphrase is in the header `estamp-passphrase` and kept nowhere."""
    secret = parcels.new_passphrase()
    with working() as work:
        job = printing.download(work, path.uid)
        file: Path = current_app.extensions["print_file"](job.sha256)
        if not file.is_file():
            raise Refusal("not_found", what="print file")
    headers = {"content-disposition": f'attachment; filename="tem-{path.uid}.zip"', "estamp-passphrase": secret}
    return Response(parcels.packed(file, secret), mimetype="application/zip", headers=headers)


@api.get("/print-jobs/<uuid:uid>/strip")
@needs(Action.PRINT_JOB)
def get_strip(path: ById) -> Response:
    """The test strip as PDF."""
    with reading() as work:
        batch, product, organisation = printing.labelled(work, path.uid)
        content = strips.sheet(work.press, batch, product, organisation)
    return Response(content, mimetype="application/pdf")


@api.post("/print-jobs/<uuid:uid>/strip", request_body=PICTURE)
@needs(Action.PRINT_JOB)
def read_strip(path: ById) -> Response:
    """Read the printed strip back; the body is the photo (JPEG, PNG or WebP)."""
    photo = request.get_data()

    def read(work: Work) -> PrintJob:
        batch, _, _ = printing.labelled(work, path.uid)
        return printing.tested(work, path.uid, strips.read(work.press, batch, photo))

    return stepped(read)


@api.post("/print-jobs/<uuid:uid>/release")
@needs(Action.RELEASE_PRINT_JOB)
def release_print_job(path: ById) -> Response:
    """Let the print house have the file, or with a reason have it once more."""
    return stepped(lambda work: printing.release(work, path.uid, given(Reason).reason))


@api.post("/print-jobs/<uuid:uid>/printed")
@needs(Action.PRINT_JOB)
def print_job_printed(path: ById) -> Response:
    """The batch is on paper, but for what is named."""
    return stepped(lambda work: printing.printed(work, path.uid, given(SpoilageBody).root))


@api.post("/print-jobs/<uuid:uid>/receive")
@needs(Action.RECEIVE_STAMPS)
def receive_print_job(path: ById, body: ReceiptBody) -> Response:
    """Count a printed roll in."""
    return stepped(lambda work: printing.receive(work, path.uid, body.root))
