"""Seals in bulk, on every core the process may use.

A signature takes some twenty microseconds, so threads would spend as long handing over the interpreter's lock as they
gain; helper processes sign whole runs of stamps ahead of the one that draws. They get the seed over their own pipe and
end with the batch.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread

from stamp_engine.signing import SecretKey, sealed_messages

ALONE = 16_384
"""Stamps below which starting helpers costs more than they save."""
HERE = 4096
"""Stamps that are signed here while the helpers start."""
_AHEAD = 8
"""Runs a helper that are asked for before they are needed, so that none waits for the one that draws."""


def sign_run(key: SecretKey, deployment: bytes, gtin: str | None, run: range) -> bytes:
    """The seals of a run of stamps, 64 bytes each."""
    return key.sign_all(sealed_messages(deployment, gtin, run))


def seals(key: SecretKey, deployment: bytes, gtin: str | None, runs: Sequence[range]) -> Iterator[bytes]:
    """The seals of each run in order, computed ahead on the other cores where there are any and it pays."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1 or sum(map(len, runs)) < ALONE:
        for run in runs:
            yield sign_run(key, deployment, gtin, run)
        return
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(cores, mp_context=context, initializer=_end_with_parent) as pool:
        here = next(place for place, run in enumerate(runs) if run.stop - runs[0].start >= HERE)
        waiting = iter(runs[here:])

        def ask(count: int) -> Iterator[Future[bytes]]:
            return (pool.submit(sign_run, key, deployment, gtin, run) for run in islice(waiting, count))

        ahead = deque(ask(_AHEAD * cores))
        for run in runs[:here]:
            yield sign_run(key, deployment, gtin, run)
        while ahead:
            found = ahead.popleft().result()
            ahead.extend(ask(1))
            yield found


def _end_with_parent() -> None:
    """A helper waits for work on a pipe it holds open itself, so a killed parent would leave it there, seed and all."""

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=watch, daemon=True).start()
