"""The scan loop: one thread that answers whatever arrived while the last micro-batch was being committed.

There are no timers: a lone scan goes at once, and under load a commit is shared by all that waited for it, so latency
follows load. The doors hand in a request and wait for its answer; a whole micro-batch wakes the doors' event loop once.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from typing import TypeAlias

from verifier.contract import ScanRequest
from verifier.scan import NonceReused, Outcome, Scanner

LARGEST_BATCH = 256
LONGEST_QUEUE = 4096
Answer: TypeAlias = "asyncio.Future[Outcome]"


class QueueFull(Exception):
    """More scans are waiting than can be answered in time; try again in a moment."""


class ScanLoop:
    """Runs a scanner in a thread of its own, for the doors on one event loop."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._waiting: deque[tuple[ScanRequest, Answer]] = deque()
        self._arrived = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="scan-loop", daemon=True)
        self._thread.start()

    def submit(self, request: ScanRequest) -> Answer:
        """The answer to come, on the running event loop. Raises QueueFull."""
        if len(self._waiting) >= LONGEST_QUEUE or self._stopping:
            raise QueueFull
        future: Answer = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        # Asking first spares the lock: under load the thread is awake, and it looks again before it sleeps.
        if not self._arrived.is_set():
            self._arrived.set()
        return future

    def stop(self) -> None:
        """Answer what is waiting, then end."""
        self._stopping = True
        self._arrived.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                self._answer([self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_BATCH))])
            if self._stopping:
                return

    def _answer(self, batch: Sequence[tuple[ScanRequest, Answer]]) -> None:
        live = [(request, future) for request, future in batch if not future.cancelled()]
        if not live:
            return
        futures = [future for _, future in live]
        outcomes: Sequence[Outcome | Exception]
        try:
            outcomes = self._scanner.scan([request for request, _ in live])
        except Exception as error:  # noqa: BLE001  a fault of ours must reach every waiting phone, not end the loop
            outcomes = [error] * len(live)
        try:
            futures[0].get_loop().call_soon_threadsafe(_fulfil, futures, outcomes)
        except RuntimeError:
            # The event loop is closed: nobody waits any more. What was recorded is recorded, and was not acknowledged.
            return


def _fulfil(futures: Sequence[Answer], outcomes: Sequence[Outcome | Exception]) -> None:
    for future, outcome in zip(futures, outcomes, strict=True):
        if future.done():
            continue
        if isinstance(outcome, Exception) and not isinstance(outcome, NonceReused):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
