"""A recorded scan as an answer again: for a repeated nonce, and for the receipt link. Pure.

What depended on the moment (verdict, reasons, counts) was written with the scan and is read back; product, lot and
journey are those the facts hold now for the stamp as it stood then, on the day of the scan. A receipt shows nobody's
place, and to others than who scanned no code that could be used again.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import orjson

from verifier.contract import ReasonCode, ScanAnswer, Scans, StampView, Verdict, Words
from verifier.facts import Snapshot
from verifier.findings import Finding, Value, reason
from verifier.records import ScanRow
from verifier.verdict import Judgement, local_day


def history(judgement: Judgement, stamp: StampView) -> str:
    """What `scan.history` keeps of a judgement: enough to give the same answer again."""
    scans = judgement.scans
    return orjson.dumps(
        {
            "scans": [scans.count, scans.by_you, scans.elsewhere, scans.devices, scans.first_at, scans.last_at],
            "first": judgement.first,
            "reasons": [
                [finding.code.value, {name: _plain(value) for name, value in finding.values.items()}]
                for finding in judgement.findings
            ],
            "stamp": [stamp.serial, stamp.state, stamp.profile, stamp.key_id, stamp.pins],
        }
    ).decode()


def replay(row: ScanRow, facts: Snapshot) -> ScanAnswer:
    """The answer that was given to a recorded scan."""
    kept = orjson.loads(row.history)
    parts = facts.answer_parts(row.batch_id, row.lot_id, local_day(row.at))
    findings = [Finding(ReasonCode(code), _values(values)) for code, values in kept["reasons"]]
    return ScanAnswer(
        verdict=Verdict(row.verdict),
        checked_at=row.at,
        reasons=tuple(reason(finding) for finding in findings),
        first_scan=kept["first"],
        scans=Scans(*kept["scans"]),
        stamp=StampView(*kept["stamp"]),
        product=parts.product,
        organisation=parts.organisation,
        lot=parts.lot,
        trace=parts.trace,
        recall=parts.recall,
        receipt=row.id,
        suspicion=row.suspicion,
        late=row.late,
    )


def veiled(answer: ScanAnswer) -> ScanAnswer:
    """The answer for somebody else than who scanned.

    Of the serial, which is the code, the first group is left; what "you" did is nobody else's business.
    """
    stamp, scans = answer.stamp, answer.scans
    return answer._replace(
        stamp=None if stamp is None else stamp._replace(serial=f"{stamp.serial[:4]}-…"),
        scans=None if scans is None else replace(scans, by_you=0, elsewhere=scans.count),
        reasons=tuple(one for one in answer.reasons if one.code is not ReasonCode.SEEN_BEFORE),
    )


def _plain(value: Value) -> object:
    match value:
        case date():
            return {"day": value.isoformat()}
        case Words():
            return {"words": [value.vi, value.en]}
        case _:
            return value


def _values(plain: Mapping[str, object]) -> dict[str, Value]:
    return {name: _value(value) for name, value in plain.items()}


def _value(plain: object) -> Value:
    match plain:
        case {"day": str(day)}:
            return date.fromisoformat(day)
        case {"words": [str(vi), str(en)]}:
            return Words(vi, en)
        case int() | str():
            return plain
        case _:
            raise ValueError(f"a scan's history holds {plain!r}")
