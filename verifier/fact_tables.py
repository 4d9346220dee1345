"""The narrow tables the verifier reads its facts from: only the columns a verdict or an answer needs.

A contract test compares them with the models of the management side, and the database role may select nothing else.
"""

from typing import Any

import sqlalchemy as sa

from verifier.records import FACT_CLOCK

_METADATA = sa.MetaData()
_Type = type[sa.types.TypeEngine[Any]]
_BIG, _TEXT, _DAY, _YES = sa.BigInteger, sa.String, sa.Date, sa.Boolean


def _table(name: str, /, **columns: _Type) -> sa.Table:
    return sa.Table(name, _METADATA, *(sa.Column(column, kind) for column, kind in columns.items()))


BATCH = _table(
    "batch",
    id=_BIG,
    number=_TEXT,
    organisation_id=_BIG,
    product_id=_BIG,
    state=_TEXT,
    lo=_BIG,
    hi=_BIG,
    profile=_TEXT,
    gtin=_TEXT,
    host=_TEXT,
    epoch=sa.Integer,
    kid=_TEXT,
    pins=_YES,
    manifest=sa.Text,
)
STAMP_RANGE = _table("stamp_range", batch_id=_BIG, lo=_BIG, hi=_BIG, state=_TEXT, lot_id=_BIG, changed_at=_BIG)
HOLD = _table("hold", id=_BIG, lot_id=_BIG, batch_id=_BIG, lo=_BIG, hi=_BIG, reason=_TEXT, lifted_at=_BIG)
LOT = _table(
    "lot",
    id=_BIG,
    lot_no=_TEXT,
    product_id=_BIG,
    state=_TEXT,
    facility=_TEXT,
    produced_on=_DAY,
    expires_on=_DAY,
)
LOT_AREA = _table("lot_area", lot_id=_BIG, lat=sa.Float, lon=sa.Float, radius_km=sa.Float)
DISPATCH = _table("dispatch", lot_id=_BIG, lat=sa.Float, lon=sa.Float)
LOT_STEP = _table("lot_step", id=_BIG, lot_id=_BIG, kind=_TEXT, who=_TEXT, place=_TEXT, done_on=_DAY, why=_TEXT)
LOT_TEST = _table(
    "lot_test",
    id=_BIG,
    lot_id=_BIG,
    laboratory=_TEXT,
    report_no=_TEXT,
    criteria=sa.Text,
    issued_on=_DAY,
    valid_until=_DAY,
    passed=_YES,
)
RETAINED_SAMPLE = _table("retained_sample", id=_BIG, lot_id=_BIG, code=_TEXT, taken_on=_DAY, keep_until=_DAY)
RECALL = _table(
    "recall",
    id=_BIG,
    number=_TEXT,
    state=_TEXT,
    reason=sa.Text,
    reason_en=sa.Text,
    instruction=sa.Text,
    instruction_en=sa.Text,
    requested_at=_BIG,
    decided_at=_BIG,
    opened_at=_BIG,
    closed_at=_BIG,
)
RECALL_LOT = _table("recall_lot", recall_id=_BIG, lot_id=_BIG)
PRODUCT = _table(
    "product",
    id=_BIG,
    code=_TEXT,
    gtin=_TEXT,
    organisation_id=_BIG,
    name=_TEXT,
    name_en=_TEXT,
    group=_TEXT,
    brand=_TEXT,
    standard=_TEXT,
    description=sa.Text,
    description_en=sa.Text,
    ingredients=sa.Text,
    usage=sa.Text,
    warnings=sa.Text,
    pack=_TEXT,
)
PRODUCT_IMAGE = _table("product_image", product_id=_BIG, position=sa.Integer, file_id=_BIG)
STORED_FILE = _table("stored_file", id=_BIG, uid=sa.Uuid, sha256=_TEXT, public=_YES)
CERTIFICATE = _table(
    "certificate",
    id=_BIG,
    product_id=_BIG,
    decision_no=_TEXT,
    stars=sa.Integer,
    issued_on=_DAY,
    expires_on=_DAY,
    revoked_on=_DAY,
    superseded_by_id=_BIG,
)
ORGANISATION = _table(
    "organisation",
    id=_BIG,
    name=_TEXT,
    kind=_TEXT,
    address=_TEXT,
    phone=_TEXT,
    story=sa.Text,
    example=_YES,
)
SIGNING_KEY = _table("signing_key", kid=_TEXT, use=_TEXT, public=sa.LargeBinary, state=_TEXT)
STAMP_FLAG = _table(
    "stamp_flag",
    stamp=_BIG,
    kind=_TEXT,
    words=_TEXT,
    weight=sa.Integer,
    marks=sa.Integer,
    voices=sa.Integer,
    ended_at=_BIG,
)
KNOWN_SELLER = _table(
    "known_seller", organisation_id=_BIG, kind=_TEXT, lat=sa.Float, lon=sa.Float, radius_km=sa.Float, ended_at=_BIG
)
EPOCH = _table("epoch", number=sa.Integer, state=_TEXT)
FACT_CHANGE = _table("fact_change", clock=_BIG, part=_TEXT, key=_BIG)

TABLES = (FACT_CLOCK, *_METADATA.tables.values())
