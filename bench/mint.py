"""Minting speed: codes, serials, symbols and A4 sheets to disk, against `qrcode` and signing alone, in one run."""

import io
import resource
import shutil
import tempfile
import time
from pathlib import Path

import qrcode

from bench.results import keep
from stamp_engine.format import Profile, choose_template
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.minting import Job, Wants, chunks, mint
from stamp_engine.sheets import Face
from stamp_engine.signing import sealed_message
from stamp_engine.texts import lines

GTIN = "09521234000013"
SIZES = {"compact": 1_000_000, "compact_gtin": 1_000_000, "sealed": 100_000}
PEER = 300


def job(keys: KeyDirectory, name: str, count: int) -> Job:
    """A batch of a kind."""
    profile = Profile(name.partition("_")[0])
    template = choose_template(profile, "T.SONLA.VN", GTIN if name.endswith("gtin") else None)
    kid = keys.stamp_key().public.kid if profile is Profile.SEALED else None
    return Job(
        batch="B1",
        block=keys.reserve(count),
        template=template,
        epoch=1,
        kid=kid,
        pins=False,
        order="D1",
        product="P1",
        organisation="O1",
        created_at=1,
        face=Face("Chè Shan tuyết", "HTX"),
    )


def per_second(count: int, started: float) -> float:
    """Stamps a second since a moment."""
    return count / (time.perf_counter() - started)


def peer_rate(texts: list[str]) -> float:
    """`qrcode` drawing PNGs of the same texts, one after the other."""
    started = time.perf_counter()
    for text in texts:
        code = qrcode.QRCode(border=4, box_size=4)
        code.add_data(text)
        code.make_image().save(io.BytesIO())
    return per_second(len(texts), started)


def signing_rate(keys: KeyDirectory, count: int) -> float:
    """Ed25519 signatures alone, the floor of sealed stamps."""
    key = keys.stamp_key()
    started = time.perf_counter()
    for index in range(count):
        key.sign(sealed_message(keys.deployment, None, index))
    return per_second(count, started)


def main() -> None:
    """Run all and print a table."""
    folder = Path(tempfile.mkdtemp())
    keys = KeyDirectory.create(folder / "keys", b"bench", KeyKind.STANDALONE)
    found = {}
    print(f"{'':14}{'stamps/s':>12}{'× qrcode':>10}{'× signing':>11}{'RSS MB':>9}")
    try:
        for name, count in SIZES.items():
            sample = lines(next(chunks(job(keys, name, PEER), keys)).texts)
            peer = peer_rate(sample)
            made = job(keys, name, count)
            started = time.perf_counter()
            mint(made, keys, folder / name, Wants())
            rate = per_second(count, started)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            row: dict[str, float] = {"stamps_per_s": rate, "rss_mb": memory, "vs_qrcode": rate / peer}
            if name == "sealed":
                row["vs_bare_signing"] = rate / signing_rate(keys, count)
            found[name] = {key: round(value, 2) for key, value in row.items()}
            bare = f"{row['vs_bare_signing']:11.2f}" if "vs_bare_signing" in row else f"{'':11}"
            print(f"{name:14}{rate:12,.0f}{row['vs_qrcode']:10.1f}{bare}{memory:9.0f}")
    finally:
        shutil.rmtree(folder)
    keep("mint", found)


if __name__ == "__main__":
    main()
