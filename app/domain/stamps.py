"""Batches of stamps. What may happen to a stamp itself is `stamp_engine.lifecycle.STAMP`."""

from enum import StrEnum

from stamp_engine.lifecycle import Machine


class BatchState(StrEnum):
    """MINTING is the saved intent: the range is taken, the files are not complete yet. Only MINTED batches verify."""

    MINTING = "MINTING"
    MINTED = "MINTED"


class BatchEvent(StrEnum):
    """What may happen to a batch."""

    FINISH = "finish"


BATCH = Machine(
    "batch",
    {
        BatchState.MINTING: {BatchEvent.FINISH: BatchState.MINTED},
        BatchState.MINTED: {},
    },
)
