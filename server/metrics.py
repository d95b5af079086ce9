"""Metrics for Prometheus, each described in ``docs/operations.md`` (a test keeps them together)."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterable
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from server.live import Live
from sync.exchange import Turns
from sync.follower import Follower

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

_WAITING: Final = ("/sync/…", "/api/v1/events")
"""Routes whose answers may wait for something to happen."""

disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The metrics of one application; each has a registry of its own, so tests do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = self._counter(
            "http_requests", "Requests answered.", "method", "route", "status"
        )
        self._seconds = Histogram(
            "wangge_http_request_seconds",
            "Time to answer a request, feeds that wait left out.",
            ("route",),
            registry=self.registry,
            buckets=_SECONDS,
        )
        self._sign_ins = self._counter("sign_ins", "Attempts to sign in.", "outcome")
        self._pushed = self._counter(
            "sync_documents", "Documents pushed by replication, by what became of them.", "outcome"
        )
        self._exchanges = self._counter("exchanges", "Exchanges served to the end.")
        self._sent = self._counter("exchange_documents_sent", "Revisions sent by exchanges.")
        self.open_reviews = self._gauge("reviews_open", "Reviews that wait for a supervisor.")
        self.oldest_review = self._gauge(
            "reviews_oldest_seconds", "Age of the oldest review that waits for a supervisor."
        )
        self.reviews_by_kind = self._gauge(
            "reviews_waiting", "Reviews that wait, by kind and severity.", "kind", "severity"
        )
        self.oldest_by_kind = self._gauge(
            "reviews_waiting_oldest_seconds",
            "Age of the oldest review that waits, by kind and severity.",
            "kind",
            "severity",
        )
        self.quarantine_open = self._gauge(
            "quarantine_open", "Refused documents that nobody has accepted or closed."
        )
        self.oldest_refused = self._gauge(
            "quarantine_oldest_seconds", "Age of the oldest refused document that waits."
        )
        ProcessCollector(registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"wangge_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"wangge_{name}", text, labels, registry=self.registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method, route, str(status)).inc()
        if route not in _WAITING:
            self._seconds.labels(route).observe(seconds)

    def sign_in(self, outcome: str) -> None:
        """Count one attempt to sign in: ``accepted``, ``refused`` or ``throttled``."""
        self._sign_ins.labels(outcome).inc()

    def pushed(self, errors: Iterable[str | None]) -> None:
        """Count pushed documents by their error word: none is ``accepted``, ``forbidden`` is
        ``refused`` (and kept in quarantine)."""
        for error, count in Counts(errors).items():
            outcome = {None: "accepted", "forbidden": "refused"}.get(error, error)
            self._pushed.labels(outcome).inc(count)

    def exchanged(self, documents: int) -> None:
        """Count one exchange served to the end, and the revisions it sent."""
        self._exchanges.inc()
        self._sent.inc(documents)

    def watch_open(self, turns: Turns, live: Live) -> None:
        """Export how many exchanges and streams are open, and how many were turned away."""
        self.registry.register(_Open(turns, live))

    def watch(self, follower: Follower) -> None:
        """Export the follower's own counters as well."""
        self.registry.register(_Following(follower))

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class _Following(Collector):
    """The follower's counters, read when they are asked for."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower

    def collect(self) -> Iterable[Metric]:
        follower = self._follower
        lag = "How long the change that has waited longest for the follower has waited."
        yield GaugeMetricFamily("wangge_follower_lag_seconds", lag, follower.lag_seconds)
        behind = "Grid databases with changes that the follower has not handled yet."
        yield GaugeMetricFamily("wangge_follower_databases_behind", behind, follower.waiting)
        share = "Which part of all grids this process follows, 0 to 1."
        yield GaugeMetricFamily("wangge_follower_share", share, follower.share)
        known = "Followers of the store that are known alive, this one included."
        yield GaugeMetricFamily("wangge_followers", known, follower.followers)
        for name, text, value in (
            ("conflicts_merged", "Documents whose conflicting edits were merged.", follower.merged),
            ("reviews_opened", "Reviews put to a supervisor.", follower.reviews_opened),
            ("repairs", "Edits that rules across documents made.", follower.repaired),
            (
                "records_projected",
                "Records written into the canonical database.",
                follower.projected,
            ),
            ("documents_set_aside", "Documents that could not be merged.", follower.set_aside),
            ("follower_failures", "Rounds the store broke off.", follower.failures),
        ):
            yield CounterMetricFamily(f"wangge_{name}", text, value)


class _Open(Collector):
    """What is open, read when it is asked for."""

    def __init__(self, turns: Turns, live: Live) -> None:
        self._turns = turns
        self._live = live

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "wangge_exchanges_open", "Exchanges being served.", self._turns.open
        )
        streams = "Streams of events that phones and consoles hold open."
        yield GaugeMetricFamily("wangge_event_streams_open", streams, self._live.open)
        shed = "Exchanges turned away with 503 because too many were open."
        yield CounterMetricFamily("wangge_exchanges_shed", shed, self._turns.shed)
