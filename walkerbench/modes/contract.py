"""The contract between a mode and the work, and the order in which its methods may be called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum, auto
from types import TracebackType
from typing import Any, ClassVar

from numpy.typing import NDArray

from walkerbench.errors import (
    RAISED_BY_OTHERS,
    CallOrderError,
    ModeFailed,
    UsageError,
    WalkerbenchError,
    describe_error,
)
from walkerbench.modes.blas_threads import BlasLimit
from walkerbench.modes.faults import Faults
from walkerbench.modes.thread_pool import ThreadPoolManager
from walkerbench.modes.traits import ModeTraits
from walkerbench.recording.garbage import GarbageClock
from walkerbench.system.capacity import capacity_errors
from walkerbench.system.interrupts import InterruptWatch
from walkerbench.system.stack_markers import StackMarker
from walkerbench.workloads.contract import BufferLayout, FrameBuffers, Settler, Workload
from walkerbench.workloads.digests import fold_digests
from walkerbench.workloads.failures import workload_failures

BARRIER_TIMEOUT_S = 30.0
"""How long the barrier waits for a frame, s: longer than any emergency limit, so that no slow frame counts as hung."""


class ModeState(Enum):
    """The state of an execution mode, which decides what may be called."""

    NEW = auto()
    READY = auto()
    DISPATCHED = auto()
    BROKEN = auto()
    CLOSED = auto()


@dataclass(frozen=True)
class ModeServices:
    """What the training environment gives to a mode.

    Attributes:
        faults: What to inject into the workers.
        thread_pool: Returns the environment's pool, which has one thread per worker and outlives the mode. The first
            call makes the pool.
        interrupts: Says whether an interrupt came; workers then get little time to answer, see `system.deadlines`.
    """

    faults: Faults
    thread_pool: Callable[[], ThreadPoolManager]
    interrupts: InterruptWatch = field(default_factory=InterruptWatch)


class ExecutionMode(ABC):
    """Runs every shard for one frame.

    Call order: `start`, (`dispatch`, `wait`)*, `checkpoint` and `snapshot` at any frame's end, `close`. Every method
    raises `CallOrderError` in a state that does not allow it. After any other error only `close` may be called.

    To add a mode, write a subclass in one file, which sets the class attributes and defines the abstract methods, and
    add a line to `modes.registry`. `walkerbench flamegraph` shows the worker processes whose ids `worker_pids` returns,
    and the worker threads that are named as `system.stack_markers.WORKER_THREAD_NAME` says.

    Args:
        services: What the environment gives to the mode.

    Raises:
        UsageError: A fault cannot be injected in this mode.

    Attributes:
        garbage: The clock of garbage collection in the parent's process, from `start` to `close`.
    """

    name: ClassVar[str]
    """The mode's name in profiles, on the command line and in results."""
    traits: ClassVar[ModeTraits]
    """Where the mode runs its shards; verdicts, attribution and reports depend on this and never on the name."""
    fewest_agents: ClassVar[int] = 1
    """With fewer agents `modes.registry.BASE_MODE` runs in its place."""
    start_method: ClassVar[str | None] = None
    """How worker processes are started, for the modes that have them."""
    start_method_reason: ClassVar[str | None] = None
    """Why worker processes are started in that way, for a reader."""
    waiting_markers: ClassVar[tuple[StackMarker, ...]] = ()
    """The Python functions in which a worker only waits for its next request.

    `walkerbench flamegraph` shows a worker within them as waiting.
    """

    def __init__(self, services: ModeServices) -> None:
        impossible = services.faults.impossible_in(self.traits)
        if impossible:
            problems = "; ".join(f"{key} cannot be injected: {reason}" for key, reason in impossible.items())
            raise UsageError(f"{self.name} mode: {problems}")
        self._services = services
        self._state = ModeState.NEW
        self._broken = False
        self._blas = BlasLimit()
        self._buffers: FrameBuffers | None = None
        self.garbage = GarbageClock()
        self._clocks = ExitStack()

    @property
    def buffers(self) -> FrameBuffers:
        """The arrays that cross shards."""
        if self._buffers is None:
            raise CallOrderError(f"the {self.name} mode has no frame buffers: call start first, and none after close")
        return self._buffers

    def start(self, workload: Workload, num_workers: int) -> Settler:
        """Build every shard.

        Args:
            workload: What to run.
            num_workers: How many shards, between 1 and the number of agents.

        Returns:
            The parent's part of a frame, for the caller to run after each `wait`.

        Raises:
            CapacityError: The system refuses files, processes, threads, memory or a place for shared memory.
            WorkerError: A worker could not build its shard.
            WorkloadFailed: The workload could not build its part in the parent.
        """
        self._expect("start", ModeState.NEW)
        self._blas.apply()
        self._clocks.enter_context(self.garbage)
        refusing = f"{self.name} mode cannot start its workers"
        with self._broken_on_error(), capacity_errors(refusing):
            # Where the system refuses memory or files to a workload, the workload itself has not failed.
            with workload_failures("while starting"), capacity_errors(refusing):
                layout = BufferLayout.of(workload, num_workers)
            self._buffers = FrameBuffers(*self._memory(layout))
            with workload_failures("while starting"), capacity_errors(refusing):
                settler = workload.make_settler(self._buffers)
                if settler is None:
                    raise TypeError("make_settler() returned None; allowed: a Settler")
            self._start(workload, num_workers)
        self._blas.apply()  # again: building shards may have loaded another BLAS
        self._state = ModeState.READY
        return settler

    def dispatch(self, frame: int) -> None:
        """Tell every worker to run a frame; does not wait for them.

        Raises:
            WorkerCrashed: A worker process had died before.
        """
        self._expect("dispatch", ModeState.READY)
        with self._broken_on_error():
            self._dispatch(frame)
        self._state = ModeState.DISPATCHED

    def wait(self, frame: int, timeout_s: float = BARRIER_TIMEOUT_S) -> None:
        """Wait at the barrier until every worker's row of this frame is written.

        Raises:
            WorkerCrashed: A worker process died.
            WorkerFailed: A worker raised.
            WorkerTimeout: A worker did not finish in time.
            CallOrderError: Another frame was dispatched, or a worker's row is that of another frame.
        """
        self._expect("wait", ModeState.DISPATCHED)
        with self._broken_on_error():
            self._wait(frame, timeout_s)
            completed = self.buffers.workers[:, 0].tolist()
            if completed.count(frame) != len(completed):
                raise CallOrderError(f"{self.name} mode: waited for frame {frame}, but workers completed {completed}")
        self._state = ModeState.READY

    def checkpoint(self, frame: int, timeout_s: float = BARRIER_TIMEOUT_S) -> bytes | None:
        """Digest all agents at a frame's end; outside timed sections.

        Returns:
            32 bytes: the digests of all agents, folded in agent order; None where the workload has no digest fields.

        Raises:
            WorkerError: A worker crashed, raised or did not finish in time.
        """
        self._expect("checkpoint", ModeState.READY)
        with self._broken_on_error():
            self._checkpoint(frame, timeout_s)
        return fold_digests(self.buffers.digests)

    def snapshot(self, frame: int, timeout_s: float = BARRIER_TIMEOUT_S) -> dict[str, NDArray[Any]]:
        """Return what can be drawn of all agents at a frame's end; outside timed sections.

        Returns:
            Copies of every field of the workload, by name. Where groups share a name, the snapshot field is returned
            rather than the published one, and the published one rather than the current one. Empty where the workload
            has no snapshot fields.

        Raises:
            WorkerError: A worker crashed, raised or did not finish in time.
        """
        self._expect("snapshot", ModeState.READY)
        if not self.buffers.snapshot:
            return {}
        with self._broken_on_error():
            self._snapshot(frame, timeout_s)
        fields = self.buffers.current | self.buffers.published | self.buffers.snapshot
        return {name: array.copy() for name, array in fields.items()}

    def close(self) -> None:
        """End every worker. Idempotent, also after a crash; leaves no child process and no shared memory.

        Raises:
            ModeFailed: The mode's own code raised.
        """
        if self._state is ModeState.CLOSED:
            return
        self._broken = self._state is ModeState.BROKEN
        self._state = ModeState.CLOSED
        try:
            self._close()
        except WalkerbenchError:
            raise
        except RAISED_BY_OTHERS as error:
            raise self._failed(error) from error
        finally:
            self._clocks.close()
            self._buffers = None
            self._blas.lift()

    def worker_pids(self) -> Sequence[int]:
        """Return the process ids of the workers that are processes of their own."""
        return ()

    def _memory(self, layout: BufferLayout) -> tuple[Any, ...]:
        """Return the arguments of `FrameBuffers`: the layout and, where the mode has its own, the memory."""
        return (layout,)

    @abstractmethod
    def _start(self, workload: Workload, num_workers: int) -> None: ...

    @abstractmethod
    def _dispatch(self, frame: int) -> None: ...

    @abstractmethod
    def _wait(self, frame: int, timeout_s: float) -> None: ...

    @abstractmethod
    def _checkpoint(self, frame: int, timeout_s: float) -> None: ...

    @abstractmethod
    def _snapshot(self, frame: int, timeout_s: float) -> None: ...

    @abstractmethod
    def _close(self) -> None: ...

    def _expect(self, method: str, state: ModeState) -> None:
        if self._state is not state:
            raise CallOrderError(
                f"{self.name} mode: {method} needs the state {state.name}, but it is {self._state.name}"
            )

    def _failed(self, error: BaseException) -> ModeFailed:
        return ModeFailed(f"{self.name} mode raised {describe_error(error)}")

    def _broken_on_error(self) -> _OnError:
        return _OnError(self._break)

    def _break(self, error: BaseException) -> None:
        self._state = ModeState.BROKEN
        if isinstance(error, RAISED_BY_OTHERS) and not isinstance(error, WalkerbenchError):
            raise self._failed(error) from error


class _OnError:
    """Gives an error of its block to a function. A generator would take a microsecond longer, twice per frame."""

    __slots__ = ("_handle",)

    def __init__(self, handle: Callable[[BaseException], None]) -> None:
        self._handle = handle

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._handle(error)


DISPATCH_MARKER = StackMarker.of(ExecutionMode.dispatch)
"""Marks the parent while it hands out a frame."""

WAIT_MARKER = StackMarker.of(ExecutionMode.wait)
"""Marks the parent at the barrier."""
