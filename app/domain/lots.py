"""Lots (lô): their life and the stages a dossier records.

A lot on hold keeps its state: the hold is a fact of its own (`Hold`), and lifting it needs no memory.
"""

from enum import StrEnum

from stamp_engine.lifecycle import Machine


class LotState(StrEnum):
    """Where a lot stands between the field and the buyer."""

    DRAFT = "DRAFT"
    PRODUCED = "PRODUCED"
    TESTING = "TESTING"
    RELEASED = "RELEASED"
    STAMPED = "STAMPED"
    DISTRIBUTED = "DISTRIBUTED"
    CLOSED = "CLOSED"
    RECALLING = "RECALLING"
    RECALLED = "RECALLED"
    DISPOSED = "DISPOSED"


class LotEvent(StrEnum):
    """What may happen to a lot."""

    PRODUCE = "produce"
    TEST = "test"
    RELEASE = "release"
    STAMP = "stamp"
    UNSTAMP = "unstamp"
    DISTRIBUTE = "distribute"
    CLOSE = "close"
    RECALL = "recall"
    FINISH_RECALL = "finish_recall"
    DISPOSE = "dispose"


LOT = Machine(
    "lot",
    {
        LotState.DRAFT: {LotEvent.PRODUCE: LotState.PRODUCED, LotEvent.DISPOSE: LotState.DISPOSED},
        LotState.PRODUCED: {
            LotEvent.TEST: LotState.TESTING,
            LotEvent.RELEASE: LotState.RELEASED,
            LotEvent.DISPOSE: LotState.DISPOSED,
        },
        LotState.TESTING: {LotEvent.RELEASE: LotState.RELEASED, LotEvent.DISPOSE: LotState.DISPOSED},
        LotState.RELEASED: {
            LotEvent.STAMP: LotState.STAMPED,
            LotEvent.RECALL: LotState.RECALLING,
            LotEvent.DISPOSE: LotState.DISPOSED,
        },
        LotState.STAMPED: {
            LotEvent.STAMP: LotState.STAMPED,
            LotEvent.UNSTAMP: LotState.RELEASED,
            LotEvent.DISTRIBUTE: LotState.DISTRIBUTED,
            LotEvent.RECALL: LotState.RECALLING,
            LotEvent.DISPOSE: LotState.DISPOSED,
        },
        LotState.DISTRIBUTED: {
            LotEvent.STAMP: LotState.DISTRIBUTED,
            LotEvent.DISTRIBUTE: LotState.DISTRIBUTED,
            LotEvent.CLOSE: LotState.CLOSED,
            LotEvent.RECALL: LotState.RECALLING,
        },
        LotState.CLOSED: {LotEvent.RECALL: LotState.RECALLING},
        LotState.RECALLING: {LotEvent.FINISH_RECALL: LotState.RECALLED},
        LotState.RECALLED: {LotEvent.DISPOSE: LotState.DISPOSED},
        LotState.DISPOSED: {},
    },
)


class StepKind(StrEnum):
    """The stages of item 5 of Circular 02/2024; each says who, what, where, when and why."""

    PLANTING = "planting"
    HARVEST = "harvest"
    PREPARATION = "preparation"
    PROCESSING = "processing"
    PACKING = "packing"
    TESTING = "testing"
    STAMPING = "stamping"
    DISPATCH = "dispatch"
    TRANSPORT = "transport"
    SALE = "sale"
