"""The life of a report of a suspicious product, as officers lead it; its reporter follows it by its id."""

from enum import StrEnum

from stamp_engine.lifecycle import Machine


class ReportState(StrEnum):
    """What became of a report; CONFIRMED means that officers found something wrong, never that scans did."""

    RECEIVED = "RECEIVED"
    CHECKING = "CHECKING"
    CONFIRMED = "CONFIRMED"
    UNFOUNDED = "UNFOUNDED"


class ReportEvent(StrEnum):
    """What may happen to a report."""

    CHECK = "check"
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    REOPEN = "reopen"


REPORT = Machine(
    "report",
    {
        ReportState.RECEIVED: {
            ReportEvent.CHECK: ReportState.CHECKING,
            ReportEvent.DISMISS: ReportState.UNFOUNDED,
        },
        ReportState.CHECKING: {
            ReportEvent.CONFIRM: ReportState.CONFIRMED,
            ReportEvent.DISMISS: ReportState.UNFOUNDED,
        },
        ReportState.CONFIRMED: {ReportEvent.REOPEN: ReportState.CHECKING},
        ReportState.UNFOUNDED: {ReportEvent.REOPEN: ReportState.CHECKING},
    },
)


class PhotoState(StrEnum):
    """A photo waits in quarantine until the worker has drawn it again, or has found that it is no picture."""

    WAITING = "waiting"
    DRAWN = "drawn"
    REFUSED = "refused"
