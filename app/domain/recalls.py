"""Recalls: asked for by one person, approved by another; the warning stays on the scan page for good."""

from enum import StrEnum

from stamp_engine.lifecycle import Machine


class RecallState(StrEnum):
    """From APPROVED on, every stamp of the recalled lots answers `recalled`."""

    REQUESTED = "REQUESTED"
    REJECTED = "REJECTED"
    APPROVED = "APPROVED"
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class RecallEvent(StrEnum):
    """What may happen to a recall."""

    APPROVE = "approve"
    REJECT = "reject"
    OPEN = "open"
    CLOSE = "close"


IN_FORCE = frozenset({RecallState.APPROVED, RecallState.OPEN, RecallState.CLOSED})

RECALL = Machine(
    "recall",
    {
        RecallState.REQUESTED: {
            RecallEvent.APPROVE: RecallState.APPROVED,
            RecallEvent.REJECT: RecallState.REJECTED,
        },
        RecallState.REJECTED: {},
        RecallState.APPROVED: {RecallEvent.OPEN: RecallState.OPEN},
        RecallState.OPEN: {RecallEvent.CLOSE: RecallState.CLOSED},
        RecallState.CLOSED: {},
    },
)


class RecallResult(StrEnum):
    """What became of a recalled lot; UNRECOVERABLE needs a reason."""

    DESTROYED = "DESTROYED"
    RETURNED = "RETURNED"
    REPROCESSED = "REPROCESSED"
    UNRECOVERABLE = "UNRECOVERABLE"
