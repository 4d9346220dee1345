"""Scans in bulk from enrolled devices, made while there was no network: each item is answered or refused by itself.

A late scan keeps its own time, never becomes first and is no evidence of haste. What the device's offline verdict had
missed goes back to it as `conflicts`: the facts against the stamp, where the device had shown something else.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

from verifier import codec
from verifier.codec import BadRequest, Json, Reader
from verifier.contract import Channel, Reason, ScanAnswer, ScanRequest, Verdict, Words
from verifier.enrolment import Enrolled
from verifier.problems import Problem
from verifier.verdict import LEADS_TO

LARGEST_BATCH: Final = 500
LARGEST_BODY: Final = 2 * 1024 * 1024
_BATCH = frozenset({"scans"})
_TOO_MANY = Words(f"Cần danh sách từ 1 đến {LARGEST_BATCH} lần quét.", f"Give a list of 1 to {LARGEST_BATCH} scans.")
_NOT_A_VERDICT = Words("Không có kết quả nào mang tên này.", "There is no verdict of that name.")


@dataclass(frozen=True, slots=True)
class Item:
    """One scan of a batch: its request and the verdict its device had shown, or the problem with it."""

    request: ScanRequest | None = None
    locale: str = "vi"
    shown: Verdict | None = None
    problem: Problem | None = None


def items(body: object, enrolled: Enrolled, *, network: str, now: int) -> list[Item]:
    """The scans of a batch. Raises BadRequest where it is none; what is wrong with an item stays with the item."""
    reader = Reader(body, _BATCH)
    scans = reader.inner("scans")
    if not isinstance(scans, list) or not 1 <= len(scans) <= LARGEST_BATCH:
        reader.fault("scans", _TOO_MANY)
        scans = []
    reader.done()
    return [_item(scan, f"/scans/{place}", enrolled, network, now) for place, scan in enumerate(scans)]


def _item(scan: object, pointer: str, enrolled: Enrolled, network: str, now: int) -> Item:
    try:
        given = dict(scan) if isinstance(scan, dict) else scan
        shown = _shown(given.pop("verdict", None), pointer) if isinstance(given, dict) else None
        request, locale = codec.scan_request(given, network=network, now=now, pointer=pointer)
    except BadRequest as error:
        return Item(problem=Problem("invalid", *error.faults))
    return Item(replace(request, device=enrolled.device, role=enrolled.role, channel=Channel.BATCH), locale, shown)


def _shown(word: object, pointer: str) -> Verdict | None:
    if word is None:
        return None
    if word not in list(Verdict):
        raise BadRequest(codec.Fault(f"{pointer}/verdict", _NOT_A_VERDICT))
    return Verdict(str(word))


def conflicts(item: Item, answer: ScanAnswer) -> tuple[Reason, ...]:
    """What the verdict shown offline had missed."""
    late = item.request is not None and item.request.scanned_at is not None
    if answer.verdict is item.shown or not (late or item.shown):
        return ()
    return tuple(reason for reason in answer.reasons if reason.code in LEADS_TO)


def answered(item: Item, answer: ScanAnswer, status: int) -> Json:
    """One item's answer as JSON."""
    late = item.request is not None and item.request.scanned_at is not None
    missed = [codec.reason(reason, item.locale) for reason in conflicts(item, answer)]
    return {"status": status, "late": late, "conflicts": missed, "answer": codec.scan_answer(answer, item.locale)}


def refused(item: Item, problem: Problem, request_id: str) -> Json:
    """One item's problem as JSON."""
    late = item.request is not None and item.request.scanned_at is not None
    content: dict[str, Any] = problem.document(request_id)
    return {"status": problem.status, "late": late, "conflicts": [], "problem": content}
