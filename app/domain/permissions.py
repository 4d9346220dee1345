"""Who may do what, and over whose things: one table, closed by default.

A row (role, action) gives the widest scope in which that role may act; no row, no right. Rule R16: inspectors and
commune officers act within their unit; producers within their organisation; print houses within their jobs.
"""

from dataclasses import dataclass
from enum import StrEnum


class RoleName(StrEnum):
    """The roles of the programme; DISTRICT is history since 2025-07-01 and may only read."""

    ADMIN = "ADMIN"
    COORD = "COORD"
    DEPT = "DEPT"
    DISTRICT = "DISTRICT"
    COMMUNE = "COMMUNE"
    PRODUCER_OWNER = "PRODUCER_OWNER"
    PRODUCER_STAFF = "PRODUCER_STAFF"
    PRINTER = "PRINTER"
    INSPECTOR = "INSPECTOR"
    COUNCIL = "COUNCIL"


class Scope(StrEnum):
    """How far a right reaches."""

    ALL = "all"
    UNIT = "unit"
    OWN = "own"


class Action(StrEnum):
    """Everything a person can do in the office, as verb and noun."""

    READ_ORGANISATION = "read_organisation"
    REGISTER_ORGANISATION = "register_organisation"
    EDIT_ORGANISATION = "edit_organisation"
    DECIDE_ORGANISATION = "decide_organisation"
    READ_PRODUCT = "read_product"
    EDIT_PRODUCT = "edit_product"
    DECIDE_PRODUCT = "decide_product"
    GRANT_CERTIFICATE = "grant_certificate"
    READ_LOT = "read_lot"
    EDIT_LOT = "edit_lot"
    RELEASE_LOT = "release_lot"
    READ_ORDER = "read_order"
    PLACE_ORDER = "place_order"
    DECIDE_ORDER = "decide_order"
    READ_PRINT_JOB = "read_print_job"
    RELEASE_PRINT_JOB = "release_print_job"
    PRINT_JOB = "print_job"
    RECEIVE_STAMPS = "receive_stamps"
    READ_STAMPS = "read_stamps"
    ACTIVATE_STAMPS = "activate_stamps"
    VOID_STAMPS = "void_stamps"
    PLACE_HOLD = "place_hold"
    LIFT_HOLD = "lift_hold"
    READ_RECALL = "read_recall"
    REQUEST_RECALL = "request_recall"
    DECIDE_RECALL = "decide_recall"
    CLOSE_RECALL = "close_recall"
    READ_SCANS = "read_scans"
    READ_REPORT = "read_report"
    DECIDE_REPORT = "decide_report"
    READ_PROBES = "read_probes"
    READ_CASE = "read_case"
    DECIDE_CASE = "decide_case"
    APPROVE_HOLD = "approve_hold"
    FLAG_STAMPS = "flag_stamps"
    REOPEN_PIN = "reopen_pin"
    ENROL_DEVICE = "enrol_device"
    READ_AUDIT = "read_audit"
    MANAGE_USERS = "manage_users"
    INVITE_STAFF = "invite_staff"


@dataclass(frozen=True, slots=True)
class Actor:
    """The person (or the system: `user_id` None, no roles) for whom a service acts.

    `only` are the actions a program's token is limited to; None for a person.
    """

    user_id: int | None
    roles: frozenset[RoleName]
    organisation_id: int | None = None
    unit_id: int | None = None
    only: frozenset[Action] | None = None


OFFICERS = frozenset(RoleName) - {RoleName.PRODUCER_OWNER, RoleName.PRODUCER_STAFF, RoleName.PRINTER}
"""Those who decide for others, or see what is not theirs: they sign in with a second factor."""
SYSTEM = Actor(user_id=None, roles=frozenset())

_READ = (
    Action.READ_ORGANISATION,
    Action.READ_PRODUCT,
    Action.READ_LOT,
    Action.READ_ORDER,
    Action.READ_STAMPS,
    Action.READ_RECALL,
    Action.READ_SCANS,
)
_STAFF = (*_READ, Action.EDIT_LOT, Action.RECEIVE_STAMPS, Action.ACTIVATE_STAMPS, Action.VOID_STAMPS)
_OWNER = (
    *_STAFF,
    Action.EDIT_ORGANISATION,
    Action.EDIT_PRODUCT,
    Action.RELEASE_LOT,
    Action.PLACE_ORDER,
    Action.REQUEST_RECALL,
    Action.INVITE_STAFF,
    # Who prints at home, without a print house.
    Action.READ_PRINT_JOB,
    Action.PRINT_JOB,
    Action.ENROL_DEVICE,
    Action.READ_CASE,
    Action.FLAG_STAMPS,
)
_FIELD = (Action.READ_REPORT, Action.DECIDE_REPORT, Action.ENROL_DEVICE, Action.REOPEN_PIN)
_PROVINCE = (
    *_READ,
    *_FIELD,
    Action.READ_PROBES,
    Action.READ_CASE,
    Action.DECIDE_CASE,
    Action.APPROVE_HOLD,
    Action.FLAG_STAMPS,
    Action.REGISTER_ORGANISATION,
    Action.EDIT_ORGANISATION,
    Action.DECIDE_ORGANISATION,
    Action.DECIDE_PRODUCT,
    Action.GRANT_CERTIFICATE,
    Action.DECIDE_ORDER,
    Action.READ_PRINT_JOB,
    Action.RELEASE_PRINT_JOB,
    Action.VOID_STAMPS,
    Action.PLACE_HOLD,
    Action.LIFT_HOLD,
    Action.REQUEST_RECALL,
    Action.DECIDE_RECALL,
    Action.CLOSE_RECALL,
    Action.READ_AUDIT,
)

RIGHTS: dict[RoleName, tuple[Scope, tuple[Action, ...]]] = {
    RoleName.ADMIN: (
        Scope.ALL,
        (
            *_READ,
            Action.READ_PRINT_JOB,
            Action.READ_REPORT,
            Action.READ_PROBES,
            Action.READ_CASE,
            Action.ENROL_DEVICE,
            Action.READ_AUDIT,
            Action.MANAGE_USERS,
            Action.INVITE_STAFF,
        ),
    ),
    RoleName.COORD: (Scope.ALL, _PROVINCE),
    RoleName.DEPT: (Scope.ALL, (*_READ, Action.READ_REPORT, Action.READ_CASE)),
    RoleName.DISTRICT: (Scope.UNIT, _READ),
    RoleName.COMMUNE: (Scope.UNIT, (*_READ, *_FIELD, Action.READ_CASE, Action.REGISTER_ORGANISATION)),
    RoleName.PRODUCER_OWNER: (Scope.OWN, _OWNER),
    RoleName.PRODUCER_STAFF: (Scope.OWN, _STAFF),
    RoleName.PRINTER: (Scope.OWN, (Action.READ_PRINT_JOB, Action.PRINT_JOB)),
    RoleName.INSPECTOR: (
        Scope.UNIT,
        (
            *_READ,
            *_FIELD,
            Action.READ_CASE,
            Action.DECIDE_CASE,
            Action.FLAG_STAMPS,
            Action.PLACE_HOLD,
            Action.REQUEST_RECALL,
        ),
    ),
    RoleName.COUNCIL: (Scope.ALL, (Action.READ_ORGANISATION, Action.READ_PRODUCT)),
}


def scopes(actor: Actor, action: Action) -> frozenset[Scope]:
    """The scopes in which the actor may do this; empty means it may not at all."""
    if actor.only is not None and action not in actor.only:
        return frozenset()
    granted = (RIGHTS[role] for role in actor.roles)
    return frozenset(scope for scope, actions in granted if action in actions)
