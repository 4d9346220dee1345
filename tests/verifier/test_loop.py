"""Nobody waits longer than a phone is held in hand, whatever the batch in front waits for."""

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any, cast

from verifier.contract import ScanAnswer, ScanRequest, Verdict
from verifier.loop import LONGEST_S, ScanLoop, TooLate
from verifier.scan import Outcome, Scanner


class _Standing:
    """Answers after a word from outside, as behind a server that does not answer."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[str] = []

    def scan(self, requests: Sequence[ScanRequest]) -> list[Outcome]:
        self.asked += [one.text for one in requests]
        self.go.wait(10)
        return [ScanAnswer(Verdict.VALID, 1) for _ in requests]


async def _waited(answer: "asyncio.Future[Outcome]") -> tuple[float, Any]:
    began = time.monotonic()
    found: Any
    try:
        found = await answer
    except TooLate as late:
        found = late
    return time.monotonic() - began, found


def test_whoever_waits_too_long_is_told_and_is_not_tried_any_more() -> None:
    scanner = _Standing()
    loop = ScanLoop(cast("Scanner", scanner))

    async def phones() -> None:
        first = loop.submit(ScanRequest("first"))
        await asyncio.sleep(0.05)
        behind = loop.submit(ScanRequest("behind"))
        took, told = zip(*await asyncio.gather(_waited(first), _waited(behind)), strict=True)
        assert all(isinstance(one, TooLate) for one in told)
        assert max(took) < LONGEST_S + 0.5
        scanner.go.set()
        later = await asyncio.wait_for(loop.submit(ScanRequest("later")), LONGEST_S)
        assert isinstance(later, ScanAnswer)
        assert scanner.asked == ["first", "later"]

    try:
        asyncio.run(phones())
    finally:
        scanner.go.set()
        loop.stop()
