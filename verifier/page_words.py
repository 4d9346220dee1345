"""The fixed words of the public pages, in Vietnamese and English. Pure data."""

from collections.abc import Mapping
from typing import Final

from verifier.contract import ClaimOutcome, Words

PAGE: Final[Mapping[str, Words]] = {
    "site": Words("Tem điện tử Sơn La", "Sơn La e-stamp"),
    "language": Words("Ngôn ngữ", "Language"),
    "about": Words(
        "Hệ thống tem điện tử của tỉnh Sơn La cho sản phẩm OCOP.", "The e-stamps of Sơn La province for OCOP products."
    ),
    "help": Words("Cần giúp đỡ, hãy gọi", "For help, call"),
    "past": Words("Đây là kết quả của một lần quét lúc", "This is the result of a scan made at"),
    "past_again": Words("Hãy quét lại tem để biết tình trạng hiện nay.", "Scan the stamp again for how it stands now."),
    "recall": Words("Thông báo thu hồi", "Recall notice"),
    "since": Words("Từ ngày", "Since"),
    "closed": Words("đã đóng ngày", "closed on"),
    "stars": Words("sao", "stars"),
    "certificate": Words("Giấy chứng nhận", "Certificate"),
    "valid_until": Words("có giá trị đến", "valid until"),
    "stars_ended": Words("Chứng nhận OCOP đã hết hạn ngày", "The OCOP certificate ended on"),
    "history": Words("Lịch sử của tem", "History of this stamp"),
    "count": Words("Lần quét thứ {count}, từ {devices} thiết bị.", "Scan number {count}, from {devices} devices."),
    "serial": Words("Số sê-ri", "Serial"),
    "producer": Words("Nhà sản xuất", "Producer"),
    "call": Words("Gọi", "Call"),
    "lot": Words("Lô", "Lot"),
    "produced": Words("Ngày sản xuất", "Produced"),
    "expires": Words("Hạn sử dụng", "Best before"),
    "facility": Words("Nơi sản xuất", "Made at"),
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
    "journey": Words("Hành trình", "Journey"),
    "bought": Words("Bạn đã mua sản phẩm này?", "Did you buy this product?"),
    "claim": Words("Tôi đã mua", "I bought this"),
    "scratch": Words("Cào lớp phủ để lấy mã xác thực", "Scratch the layer for the confirmation code"),
    "pin": Words("8 chữ số dưới lớp cào", "The 8 digits under the scratch layer"),
    "confirm": Words("Xác nhận", "Confirm"),
    "place_why": Words(
        "Cho biết nơi quét giúp phát hiện tem bị sao chép. Chúng tôi chỉ giữ khu vực rộng vài km.",
        "Telling where you scanned helps to find copied stamps. We keep an area of a few kilometres only.",
    ),
    "place_give": Words("Gửi vị trí của tôi", "Send my place"),
    "place_thanks": Words("Cảm ơn bạn.", "Thank you."),
    "place_failed": Words("Chưa gửi được vị trí.", "The place could not be sent."),
    "report": Words("Báo sản phẩm đáng ngờ", "Report a suspicious product"),
    "report_text": Words("Bạn thấy điều gì đáng ngờ?", "What looks suspicious?"),
    "report_place": Words("Cửa hàng, xã hoặc phường (không bắt buộc)", "Shop, commune or ward (optional)"),
    "report_contact": Words("Số điện thoại của bạn (không bắt buộc)", "Your phone number (optional)"),
    "report_send": Words("Gửi báo cáo", "Send the report"),
    "report_done": Words("Đã nhận báo cáo của bạn", "Your report has been received"),
    "report_number": Words("Mã báo cáo", "Report number"),
    "other_code": Words("Kiểm tra mã khác", "Check another code"),
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

CLAIMED: Final[Mapping[ClaimOutcome, Words]] = {
    ClaimOutcome.CLAIMED: Words("Đã ghi nhận: bạn là người mua sản phẩm này.", "Noted: you bought this product."),
    ClaimOutcome.ALREADY_CLAIMED: Words(
        "Đã có người nhận là người mua sản phẩm này. Nếu không phải bạn, hãy cảnh giác.",
        "Somebody has already said they bought this product. If it was not you, be careful.",
    ),
    ClaimOutcome.VERIFIED_FIRST: Words(
        "Xác nhận lần đầu: mã dưới lớp cào đúng và chưa ai dùng.", "First confirmation: the code is right and unused."
    ),
    ClaimOutcome.ALREADY_VERIFIED: Words(
        "Mã đã được xác nhận lúc {at} – nếu không phải bạn, hãy cảnh giác.",
        "Confirmed at {at} already – if not by you, be careful.",
    ),
    ClaimOutcome.WRONG_PIN: Words(
        "Mã xác thực chưa đúng; còn {tries} lần thử.", "That code is not right; {tries} tries left."
    ),
    ClaimOutcome.LOCKED: Words(
        "Đã thử sai quá nhiều lần. Hãy thử lại vào ngày mai hoặc gọi nhà sản xuất.",
        "Too many wrong tries. Try again tomorrow, or call the producer.",
    ),
}
