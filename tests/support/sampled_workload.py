"""A workload whose parts take about as long as the parts of a mode, so that a profiler samples all of them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from toy_workload import ToySettler, ToyShard, ToyWorkload

from walkerbench.workloads.contract import FrameBuffers, NoSettings

SHARD_PHASES = {"mix", "move"}
"""The functions that are its phases."""

_SETTLE_NS = 30_000
_DIGEST_NS = 300_000


@dataclass(frozen=True)
class SampledWorkload(ToyWorkload):
    """The toy workload, with a settler and digests that take some milliseconds."""

    def make_settler(self, buffers: FrameBuffers) -> ToySettler:
        return _Settler(self, buffers)

    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> ToyShard:
        return _Shard(self, lo, hi, buffers, worker)


def _take(duration_ns: int) -> None:
    end_ns = time.perf_counter_ns() + duration_ns
    while time.perf_counter_ns() < end_ns:
        pass


class _Settler(ToySettler):
    def settle(self, frame: int) -> None:
        super().settle(frame)
        _take(_SETTLE_NS)


class _Shard(ToyShard):
    def digest(self) -> None:
        super().digest()
        _take(_DIGEST_NS)


class Factory:
    """Makes the workload for a profile."""

    settings_class = NoSettings

    def __call__(self, num_agents: int, seed: int, settings: NoSettings) -> SampledWorkload:
        return SampledWorkload(num_agents, seed)


factory = Factory()
"""The object that an entry point names."""
