"""The life of an alert case: something that looks like copies or theft, from its first sign to a decision."""

from enum import StrEnum

from stamp_engine.lifecycle import Machine


class CaseKind(StrEnum):
    """What was noticed."""

    COPY = "copy"  # one stamp whose history says it is on several packs
    LOT = "lot"  # many stamps of one lot, each a little unusual
    AREA = "area"  # a lot scanned where nothing of it was shipped
    STOLEN = "stolen"  # stamps of a roll that was never activated
    PROBING = "probing"  # somebody tries codes
    UNISSUED = "unissued"  # an authentic code that was never issued: somebody else has the key
    OFFICE = "office"  # an officer asks to hold a lot, without a sign from the scans


class CaseState(StrEnum):
    """Where a case stands; UPHELD and FALSE_ALARM are what officers found, never what scans did."""

    NEW = "NEW"
    WATCHING = "WATCHING"
    HOLD_ASKED = "HOLD_ASKED"
    HELD = "HELD"
    UPHELD = "UPHELD"
    FALSE_ALARM = "FALSE_ALARM"


class CaseEvent(StrEnum):
    """What may happen to a case."""

    WATCH = "watch"
    ASK_HOLD = "ask_hold"
    APPROVE_HOLD = "approve_hold"
    REFUSE_HOLD = "refuse_hold"
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    REOPEN = "reopen"


_UNDECIDED = {
    CaseEvent.ASK_HOLD: CaseState.HOLD_ASKED,
    CaseEvent.CONFIRM: CaseState.UPHELD,
    CaseEvent.DISMISS: CaseState.FALSE_ALARM,
}
CASE = Machine(
    "alert_case",
    {
        CaseState.NEW: {CaseEvent.WATCH: CaseState.WATCHING, **_UNDECIDED},
        CaseState.WATCHING: _UNDECIDED,
        CaseState.HOLD_ASKED: {
            CaseEvent.APPROVE_HOLD: CaseState.HELD,
            CaseEvent.REFUSE_HOLD: CaseState.NEW,
        },
        CaseState.HELD: {
            CaseEvent.CONFIRM: CaseState.UPHELD,
            CaseEvent.DISMISS: CaseState.FALSE_ALARM,
        },
        CaseState.UPHELD: {CaseEvent.REOPEN: CaseState.NEW},
        CaseState.FALSE_ALARM: {CaseEvent.REOPEN: CaseState.NEW},
    },
)
DECIDED = frozenset({CaseState.UPHELD, CaseState.FALSE_ALARM})
