"""What the public side counts, for Prometheus.

Workers of one server count in files of one folder, `PROMETHEUS_MULTIPROC_DIR`, and any of them shows the sum. The
folder keeps what a lost worker had counted, so that no counter goes back. Without it a process counts for itself.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from verifier.contract import Verdict
from verifier.scan import Observer


class Metrics:
    """The counters and what feeds them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._verdicts = Counter("estamp_scans", "Scans answered, by verdict.", ["verdict"], registry=self.registry)
        self._batches = Histogram(
            "estamp_micro_batch_scans",
            "Scans that shared one commit.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
            registry=self.registry,
        )
        self._again = Counter("estamp_judged_again", "Scans judged once more.", registry=self.registry)
        self._recalled = Counter("estamp_recalled", "Sighting look-ups, by source.", ["source"], registry=self.registry)
        # Finding a series by its labels takes as long as counting in it.
        self._by_verdict = {verdict: self._verdicts.labels(verdict.value) for verdict in Verdict}
        self._cached, self._read = self._recalled.labels("cache"), self._recalled.labels("database")
        self._ready = Gauge(
            "estamp_ready",
            "Whether a part answers (1) or not (0).",
            ["part"],
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )
        self._rests = Counter("estamp_cache_rests", "Times the cache failed and was rested.", registry=self.registry)
        self._seconds = Histogram(
            "estamp_micro_batch_seconds",
            "From taking up a micro-batch to its answers.",
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2),
            registry=self.registry,
        )
        self._failed = Counter("estamp_failures", "Requests that failed on our side.", registry=self.registry)

    def observer(self) -> Observer:
        """What the scanner tells."""
        return Observer(self._batch, self._again.inc, self._hits, self._verdict)

    def _batch(self, scans: int, seconds: float) -> None:
        self._batches.observe(scans)
        self._seconds.observe(seconds)

    def ready(self, part: str, *, answers: bool) -> None:
        """Note whether a part answers."""
        self._ready.labels(part).set(int(answers))

    def cache_rests(self) -> None:
        """Note that the cache failed and is left alone for a while."""
        self._rests.inc()

    def failed(self) -> None:
        """Note a failure of ours."""
        self._failed.inc()

    def page(self) -> bytes:
        """The whole, of all workers, in the exposition format."""
        together = CollectorRegistry()
        try:
            MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        except ValueError:
            # There is no common folder: this is the only process.
            together = self.registry
        return generate_latest(together)

    def _verdict(self, verdict: Verdict, scans: int) -> None:
        self._by_verdict[verdict].inc(scans)

    def _hits(self, hits: int, misses: int) -> None:
        self._cached.inc(hits)
        self._read.inc(misses)
