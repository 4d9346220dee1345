"""Products: their groups under each rule-set, their life, and the ten items of Circular 02/2024/TT-BKHCN, Art. 6(5)."""

from enum import StrEnum

from stamp_engine.lifecycle import Machine


class RuleSet(StrEnum):
    """The grading rules in force at some time; each has its own groups and points."""

    SL_2019 = "SL-2019"
    QD_1048_2019 = "QD-1048-2019"
    QD_148_2023 = "QD-148-2023"


class ProductGroup(StrEnum):
    """The six groups of QĐ 919/QĐ-TTg 2022 and QĐ 148/QĐ-TTg 2023, which today's products carry."""

    THUC_PHAM = "thuc-pham"
    DO_UONG = "do-uong"
    DUOC_LIEU = "duoc-lieu"
    THU_CONG_MY_NGHE = "thu-cong-my-nghe"
    SINH_VAT_CANH = "sinh-vat-canh"
    DU_LICH = "du-lich"


class ProductState(StrEnum):
    """DRAFT until the province approves; stamps are ordered for ACTIVE products only."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    ACTIVE = "ACTIVE"
    RETIRED = "RETIRED"


class ProductEvent(StrEnum):
    """What may happen to a product."""

    SUBMIT = "submit"
    RETURN = "return"
    APPROVE = "approve"
    RETIRE = "retire"


PRODUCT = Machine(
    "product",
    {
        ProductState.DRAFT: {
            ProductEvent.SUBMIT: ProductState.SUBMITTED,
            ProductEvent.RETIRE: ProductState.RETIRED,
        },
        ProductState.SUBMITTED: {
            ProductEvent.APPROVE: ProductState.ACTIVE,
            ProductEvent.RETURN: ProductState.DRAFT,
        },
        ProductState.ACTIVE: {ProductEvent.RETIRE: ProductState.RETIRED},
        ProductState.RETIRED: {},
    },
)


class TenItem(StrEnum):
    """The ten minimum items a buyer must be able to look up; brand and expiry count only where there is one."""

    PRODUCT_NAME = "product_name"
    PRODUCT_IMAGE = "product_image"
    PRODUCER_NAME = "producer_name"
    PRODUCER_ADDRESS = "producer_address"
    STAGES = "stages"
    PRODUCTION_TIME = "production_time"
    TRACE_CODE = "trace_code"
    BRAND = "brand"
    EXPIRY = "expiry"
    STANDARD = "standard"
