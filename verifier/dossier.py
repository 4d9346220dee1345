"""What an answer tells a buyer about the goods: product, organisation, lot, journey, recall. Pure: rows in, views out.

The rows come from `verifier.fact_tables`; the words for kinds and groups are here, because the verifier reads the words
of the management side's enumerations and never imports them. A contract test keeps both in step.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from verifier.contract import (
    LotView,
    OrganisationView,
    ProductView,
    RecallView,
    SampleView,
    StarsView,
    TestView,
    TraceView,
    Words,
)
from verifier.verdict import local_day

Row = Any
"""A row of a narrow table: its columns are its attributes."""

RECALLS_IN_FORCE = frozenset({"APPROVED", "OPEN", "CLOSED"})

GROUPS: Mapping[str, Words] = {
    "thuc-pham": Words("Thực phẩm", "Food"),
    "do-uong": Words("Đồ uống", "Drinks"),
    "duoc-lieu": Words("Dược liệu và sản phẩm từ dược liệu", "Medicinal herbs and their products"),
    "thu-cong-my-nghe": Words("Thủ công mỹ nghệ", "Handicrafts"),
    "sinh-vat-canh": Words("Sinh vật cảnh", "Ornamental plants and animals"),
    "du-lich": Words("Dịch vụ du lịch cộng đồng, du lịch sinh thái", "Community and eco-tourism"),
}

KINDS: Mapping[str, Words] = {
    "DN_TU_NHAN": Words("Doanh nghiệp tư nhân", "Private enterprise"),
    "CTY_TNHH": Words("Công ty TNHH", "Limited liability company"),
    "CTY_CP": Words("Công ty cổ phần", "Joint-stock company"),
    "HTX": Words("Hợp tác xã", "Co-operative"),
    "LIEN_HIEP_HTX": Words("Liên hiệp hợp tác xã", "Union of co-operatives"),
    "THT": Words("Tổ hợp tác", "Co-operative group"),
    "HO_KD": Words("Hộ kinh doanh", "Household business"),
}

STEPS: Mapping[str, Words] = {
    "planting": Words("Gieo trồng", "Planting"),
    "harvest": Words("Thu hoạch", "Harvest"),
    "preparation": Words("Sơ chế", "Preparation"),
    "processing": Words("Chế biến", "Processing"),
    "packing": Words("Đóng gói", "Packing"),
    "testing": Words("Kiểm nghiệm", "Testing"),
    "stamping": Words("Dán tem", "Stamping"),
    "dispatch": Words("Xuất kho", "Dispatch"),
    "transport": Words("Vận chuyển", "Transport"),
    "sale": Words("Bán hàng", "Sale"),
}


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an answer that come from facts alone."""

    product: ProductView | None = None
    organisation: OrganisationView | None = None
    lot: LotView | None = None
    trace: tuple[TraceView, ...] = ()
    recall: RecallView | None = None


NOTHING = Parts()


def current_certificate(certificates: Iterable[Row], day: date) -> Row | None:
    """The certificate that speaks for a product on a day: the last one issued by then, unless revoked or replaced."""
    standing = [
        row
        for row in certificates
        if row.issued_on <= day and row.superseded_by_id is None and (row.revoked_on is None or row.revoked_on > day)
    ]
    return max(standing, key=lambda row: (row.issued_on, row.id), default=None)


def stars(certificate: Row | None, day: date) -> StarsView | None:
    """The stars as they stand on a day; a certificate holds to the end of its last day."""
    if certificate is None:
        return None
    ended = certificate.expires_on < day
    return StarsView(certificate.stars, certificate.decision_no, certificate.expires_on, expired=ended)


def product(row: Row, images: Sequence[str], stars_now: StarsView | None) -> ProductView:
    """A product with the paths of its pictures, in order, and its stars."""
    return ProductView(
        code=row.code,
        gtin=row.gtin,
        name=Words(row.name, row.name_en or row.name),
        images=tuple(images),
        group=GROUPS[row.group],
        brand=row.brand,
        standard=row.standard,
        description=Words(row.description, row.description_en or row.description),
        ingredients=row.ingredients,
        usage=row.usage,
        warnings=row.warnings,
        pack=row.pack,
        stars=stars_now,
    )


def organisation(row: Row) -> OrganisationView:
    """Who made it."""
    return OrganisationView(row.name, KINDS[row.kind], row.address, row.phone, row.story, row.example)


def lot(row: Row, tests: Iterable[Row], samples: Iterable[Row], certificates: Iterable[Row]) -> LotView:
    """A lot with its laboratory reports, its retained samples, and its product's stars on the day it was made."""
    then = current_certificate(certificates, row.produced_on)
    return LotView(
        number=row.lot_no,
        produced_on=row.produced_on,
        expires_on=row.expires_on,
        facility=row.facility,
        tests=tuple(
            TestView(test.laboratory, test.report_no, test.criteria, test.issued_on, test.valid_until, test.passed)
            for test in tests
        ),
        samples=tuple(SampleView(sample.code, sample.taken_on, sample.keep_until) for sample in samples),
        stars=stars(then, row.produced_on),
    )


def trace(steps: Iterable[Row]) -> tuple[TraceView, ...]:
    """The journey of a lot in the order of its days."""
    ordered = sorted(steps, key=lambda step: (step.done_on, step.id))
    return tuple(TraceView(STEPS[step.kind], step.place, step.done_on, step.who, step.why) for step in ordered)


def recall(row: Row) -> RecallView:
    """A recall notice, dated from its approval."""
    since = row.decided_at or row.opened_at or row.requested_at
    return RecallView(
        number=row.number,
        reason=Words(row.reason, row.reason_en or row.reason),
        instruction=Words(row.instruction, row.instruction_en or row.instruction),
        since=local_day(since),
        closed_on=local_day(row.closed_at) if row.closed_at is not None else None,
    )
