"""Stamp orders and their print jobs: one table of states each; events of the job move the order along."""

from enum import StrEnum

from stamp_engine.lifecycle import Machine


class OrderState(StrEnum):
    """Where an order stands; four eyes guard the step from SUBMITTED."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    MINTED = "MINTED"
    SENT_TO_PRINT = "SENT_TO_PRINT"
    PRINTED = "PRINTED"
    DELIVERED = "DELIVERED"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"


class OrderEvent(StrEnum):
    """What may happen to an order."""

    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    MINT = "mint"
    SEND = "send"
    PRINT = "print"
    DELIVER = "deliver"
    CLOSE = "close"
    CANCEL = "cancel"


ORDER = Machine(
    "order",
    {
        OrderState.DRAFT: {OrderEvent.SUBMIT: OrderState.SUBMITTED, OrderEvent.CANCEL: OrderState.CANCELLED},
        OrderState.SUBMITTED: {
            OrderEvent.APPROVE: OrderState.APPROVED,
            OrderEvent.REJECT: OrderState.REJECTED,
            OrderEvent.CANCEL: OrderState.CANCELLED,
        },
        OrderState.APPROVED: {OrderEvent.MINT: OrderState.MINTED, OrderEvent.CANCEL: OrderState.CANCELLED},
        OrderState.REJECTED: {},
        OrderState.MINTED: {OrderEvent.SEND: OrderState.SENT_TO_PRINT},
        OrderState.SENT_TO_PRINT: {OrderEvent.PRINT: OrderState.PRINTED},
        OrderState.PRINTED: {OrderEvent.DELIVER: OrderState.DELIVERED},
        OrderState.DELIVERED: {OrderEvent.CLOSE: OrderState.CLOSED},
        OrderState.CLOSED: {},
        OrderState.CANCELLED: {},
    },
)


class PrintJobState(StrEnum):
    """The print house's half of an order."""

    READY = "READY"
    RELEASED = "RELEASED"
    DOWNLOADED = "DOWNLOADED"
    PRINTED = "PRINTED"
    RECEIVED = "RECEIVED"


class PrintJobEvent(StrEnum):
    """What may happen to a print job; a download happens once."""

    RELEASE = "release"
    DOWNLOAD = "download"
    PRINT = "print"
    RECEIVE = "receive"


PRINT_JOB = Machine(
    "print job",
    {
        PrintJobState.READY: {PrintJobEvent.RELEASE: PrintJobState.RELEASED},
        PrintJobState.RELEASED: {PrintJobEvent.DOWNLOAD: PrintJobState.DOWNLOADED},
        PrintJobState.DOWNLOADED: {PrintJobEvent.PRINT: PrintJobState.PRINTED},
        PrintJobState.PRINTED: {PrintJobEvent.RECEIVE: PrintJobState.RECEIVED},
        PrintJobState.RECEIVED: {},
    },
)
