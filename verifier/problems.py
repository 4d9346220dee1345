"""Errors of the public side as RFC 9457 problems: one row each, with its status and its words in both languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verifier.codec import Fault
from verifier.contract import Words

TYPE = "/problems/{code}"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """The HTTP status of a problem and what it says."""

    status: int
    title: Words


PROBLEMS: Mapping[str, ProblemKind] = {
    "bad_json": ProblemKind(400, Words("Nội dung gửi lên không phải JSON.", "The body is not JSON.")),
    "invalid": ProblemKind(422, Words("Có trường chưa đúng; hãy sửa rồi gửi lại.", "Mend the fields and send again.")),
    "too_large": ProblemKind(
        413, Words("Nội dung gửi lên quá lớn (tối đa 16 kB).", "The body is too large (16 kB at most).")
    ),
    "not_found": ProblemKind(404, Words("Không có trang hoặc mục này.", "There is no such page or thing.")),
    "method_not_allowed": ProblemKind(405, Words("Địa chỉ này không nhận cách gọi đó.", "Use another method here.")),
    "nonce_reused": ProblemKind(
        422,
        Words(
            "`nonce` này đã dùng cho một mã khác; hãy tạo `nonce` mới.",
            "This nonce was used for another code; make one.",
        ),
    ),
    "no_receipt": ProblemKind(404, Words("Không có lần quét nào mang số này.", "There is no scan with this receipt.")),
    "no_pin": ProblemKind(
        409, Words("Tem này không có mã dưới lớp cào.", "This stamp has no code under a scratch layer.")
    ),
    "not_active": ProblemKind(
        409, Words("Tem không ở trạng thái được xác nhận.", "The stamp is not in a state that can be claimed.")
    ),
    "bad_form": ProblemKind(400, Words("Biểu mẫu gửi lên không đọc được.", "The form cannot be read.")),
    "photo_too_large": ProblemKind(413, Words("Ảnh lớn quá 8 MB; hãy chọn ảnh nhỏ hơn.", "The photo is over 8 MB.")),
    "key_reused": ProblemKind(
        422,
        Words(
            "Idempotency-Key này đã dùng cho một báo cáo khác.",
            "This Idempotency-Key was used for another report; make one.",
        ),
    ),
    "not_enrolled": ProblemKind(
        401,
        Words(
            "Thiết bị chưa được đăng ký hoặc đã bị thu hồi quyền.",
            "The device is not enrolled, or was revoked; ask the office for a token.",
        ),
    ),
    "no_device": ProblemKind(
        403,
        Words(
            "Không biết thiết bị này; hãy xoá từng lần quét bằng biên nhận.",
            "This device is not known here; erase scans one by one, by their receipts.",
        ),
    ),
    "too_many": ProblemKind(
        429, Words("Quá nhiều lần; hãy đợi một lát rồi thử lại.", "Too many requests; wait a while and try again.")
    ),
    "busy": ProblemKind(503, Words("Hệ thống đang bận; hãy thử lại sau ít giây.", "Busy; try again in seconds.")),
    "unavailable": ProblemKind(
        503, Words("Chưa kiểm tra được; hãy thử lại sau ít phút.", "Could not check; try again in a few minutes.")
    ),
    "internal": ProblemKind(
        500, Words("Hệ thống gặp lỗi; chúng tôi đã ghi nhận.", "Something failed on our side; it is on record.")
    ),
}


class Problem(Exception):
    """Ends a request with a problem; `faults` name the fields."""

    def __init__(self, code: str, *faults: Fault) -> None:
        self.code = code
        self.faults = faults
        self.wait_s: int | None = None
        super().__init__(code)

    @classmethod
    def too_many(cls, wait_s: int) -> "Problem":
        """Over a limit, for that many seconds more."""
        made = cls("too_many")
        made.wait_s = wait_s
        return made

    @property
    def status(self) -> int:
        """Its HTTP status."""
        return PROBLEMS[self.code].status

    def document(self, request_id: str) -> dict[str, Any]:
        """The problem as JSON: `detail` and each error in both languages."""
        kind = PROBLEMS[self.code]
        return {
            "type": TYPE.format(code=self.code),
            "title": kind.title.en,
            "status": kind.status,
            "detail": {"vi": kind.title.vi, "en": kind.title.en},
            "errors": errors(self.faults),
            "request_id": request_id,
        }


def errors(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """Faults as the `errors` member."""
    return [{"pointer": fault.pointer, "detail": {"vi": fault.text.vi, "en": fault.text.en}} for fault in faults]
