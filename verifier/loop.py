"""The scan loop: one thread that answers whatever arrived while the last micro-batch was being committed.

A lone scan goes at once, and under load a commit is shared by all that waited for it, so latency follows load. Where
a batch is dear, a few scans wait up to a millisecond for those that are on their way: phones that were answered
together come back together. The doors hand in a request and wait for its answer; a whole micro-batch wakes the doors'
event loop once.

A scan may stand behind a batch that waits for a slow server, and then wait itself. Whoever has waited `LONGEST_S` is
told that it could not be checked; what is recorded all the same is found by whoever asks again with the same nonce.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import TypeAlias

from verifier.contract import ScanRequest
from verifier.scan import NonceReused, Outcome, Scanner

LARGEST_BATCH = 256
# Scans that are few, but not alone, are waited with where a batch is dear: much of what they cost is paid once a batch.
FEW, GATHER_STEPS, GATHER_S, DEAR_S = 24, 5, 0.0002, 0.002
LONGEST_QUEUE = 4096
LONGEST_S = 1.5
_LOOK_S = 0.1
Answer: TypeAlias = "asyncio.Future[Outcome]"


class QueueFull(Exception):
    """More scans are waiting than can be answered in time; try again in a moment."""


class TooLate(Exception):
    """The answer did not come in time. The scan may be recorded, or may yet be."""


class ScanLoop:
    """Runs a scanner in a thread of its own, for the doors on one event loop."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._waiting: deque[tuple[ScanRequest, Answer]] = deque()
        # Whose answer is still to come, the oldest first, with the event loop's time at which that is too late.
        self._open: deque[tuple[float, Answer]] = deque()
        self._arrived = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="scan-loop", daemon=True)
        self._thread.start()

    def submit(self, request: ScanRequest) -> Answer:
        """The answer to come, on the running event loop; TooLate where it does not come. Raises QueueFull."""
        if len(self._waiting) >= LONGEST_QUEUE or self._stopping:
            raise QueueFull
        events = asyncio.get_running_loop()
        future: Answer = events.create_future()
        if not self._open:
            events.call_later(_LOOK_S, self._look, events)
        self._open.append((events.time() + LONGEST_S, future))
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

    def _look(self, events: asyncio.AbstractEventLoop) -> None:
        """Let go of who was answered, and tell those that have waited too long."""
        now = events.time()
        while self._open and (self._open[0][1].done() or self._open[0][0] <= now):
            _, future = self._open.popleft()
            if not future.done():
                future.set_exception(TooLate())
        if self._open:
            events.call_later(_LOOK_S, self._look, events)

    def _gather(self) -> None:
        """Wait a moment, until they are no longer few."""
        for _ in range(GATHER_STEPS):
            if len(self._waiting) >= FEW:
                return
            time.sleep(GATHER_S)

    def _run(self) -> None:
        took_s = 0.0
        while True:
            self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                if took_s > DEAR_S and len(self._waiting) > 1:
                    self._gather()
                began = time.monotonic()
                self._answer([self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_BATCH))])
                took_s = time.monotonic() - began
            if self._stopping:
                return

    def _answer(self, batch: Sequence[tuple[ScanRequest, Answer]]) -> None:
        live = [(request, future) for request, future in batch if not future.done()]
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
