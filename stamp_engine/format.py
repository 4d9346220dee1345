"""The text of a stamp: profiles, templates, and the reading of codes."""

from enum import StrEnum


class Profile(StrEnum):
    """`compact` is checked online; `sealed` carries a signature and can be checked offline too."""

    COMPACT = "compact"
    SEALED = "sealed"
