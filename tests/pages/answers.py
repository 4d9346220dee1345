"""An answer for every verdict, as rich as one of the demo's, to look at and to measure."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from tests.conftest import NOW
from verifier.contract import (
    LotView,
    OrganisationView,
    ProductView,
    ReasonCode,
    RecallView,
    SampleView,
    ScanAnswer,
    Scans,
    StampView,
    StarsView,
    TestView,
    TraceView,
    Verdict,
    Words,
)
from verifier.dossier import GROUPS, KINDS, STEPS
from verifier.findings import Finding, found_that, reason
from verifier.words import STAMP_STATES

RECEIPT = UUID("01a20e36-8e46-72d0-89ed-bbd0e3e900c6")
DAY = 86_400_000_000
PRODUCT = ProductView(
    code="SP-0012",
    gtin="08938512345673",
    name=Words("Chè Shan tuyết Tà Xùa hộp 100 g", "Tà Xùa Shan tuyết tea, 100 g box"),
    images=("/media/" + "a" * 64,),
    group=GROUPS["do-uong"],
    brand="Tà Xùa",
    standard="TCCS 01:2026/HTX",
    description=Words(
        "Búp chè Shan cổ thụ hái tay trên độ cao 1.800 m, sao thủ công trong chảo gang.",
        "Hand-picked buds of old Shan trees at 1,800 m, roasted by hand in iron pans.",
    ),
    ingredients="100% búp chè Shan",
    usage="Tráng nước sôi, hãm 3–5 phút ở 90 °C.",
    warnings="Bảo quản nơi khô ráo, tránh ánh nắng.",
    pack="hộp 100 g",
    stars=StarsView(4, "1234/QĐ-UBND", date(2028, 5, 20), expired=False),
)
ORGANISATION = OrganisationView(
    name="Hợp tác xã Chè hữu cơ Tà Xùa (ví dụ)",
    kind=KINDS["HTX"],
    address="Bản Bẹ, xã Tà Xùa, tỉnh Sơn La",
    phone="+84912345678",
    story="Mười hai hộ người Mông cùng giữ rừng chè cổ thụ.",
    example=True,
)
LOT = LotView(
    number="CH-2611-01",
    produced_on=date(2026, 11, 1),
    expires_on=date(2027, 11, 1),
    facility="Xưởng chè bản Bẹ, xã Tà Xùa",
    tests=(
        TestView(
            "Trung tâm Kỹ thuật Tiêu chuẩn (ví dụ)",
            "KN-2611/045",
            "Dư lượng thuốc bảo vệ thực vật, kim loại nặng",
            date(2026, 11, 6),
            date(2027, 11, 6),
            passed=True,
        ),
    ),
    samples=(SampleView("ML-2611-01", date(2026, 11, 2), date(2028, 11, 1)),),
    stars=StarsView(3, "77/QĐ-UBND", date(2026, 12, 1), expired=False),
)
TRACE = tuple(
    TraceView(STEPS[kind], place, date(2026, month, day), who, why)
    for kind, place, month, day, who, why in (
        ("harvest", "Rừng chè bản Bẹ", 10, 29, "Tổ hái số 2", None),
        ("processing", "Xưởng chè bản Bẹ", 11, 1, "Tổ sao chè", "Sao chảo gang 3 lần"),
        ("packing", "Xưởng chè bản Bẹ", 11, 2, "Tổ đóng gói", None),
        ("dispatch", "Kho phường Tô Hiệu", 11, 12, "Thủ kho", None),
    )
)
RECALL = RecallView(
    "TH2026-0003",
    Words("Phát hiện dư lượng thuốc bảo vệ thực vật vượt mức ở một mẻ sao.", "Pesticide residue found in one batch."),
    Words(
        "Ngừng dùng, mang gói hàng trả lại nơi mua để được hoàn tiền.", "Stop using it and take it back for a refund."
    ),
    date(2026, 11, 20),
    date(2026, 11, 23),
)
STAMP = StampView("7K3M-9QXA-0T5H-2WZR-C", "ACTIVE", "compact", "epoch-1", pins=True)
FIRST = Scans(1, 1, 0, 1, NOW, NOW)
SEEN = Scans(7, 2, 5, 4, NOW - 9 * DAY, NOW)
_GOODS = ScanAnswer(
    Verdict.VALID,
    NOW,
    stamp=STAMP,
    scans=SEEN,
    product=PRODUCT,
    organisation=ORGANISATION,
    lot=LOT,
    trace=TRACE,
    receipt=RECEIPT,
)
_BARE = ScanAnswer(Verdict.FORGED, NOW)
_HISTORY = (
    found_that(ReasonCode.SEEN_BEFORE, by_you=2),
    found_that(ReasonCode.SEEN_ELSEWHERE, elsewhere=5, first=date(2026, 11, 15)),
)


def _answer(base: ScanAnswer, verdict: Verdict, *findings: Finding, **values: Any) -> ScanAnswer:
    return base._replace(verdict=verdict, reasons=tuple(map(reason, findings)), **values)


ANSWERS: dict[Verdict, ScanAnswer] = {
    Verdict.VALID_FIRST: _answer(
        _GOODS, Verdict.VALID_FIRST, found_that(ReasonCode.FIRST_SCAN), first_scan=True, scans=FIRST
    ),
    Verdict.VALID: _answer(
        _GOODS, Verdict.VALID, *_HISTORY, found_that(ReasonCode.PIN_CONFIRMED, day=date(2026, 11, 20))
    ),
    Verdict.UNUSUAL: _answer(
        _GOODS,
        Verdict.UNUSUAL,
        *_HISTORY,
        found_that(ReasonCode.FAR_PLACES),
        found_that(ReasonCode.MANY_DEVICES, devices=14),
        found_that(ReasonCode.IMPOSSIBLE_TRAVEL, km=250),
    ),
    Verdict.SUSPECT_COPY: _answer(_GOODS, Verdict.SUSPECT_COPY, *_HISTORY, found_that(ReasonCode.PIN_FAR)),
    Verdict.NOT_ACTIVATED: _answer(
        _GOODS,
        Verdict.NOT_ACTIVATED,
        found_that(ReasonCode.NOT_ACTIVATED, state=STAMP_STATES["DELIVERED"]),
        lot=None,
        trace=(),
        scans=Scans(0, 0, 0, 0, None, None),
    ),
    Verdict.LOT_BLOCKED: _answer(
        _GOODS,
        Verdict.LOT_BLOCKED,
        *_HISTORY,
        found_that(ReasonCode.LOT_BLOCKED, reason=Words("chờ kết quả kiểm nghiệm lại", "waiting for a second test")),
    ),
    Verdict.EXPIRED_PRODUCT: _answer(
        _GOODS,
        Verdict.EXPIRED_PRODUCT,
        found_that(ReasonCode.EXPIRED, day=date(2026, 11, 20)),
        found_that(ReasonCode.CERTIFICATE_EXPIRED, day=date(2026, 11, 1)),
        product=replace(PRODUCT, stars=StarsView(4, "1234/QĐ-UBND", date(2026, 11, 1), expired=True)),
        lot=replace(LOT, expires_on=date(2026, 11, 20)),
    ),
    Verdict.VOID: _answer(_GOODS, Verdict.VOID, found_that(ReasonCode.LOST)),
    Verdict.RECALLED: _answer(
        _GOODS,
        Verdict.RECALLED,
        *_HISTORY,
        found_that(ReasonCode.RECALLED, reason=RECALL.reason, number=RECALL.number, day=RECALL.since),
        found_that(ReasonCode.RECALL_CLOSED, number=RECALL.number, day=date(2026, 11, 23)),
        recall=RECALL,
    ),
    Verdict.FORGED: _answer(_BARE, Verdict.FORGED, found_that(ReasonCode.SIGNATURE_WRONG)),
    Verdict.UNKNOWN: _answer(
        _BARE, Verdict.UNKNOWN, found_that(ReasonCode.NOT_ISSUED), stamp=STAMP._replace(state=""), receipt=RECEIPT
    ),
    Verdict.FOREIGN: _answer(_BARE, Verdict.FOREIGN, found_that(ReasonCode.OTHER_HOST)),
    Verdict.MALFORMED: _answer(_BARE, Verdict.MALFORMED, found_that(ReasonCode.NOT_A_STAMP)),
    Verdict.UNAVAILABLE: _answer(_BARE, Verdict.UNAVAILABLE),
    Verdict.AUTHENTIC_OFFLINE: _answer(_BARE, Verdict.AUTHENTIC_OFFLINE),
}
