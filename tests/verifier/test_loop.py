"""Nobody waits longer than a phone is held in hand, whatever the batch in front waits for."""

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any, cast

import pytest

import verifier.loop
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


class _Counting:
    """Answers at once, or after a moment, and counts how many scans come together."""

    def __init__(self) -> None:
        self.takes_s = 0.0
        self.batches: list[int] = []

    def scan(self, requests: Sequence[ScanRequest]) -> list[Outcome]:
        self.batches.append(len(requests))
        time.sleep(self.takes_s)
        return [ScanAnswer(Verdict.VALID, 1) for _ in requests]


def test_few_scans_wait_for_more_only_where_a_batch_is_dear_and_a_lone_one_never(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verifier.loop, "GATHER_S", 0.1)
    scanner = _Counting()
    loop = ScanLoop(cast("Scanner", scanner))

    async def some(at_once: int, later: int) -> None:
        answers = [loop.submit(ScanRequest("a")) for _ in range(at_once)]
        await asyncio.sleep(0.05)
        await asyncio.gather(*answers, *(loop.submit(ScanRequest("b")) for _ in range(later)))

    async def phones() -> None:
        scanner.takes_s = 0.01
        await some(1, 0)
        scanner.batches.clear()
        await some(2, 3)
        assert scanner.batches == [5]
        await some(1, 1)
        assert scanner.batches == [5, 1, 1]
        scanner.takes_s = 0.0
        await some(1, 0)
        await some(2, 1)
        assert scanner.batches == [5, 1, 1, 1, 2, 1]

    try:
        asyncio.run(phones())
    finally:
        loop.stop()
