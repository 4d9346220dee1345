"""Alert cases: what the platform suspects, who looks into it, what is decided. Tables of states and rules, no I/O."""

from enum import StrEnum

from stamp_engine.lifecycle import Machine


class AlertKind(StrEnum):
    """What is suspected, by the sign that opened the case."""

    COPIED_STAMP = "COPIED_STAMP"
    COPIED_LOT = "COPIED_LOT"
    UNRELEASED_ROLL = "UNRELEASED_ROLL"
    ENUMERATION = "ENUMERATION"
    KEY_COMPROMISE = "KEY_COMPROMISE"
    REPORTS = "REPORTS"


class AlertState(StrEnum):
    """The life of a case."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    INVESTIGATING = "INVESTIGATING"
    CONFIRMED_COUNTERFEIT = "CONFIRMED_COUNTERFEIT"
    FALSE_ALARM = "FALSE_ALARM"
    CLOSED = "CLOSED"


class AlertEvent(StrEnum):
    """What may happen to a case."""

    ACKNOWLEDGE = "acknowledge"
    INVESTIGATE = "investigate"
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    CLOSE = "close"
    REOPEN = "reopen"


ALERT = Machine(
    "alert_case",
    {
        AlertState.OPEN: {AlertEvent.ACKNOWLEDGE: AlertState.ACKNOWLEDGED},
        AlertState.ACKNOWLEDGED: {
            AlertEvent.INVESTIGATE: AlertState.INVESTIGATING,
            AlertEvent.DISMISS: AlertState.FALSE_ALARM,
        },
        AlertState.INVESTIGATING: {
            AlertEvent.CONFIRM: AlertState.CONFIRMED_COUNTERFEIT,
            AlertEvent.DISMISS: AlertState.FALSE_ALARM,
        },
        AlertState.CONFIRMED_COUNTERFEIT: {AlertEvent.CLOSE: AlertState.CLOSED},
        AlertState.FALSE_ALARM: {AlertEvent.REOPEN: AlertState.INVESTIGATING, AlertEvent.CLOSE: AlertState.CLOSED},
        AlertState.CLOSED: {},
    },
)
LIVE = frozenset({AlertState.OPEN, AlertState.ACKNOWLEDGED, AlertState.INVESTIGATING})


class Decision(StrEnum):
    """What an officer makes of a case. HOLD_LOT needs a second officer before it takes effect."""

    FALSE_ALARM = "FALSE_ALARM"
    WATCH = "WATCH"
    HOLD_LOT = "HOLD_LOT"
    CONFIRMED_COPY = "CONFIRMED_COPY"


class NoteKind(StrEnum):
    """What an office can put on record of one stamp."""

    DISPLAY = "DISPLAY"
    EXPOSED = "EXPOSED"
    COPIED = "COPIED"
    CLEARED = "CLEARED"


class ReportOutcome(StrEnum):
    """What a reporter is told."""

    RECEIVED = "RECEIVED"
    INVESTIGATING = "INVESTIGATING"
    CONFIRMED = "CONFIRMED"
    UNFOUNDED = "UNFOUNDED"
