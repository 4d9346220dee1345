"""The words of verdicts and reasons, in Vietnamese and English. Pure data; changing a word here changes it everywhere.

"Fake" is never said: the system cannot know it. An open code proves the code, not the goods.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Words:
    """The same words in Vietnamese and English; `en` falls back to `vi` where a producer wrote only Vietnamese."""

    vi: str
    en: str

    def fill(self, **values: object) -> "Words":
        """Both sentences with their `{name}` places filled."""
        return Words(self.vi.format(**values), self.en.format(**values))


class Tone(StrEnum):
    """The colour of an answer; each goes with its own icon and word."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"
    BLUE = "blue"


class Verdict(StrEnum):
    """The one word of an answer."""

    __hash__ = str.__hash__  # members are keys at every scan; an enumeration's own hash is a slow call

    VALID_FIRST = "valid_first"
    VALID = "valid"
    UNUSUAL = "unusual"
    SUSPECT_COPY = "suspect_copy"
    NOT_ACTIVATED = "not_activated"
    LOT_BLOCKED = "lot_blocked"
    EXPIRED_PRODUCT = "expired_product"
    VOID = "void"
    RECALLED = "recalled"
    FORGED = "forged"
    UNKNOWN = "unknown"
    FOREIGN = "foreign"
    MALFORMED = "malformed"
    UNAVAILABLE = "unavailable"
    AUTHENTIC_OFFLINE = "authentic_offline"


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """How a verdict is shown: its tone, one line of verdict, one line of what to do."""

    tone: Tone
    headline: Words
    advice: Words


_COMPARE = Words(
    "So sánh gói hàng với ảnh và số lô bên dưới trước khi mua.",
    "Compare the pack with the picture and the lot below before you buy.",
)
_DO_NOT_BUY = Words(
    "Đừng mua, đừng dùng. Hãy báo cho chúng tôi nơi bạn thấy sản phẩm này.",
    "Do not buy or use it. Tell us where you saw this product.",
)
_ASK = Words(
    "Hãy hỏi người bán và gọi cho nhà sản xuất theo số bên dưới.",
    "Ask the seller, and call the producer on the number below.",
)

VERDICTS: Mapping[Verdict, VerdictWords] = {
    Verdict.VALID_FIRST: VerdictWords(
        Tone.GREEN, Words("Mã hợp lệ – lần quét đầu tiên", "Valid code – first scan"), _COMPARE
    ),
    Verdict.VALID: VerdictWords(Tone.GREEN, Words("Mã hợp lệ", "Valid code"), _COMPARE),
    Verdict.UNUSUAL: VerdictWords(
        Tone.AMBER,
        Words("Cần kiểm tra thêm – lịch sử quét bất thường", "Check before you buy – unusual scan history"),
        _COMPARE,
    ),
    Verdict.SUSPECT_COPY: VerdictWords(
        Tone.RED, Words("Nghi bị sao chép – đừng mua", "Possible copy – do not buy"), _DO_NOT_BUY
    ),
    Verdict.NOT_ACTIVATED: VerdictWords(
        Tone.AMBER,
        Words("Tem chưa kích hoạt – chưa được phép lưu hành", "Not activated – not allowed on sale"),
        _ASK,
    ),
    Verdict.LOT_BLOCKED: VerdictWords(Tone.AMBER, Words("Lô đang tạm dừng", "Lot on hold"), _ASK),
    Verdict.EXPIRED_PRODUCT: VerdictWords(
        Tone.AMBER,
        Words("Hết hạn sử dụng", "Past its expiry date"),
        Words("Đừng dùng sản phẩm đã quá hạn.", "Do not use a product past its date."),
    ),
    Verdict.VOID: VerdictWords(
        Tone.RED, Words("Tem đã huỷ hoặc báo mất – đừng mua", "Stamp voided or lost – do not buy"), _DO_NOT_BUY
    ),
    Verdict.RECALLED: VerdictWords(
        Tone.RED,
        Words("Lô bị thu hồi – ngừng sử dụng", "Lot recalled – stop using it"),
        Words("Làm theo hướng dẫn thu hồi bên dưới.", "Follow the recall notice below."),
    ),
    Verdict.FORGED: VerdictWords(
        Tone.RED, Words("Mã không do hệ thống phát hành", "Not issued by this system"), _DO_NOT_BUY
    ),
    Verdict.UNKNOWN: VerdictWords(
        Tone.RED, Words("Mã không nằm trong hệ thống", "This code is not in the system"), _DO_NOT_BUY
    ),
    Verdict.FOREIGN: VerdictWords(
        Tone.GREY,
        Words("Không phải tem của hệ thống này", "Not a stamp of this system"),
        Words(
            "Mã này do nơi khác phát hành; chúng tôi không kiểm tra được.",
            "Somebody else issued this code; we cannot check it.",
        ),
    ),
    Verdict.MALFORMED: VerdictWords(
        Tone.GREY,
        Words("Không đọc được mã tem", "This is not a readable stamp code"),
        Words(
            "Quét lại cả ô vuông, hoặc gõ lại dãy 17 ký tự in dưới mã.",
            "Scan the whole square again, or retype the 17 characters printed below it.",
        ),
    ),
    Verdict.UNAVAILABLE: VerdictWords(
        Tone.GREY,
        Words("Chưa kiểm tra được", "Could not check"),
        Words(
            "Hệ thống đang bận. Hãy quét lại sau ít phút; chưa nên mua khi chưa kiểm tra.",
            "The system cannot answer now. Scan again in a few minutes, and do not rely on the stamp until then.",
        ),
    ),
    Verdict.AUTHENTIC_OFFLINE: VerdictWords(
        Tone.BLUE,
        Words("Đúng chữ ký, chưa kiểm tra trạng thái", "Signature correct, status not checked"),
        Words("Kết nối mạng để kiểm tra trạng thái của tem.", "Go online to check the status of the stamp."),
    ),
}


class ReasonCode(StrEnum):
    """Every fact that can apply to a scanned stamp, whichever verdict it led to."""

    __hash__ = str.__hash__  # members are keys at every scan; an enumeration's own hash is a slow call

    FIRST_SCAN = "first_scan"
    SEEN_BEFORE = "seen_before"
    SEEN_ELSEWHERE = "seen_elsewhere"
    PIN_CONFIRMED = "pin_confirmed"
    PIN_REUSED = "pin_reused"
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    NOT_ACTIVATED = "not_activated"
    LOT_BLOCKED = "lot_blocked"
    EXPIRED = "expired"
    VOID = "void"
    LOST = "lost"
    RECALLED = "recalled"
    RECALL_CLOSED = "recall_closed"
    CERTIFICATE_EXPIRED = "certificate_expired"
    SIGNATURE_WRONG = "signature_wrong"
    WRONG_GTIN = "wrong_gtin"
    KEY_COMPROMISED = "key_compromised"
    NOT_ISSUED = "not_issued"
    MANIFEST_INVALID = "manifest_invalid"
    OTHER_HOST = "other_host"
    NOT_A_STAMP = "not_a_stamp"
    TYPING_ERROR = "typing_error"
    LATE = "late"
    MANY_DEVICES = "many_devices"
    OVER_MANY_DAYS = "over_many_days"
    FAR_PLACES = "far_places"
    SEVERAL_BUYERS = "several_buyers"
    LONG_AFTER_SALE = "long_after_sale"
    EXPOSED = "exposed"
    PIN_FAR = "pin_far"
    VOUCHED_APART = "vouched_apart"
    COPY_CONFIRMED = "copy_confirmed"
    ON_DISPLAY = "on_display"


REASONS: Mapping[ReasonCode, Words] = {
    ReasonCode.FIRST_SCAN: Words("Đây là lần quét đầu tiên của tem.", "This is the stamp's first scan."),
    ReasonCode.SEEN_BEFORE: Words("Bạn đã quét tem này trước đây.", "You have scanned this stamp before."),
    ReasonCode.SEEN_ELSEWHERE: Words(
        "Tem đã được thiết bị khác quét {elsewhere} lần.", "Other devices have scanned this stamp {elsewhere} times."
    ),
    ReasonCode.PIN_CONFIRMED: Words(
        "Mã dưới lớp cào đã được xác nhận ngày {day}.", "The scratch code was confirmed on {day}."
    ),
    ReasonCode.PIN_REUSED: Words(
        "Mã dưới lớp cào đã được một thiết bị khác dùng lại.", "The scratch code was used again on another device."
    ),
    ReasonCode.IMPOSSIBLE_TRAVEL: Words(
        "Tem được quét ở hai nơi quá xa nhau trong thời gian quá ngắn.",
        "The stamp was scanned in two places too far apart in too short a time.",
    ),
    ReasonCode.NOT_ACTIVATED: Words(
        "Nhà sản xuất chưa gắn tem này với lô hàng nào.", "The producer has not bound this stamp to a lot yet."
    ),
    ReasonCode.LOT_BLOCKED: Words("Lô hàng đang bị tạm dừng: {reason}", "The lot is on hold: {reason}"),
    ReasonCode.EXPIRED: Words("Lô hàng hết hạn ngày {day}.", "The lot expired on {day}."),
    ReasonCode.VOID: Words("Tem đã bị huỷ và không được dùng.", "The stamp has been voided and must not be used."),
    ReasonCode.LOST: Words("Tem đã được báo mất.", "The stamp has been reported lost."),
    ReasonCode.RECALLED: Words("Lô hàng bị thu hồi: {reason}", "The lot is under recall: {reason}"),
    ReasonCode.RECALL_CLOSED: Words("Vụ việc thu hồi đã đóng ngày {day}.", "The recall was closed on {day}."),
    ReasonCode.CERTIFICATE_EXPIRED: Words(
        "Giấy chứng nhận OCOP hết hạn ngày {day}; không còn hạng sao.",
        "The OCOP certificate ended on {day}; its stars no longer count.",
    ),
    ReasonCode.SIGNATURE_WRONG: Words("Chữ ký trong mã không đúng.", "The signature in the code is not right."),
    ReasonCode.WRONG_GTIN: Words(
        "Mã hàng hoá trong tem không khớp.", "The trade item number in the stamp does not match."
    ),
    ReasonCode.KEY_COMPROMISED: Words(
        "Khoá tạo ra mã này đã bị thu hồi.", "The key behind this code has been withdrawn."
    ),
    ReasonCode.NOT_ISSUED: Words("Mã này chưa từng được phát hành.", "This code was never issued."),
    ReasonCode.MANIFEST_INVALID: Words("Lô tem không có bảng kê hợp lệ.", "The batch has no valid manifest."),
    ReasonCode.OTHER_HOST: Words("Địa chỉ trong mã không thuộc hệ thống này.", "The address in the code is not ours."),
    ReasonCode.NOT_A_STAMP: Words("Nội dung quét được không phải mã tem.", "What was scanned is not a stamp code."),
    ReasonCode.TYPING_ERROR: Words(
        "Dãy ký tự gõ vào có chỗ sai; hãy xem lại từng ký tự.", "There is a typing error; check each character."
    ),
    ReasonCode.LATE: Words("Lần quét này được gửi lên muộn.", "This scan was sent in late."),
    ReasonCode.MANY_DEVICES: Words(
        "Nhiều điện thoại khác nhau đã quét tem này, nhiều hơn một gói hàng thường có.",
        "More different phones have scanned this stamp than one pack usually meets.",
    ),
    ReasonCode.OVER_MANY_DAYS: Words(
        "Ngày này qua ngày khác vẫn có người mới quét tem, như thể nhiều gói cùng mang một mã.",
        "New people keep scanning it day after day, as if several packs carried one code.",
    ),
    ReasonCode.FAR_PLACES: Words(
        "Tem được quét ở những nơi xa nhau hoặc xa vùng bán của lô hàng.",
        "The stamp was scanned in places far from each other, or far from where the lot is sold.",
    ),
    ReasonCode.SEVERAL_BUYERS: Words(
        "Nhiều người cùng nói đã mua gói hàng mang mã này, hoặc mã dưới lớp cào được dùng nhiều lần.",
        "Several people say they bought the pack with this code, or its scratch code was used several times.",
    ),
    ReasonCode.LONG_AFTER_SALE: Words(
        "Vẫn có người mới quét tem khi lô hàng lẽ ra đã bán hết từ lâu.",
        "New people scan it though the lot should have been sold long ago.",
    ),
    ReasonCode.EXPOSED: Words(
        "Mã này đã bị đưa lên mạng hoặc truyền tay: chỉ mã dưới lớp cào mới phân biệt được gói thật.",
        "This code has been published or passed around: only the scratch code tells the true pack.",
    ),
    ReasonCode.PIN_FAR: Words(
        "Mã đúng dưới lớp cào đã được nhập ở hai nơi cách nhau hơn 60 km.",
        "The right scratch code was entered in two places more than 60 km apart.",
    ),
    ReasonCode.VOUCHED_APART: Words(
        "Cán bộ hoặc chủ gói hàng đã có mặt cùng mã này ở hai nơi mà không ai đi kịp.",
        "Officers or owners had this code in hand in two places nobody can travel between in that time.",
    ),
    ReasonCode.COPY_CONFIRMED: Words(
        "Cán bộ đã xác minh: mã này có trên nhiều gói hàng.",
        "Officers have looked into it: this code is on several packs.",
    ),
    ReasonCode.ON_DISPLAY: Words(
        "Tem này ở trên hàng trưng bày; gói bạn mua phải mang mã khác.",
        "This stamp is on a display piece; the pack you buy must carry another code.",
    ),
}

EVIDENCE: Mapping[ReasonCode, Words] = {
    ReasonCode.SEEN_BEFORE: Words("Bạn đã quét {by_you} lần.", "You have scanned it {by_you} times."),
    ReasonCode.SEEN_ELSEWHERE: Words("Lần quét đầu tiên: ngày {first}.", "First scan of all: {first}."),
    ReasonCode.IMPOSSIBLE_TRAVEL: Words("Cách nhau hơn {km} km.", "More than {km} km apart."),
    ReasonCode.NOT_ACTIVATED: Words("Trạng thái: {state}.", "State: {state}."),
    ReasonCode.RECALLED: Words("Thông báo số {number}, ngày {day}.", "Notice {number} of {day}."),
    ReasonCode.RECALL_CLOSED: Words("Thông báo số {number}.", "Notice {number}."),
    ReasonCode.WRONG_GTIN: Words("Mã ghi {gtin}.", "The code says {gtin}."),
    ReasonCode.KEY_COMPROMISED: Words("Khoá {key}.", "Key {key}."),
    ReasonCode.LATE: Words("Quét ngày {day}.", "Scanned on {day}."),
    ReasonCode.MANY_DEVICES: Words("Ít nhất {devices} thiết bị.", "At least {devices} devices."),
    ReasonCode.OVER_MANY_DAYS: Words("Vào {days} ngày khác nhau trở lên.", "On {days} different days or more."),
    ReasonCode.ON_DISPLAY: Words("Trưng bày tại {place}.", "On display at {place}."),
    ReasonCode.SEVERAL_BUYERS: Words("Ít nhất {times} lần.", "At least {times} times."),
}
"""What a person can check about a reason. A reason without a row here says all there is in its own text."""

STAMP_STATES: Mapping[str, Words] = {
    "MINTED": Words("đã cấp mã, chưa in", "issued, not printed yet"),
    "PRINTED": Words("đã in, chưa giao", "printed, not delivered yet"),
    "DELIVERED": Words("đã giao cho nhà sản xuất, chưa dán", "with the producer, not on a pack yet"),
}
"""The states before a stamp is active, in words."""
