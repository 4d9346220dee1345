"""A crowd of phones that keeps its own log: what was asked, what was acknowledged, and how long each answer took.

A phone whose scan was not acknowledged asks again with the same nonce, as the apps do. The log is the oracle: what is
in it must be in the database, once, with the same verdict.
"""

import asyncio
import json
import random
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

PAUSE_S = 0.1
GIVE_UP_S = 5.0


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One answer that a phone got: `asked_at` and `took_s` on the monotonic clock, of the try that was answered."""

    stamp: int
    nonce: str
    receipt: str
    verdict: str
    first: bool
    asked_at: float
    took_s: float


@dataclass
class Log:
    """What the crowd saw."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    unavailable: list[float] = field(default_factory=list)
    broken: int = 0
    odd: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    began: float = 0.0
    ended: float = 0.0

    @property
    def per_s(self) -> float:
        """Acknowledged scans a second."""
        return len(self.acknowledged) / (self.ended - self.began)

    def recovery_s(self, mended: Mapping[str, float]) -> dict[str, float]:
        """From each of these moments to the first scan asked and acknowledged after it."""
        asked = sorted((one.asked_at, one.asked_at + one.took_s) for one in self.acknowledged)
        # The earliest answer to this question or to a later one.
        soonest = list(accumulate((answered for _, answered in reversed(asked)), min, initial=float("inf")))[::-1]
        return {name: soonest[bisect_left(asked, (at, 0.0))] - at for name, at in mended.items()}


class Crowd:
    """`phones` connections, each with a pause between its scans, until `stop`."""

    def __init__(self, port: int, codes: Mapping[int, str], phones: int = 64, seed: int = 1) -> None:
        self._port = port
        self._codes = codes
        self._stamps: Sequence[int] = sorted(codes)
        self._phones = phones
        self._random = random.Random(seed)
        self._stopping = False
        self.log = Log()

    async def run(self) -> None:
        """Scan until stopped; every scan begun is brought to an acknowledgement."""
        self.log.began = time.monotonic()
        await asyncio.gather(*(self._phone(number) for number in range(self._phones)))
        self.log.ended = time.monotonic()

    def stop(self) -> None:
        """No new scans; those under way are finished."""
        self._stopping = True

    async def _phone(self, number: int) -> None:
        line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        turn = 0
        while not self._stopping:
            turn += 1
            stamp, nonce = self._random.choice(self._stamps), f"phone-{number}-scan-{turn:06d}"
            body = {"code": self._codes[stamp], "nonce": nonce, "device": f"phone-number-{number:04d}"}
            given_up = time.monotonic() + 60
            while time.monotonic() < given_up:
                asked = time.monotonic()
                try:
                    if line is None:
                        line = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self._port), GIVE_UP_S)
                    status, answer = await asyncio.wait_for(_asked(*line, body), GIVE_UP_S)
                except (OSError, asyncio.IncompleteReadError, ValueError):
                    self.log.broken += 1
                    if line is not None:
                        line[1].close()
                    line = None
                    self.log.slowest_s = max(self.log.slowest_s, time.monotonic() - asked)
                    await asyncio.sleep(PAUSE_S)
                    continue
                if self._noted(stamp, nonce, status, answer, asked):
                    break
                await asyncio.sleep(PAUSE_S)
            else:
                self.log.odd.append(f"{nonce} was never answered")
            await asyncio.sleep(self._random.uniform(0, PAUSE_S))
        if line is not None:
            line[1].close()

    def _noted(self, stamp: int, nonce: str, status: int, answer: dict[str, Any], asked: float) -> bool:
        took = time.monotonic() - asked
        self.log.slowest_s = max(self.log.slowest_s, took)
        if status == 503:
            self.log.unavailable.append(asked)
            if answer.get("tone") == "green":
                self.log.odd.append("503 in green")
            return False
        if status != 200:
            self.log.odd.append(f"{status} {answer}")
            return False
        self.log.acknowledged.append(
            Acknowledged(stamp, nonce, answer["receipt"], answer["verdict"], answer["first_scan"], asked, took)
        )
        return True


async def _asked(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    raw = json.dumps(body).encode()
    head = "POST /api/v1/scans HTTP/1.1\r\nHost: t.sonla.vn\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)
    await writer.drain()
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    lengths = [int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")]
    return int(lines[0].split()[1]), json.loads(await reader.readexactly(lengths[0]))
