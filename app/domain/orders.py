"""Stamp orders and their print jobs: one table of states each; events of the job move the order along."""

from enum import StrEnum

from stamp_engine.lifecycle import Machine


class OrderState(StrEnum):
    """Where an order stands. Somebody else approves than asked; a large order is endorsed by a first officer before."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    ENDORSED = "ENDORSED"
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
    RETURN = "return"
    ENDORSE = "endorse"
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
            OrderEvent.ENDORSE: OrderState.ENDORSED,
            OrderEvent.APPROVE: OrderState.APPROVED,
            OrderEvent.RETURN: OrderState.DRAFT,
            OrderEvent.REJECT: OrderState.REJECTED,
            OrderEvent.CANCEL: OrderState.CANCELLED,
        },
        OrderState.ENDORSED: {
            OrderEvent.APPROVE: OrderState.APPROVED,
            OrderEvent.RETURN: OrderState.DRAFT,
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


TWO_OFFICERS_ABOVE = 50_000
"""An order of more stamps than this needs two officers, unless the setting says otherwise."""


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
        PrintJobState.DOWNLOADED: {
            PrintJobEvent.PRINT: PrintJobState.PRINTED,
            # The download broke off: an officer lets the print house have the file once more.
            PrintJobEvent.RELEASE: PrintJobState.RELEASED,
        },
        PrintJobState.PRINTED: {PrintJobEvent.RECEIVE: PrintJobState.RECEIVED},
        PrintJobState.RECEIVED: {},
    },
)
