"""Runs a worker's part of a frame, in every mode alike: calls the shard's phases and times them."""

from __future__ import annotations

import os
import time
from itertools import pairwise

from walkerbench import recording
from walkerbench.modes.faults import FaultInjector, Faults
from walkerbench.recording.garbage import GarbageClock
from walkerbench.recording.scheduling import ThreadMeter
from walkerbench.system.forked_copies import OneProcess
from walkerbench.system.stack_markers import StackMarker
from walkerbench.workloads.contract import FrameBuffers, Workload


class ShardRunner:
    """One worker's shard, its timing and its row.

    Args:
        workload: Builds the shard.
        agents: `(lo, hi)` of the shard.
        buffers: The arrays that cross shards; they hold the worker's row.
        worker: The worker's number.
        faults: What to inject.
        meter: Measures the thread that runs the shard, which may be another in each frame.
        garbage: The clock of garbage collection in the process that runs the shard.
    """

    def __init__(
        self,
        workload: Workload,
        agents: tuple[int, int],
        buffers: FrameBuffers,
        worker: int,
        faults: Faults,
        meter: ThreadMeter,
        garbage: GarbageClock,
    ) -> None:
        self.agents = agents
        self.worker = worker
        with OneProcess():
            self._shard = workload.make_shard(*agents, buffers, worker)
        phases = self._shard.phases()
        if tuple(phases) != workload.phases:
            raise ValueError(f"a shard has the phases {[*phases]}, but its workload declares {[*workload.phases]}")
        self._injector = FaultInjector(faults, worker) if faults.active else None
        if self._injector:
            phases = self._injector.phases(phases, workload.main_phase.phase)
        self._phases = tuple(phases.values())
        self._row = buffers.workers[worker]
        self._row[0] = -1
        self._meter = meter
        self._garbage = garbage
        self._pid = os.getpid()

    def run(self, frame: int) -> None:
        """Run one frame and write the worker's row."""
        start = time.perf_counter_ns()
        self._meter.begin()
        collected = self._garbage.own_ns()
        if self._injector:
            self._injector.before(frame)
        edges = [time.perf_counter_ns()]
        # In no function of its own: the call would cost time in each frame.
        try:
            for phase in self._phases:
                phase(frame)
                edges.append(time.perf_counter_ns())
        finally:
            if os.getpid() != self._pid:
                os._exit(1)  # this is a copy of the process, forked by a phase: see `system.forked_copies`
        if self._injector:
            self._injector.after(edges[-1] - edges[0])
        busy = time.perf_counter_ns() - start
        spent = [after - before for before, after in pairwise(edges)]
        cpu, *scheduling = self._meter.end()
        collected = self._garbage.own_ns() - collected
        self._row[:] = (frame, start, busy, cpu, collected, *scheduling, *spent)

    def digest(self) -> None:
        """Have the shard digest its agents."""
        with self._meter.left_out(), OneProcess():
            self._shard.digest()

    def snapshot(self) -> None:
        """Have the shard write what can be drawn of its agents."""
        with self._meter.left_out():
            self._shard.snapshot()

    @property
    def last_frame(self) -> int:
        """Number of the frame that was completed last; -1 before the first."""
        return int(self._row[0])

    def close(self) -> None:
        """Call the shard's method `close`, if it has one; only in-process modes do so."""
        close = getattr(self._shard, "close", None)
        if close is not None:
            close()


RUN_MARKER = StackMarker.of(ShardRunner.run)
"""Marks a worker's frame: each function that it calls is a phase of the workload or measures time."""

DIGEST_MARKER = StackMarker.of(ShardRunner.digest)
"""Marks a worker's part of a checkpoint."""

MEASURING_MARKER = StackMarker.of_package(recording)
"""Marks the functions with which `ShardRunner.run` measures."""
