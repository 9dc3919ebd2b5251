"""The run's figures in the text format of Prometheus, with names and units after its conventions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from walkerbench.serving.messages import RowsRecorded

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.0167, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Upper bounds of frame times, among them a 60th of a second, and the guide's limits of 0.2 and 2 s."""

_PREFIX = "walkerbench"


class FrameTotals(Collector):
    """Adds up what was recorded since the run began; a collector for prometheus_client."""

    def __init__(self) -> None:
        self._last: RowsRecorded | None = None
        self._counts = np.zeros(len(BUCKETS_S) + 1, np.int64)
        self._sum_ns = 0
        self._counters: dict[str, int] = {}  # of the stages that have ended

    def add(self, told: RowsRecorded) -> None:
        """Add rows."""
        if self._last is not None and self._last.stage.stage != told.stage.stage:
            for name, total in self._last.stage.counters.items():
                self._counters[name] = self._counters.get(name, 0) + total
        wall_ns = told.rows.frames["wall_ns"]
        places = np.searchsorted(BUCKETS_S, wall_ns / 1e9)  # a bucket holds its upper bound
        self._counts = self._counts + np.bincount(places, minlength=len(self._counts))
        self._sum_ns += int(wall_ns.sum())
        self._last = told

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; nothing before the first rows."""
        last, counts = self._last, self._counts
        if last is None:
            return
        bounds = [*map(str, BUCKETS_S), "+Inf"]
        buckets = [*zip(bounds, np.cumsum(counts).tolist(), strict=True)]
        yield HistogramMetricFamily(
            f"{_PREFIX}_frame_seconds", "Time of a frame", buckets=buckets, sum_value=self._sum_ns / 1e9
        )
        stage = last.stage
        yield GaugeMetricFamily(f"{_PREFIX}_agents", "Agents that are stepped", stage.agents)
        yield GaugeMetricFamily(f"{_PREFIX}_workers", "Workers that step them", stage.workers)
        yield GaugeMetricFamily(f"{_PREFIX}_stage", "Number of the stage, from 0", stage.stage)
        mode = GaugeMetricFamily(f"{_PREFIX}_mode_info", "The mode that runs the shards", labels=["mode"])
        mode.add_metric([stage.mode], 1)
        yield mode
        counted = CounterMetricFamily(f"{_PREFIX}_counter", "Counters of the workload", labels=["counter"])
        for name, total in stage.counters.items():
            counted.add_metric([name], self._counters.get(name, 0) + total)
        yield counted

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)
