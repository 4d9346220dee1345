"""Writes `vectors.json`: worked examples of the stamp payload from fixed keys. Run it only when the format changes."""

import json
from pathlib import Path

from stamp_engine.format import Profile, choose_template, compact_text, human_serial, sealed_text
from stamp_engine.signing import KeyUse, SecretKey, sealed_message
from stamp_engine.tokens import EpochKey, KeyState, PinKeys, TokenKeys

DEPLOYMENT, TOKEN_KEY, PIN_KEY, SEED = (
    bytes.fromhex("534c0001"),
    bytes(range(32)),
    bytes(range(32, 64)),
    bytes([7] * 32),
)
INDICES = (0, 1, 41, 999_999, 10**12 - 1)


def vectors() -> dict[str, object]:
    """All of them."""
    tokens = TokenKeys(DEPLOYMENT, [EpochKey(1, KeyState.LIVE, TOKEN_KEY)])
    secret = SecretKey.from_seed(SEED, KeyUse.STAMP)
    stamps = []
    for gtin in (None, "09521234000013"):
        compact = choose_template(Profile.COMPACT, "T.SONLA.VN", gtin)
        sealed = choose_template(Profile.SEALED, "T.SONLA.VN", gtin)
        for index in INDICES:
            token = tokens.seal_one(index, 1)
            signature = secret.sign(sealed_message(DEPLOYMENT, gtin, index))
            stamps.append(
                {
                    "index": index,
                    "gtin": gtin,
                    "token": f"{token:020x}",
                    "serial": human_serial(token),
                    "compact": compact_text(compact, token),
                    "sealed": sealed_text(sealed, index, signature),
                    "pin": PinKeys(PIN_KEY).pin(index),
                }
            )
    return {
        "deployment": DEPLOYMENT.hex(),
        "epoch": 1,
        "token_key": TOKEN_KEY.hex(),
        "pin_key": PIN_KEY.hex(),
        "public_key": secret.public.public.hex(),
        "stamps": stamps,
        "malformed": [
            "https://T.SONLA.VN/",
            "https://T.SONLA.VN/000000000000000U",
            "https://T.SONLA.VN/00000000000000000",
            "https://T.SONLA.VN/01/09521234000014/21/0000000000000000",
            f"https://T.SONLA.VN/{'9' * 155}/000000000001",
            f"https://T.SONLA.VN/{'0' * 155}/00000000001",
        ],
    }


if __name__ == "__main__":
    path = Path(__file__).with_name("vectors.json")
    path.write_text(json.dumps(vectors(), indent=1) + "\n", "utf-8")
