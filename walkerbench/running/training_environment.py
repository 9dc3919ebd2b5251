"""The training environment: steps a workload in a mode, frame by frame. Part of the public API."""

from __future__ import annotations

import math
import os
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.errors import RAISED_BY_OTHERS, CallOrderError, EmergencyShutdown, UsageError
from walkerbench.modes.contract import ExecutionMode, ModeServices
from walkerbench.modes.faults import Faults
from walkerbench.modes.in_process import InProcessMode
from walkerbench.modes.registry import MODES, mode_that_runs
from walkerbench.modes.sequential import SequentialMode
from walkerbench.modes.thread_pool import ThreadPoolOnDemand
from walkerbench.modes.threaded import ThreadedMode
from walkerbench.modes.traits import ModeTraits
from walkerbench.profile.safeguards import Safeguards
from walkerbench.recording.frames import FrameTiming
from walkerbench.recording.scheduling import ThreadMeter, ThreadSpan
from walkerbench.running.capacity_check import check_capacity
from walkerbench.running.emergency_shutdown import SlowFrameWatch
from walkerbench.running.frame_turns import FrameTurns
from walkerbench.running.threading_averages import ThreadingAverages
from walkerbench.running.worker_count import choose_workers
from walkerbench.system.interrupts import InterruptWatch
from walkerbench.system.resources import allowed_memory_bytes, rss_bytes
from walkerbench.system.stack_markers import StackMarker
from walkerbench.workloads.contract import WORKER_COLUMNS, FrameBuffers, Settler, Workload
from walkerbench.workloads.declaration import checked_statistics
from walkerbench.workloads.failures import workload_failed, workload_failures
from walkerbench.workloads.registry import DEFAULT_WORKLOAD, WORKLOADS

_BUSY_COLUMN, _GC_COLUMN = WORKER_COLUMNS.index("busy_ns"), WORKER_COLUMNS.index("gc_ns")


class TrainingEnvironment:
    """Steps a workload's agents frame by frame, in one of the modes.

    Call `start`, then `step` any number of times, then `stop`; or use the environment as a context manager. After a
    worker's failure only `stop` may be called. In process mode the calling script needs the usual guard
    `if __name__ == "__main__":`.

    Args:
        num_agents: How many agents.
        mode: A name from `modes.registry.MODES`, such as "sequential", "threaded" or "process". Sequential and
            threaded can be toggled between frames.
        num_workers: How many shards. None for 1 where the caller's thread runs the shards, else for the cores that this
            process may use, at most one per agent. Toggling keeps the shards: give a number to a sequential environment
            that is to be toggled on.
        seed: Seed of every random stream.
        workload: What to run instead of the default workload with its default settings; `num_agents` and `seed` then
            have no effect.
        safeguards: Limits beyond which the environment stops itself.
        faults: The faults to inject.
        interrupts: Says whether an interrupt came; a frame then gets little time to end.

    Raises:
        UsageError: There is no such mode, or the number of workers does not fit.

    Attributes:
        frame: Number of the next frame.
        frame_counts: `(counters,)`, what each counter counted in the last frame, in the workload's order.
        emergency: Why the environment stopped itself, or None.
        toggles: For each time that threads were switched on or off, the next frame's number and the mode that runs it.

    Examples:
        >>> from walkerbench import TrainingEnvironment
        >>> with TrainingEnvironment(num_agents=2, mode="sequential") as environment:
        ...     [environment.step().frame for _ in range(3)]
        [0, 1, 2]
    """

    def __init__(
        self,
        num_agents: int = 60,
        *,
        mode: str = "threaded",
        num_workers: int | None = None,
        seed: int = 1,
        workload: Workload | None = None,
        safeguards: Safeguards | None = None,
        faults: Faults | None = None,
        interrupts: InterruptWatch | None = None,
    ) -> None:
        self._mode_asked = MODES.find(mode)
        if workload is None and num_agents < 1:
            raise UsageError(f"{num_agents} agents: give at least 1")
        self.workload = workload or _default_workload(num_agents, seed)
        self.num_workers = choose_workers(mode, num_workers, self.workload.num_agents, self.workload.shards)
        self.frame = 0
        self.emergency: str | None = None
        self.toggles: tuple[tuple[int, str], ...] = ()
        self._totals = np.zeros(len(self.workload.counters), np.int64)
        self.frame_counts: NDArray[np.int64] = self._totals.copy()
        self._threading_enabled = _runs_on_threads(self._mode_asked)
        self._safeguards = safeguards or Safeguards()
        self._pool = ThreadPoolOnDemand(self.num_workers)
        self._services = ModeServices(faults or Faults(), self._pool.get, interrupts or InterruptWatch())
        self._timeout_s = self._safeguards.hung_after_s
        self._watch = SlowFrameWatch(self._safeguards)
        self._meter = ThreadMeter()
        self._turns = FrameTurns()
        self._mode: ExecutionMode | None = None
        self._settler: Settler | None = None
        self._buffers: FrameBuffers | None = None
        self._averages = ThreadingAverages()

    def __enter__(self) -> TrainingEnvironment:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def mode_used(self) -> str:
        """The mode that really runs the shards."""
        return self._running().name

    @property
    def traits(self) -> ModeTraits:
        """The traits of the mode that really runs the shards."""
        return self._running().traits

    @property
    def fallback(self) -> str | None:
        """Why another mode than the requested one is used, or None."""
        wanted = self._mode_wanted()
        if self.workload.num_agents >= wanted.fewest_agents:
            return None
        return f"with {wanted.fewest_agents - 1} agents or fewer, {wanted.name} mode is not used"

    @property
    def start_method(self) -> tuple[str, str] | None:
        """How worker processes are started, and why in that way; None in modes without worker processes."""
        mode = self._running()
        return None if mode.start_method is None else (mode.start_method, mode.start_method_reason or "")

    @property
    def buffers(self) -> FrameBuffers:
        """The arrays that cross shards; read them between frames only. Toggling keeps them."""
        self._running()
        assert self._buffers is not None  # noqa: S101  running implies it
        return self._buffers

    @property
    def counters(self) -> dict[str, int]:
        """Totals of every counter since the start."""
        return dict(zip(self.workload.counters, self._totals.tolist(), strict=True))

    def worker_pids(self) -> list[int]:
        """Return the process ids of worker processes."""
        return [] if self._mode is None else list(self._mode.worker_pids())

    def start(self) -> None:
        """Build every agent.

        Raises:
            CapacityError: The agents do not fit into memory, or the system refuses what workers need; nothing is left
                behind.
            UsageError: A fault cannot be injected in this mode; nothing has been built.
            WorkerError: A worker could not build its shard; nothing is left behind.
            CallOrderError: The environment was started before.
        """
        if self._mode is not None:
            raise CallOrderError("the environment was started before: make another")
        check_capacity(self.workload, self._safeguards)
        try:
            self._mode = self._mode_to_run()(self._services)
            self._settler = self._mode.start(self.workload, self.num_workers)
            self._buffers = self._mode.buffers
        except BaseException:
            self.stop()
            raise

    def step(self) -> FrameTiming:
        """Run one frame: dispatch, barrier, settle.

        Returns:
            When the frame began, and how long each part took.

        Raises:
            EmergencyShutdown: The environment stopped itself in an earlier frame; see `emergency`.
            WorkerError: A worker crashed, raised or hung; only `stop` is left.
            WorkloadFailed: The workload raised while settling; only `stop` is left.
            CallOrderError: It is not running.
        """
        self._turns.give_way()
        with self._turns.lock:
            self._turns.frame_thread = threading.get_ident()
            try:
                return self._step()
            finally:
                self._turns.frame_thread = None

    def _step(self) -> FrameTiming:
        if self.emergency is not None:
            raise EmergencyShutdown(self.emergency)
        mode, settler, frame = self._running(), self._settler, self.frame
        assert settler is not None  # noqa: S101  running implies it
        collected = mode.garbage.total_ns
        process_cpu_ns = time.process_time_ns()
        self._meter.begin()
        start = time.perf_counter_ns()
        mode.dispatch(frame)
        dispatched = time.perf_counter_ns()
        mode.wait(frame, self._timeout_s)
        released = time.perf_counter_ns()
        try:
            settler.settle(frame)
        except RAISED_BY_OTHERS as error:
            raise workload_failed(error, f"while settling frame {frame}") from error
        end = time.perf_counter_ns()
        parent = ThreadSpan(*self._meter.end(mode.traits.side_by_side))
        process_cpu_ns = time.process_time_ns() - process_cpu_ns

        # Python's sum of so few numbers is faster than NumPy's.
        busy = mode.buffers.workers[:, _BUSY_COLUMN].tolist()
        worked = max(busy) if mode.traits.side_by_side else sum(busy)
        collected = mode.garbage.total_ns - collected
        self._count(mode.buffers)
        if mode.traits.in_caller_process:
            # This process's clock has also counted the collections that the workers' rows hold.
            collected -= sum(mode.buffers.workers[:, _GC_COLUMN].tolist())
            self._averages.add((released - start) / 1e9, parallel=mode.traits.side_by_side)
        self.emergency = self._watch.observe(end - start)
        self.frame += 1
        return FrameTiming(
            frame=frame,
            start_ns=start,
            wall_ns=end - start,
            settle_ns=end - released,
            dispatch_ns=dispatched - start,
            barrier_wait_ns=max(0, released - dispatched - worked),
            gc_ns=collected,
            process_cpu_ns=process_cpu_ns,
            parent=parent,
        )

    def checkpoint(self) -> bytes | None:
        """Digest every agent as it is after the last frame, and check resources against their limits.

        Where a limit is exceeded, `emergency` says so, and no further frame is run.

        Returns:
            32 bytes, equal in every mode; None where the workload has no digest fields.

        Raises:
            WorkerError: A worker crashed, raised or hung; only `stop` is left.
            CallOrderError: It is not running.
        """
        with self._turns.between_frames("checkpoint"), self._meter.left_out():
            digest = self._running().checkpoint(self.frame - 1, self._timeout_s)
        self.emergency = self.emergency or self._beyond_limits()
        return digest

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Return what can be drawn of every agent after the last frame; the trajectory stays the same.

        Returns:
            Copies of the workload's fields, by name, as returned by `Mode.snapshot`; empty where nothing can be drawn.

        Raises:
            WorkerError: A worker crashed, raised or hung; only `stop` is left.
            CallOrderError: It is not running.
        """
        with self._turns.between_frames("snapshot"), self._meter.left_out():
            return self._running().snapshot(self.frame - 1, self._timeout_s)

    def statistics(self) -> dict[str, float]:
        """Return the population's statistics after the last frame, by name.

        Raises:
            WorkloadFailed: The workload raised.
            CallOrderError: It is not running.
        """
        self._running()
        assert self._settler is not None  # noqa: S101
        with workload_failures(f"while taking statistics after frame {self.frame - 1}"):
            return checked_statistics(self._settler.statistics())

    def stop(self) -> None:
        """End the workers and the thread pool, from any thread, between two frames. Idempotent; nothing is left behind.

        Called in another thread than `start`, it leaves BLAS limited: only the thread that set the limit can lift it.

        Raises:
            CallOrderError: It was called within a frame.
        """
        with self._turns.between_frames("stop"):
            self._settler = self._buffers = None
            if self._mode is not None:
                self._mode.close()
            self._pool.shutdown()

    # The threading controls of the threading guide, see docs/guide.md.

    def toggle_threading(self) -> bool:
        """Switch threads on or off, from any thread, between two frames; the trajectory stays the same.

        Returns:
            Whether threads are now enabled. With few agents they are not used even then; see `mode_used`.

        Raises:
            CallOrderError: The environment is not running, its mode cannot be toggled (such as process mode), or the
                call came within a frame.
        """
        with self._turns.between_frames("toggle_threading"):
            return self._toggle()

    def _toggle(self) -> bool:
        mode = self._running()
        if not isinstance(mode, InProcessMode):
            raise CallOrderError(f"{mode.name} mode is fixed at the start: make another environment to change it")
        self._threading_enabled = not self._threading_enabled
        kind = self._mode_to_run()
        if kind is not type(mode):
            wanted = kind(self._services)
            assert isinstance(wanted, InProcessMode)  # noqa: S101  `_mode_wanted` then returns no other
            wanted.take_over(mode)
            self._mode = wanted
            self.toggles = (*self.toggles, (self.frame, wanted.name))
        return self._threading_enabled

    def get_threading_performance(self) -> dict[str, Any]:
        """Return how frames with and without threads compare, as far as this environment has measured both.

        Returns:
            `status` ("no_data" before the first threaded frame, then "active"), `threading_enabled`,
            `avg_parallel_time` and `avg_sequential_time` (s from dispatch to barrier, mean of the last 20 frames of
            each; None where there were none), `speedup_ratio` (their quotient, None until both have been measured),
            `thread_pool_metrics` (None before there is a pool).
        """
        return {
            **self._averages.as_dict(),
            "threading_enabled": self._threading_enabled,
            "thread_pool_metrics": self._pool.metrics(),
        }

    def shutdown_threading(self) -> None:
        """Go on without threads, if they were on, and end the pool; from any thread, between two frames.

        Raises:
            CallOrderError: It was called within a frame.
        """
        with self._turns.between_frames("shutdown_threading"):
            try:
                if self._threading_enabled and self._mode is not None and self._settler is not None:
                    self._toggle()
            finally:
                self._pool.shutdown()

    def _mode_wanted(self) -> type[ExecutionMode]:
        """Return the requested mode, or the one that toggling has put in its place."""
        if self._threading_enabled == _runs_on_threads(self._mode_asked):
            return self._mode_asked
        return ThreadedMode if self._threading_enabled else SequentialMode

    def _mode_to_run(self) -> type[ExecutionMode]:
        """Return the mode wanted, or the one that runs where there are too few agents for it."""
        return mode_that_runs(self._mode_wanted().name, self.workload.num_agents)

    def _running(self) -> ExecutionMode:
        if self._mode is None or self._settler is None:
            raise CallOrderError("the environment is not running: call start first, and nothing after stop")
        return self._mode

    def _count(self, buffers: FrameBuffers) -> None:
        if not self.workload.counters:
            return
        np.add.reduce(buffers.counters, axis=0, out=self.frame_counts)
        self._totals += self.frame_counts
        buffers.counters[:] = 0

    def _beyond_limits(self) -> str | None:
        statistics = self.statistics()
        with workload_failures("while its statistics are held against its resource limits"):
            for name, most in self.workload.resource_limits().items():
                if not statistics[name] <= most:  # NaN exceeds every limit
                    return f"{statistics[name]:g} {name}, of at most {most:g}"
        used = sum(rss_bytes(pid) for pid in (os.getpid(), *self.worker_pids()))
        limit = self._safeguards.memory_limit_share * (allowed_memory_bytes() or math.inf)
        return f"{used / 1e6:.0f} MB of memory, of at most {limit / 1e6:.0f}" if used > limit else None


STEP_MARKER = StackMarker.of(TrainingEnvironment._step)  # noqa: SLF001  the public method waits for its turn first
"""Marks a frame in the parent."""

SETTLE_MARKER = StackMarker.of_name(Settler.settle)
"""Marks the function that settles a frame, in every workload."""


def _default_workload(num_agents: int, seed: int) -> Workload:
    factory = WORKLOADS.find(DEFAULT_WORKLOAD)
    return factory(num_agents, seed, factory.settings_class())


def _runs_on_threads(mode: type[ExecutionMode]) -> bool:
    """Return whether a mode runs shards side by side on threads of the caller's process."""
    return mode.traits.side_by_side and mode.traits.in_caller_process
