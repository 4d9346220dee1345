"""Everything the engine can refuse, one class for each way of going wrong."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Stable names of the engine's errors; callers turn them into words for people."""

    MALFORMED = "malformed"
    TYPING_ERROR = "typing_error"
    FOREIGN = "foreign"
    FORGED = "forged"
    COMPROMISED = "compromised"
    KEY_STORE = "key_store"
    MINT_REFUSED = "mint_refused"
    LAYOUT_INVALID = "layout_invalid"
    MANIFEST_INVALID = "manifest_invalid"
    SNAPSHOT_INVALID = "snapshot_invalid"
    READ_BACK_FAILED = "read_back_failed"


class StampError(Exception):
    """Base of all; `code` is stable, `detail` is an English sentence for logs and the command line."""

    code: ErrorCode

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class Malformed(StampError):
    """The text is not a stamp code. It is never repaired."""

    code = ErrorCode.MALFORMED


class TypingError(Malformed):
    """A typed serial whose check character does not fit: one character was mistyped."""

    code = ErrorCode.TYPING_ERROR


class Foreign(StampError):
    """A link to a host that is not ours."""

    code = ErrorCode.FOREIGN


class Forged(StampError):
    """Well formed, but no key of ours made it."""

    code = ErrorCode.FORGED


class KeyStoreError(StampError):
    """The key directory cannot do what was asked: wrong passphrase, missing key, damaged file, restored copy."""

    code = ErrorCode.KEY_STORE


class MintRefused(StampError):
    """The batch cannot be minted as asked; `detail` names what to change."""

    code = ErrorCode.MINT_REFUSED


class LayoutInvalid(StampError):
    """A layout file is not right; `detail` names the file, the field and what to write."""

    code = ErrorCode.LAYOUT_INVALID


class ManifestInvalid(StampError):
    """The manifest is damaged, or no key we know signed it."""

    code = ErrorCode.MANIFEST_INVALID


class SnapshotInvalid(StampError):
    """The offline pack is damaged, or no key we know signed it."""

    code = ErrorCode.SNAPSHOT_INVALID


class ReadBackFailed(StampError):
    """A drawn symbol does not read as its text; the job must not be printed."""

    code = ErrorCode.READ_BACK_FAILED
