"""Keeps a process's figures, and publishes them in Prometheus' text format."""

from collections.abc import Callable, Iterator, Sequence

import prometheus_client
from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from cinderblock.driver import Driver
from csi.monitoring.drivers import timed
from csi.monitoring.http import HttpServer, Page
from csi.observing import DRIVER_CALLS_IN_WORK, DRIVER_SECONDS, RPC_SECONDS, Metric, Reading, Source

#: Seconds: a quick call, a usual one, a sidecar's patience, the kubelet's, and beyond.
_BUCKETS = (0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 15, 30, 60, 120, 300)
_WORDS = "text/plain; charset=utf-8"


class Monitor:
    """An `Observer`; safe to use from several threads.

    Args:
        address: HOST:PORT, or unix:///PATH.

    Raises:
        ConfigurationError: it is neither.
    """

    def __init__(self, address: str) -> None:
        # A series of its own for the time at which each other one began: nobody looks at that.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call] # the package forgot its type
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._rpc_seconds = self._histogram(RPC_SECONDS)
        self._driver_seconds = self._histogram(DRIVER_SECONDS)
        self._driver_calls = Gauge(
            DRIVER_CALLS_IN_WORK.name,
            DRIVER_CALLS_IN_WORK.help,
            DRIVER_CALLS_IN_WORK.labels,
            registry=self._registry,
        )
        self._http = HttpServer(address)

    def rpc_ended(self, rpc: str, code: str, seconds: float) -> None:
        self._rpc_seconds.labels(rpc, code).observe(seconds)

    def driver(self, backend: str, driver: Driver) -> Driver:
        return timed(backend, driver, self._driver_seconds, self._driver_calls)

    def served(self, sources: Sequence[Source], *, ready: Callable[[], bool]) -> HttpServer:
        self._registry.register(_Sources(sources))
        self._http.pages = {"/healthz": lambda: _health(ready()), "/metrics": self._figures}
        return self._http

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(metric.name, metric.help, metric.labels, buckets=_BUCKETS, registry=self._registry)

    def _figures(self) -> Page:
        return Page(content_type=CONTENT_TYPE_LATEST, body=generate_latest(self._registry))


class _Sources(Collector):
    """Reads at every scrape what is there anyway."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources

    def describe(self) -> Sequence[GaugeMetricFamily]:
        # Asked once, to find names that are there twice; what is read has names of its own.
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        families: dict[Metric, GaugeMetricFamily] = {}
        for source in self._sources:
            for reading in source():
                _add(families, reading)
        yield from families.values()


def _add(families: dict[Metric, GaugeMetricFamily], reading: Reading) -> None:
    metric = reading.metric
    if metric not in families:
        families[metric] = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    families[metric].add_metric(reading.labels, reading.value)


def _health(ready: bool) -> Page:  # noqa: FBT001 -- Probe's own answer
    if ready:
        return Page(content_type=_WORDS, body=b"ready\n")
    return Page(status=503, content_type=_WORDS, body=b"not ready: back ends are still being tried\n")
