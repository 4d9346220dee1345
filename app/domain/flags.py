"""What people who answer for it have said of one stamp, and where goods are known to be sold."""

from enum import StrEnum


class FlagKind(StrEnum):
    """COPIED and CLEARED are officers' decisions on a case; the others can be registered by the producer too."""

    COPIED = "copied"
    CLEARED = "cleared"
    DISPLAY = "display"
    EXPOSED = "exposed"


REGISTERED = (FlagKind.DISPLAY, FlagKind.EXPOSED)


class SellerKind(StrEnum):
    """A shop sells around its place; who sells online sends parcels anywhere."""

    SHOP = "shop"
    ONLINE = "online"
