"""What the vectors are made of: fixed test keys, and one function for each kind of text and case."""

from dataclasses import dataclass

from stamp_engine.format import Profile, Template, choose_template, compact_text, human_serial, sealed_text
from stamp_engine.lifecycle import KeyState
from stamp_engine.signing import KeyUse, SecretKey, sealed_message
from stamp_engine.tokens import EpochKey, TokenKeys

DEPLOYMENT = bytes.fromhex("534c0001")
HOST, ALIAS = "T.SONLA.VN", "TEM.SONLA.GOV.VN"
GTIN, OTHER = "09521234000013", "09521234000020"
STATES = {1: KeyState.RETIRED, 2: KeyState.COMPROMISED, 3: KeyState.LIVE, 4: KeyState.LIVE}
EPOCHS = [EpochKey(number, state, bytes([number] * 32)) for number, state in STATES.items()]
PIN_KEY = bytes(range(32, 64))
STAMP = {
    state: SecretKey.from_seed(bytes([16 + number] * 32), KeyUse.STAMP, state) for number, state in enumerate(KeyState)
}
MANIFEST = SecretKey.from_seed(bytes([32] * 32), KeyUse.MANIFEST)
GIVEN_UP = SecretKey.from_seed(bytes([33] * 32), KeyUse.MANIFEST, KeyState.COMPROMISED)
STRANGER = SecretKey.from_seed(bytes([48] * 32), KeyUse.STAMP)
KEYS = (STAMP[KeyState.RETIRED], STAMP[KeyState.COMPROMISED], STAMP[KeyState.LIVE], GIVEN_UP, MANIFEST)
ORDER = (1 << 252) + 27742317777372353535851937790883648493
"""L, the order of the base point (RFC 8032)."""
ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
"""The y of a point of order 8."""
LAST = 10**12 - 1
INDICES = (0, 1, 41, 999_999, LAST)
TOKENS = TokenKeys(DEPLOYMENT, EPOCHS)
Case = dict[str, object]


def token(index: int, epoch: int = 4) -> int:
    """The token of an index."""
    return TOKENS.seal_one(index, epoch)


def template(profile: Profile, gtin: str | None = None, host: str = HOST) -> Template:
    """The template of a text."""
    return choose_template(profile, host, gtin)


def compact(index: int, gtin: str | None = None, epoch: int = 4, host: str = HOST) -> str:
    """A compact text."""
    return compact_text(template(Profile.COMPACT, gtin, host), token(index, epoch))


def serial(index: int, epoch: int = 4) -> str:
    """A printed serial."""
    return human_serial(token(index, epoch))


def spelled(value: int, gtin: str | None = None) -> str:
    """A compact text around any 80 bits."""
    return compact_text(template(Profile.COMPACT, gtin), value)


def sealed(
    index: int, gtin: str | None = None, key: SecretKey = STAMP[KeyState.LIVE], signature: bytes | None = None
) -> str:
    """A sealed text; with a `signature` of one's own."""
    made = key.sign(sealed_message(DEPLOYMENT, gtin, index)) if signature is None else signature
    return sealed_text(template(Profile.SEALED, gtin), index, made)


@dataclass(frozen=True, slots=True)
class Made:
    """Whose key made a code."""

    key: str
    index: int
    batch: str | None = None


def kid(key: SecretKey = STAMP[KeyState.LIVE]) -> str:
    """The name of a key."""
    return key.public.kid


def good(text: str, made: Made, says: str = "") -> Case:
    """An authentic code."""
    return _case(text, "authentic", None, made, says)


def bad(text: str, outcome: str, says: str, reason: str | None = None, made: Made | None = None) -> Case:
    """A code that is not authentic."""
    return _case(text, outcome, reason or outcome, made, says)


def _case(text: str, outcome: str, reason: str | None, made: Made | None, says: str) -> Case:
    named = {"says": says} if says else {}
    key, index, batch = (made.key, made.index, made.batch) if made else (None, None, None)
    return {**named, "text": text, "outcome": outcome, "reason": reason, "index": index, "key": key, "batch": batch}
