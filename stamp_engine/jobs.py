"""Stand-alone jobs: what was asked for is on the disk before an index is taken, so that a killed job goes on.

`job.json` in the folder of the output says what is minted, under a name made for it. The key directory gives a name its
block once: after a kill at any point the same command finds the file, gets the same block and mints the same bytes.
No index is left out and none is used twice. When the manifest is written the job is done, and the file goes.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stamp_engine.errors import MintRefused
from stamp_engine.files import WholeFile
from stamp_engine.format import Profile, choose_template
from stamp_engine.keys import KeyDirectory
from stamp_engine.minting import MANIFEST, Job
from stamp_engine.sheets import Face

JOB = "job.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a stand-alone job is: a job that was begun is gone on with only when it is asked for in the same words."""

    profile: Profile
    host: str
    gtin: str | None
    count: int
    pins: bool
    layout: str | None
    product: str
    organisation: str
    stars: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A job to mint, and whether it had been begun before."""

    job: Job
    again: bool


def begin(out: Path, asked: Asked, face: Face, keys: KeyDirectory, now: Callable[[], int], name: str) -> Begun:
    """Begin a job in a folder, or go on with the one that was begun there. `now` gives UTC microseconds.

    Raises MintRefused where the folder holds another job or a finished batch, KeyStoreError.
    """
    template = choose_template(asked.profile, asked.host, asked.gtin)
    if (out / MANIFEST).exists():
        raise MintRefused(f"{out} already holds a batch; give --out another folder")
    found = _read(out / JOB)
    if found is not None and found["asked"] != asdict(asked):
        raise MintRefused(f"{out} holds a job that was begun otherwise; repeat it, or give --out another folder")
    again = found is not None
    if found is None:
        out.mkdir(parents=True, exist_ok=True)
        found = {"name": name, "created_at": now(), "asked": asdict(asked)}
        _write(out, found)
    block = keys.reserve(asked.count, name=found["name"])
    if "epoch" not in found:
        # Only with the block are the keys as another process may have left them.
        kid = keys.stamp_key().public.kid if asked.profile is Profile.SEALED else None
        found |= {"epoch": keys.symmetric.current, "kid": kid}
        _write(out, found)
    job = Job(
        batch=f"local-{block.start}",
        block=block,
        template=template,
        epoch=found["epoch"],
        kid=found["kid"],
        pins=asked.pins,
        order="",
        product=asked.product or template.gtin or "",
        organisation=asked.organisation,
        created_at=found["created_at"],
        face=face,
    )
    return Begun(job, again)


def _write(out: Path, found: dict[str, Any]) -> None:
    with WholeFile(out, JOB) as file:
        file.write(json.dumps(found).encode())
    file.settled()


def finish(out: Path) -> None:
    """The batch is whole: forget the job."""
    (out / JOB).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        raise MintRefused(f"{path} is damaged; give --out another folder") from None
    return found
