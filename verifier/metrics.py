"""What the public side counts, for Prometheus. One registry a process."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

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
        self._ready = Gauge("estamp_ready", "Whether a part answers (1) or not (0).", ["part"], registry=self.registry)
        self._failed = Counter("estamp_failures", "Requests that failed on our side.", registry=self.registry)

    def observer(self) -> Observer:
        """What the scanner tells."""
        return Observer(self._batches.observe, self._again.inc, self._hits, self._verdict)

    def ready(self, part: str, *, answers: bool) -> None:
        """Note whether a part answers."""
        self._ready.labels(part).set(int(answers))

    def failed(self) -> None:
        """Note a failure of ours."""
        self._failed.inc()

    def page(self) -> bytes:
        """The whole in the exposition format."""
        return generate_latest(self.registry)

    def _verdict(self, verdict: Verdict) -> None:
        self._verdicts.labels(verdict.value).inc()

    def _hits(self, hits: int, misses: int) -> None:
        self._recalled.labels("cache").inc(hits)
        self._recalled.labels("database").inc(misses)
