"""The training environment: a workload on a mode, a frame at a time. What a library user meets."""

from __future__ import annotations

import time
from collections import deque
from contextlib import ExitStack
from statistics import fmean
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from walkerbench.errors import CallOrderError, CapacityError, EmergencyShutdown, UsageError
from walkerbench.modes import (
    BARRIER_TIMEOUT_S,
    MODES,
    ExecutionMode,
    Faults,
    ProcessMode,
    SequentialMode,
    ThreadedMode,
    ThreadPoolManager,
)
from walkerbench.modes.in_process import InProcessMode
from walkerbench.profile.safeguards import Safeguards
from walkerbench.recording.frames import FrameTiming
from walkerbench.recording.scheduling import ThreadMeter, ThreadSpan
from walkerbench.running.emergency_shutdown import SlowFrameWatch
from walkerbench.system.resources import allowed_cores, allowed_memory_bytes, rss_bytes
from walkerbench.workloads.contract import WORKER_COLUMNS, FrameBuffers, Settler, Workload
from walkerbench.workloads.walker import WalkerWorkload

SEQUENTIAL_UP_TO_AGENTS = 4
"""With so few agents, threaded mode falls back to sequential."""

_BUSY, _COLLECTED = WORKER_COLUMNS.index("busy_ns"), WORKER_COLUMNS.index("gc_ns")
_REMEMBERED_FRAMES = 20  # how many frames the guide's averages are over


class TrainingEnvironment:
    """Steps a workload's agents frame by frame, in one of the modes.

    Call `start`, then `step` as often as wanted, then `stop`; or use it as a context manager. A worker's failure leaves
    nothing but `stop`. In process mode the calling script needs the usual `if __name__ == "__main__":` guard.

    Args:
        num_agents: How many agents.
        mode: "sequential", "threaded" or "process". Sequential and threaded can be toggled between frames.
        num_workers: How many shards; None for one where the caller's thread runs them all, else the cores that this
            process may use, and never more than there are agents. Toggling keeps the shards: give a number to a
            sequential environment that is to be toggled on.
        seed: Seed of every random stream.
        workload: What to run instead of walkers with default settings; `num_agents` and `seed` then have no effect.
        safeguards: Limits beyond which the environment stops itself.
        faults: What to inject.
        barrier_timeout_s: How long a frame may take before its workers are taken for hung, s; None for 30 s, or twice
            the safeguards' slow frame where that is longer.

    Raises:
        UsageError: No such mode, or a number of workers that does not fit.

    Attributes:
        frame: Number of the next frame.
        frame_counts: `(counters,)` of the last frame, in the workload's order.
        emergency: Why the environment stopped itself, or None.
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
        barrier_timeout_s: float | None = None,
    ) -> None:
        if mode not in MODES:
            raise UsageError(f"no mode {mode!r}: choose one of {', '.join(MODES)}")
        if workload is None and num_agents < 1:
            raise UsageError(f"{num_agents} agents: give at least 1")
        self.workload: Workload = workload or WalkerWorkload(num_agents, seed)
        self.num_workers = choose_workers(mode, num_workers, self.workload.num_agents)
        self.frame = 0
        self.emergency: str | None = None
        self._totals = np.zeros(len(self.workload.counters), np.int64)
        self.frame_counts: NDArray[np.int64] = self._totals.copy()
        self._mode_asked = mode
        self._threading_enabled = mode == "threaded"
        self._safeguards = safeguards or Safeguards()
        self._faults = faults or Faults()
        slow_s = self._safeguards.slow_frame_s
        self._timeout_s = barrier_timeout_s or max(BARRIER_TIMEOUT_S, 2 * slow_s)
        self._watch = SlowFrameWatch(self._safeguards)
        self._meter = ThreadMeter()
        self._closing = ExitStack()
        self._mode: ExecutionMode | None = None
        self._settler: Settler | None = None
        self._manager: ThreadPoolManager | None = None
        self._parallel_s: deque[float] = deque(maxlen=_REMEMBERED_FRAMES)
        self._sequential_s: deque[float] = deque(maxlen=_REMEMBERED_FRAMES)

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
    def fallback(self) -> str | None:
        """Why the mode used is not the one asked for, or None."""
        if self._threading_enabled and self.mode_used == "sequential":
            return f"with {SEQUENTIAL_UP_TO_AGENTS} agents or fewer, threads are not used"
        return None

    @property
    def start_method(self) -> tuple[str, str] | None:
        """How worker processes are started and why so; None in the modes without any."""
        mode = self._running()
        return None if mode.start_method is None else (mode.start_method, mode.start_method_reason or "")

    @property
    def buffers(self) -> FrameBuffers:
        """What crosses shards; read it between frames only."""
        return self._running().buffers

    @property
    def counters(self) -> dict[str, int]:
        """Totals of every counter since the start."""
        return dict(zip(self.workload.counters, self._totals.tolist(), strict=True))

    def worker_pids(self) -> list[int]:
        """Process ids of worker processes."""
        return [] if self._mode is None else list(self._mode.worker_pids())

    def start(self) -> None:
        """Build every agent.

        Raises:
            CapacityError: The agents do not fit into memory; nothing has been built.
            WorkerError: A worker could not build its shard; nothing is left behind.
            CallOrderError: It was started before.
        """
        if self._mode is not None:
            raise CallOrderError("the environment was started before: make another")
        check_capacity(self.workload, self._safeguards)
        self._mode = self._make_mode()
        try:
            self._settler = self._mode.start(self.workload, self.num_workers)
        except BaseException:
            self.stop()
            raise

    def step(self) -> FrameTiming:
        """Run one frame: dispatch, barrier, settle.

        Returns:
            When it began and what each part took.

        Raises:
            EmergencyShutdown: The environment stopped itself in an earlier frame; see `emergency`.
            WorkerError: A worker crashed, raised or hung; only `stop` is left.
            CallOrderError: It is not running.
        """
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
        settler.settle(frame)
        end = time.perf_counter_ns()
        parent = ThreadSpan(*self._meter.end())
        process_cpu_ns = time.process_time_ns() - process_cpu_ns

        busy = mode.buffers.workers[:, _BUSY]
        worked = int(busy.max() if mode.parallel else busy.sum())
        collected = mode.garbage.total_ns - collected
        self._count(mode.buffers)
        if isinstance(mode, InProcessMode):
            # This process's clock has seen what the workers' rows tell of, too.
            collected -= int(mode.buffers.workers[:, _COLLECTED].sum())
            (self._parallel_s if mode.parallel else self._sequential_s).append((released - start) / 1e9)
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

    def checkpoint(self) -> bytes:
        """Digest every agent as it is after the last frame, and hold memory and bodies against their limits.

        Beyond a limit, `emergency` says so, and no further frame is run.

        Returns:
            32 bytes, equal in every mode.

        Raises:
            WorkerError: A worker crashed, raised or hung; only `stop` is left.
            CallOrderError: It is not running.
        """
        digest = self._running().checkpoint(self.frame - 1, self._timeout_s)
        self.emergency = self.emergency or self._beyond_limits()
        return digest

    def statistics(self) -> dict[str, float]:
        """The population's statistics after the last frame, by name; bodies are those of the last checkpoint."""
        self._running()
        assert self._settler is not None  # noqa: S101
        return self._settler.statistics()

    def stop(self) -> None:
        """Let every agent go. Idempotent; nothing is left behind."""
        self._closing.close()
        if self._mode is not None:
            self._mode.close()
        self._settler = None
        if self._manager is not None:
            self._manager.shutdown()

    # The guide's threading controls.

    def toggle_threading(self) -> bool:
        """Switch threads on or off between two frames; the trajectory stays the same.

        Returns:
            Whether threads are now enabled. With few agents they are not used all the same; see `mode_used`.

        Raises:
            CallOrderError: It is not running, or in process mode, which is fixed at the start.
        """
        mode = self._running()
        if not isinstance(mode, InProcessMode):
            raise CallOrderError("process mode is fixed at the start: make another environment to change it")
        wanted = self._in_process_mode(threading=not self._threading_enabled)
        if wanted.name != mode.name:
            wanted.take_over(mode)
            self._mode = wanted
        self._threading_enabled = not self._threading_enabled
        return self._threading_enabled

    def get_threading_performance(self) -> dict[str, Any]:
        """Compare threads with no threads, as far as both have been measured in this environment.

        Returns:
            `status` ("no_data" before the first threaded frame, then "active"), `threading_enabled`,
            `avg_parallel_time` and `avg_sequential_time` (s from dispatch to barrier, mean of the last 20 frames of
            each; None where there were none), `speedup_ratio` (their quotient, None until both have been measured),
            `thread_pool_metrics` (None before there is a pool).
        """
        parallel = fmean(self._parallel_s) if self._parallel_s else None
        sequential = fmean(self._sequential_s) if self._sequential_s else None
        return {
            "status": "no_data" if parallel is None else "active",
            "threading_enabled": self._threading_enabled,
            "avg_parallel_time": parallel,
            "avg_sequential_time": sequential,
            "speedup_ratio": sequential / parallel if parallel and sequential else None,
            "thread_pool_metrics": None if self._manager is None else self._manager.get_performance_metrics(),
        }

    def shutdown_threading(self) -> None:
        """Go on without threads, if they were on, and end the pool."""
        try:
            if self._threading_enabled and self._mode is not None and self._settler is not None:
                self.toggle_threading()
        finally:
            manager, self._manager = self._manager, None
            if manager is not None:
                manager.shutdown()

    def _make_mode(self) -> ExecutionMode:
        if self._mode_asked == "process":
            return ProcessMode(self._faults)
        return self._in_process_mode(threading=self._threading_enabled)

    def _in_process_mode(self, *, threading: bool) -> InProcessMode:
        if not threading or self.workload.num_agents <= SEQUENTIAL_UP_TO_AGENTS:
            return SequentialMode(self._faults)
        if self._manager is None:
            self._manager = ThreadPoolManager(self.num_workers)
        return ThreadedMode(self._manager, self._faults)

    def _running(self) -> ExecutionMode:
        if self._mode is None or self._settler is None:
            raise CallOrderError("the environment is not running: call start first, and nothing after stop")
        return self._mode

    def _count(self, buffers: FrameBuffers) -> None:
        np.add.reduce(buffers.counters, axis=0, out=self.frame_counts)
        self._totals += self.frame_counts
        buffers.counters[:] = 0

    def _beyond_limits(self) -> str | None:
        bodies = int(self.statistics().get("bodies", 0))
        if bodies > self._safeguards.bodies_limit:
            return f"{bodies} bodies, of at most {self._safeguards.bodies_limit}"
        used = sum(rss_bytes(pid) for pid in (None, *self.worker_pids()))
        limit = self._safeguards.memory_limit_share * allowed_memory_bytes()
        return f"{used / 1e6:.0f} MB of memory, of at most {limit / 1e6:.0f}" if used > limit else None


def choose_workers(mode: str, num_workers: int | None, num_agents: int) -> int:
    """How many workers a mode gets.

    Raises:
        UsageError: Below 1, or more than there are agents.
    """
    if num_workers is None:
        falls_back = mode == "threaded" and num_agents <= SEQUENTIAL_UP_TO_AGENTS
        return 1 if mode == "sequential" or falls_back else min(allowed_cores(), num_agents)
    if not 1 <= num_workers <= num_agents:
        raise UsageError(f"{num_workers} workers for {num_agents} agents: give between 1 and {num_agents}")
    return num_workers


def check_capacity(workload: Workload, safeguards: Safeguards) -> None:
    """Refuse more agents than memory allows, before anything is built.

    Raises:
        CapacityError: They do not fit.
    """
    available = min(psutil.virtual_memory().available, allowed_memory_bytes()) * safeguards.memory_limit_share
    most = int(available // workload.bytes_per_agent)
    if workload.num_agents > most:
        needed = workload.num_agents * workload.bytes_per_agent
        raise CapacityError(
            f"{workload.num_agents} agents need {needed / 1e9:.1f} GB of memory, of which {available / 1e9:.1f} GB "
            f"may be used: give at most {most} agents"
        )
