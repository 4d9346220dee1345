"""Organisations (chủ thể OCOP): their seven types and their life."""

from enum import StrEnum

from stamp_engine.lifecycle import Machine


class OrganisationKind(StrEnum):
    """The seven types of subject the province's decision admits."""

    DN_TU_NHAN = "DN_TU_NHAN"
    CTY_TNHH = "CTY_TNHH"
    CTY_CP = "CTY_CP"
    HTX = "HTX"
    LIEN_HIEP_HTX = "LIEN_HIEP_HTX"
    THT = "THT"
    HO_KD = "HO_KD"


class OrganisationState(StrEnum):
    """PENDING until the province approves; only an ACTIVE organisation orders stamps."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


class OrganisationEvent(StrEnum):
    """What may happen to an organisation."""

    APPROVE = "approve"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    CLOSE = "close"


ORGANISATION = Machine(
    "organisation",
    {
        OrganisationState.PENDING: {
            OrganisationEvent.APPROVE: OrganisationState.ACTIVE,
            OrganisationEvent.CLOSE: OrganisationState.CLOSED,
        },
        OrganisationState.ACTIVE: {
            OrganisationEvent.SUSPEND: OrganisationState.SUSPENDED,
            OrganisationEvent.CLOSE: OrganisationState.CLOSED,
        },
        OrganisationState.SUSPENDED: {
            OrganisationEvent.REINSTATE: OrganisationState.ACTIVE,
            OrganisationEvent.CLOSE: OrganisationState.CLOSED,
        },
        OrganisationState.CLOSED: {},
    },
)
