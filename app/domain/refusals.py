"""The words of every refusal of the management side, in both languages, with what sort of refusal it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Text:
    """The same sentence in Vietnamese and English."""

    vi: str
    en: str

    def fill(self, values: Mapping[str, object]) -> "Text":
        """Both sentences with `{name}` places filled; numbers as each language writes them."""
        en = {name: f"{one:,}" if type(one) is int else one for name, one in values.items()}
        vi = {name: f"{one:,}".replace(",", ".") if type(one) is int else one for name, one in values.items()}
        return Text(self.vi.format(**vi), self.en.format(**en))


class Kind(StrEnum):
    """What sort of refusal it is; the edge gives each its HTTP status."""

    INVALID = "invalid"  # a value cannot be right: 422
    FORBIDDEN = "forbidden"  # this person may not: 403
    NOT_FOUND = "not_found"  # there is no such thing here, or none that you may see: 404
    CONFLICT = "conflict"  # it may not happen now, in this state: 409
    STALE = "stale"  # somebody else changed it first: 412
    UNCONDITIONAL = "unconditional"  # an edit must say which version it changes: 428


REFUSALS: Mapping[str, tuple[Kind, Text]] = {
    "forbidden": (Kind.FORBIDDEN, Text("Bạn không có quyền làm việc này.", "You may not do this.")),
    "not_found": (Kind.NOT_FOUND, Text("Không tìm thấy {what}.", "No such {what}.")),
    "illegal_step": (
        Kind.CONFLICT,
        Text(
            "Không thể thực hiện bước “{event}” khi đang ở trạng thái “{state}”.",
            "Step “{event}” is not possible in state “{state}”.",
        ),
    ),
    "changed_meanwhile": (
        Kind.STALE,
        Text(
            "Người khác vừa thay đổi bản ghi này. Hãy tải lại rồi làm lại.",
            "Someone else has just changed this record. Reload it and try again.",
        ),
    ),
    "version_required": (
        Kind.UNCONDITIONAL,
        Text(
            "Hãy gửi tiêu đề If-Match với ETag của bản ghi bạn đã đọc.",
            "Send If-Match with the ETag of the record you have read.",
        ),
    ),
    "webhook_url": (
        Kind.INVALID,
        Text(
            "Địa chỉ webhook phải là https://… với tên máy chủ công khai.",
            "A webhook is an https:// address of a public host.",
        ),
    ),
    "table_wrong": (
        Kind.INVALID,
        Text(
            "Tệp không phải bảng CSV (UTF-8) hoặc XLSX tối đa 2 MB và 2.000 dòng, có tên cột ở dòng đầu.",
            "The file is not a CSV (UTF-8) or XLSX table of at most 2 MB and 2,000 rows with names in its first row.",
        ),
    ),
    "column_unknown": (
        Kind.INVALID,
        Text("Không có cột {what}; các cột: {known}.", "There is no column {what}; the columns are: {known}."),
    ),
    "four_eyes": (
        Kind.FORBIDDEN,
        Text(
            "Người đề nghị không được tự phê duyệt. Hãy nhờ một cán bộ khác.",
            "Who asked may not approve. Ask another officer.",
        ),
    ),
    "sign_in_failed": (
        Kind.FORBIDDEN,
        Text("Tên đăng nhập hoặc mật khẩu không đúng.", "The name or the password is not right."),
    ),
    "required": (Kind.INVALID, Text("Thiếu {what}; hãy điền hoặc chọn.", "{what} is missing; fill it in.")),
    "too_long": (
        Kind.INVALID,
        Text("{what} dài quá {most} ký tự; hãy viết ngắn lại.", "{what} is longer than {most} characters; shorten it."),
    ),
    "phone_wrong": (
        Kind.INVALID,
        Text(
            "Số điện thoại không đúng; ví dụ 0912 345 678.",
            "That is not a telephone number; write for example 0912 345 678.",
        ),
    ),
    "password_weak": (Kind.INVALID, Text("Mật khẩu cần ít nhất 10 ký tự.", "A password needs at least 10 characters.")),
    "account_closed": (Kind.CONFLICT, Text("Tài khoản này đã đóng rồi.", "This account is closed already.")),
    "passkey_refused": (
        Kind.INVALID,
        Text(
            "Không nhận được khoá truy cập này; hãy thử lại trên máy đã thêm khoá.",
            "That passkey was not accepted; try again on the device it was added on.",
        ),
    ),
    "code_wrong": (
        Kind.INVALID,
        Text("Mã không đúng hoặc đã dùng; hãy gõ mã mới nhất.", "That code is wrong or used; type the newest one."),
    ),
    "link_over": (
        Kind.NOT_FOUND,
        Text("Liên kết đã dùng hoặc hết hạn; hãy xin liên kết mới.", "This link is used or over; ask for a new one."),
    ),
    "second_factor_first": (Kind.FORBIDDEN, Text("Hãy bật bảo vệ hai lớp trước.", "Turn the second factor on first.")),
    "already_used": (
        Kind.CONFLICT,
        Text("{what} này đã được dùng; hãy chọn cái khác.", "That {what} is taken; choose another."),
    ),
    "which_one": (
        Kind.INVALID,
        Text("Có nhiều {what} giống vậy; hãy chọn đúng một.", "Several fit {what}; choose the right one."),
    ),
    "nothing_like_it": (
        Kind.INVALID,
        Text("Không tìm thấy {what} như vậy; hãy gõ khác đi.", "Nothing fits {what}; type something else."),
    ),
    "unit_not_valid": (
        Kind.INVALID,
        Text(
            "Xã/phường này không còn (hoặc chưa) hiệu lực; hãy chọn đơn vị hiện hành.",
            "That commune is not in force today; choose a present one.",
        ),
    ),
    "gtin_wrong": (
        Kind.INVALID,
        Text(
            "Mã GTIN sai số kiểm tra; hãy xem lại trên giấy chứng nhận mã vạch.",
            "The GTIN's check digit is wrong; look at the barcode certificate.",
        ),
    ),
    "gtin_missing": (
        Kind.INVALID,
        Text(
            "Sản phẩm chưa có GTIN; hãy bỏ chọn GTIN hoặc bổ sung cho sản phẩm.",
            "The product has no GTIN; add one or order without.",
        ),
    ),
    "dates_out_of_order": (
        Kind.INVALID,
        Text("{later} phải từ ngày {earlier} trở đi.", "{later} must not be before {earlier}."),
    ),
    "date_in_future": (Kind.INVALID, Text("{what} không thể ở tương lai.", "{what} cannot be in the future.")),
    "not_positive": (Kind.INVALID, Text("{what} phải lớn hơn 0.", "{what} must be more than 0.")),
    "points_out_of_range": (
        Kind.INVALID,
        Text("Điểm phần {part} phải từ 0 đến {most}.", "Part {part} takes 0 to {most} points."),
    ),
    "file_missing": (
        Kind.INVALID,
        Text("Chưa chọn tệp nào; hãy chọn tệp rồi gửi lại.", "No file was chosen: choose one and send again."),
    ),
    "picture_wrong": (
        Kind.INVALID,
        Text(
            "Tệp không phải ảnh JPEG, PNG hoặc WebP đọc được, hoặc quá 8 MB.",
            "The file is not a readable JPEG, PNG or WebP picture of at most 8 MB.",
        ),
    ),
    "organisation_not_active": (
        Kind.CONFLICT,
        Text("Chủ thể chưa được duyệt hoặc đang tạm ngừng.", "The organisation is not active."),
    ),
    "product_not_active": (
        Kind.CONFLICT,
        Text("Sản phẩm chưa được duyệt hoặc đã ngừng.", "The product is not active."),
    ),
    "not_stampable": (
        Kind.CONFLICT,
        Text("Sản phẩm này (dịch vụ) không dán tem.", "This product (a service) takes no stamps."),
    ),
    "quantity_over_output": (
        Kind.INVALID,
        Text(
            "Chỉ còn đặt được {left} tem cho sản lượng đã khai; bạn đặt {asked}.",
            "Only {left} stamps are left for the declared output; {asked} were asked for.",
        ),
    ),
    "quantity_out_of_range": (
        Kind.INVALID,
        Text("Số tem mỗi đơn từ 1 đến {most}.", "An order has 1 to {most} stamps."),
    ),
    "layout_unknown": (
        Kind.INVALID,
        Text(
            "Không có khổ giấy {layout}; chọn một trong: {known}.",
            "There is no layout {layout}; choose one of: {known}.",
        ),
    ),
    "layout_too_small": (
        Kind.INVALID,
        Text(
            "Tem loại này in trên khổ “{layout}” sẽ quá nhỏ để đọc; hãy chọn khổ lớn hơn hoặc máy in nét hơn.",
            "Stamps of this kind would be too small to be read on “{en}”; choose a larger label or a finer printer.",
        ),
    ),
    "layout_without_pin": (
        Kind.INVALID,
        Text(
            "Khổ “{layout}” không có chỗ cho lớp cào; hãy chọn khổ khác hoặc bỏ lớp cào.",
            "“{en}” has no room for a scratch layer; choose another layout or leave the layer out.",
        ),
    ),
    "reason_required": (Kind.INVALID, Text("Hãy ghi lý do.", "Give a reason.")),
    "other_organisation": (Kind.NOT_FOUND, Text("Không tìm thấy {what} của bạn.", "You have no such {what}.")),
    "not_a_printer": (
        Kind.INVALID,
        Text("Đơn vị này không phải nhà in đang hoạt động.", "That organisation is not an active print house."),
    ),
    "already_downloaded": (
        Kind.CONFLICT,
        Text(
            "Tệp in chỉ tải được một lần và đã được tải; hãy xin phát hành lại.",
            "The print file can be downloaded once and has been; ask for a new release.",
        ),
    ),
    "counts_do_not_add_up": (
        Kind.INVALID,
        Text(
            "Tốt ({good}) + hỏng ({spoiled}) phải bằng số đã in ({printed}).",
            "Good ({good}) and spoiled ({spoiled}) must add up to the {printed} printed.",
        ),
    ),
    "range_out_of_batch": (
        Kind.INVALID,
        Text("Dải tem phải nằm trong cuộn 1–{size}.", "The range must lie within 1–{size} of the batch."),
    ),
    "range_not_ready": (
        Kind.CONFLICT,
        Text(
            "Tem {first}–{last} đang ở trạng thái “{state}”; không thể “{event}”.",
            "Stamps {first}–{last} are in state “{state}”; “{event}” is not possible.",
        ),
    ),
    "range_active_elsewhere": (
        Kind.CONFLICT,
        Text(
            "Tem {first}–{last} đã kích hoạt cho lô khác; tem không dùng lại được.",
            "Stamps {first}–{last} are active for another lot; a stamp is never bound again.",
        ),
    ),
    "lot_not_released": (
        Kind.CONFLICT,
        Text("Lô {lot} chưa được xuất xưởng hoặc đã đóng.", "Lot {lot} has not been released, or is closed."),
    ),
    "lot_on_hold": (Kind.CONFLICT, Text("Lô {lot} đang bị tạm dừng.", "Lot {lot} is on hold.")),
    "lot_expired": (Kind.CONFLICT, Text("Lô {lot} đã hết hạn ngày {day}.", "Lot {lot} expired on {day}.")),
    "lot_other_product": (
        Kind.CONFLICT,
        Text("Tem này của sản phẩm khác với lô.", "These stamps are for another product than the lot's."),
    ),
    "stamps_over_packs": (
        Kind.CONFLICT,
        Text(
            "Lô khai {packs} gói và đã kích hoạt {active} tem; chỉ còn {left}.",
            "The lot has {packs} packs and {active} active stamps; {left} are left.",
        ),
    ),
    "dossier_incomplete": (
        Kind.CONFLICT,
        Text("Hồ sơ lô còn thiếu: {missing}.", "The lot's dossier lacks: {missing}."),
    ),
    "test_failed": (
        Kind.CONFLICT,
        Text("Kiểm nghiệm bắt buộc {report} không đạt.", "The mandatory test {report} was not passed."),
    ),
    "test_expired": (
        Kind.CONFLICT,
        Text("Phiếu kiểm nghiệm {report} hết hạn ngày {day}.", "Test report {report} ran out on {day}."),
    ),
    "hold_lifted": (Kind.CONFLICT, Text("Lệnh tạm dừng này đã được gỡ.", "This hold has been lifted already.")),
    "hold_asked": (
        Kind.CONFLICT,
        Text(
            "Lô này đang chờ duyệt tạm dừng trong vụ việc {case}.",
            "A hold on this lot waits for approval in case {case} already.",
        ),
    ),
    "case_without_lot": (
        Kind.CONFLICT,
        Text("Vụ việc này không gắn với lô nào để tạm dừng.", "This case is about no lot that could be held."),
    ),
    "flag_ended": (Kind.CONFLICT, Text("Mục này đã được gỡ.", "This entry has been ended already.")),
    "pin_not_locked": (Kind.CONFLICT, Text("Mã cào của tem này chưa bị khoá.", "This scratch code is not locked.")),
    "recall_no_lots": (Kind.INVALID, Text("Hãy chọn ít nhất một lô để thu hồi.", "Choose at least one lot to recall.")),
    "recall_unresolved": (Kind.CONFLICT, Text("Còn lô chưa ghi kết quả: {lots}.", "Lots without a result: {lots}.")),
    "recovered_out_of_range": (
        Kind.INVALID,
        Text("Số thu hồi phải từ 0 đến {most}.", "The recovered quantity is 0 to {most}."),
    ),
    "token_scope": (
        Kind.INVALID,
        Text("Không có quyền {scope} để cấp cho chương trình.", "You cannot grant the scope {scope}."),
    ),
    "idempotency_reused": (
        Kind.CONFLICT,
        Text("Idempotency-Key này đã dùng cho một yêu cầu khác.", "This Idempotency-Key was used for another request."),
    ),
    "code_unreadable": (
        Kind.INVALID,
        Text(
            "Không đọc được mã tem; hãy quét lại, hoặc gõ đủ 17 ký tự in trên tem.",
            "This is not a stamp code; scan again, or type all 17 characters printed on the stamp.",
        ),
    ),
    "code_typing_error": (
        Kind.INVALID,
        Text("Dãy ký tự có chỗ gõ sai; hãy xem lại từng ký tự.", "There is a typing error; check each character."),
    ),
    "code_not_issued": (
        Kind.NOT_FOUND,
        Text("Mã này không thuộc cuộn tem nào của bạn.", "This code belongs to no roll of yours."),
    ),
    "opener_away": (
        Kind.CONFLICT,
        Text(
            "Lúc này chưa tra được mã; hãy thử lại sau ít phút, hoặc mở cuộn tem và gõ số thứ tự.",
            "Codes cannot be looked up just now; try again in minutes, or open the roll and type the places.",
        ),
    ),
    "other_roll": (
        Kind.INVALID,
        Text(
            "Hai tem không cùng một cuộn; hãy kích hoạt từng cuộn.",
            "The two stamps are of different rolls; activate one roll at a time.",
        ),
    ),
    "range_not_of_lot": (
        Kind.CONFLICT,
        Text(
            "Dải tem này không phải toàn tem đang hoạt động của lô {lot}.",
            "Not all stamps of that range are active stamps of lot {lot}.",
        ),
    ),
    "undo_late": (
        Kind.CONFLICT,
        Text("Đã quá 10 phút; hãy huỷ tem thay vì hoàn tác.", "Ten minutes have passed; void the stamps instead."),
    ),
    "undo_scanned": (
        Kind.CONFLICT,
        Text(
            "Người mua đã quét tem trong dải này nên không hoàn tác được; hãy huỷ tem sai.",
            "A buyer has scanned a stamp of this range, so it cannot be undone; void the wrong stamps.",
        ),
    ),
    "undo_changed": (
        Kind.CONFLICT,
        Text(
            "Tem trong dải này đã thay đổi sau khi kích hoạt nên không hoàn tác được.",
            "Stamps of this range have changed since, so it cannot be undone.",
        ),
    ),
    "second_officer": (
        Kind.FORBIDDEN,
        Text(
            "Đơn lớn cần hai cán bộ khác nhau; bạn đã xác nhận lần đầu.",
            "A large order takes two different officers; yours was the first approval.",
        ),
    ),
    "too_many": (
        Kind.CONFLICT,
        Text("Đã có {most}; hãy bớt đi trước khi thêm.", "There are {most} already; take some away first."),
    ),
    "file_wrong": (
        Kind.INVALID,
        Text(
            "Tệp không phải ảnh hoặc PDF đọc được, quá 8 MB, hoặc PDF quá 20 trang.",
            "The file is not a readable picture or PDF of at most 8 MB and 20 pages.",
        ),
    ),
    "malformed": (
        Kind.INVALID,
        Text(
            "Giá trị của {what} không đúng dạng; hãy xem lại.",
            "The value of {what} is not of the right form; look at it again.",
        ),
    ),
    "device_revoked": (
        Kind.CONFLICT,
        Text("Thiết bị này đã bị thu hồi quyền.", "This device has been revoked already."),
    ),
    "user_unfit": (
        Kind.INVALID,
        Text(
            "Chỉ kiểm tra viên, cán bộ hoặc người của chủ thể có thiết bị quét; hãy chọn tài khoản khác.",
            "Only inspectors, officers and producers' people have scanning devices; choose another account.",
        ),
    ),
}
