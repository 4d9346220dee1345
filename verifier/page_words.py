"""The fixed words of the public pages, in Vietnamese and English. Pure data."""

from collections.abc import Mapping
from typing import Final

from verifier.contract import ClaimOutcome, Tone, Verdict, Words

PAGE: Final[Mapping[str, Words]] = {
    "site": Words("Tem điện tử Sơn La", "Sơn La e-stamp"),
    "language": Words("Ngôn ngữ", "Language"),
    "about": Words(
        "Hệ thống tem điện tử của tỉnh Sơn La cho sản phẩm OCOP.", "The e-stamps of Sơn La province for OCOP products."
    ),
    "help": Words("Cần giúp đỡ, hãy gọi", "For help, call"),
    "checked": Words("Kiểm tra lúc", "Checked at"),
    "listen": Words("Nghe kết quả", "Read aloud"),
    "past": Words("Đây là kết quả của một lần quét lúc", "This is the result of a scan made at"),
    "past_again": Words("Hãy quét lại tem để biết tình trạng hiện nay.", "Scan the stamp again for how it stands now."),
    "past_other": Words("Lần quét này của một thiết bị khác.", "That scan was made on another device."),
    "why": Words("Vì sao?", "Why?"),
    "mind": Words("Lưu ý", "Mind this"),
    "todo": Words("Nên làm gì?", "What to do"),
    "recall": Words("Thông báo thu hồi", "Recall notice"),
    "since": Words("Từ ngày", "Since"),
    "closed": Words("Vụ việc thu hồi đã đóng ngày", "The recall was closed on"),
    "stars": Words("sao", "stars"),
    "certificate": Words("Giấy chứng nhận", "Certificate"),
    "valid_until": Words("có giá trị đến", "valid until"),
    "stars_ended": Words("Chứng nhận OCOP đã hết hạn ngày", "The OCOP certificate ended on"),
    "stars_then": Words("Khi làm lô này sản phẩm đạt", "When this lot was made the product had"),
    "no_stars_then": Words(
        "Khi làm lô này sản phẩm chưa được xếp hạng.", "When this lot was made the product had no stars yet."
    ),
    "history": Words("Lịch sử quét của tem", "Scan history of this stamp"),
    "number": Words("Lần quét thứ {count}", "Scan number {count}"),
    "no_scans": Words("Chưa có lượt quét nào được tính.", "No scan has been counted yet."),
    "first_label": Words("Lần đầu", "First"),
    "first_now": Words("chính là lần này", "this very scan"),
    "you_label": Words("Bạn đã quét", "By you"),
    "others_label": Words("Người khác quét", "By others"),
    "times": Words("{n} lần", "{n} times"),
    "once": Words("1 lần", "once"),
    "never": Words("chưa lần nào", "never"),
    "devices": Words("Tổng cộng từ {devices} thiết bị.", "From {devices} devices in all."),
    "device": Words("Tổng cộng từ 1 thiết bị.", "From one device in all."),
    "serial": Words("Mã truy xuất (số sê-ri)", "Trace code (serial)"),
    "producer": Words("Nhà sản xuất", "Producer"),
    "example": Words("Đơn vị ví dụ, không có thật.", "An invented example, not a real organisation."),
    "call": Words("Gọi", "Call"),
    "lot": Words("Lô hàng", "Lot"),
    "produced": Words("Ngày sản xuất", "Produced"),
    "expires": Words("Hạn sử dụng", "Best before"),
    "facility": Words("Nơi sản xuất", "Made at"),
    "brand": Words("Nhãn hiệu", "Brand"),
    "standard": Words("Tiêu chuẩn", "Standard"),
    "test": Words("Kiểm nghiệm", "Laboratory test"),
    "passed": Words("Đạt", "Passed"),
    "failed": Words("Không đạt", "Failed"),
    "sample": Words("Mẫu lưu", "Retained sample"),
    "keep_until": Words("giữ đến", "kept until"),
    "about_product": Words("Về sản phẩm", "About the product"),
    "ingredients": Words("Thành phần", "Ingredients"),
    "usage": Words("Cách dùng", "How to use"),
    "warnings": Words("Lưu ý", "Warnings"),
    "product_code": Words("Mã sản phẩm", "Product code"),
    "journey": Words("Hành trình sản phẩm", "Journey of the product"),
    "bought": Words("Bạn đã mua sản phẩm này?", "Did you buy this product?"),
    "bought_why": Words(
        "Cho biết bạn đã mua giúp phát hiện tem bị sao chép. Không cần tên hay số điện thoại.",
        "Saying so helps to find copied stamps. No name or number is needed.",
    ),
    "claim": Words("Tôi đã mua", "I bought this"),
    "scratch": Words("Chắc chắn hơn: mã dưới lớp cào", "To be surer: the code under the scratch layer"),
    "scratch_how": Words(
        "Sau khi mua, cào lớp phủ xám trên tem rồi nhập 8 chữ số. Mỗi mã chỉ xác nhận lần đầu được một lần.",
        "Once it is yours, scratch the grey layer on the stamp and enter the 8 digits. A code is confirmed first only "
        "once.",
    ),
    "pin": Words("8 chữ số dưới lớp cào", "The 8 digits under the scratch layer"),
    "confirm": Words("Xác nhận", "Confirm"),
    "place_why": Words(
        "Cho biết nơi quét giúp phát hiện tem bị sao chép. Chúng tôi chỉ giữ một vùng rộng vài ki-lô-mét.",
        "Telling where you scanned helps to find copied stamps. We keep an area of a few kilometres only.",
    ),
    "place_give": Words("Gửi vị trí của tôi", "Send my place"),
    "place_thanks": Words("Cảm ơn bạn.", "Thank you."),
    "place_failed": Words("Chưa gửi được vị trí.", "The place could not be sent."),
    "report": Words("Báo sản phẩm đáng ngờ", "Report a suspicious product"),
    "report_how": Words(
        "Ai cũng báo được, không cần tài khoản. Ảnh được xoá thông tin vị trí trước khi cán bộ xem.",
        "Anybody may report, without an account. Photos lose their place data before an officer sees them.",
    ),
    "report_text": Words("Bạn thấy điều gì đáng ngờ?", "What looks suspicious?"),
    "report_photo": Words("Ảnh sản phẩm hoặc tem (không bắt buộc)", "A photo of the product or stamp (optional)"),
    "report_photo_hint": Words("JPEG, PNG hoặc WebP, tối đa 8 MB.", "JPEG, PNG or WebP, 8 MB at most."),
    "report_photo_again": Words("Hãy chọn lại ảnh.", "Choose the photo again."),
    "report_place": Words("Cửa hàng, xã hoặc phường (không bắt buộc)", "Shop, commune or ward (optional)"),
    "report_contact": Words("Số điện thoại của bạn (không bắt buộc)", "Your phone number (optional)"),
    "report_receipt": Words("Báo cáo kèm lần quét này.", "The report goes with your scan."),
    "report_send": Words("Gửi báo cáo", "Send the report"),
    "report_done": Words("Đã nhận báo cáo của bạn", "Your report has been received"),
    "report_number": Words("Mã báo cáo", "Report number"),
    "report_follow": Words("Giữ đường dẫn này để xem kết quả xử lý.", "Keep this link to see what became of it."),
    "report_open": Words("Xem kết quả xử lý", "See what became of it"),
    "report_title": Words("Báo cáo của bạn", "Your report"),
    "report_received": Words("Gửi lúc", "Sent at"),
    "report_decided": Words("Cập nhật lúc", "Updated at"),
    "report_reply": Words("Trả lời của cán bộ", "The officers' answer"),
    "report_photo_state": Words("Ảnh", "Photo"),
    "data": Words("Dữ liệu của bạn", "Your data"),
    "data_what": Words(
        "Lần quét này chỉ giữ một số ngẫu nhiên của thiết bị (đã băm) và vùng quét nếu bạn đã gửi, trong 90 ngày.",
        "This scan keeps a random number of your device (hashed) and, if you sent it, your area, for 90 days.",
    ),
    "erase_scan": Words("Xoá dữ liệu của lần quét này", "Erase my data of this scan"),
    "erase_device": Words("Xoá mọi lần quét của thiết bị này", "Erase all scans of this device"),
    "erase_done": Words("Đã ghi nhận yêu cầu xoá", "Your wish has been noted"),
    "erase_done_text": Words(
        "Dữ liệu cá nhân được xoá trong vòng 24 giờ. Số lượt quét của tem vẫn giữ nguyên.",
        "What is personal is erased within 24 hours. The stamp's scan count stays.",
    ),
    "other_code": Words("Kiểm tra mã khác", "Check another code"),
    "again": Words("Thử lại", "Try again"),
    "check": Words("Kiểm tra tem", "Check a stamp"),
    "check_how": Words(
        "Cách nhanh nhất: mở máy ảnh của điện thoại và quét ô vuông trên tem. "
        "Không quét được thì gõ dãy ký tự in dưới ô.",
        "Quickest: open your phone's camera and scan the square on the stamp. "
        "If that fails, type the characters below it.",
    ),
    "check_label": Words("Dãy ký tự in trên tem", "The characters printed on the stamp"),
    "trust": Words("Tem nói lên điều gì?", "What does a stamp tell?"),
    "trust_text": Words(
        "Mã hợp lệ nghĩa là mã do hệ thống này phát hành và tem đang lưu hành. "
        "Hãy so sánh gói hàng với ảnh, số lô và hạn dùng hiện ra.",
        "A valid code was issued by this system and its stamp is in use. "
        "Compare the pack with the picture, lot and dates shown.",
    ),
    "office": Words("Dành cho nhà sản xuất và cán bộ", "For producers and officers"),
    "back": Words("Quay lại", "Back"),
    "sorry": Words("Chưa thực hiện được", "That did not work"),
}

_COMPARE = Words(
    "So sánh tên, ảnh, số lô và hạn dùng trên màn hình với gói hàng trong tay bạn.",
    "Compare name, picture, lot and date on the screen with the pack in your hand.",
)
_SEAL = Words(
    "Xem tem có bị bóc, dán lại hoặc cào trước hay không.",
    "Look whether the stamp was peeled off, stuck on again or scratched.",
)
_CALL = Words("Gọi nhà sản xuất và đọc số sê-ri cho họ.", "Call the producer and read the serial out to them.")
_TELL = Words(
    "Báo cho chúng tôi nơi bạn thấy sản phẩm; một tấm ảnh giúp rất nhiều.",
    "Tell us where you saw it; a photo helps a great deal.",
)
_LEAVE = Words(
    "Đừng mua. Nếu đã mua, đừng dùng và giữ lại gói hàng.",
    "Do not buy it. If you have, do not use it and keep the pack.",
)

TODO: Final[Mapping[Verdict, tuple[Words, ...]]] = {
    Verdict.VALID_FIRST: (_COMPARE, _SEAL),
    Verdict.VALID: (_COMPARE, _SEAL),
    Verdict.UNUSUAL: (_COMPARE, _SEAL, _CALL),
    Verdict.SUSPECT_COPY: (_LEAVE, _TELL, _CALL),
    Verdict.NOT_ACTIVATED: (
        Words("Hỏi người bán lấy hàng từ đâu.", "Ask the seller where the goods come from."),
        _CALL,
        _TELL,
    ),
    Verdict.LOT_BLOCKED: (
        Words("Chưa mua, chưa dùng lô này cho đến khi có kết luận.", "Do not buy or use this lot until it is settled."),
        _CALL,
    ),
    Verdict.EXPIRED_PRODUCT: (
        Words("Trả lại cho người bán.", "Take it back to the seller."),
        Words(
            "Nếu hạn in trên gói khác hạn ở đây, hãy báo cho chúng tôi.",
            "If the date on the pack differs from the date here, tell us.",
        ),
    ),
    Verdict.VOID: (_LEAVE, _TELL),
    Verdict.RECALLED: (
        Words("Đừng dùng, đừng bán, đừng cho người khác.", "Do not use it, sell it or give it away."),
        Words("Làm theo thông báo thu hồi trên trang này.", "Follow the recall notice on this page."),
        _CALL,
    ),
    Verdict.FORGED: (_LEAVE, _TELL),
    Verdict.UNKNOWN: (_LEAVE, _TELL),
    Verdict.FOREIGN: (
        Words(
            "Tem của Sơn La mở trang có địa chỉ in cạnh ô vuông trên tem.",
            "A stamp of Sơn La opens the address that is printed beside its square.",
        ),
        Words("Hỏi nơi phát hành mã này.", "Ask whoever issued this code."),
    ),
    Verdict.MALFORMED: (
        Words(
            "Lau sạch tem, đưa máy lại gần và quét cả ô vuông.", "Wipe the stamp, come close and scan the whole square."
        ),
        Words("Hoặc gõ dãy 17 ký tự in dưới ô vuông.", "Or type the 17 characters printed below the square."),
    ),
    Verdict.UNAVAILABLE: (
        Words("Đợi một lát rồi thử lại.", "Wait a moment and try again."),
        Words("Chưa kiểm tra được thì chưa nên tin tem.", "Do not rely on the stamp until it has been checked."),
    ),
    Verdict.AUTHENTIC_OFFLINE: (Words("Kết nối mạng rồi quét lại.", "Go online and scan again."),),
}
"""What a person should do next, in order."""

REPORTED: Final[Mapping[str, Words]] = {
    "received": Words("Đã nhận, chờ cán bộ xem", "Received, waiting for an officer"),
    "checking": Words("Cán bộ đang xác minh", "An officer is looking into it"),
    "confirmed": Words("Đã xác minh: có vi phạm", "Confirmed: something was wrong"),
    "unfounded": Words("Đã xác minh: không thấy vi phạm", "Looked into: nothing wrong was found"),
}

PHOTO: Final[Mapping[str, Words]] = {
    "waiting": Words("đang được xử lý", "being prepared"),
    "drawn": Words("cán bộ xem được", "officers can see it"),
    "refused": Words(
        "không đọc được; hãy gửi lại báo cáo với ảnh khác", "not readable; report again with another photo"
    ),
}

CLAIMED: Final[Mapping[ClaimOutcome, tuple[Tone, Words]]] = {
    ClaimOutcome.CLAIMED: (
        Tone.GREEN,
        Words("Đã ghi nhận: bạn là người mua sản phẩm này.", "Noted: you bought this product."),
    ),
    ClaimOutcome.ALREADY_CLAIMED: (
        Tone.AMBER,
        Words(
            "Đã có người nhận là người mua sản phẩm này. Nếu không phải bạn, hãy cảnh giác.",
            "Somebody has already said they bought this product. If it was not you, be careful.",
        ),
    ),
    ClaimOutcome.VERIFIED_FIRST: (
        Tone.GREEN,
        Words(
            "Xác nhận lần đầu: mã dưới lớp cào đúng và chưa ai dùng.",
            "First confirmation: the code is right and unused.",
        ),
    ),
    ClaimOutcome.ALREADY_VERIFIED: (
        Tone.AMBER,
        Words(
            "Mã đã được xác nhận lúc {at}{place} – nếu không phải bạn, hãy cảnh giác.",
            "Confirmed at {at}{place} already – if not by you, be careful.",
        ),
    ),
    ClaimOutcome.WRONG_PIN: (
        Tone.AMBER,
        Words(
            "Mã xác thực chưa đúng; hôm nay còn {tries} lần thử.", "That code is not right; {tries} tries left today."
        ),
    ),
    ClaimOutcome.LOCKED: (
        Tone.RED,
        Words(
            "Đã thử sai quá nhiều lần. Hãy thử lại sau {until} hoặc gọi nhà sản xuất.",
            "Too many wrong tries. Try again after {until}, or call the producer.",
        ),
    ),
}
"""The answer to a claim, with its colour."""

LOCKED_FOR_GOOD: Final = Words(
    "Mã của tem này đã bị thử sai quá nhiều lần; chỉ cán bộ mới xác nhận được. Hãy gọi nhà sản xuất.",
    "This stamp's code was tried wrongly too often; only an officer can confirm it. Call the producer.",
)
