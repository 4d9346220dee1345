"""The scan loop: one thread that answers whatever arrived while the last micro-batch was being committed.

There are no timers: a lone scan goes at once, and under load a commit is shared by all that waited for it, so latency
follows load. The doors hand in a request and wait for a future.
"""

import threading
from collections import deque
from concurrent.futures import Future

from verifier.contract import ScanRequest
from verifier.scan import Outcome, Scanner

LARGEST_BATCH = 256
LONGEST_QUEUE = 4096


class QueueFull(Exception):  # noqa: N818  an answer, not a fault
    """More scans are waiting than can be answered in time; try again in a moment."""


class ScanLoop:
    """Runs a scanner in a thread of its own. `submit` may be called from any thread."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._waiting: deque[tuple[ScanRequest, Future[Outcome]]] = deque()
        self._arrived = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="scan-loop", daemon=True)
        self._thread.start()

    def submit(self, request: ScanRequest) -> "Future[Outcome]":
        """The answer to come. Raises QueueFull."""
        future: Future[Outcome] = Future()
        with self._arrived:
            if len(self._waiting) >= LONGEST_QUEUE or self._stopping:
                raise QueueFull
            self._waiting.append((request, future))
            self._arrived.notify()
        return future

    def stop(self) -> None:
        """Answer what is waiting, then end."""
        with self._arrived:
            self._stopping = True
            self._arrived.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._arrived:
                while not self._waiting and not self._stopping:
                    self._arrived.wait()
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_BATCH))]
            if not batch:
                return
            self._answer(batch)

    def _answer(self, batch: list[tuple[ScanRequest, "Future[Outcome]"]]) -> None:
        live = [(request, future) for request, future in batch if future.set_running_or_notify_cancel()]
        try:
            outcomes = self._scanner.scan([request for request, _ in live])
        except Exception as error:  # noqa: BLE001  a fault of ours must reach every waiting phone, not end the loop
            for _, future in live:
                future.set_exception(error)
            return
        for (_, future), outcome in zip(live, outcomes, strict=True):
            future.set_result(outcome)
