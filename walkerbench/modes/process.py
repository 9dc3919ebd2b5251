"""Process mode: each shard in a process of its own, with shared memory."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import pickle
import select
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from multiprocessing.util import Finalize
from typing import Any

from walkerbench.errors import (
    RAISED_BY_OTHERS,
    CapacityError,
    UsageError,
    WorkerCrashed,
    WorkerFailed,
    WorkerTimeout,
    describe_error,
)
from walkerbench.modes.blas_threads import BlasLimit
from walkerbench.modes.contract import ExecutionMode, ModeServices
from walkerbench.modes.faults import Faults
from walkerbench.modes.shard_runner import ShardRunner
from walkerbench.modes.traits import ModeTraits
from walkerbench.modes.worker_channel import WorkerChannel, WorkerRequest
from walkerbench.recording.garbage import GarbageClock
from walkerbench.recording.scheduling import ThreadMeter
from walkerbench.system.capacity import capacity_problem
from walkerbench.system.child_bootstrap import find_worktree_first
from walkerbench.system.deadlines import Deadline
from walkerbench.system.interrupts import held_back_interrupts, ignore_interrupts
from walkerbench.system.leftover_processes import descendants, kill_processes
from walkerbench.system.parent_death import die_with_parent
from walkerbench.system.stack_markers import WORKER_THREAD_NAME, StackMarker
from walkerbench.system.user_tracebacks import user_traceback
from walkerbench.workloads.contract import BufferLayout, FrameBuffers, Workload, shard_bounds

START_TIMEOUT_S = 120.0
"""How long workers may take to import and to build their shards, s."""

_JOIN_S = 2.0  # how long a worker may take to exit before it is killed
_BROKEN_JOIN_S = 0.5  # the same after an error, where it may hang; its result is not used


find_worktree_first()
"""Called when a worker imports this module: the worker then unpickles the workload, which may use the user's code."""


@dataclass(frozen=True)
class _Assignment:
    """What a worker process needs to build its shard; sent by pickle, the memory by file descriptor."""

    workload: Workload
    layout: BufferLayout
    memory: Any
    agents: tuple[int, int]
    worker: int
    faults: Faults
    by_main_thread: bool


@dataclass(frozen=True)
class _Worker:
    number: int
    agents: tuple[int, int]
    process: SpawnProcess
    channel: WorkerChannel


class _Events:
    """Waits for answers and deaths of workers, by the numbers of their handles.

    The handles are registered once: to register them for every frame takes longer than the frame's two wake-ups.
    """

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._poll = select.poll() if hasattr(select, "poll") else None

    def watch(self, *numbers: int) -> None:
        self._numbers += numbers
        if self._poll is not None:
            for number in numbers:
                self._poll.register(number, select.POLLIN)

    def forget(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._numbers.remove(number)
            if self._poll is not None:
                self._poll.unregister(number)

    def wait(self, timeout_s: float) -> list[int]:
        """Return the handles that are ready; none where the time is over. Never spins."""
        if self._poll is None:  # Windows
            return [number for number in wait_for(self._numbers, timeout_s) if isinstance(number, int)]
        return [number for number, _ in self._poll.poll(timeout_s * 1e3)]


class ProcessMode(ExecutionMode):
    """Runs each shard in a worker process, started by spawn."""

    name = "process"
    traits = ModeTraits(side_by_side=True, in_caller_process=False, share_gil=False, own_processes=True)
    start_method = "spawn"
    start_method_reason = (
        "spawn gives every worker a clean interpreter on every system: a fork would copy this process's threads' locks "
        "and its BLAS in whatever state they are"
    )
    waiting_markers = (StackMarker.of(WorkerChannel.next_request),)

    def __init__(self, services: ModeServices) -> None:
        super().__init__(services)
        self._workers: list[_Worker] = []
        self._events = _Events()
        self._shared: Any = None

    def worker_pids(self) -> Sequence[int]:
        """Return the process ids of the workers."""
        return [worker.process.pid for worker in self._workers if worker.process.pid is not None]

    def _memory(self, layout: BufferLayout) -> tuple[Any, ...]:
        # A RawArray lies in a file that is unlinked as soon as it is open: no file can be left behind.
        self._shared = multiprocessing.get_context("spawn").RawArray(ctypes.c_byte, layout.nbytes)
        return layout, memoryview(self._shared).cast("B")

    def _start(self, workload: Workload, num_workers: int) -> None:
        _check_pickles(workload)
        context = multiprocessing.get_context("spawn")
        # For a mode that is not closed: Python's exit would wait without end for workers that ignore SIGTERM.
        Finalize(self, _stop_workers, (self._workers, _BROKEN_JOIN_S), exitpriority=0)
        by_main_thread = threading.current_thread() is threading.main_thread()
        with _without_interrupts():
            for number, agents in enumerate(shard_bounds(workload.num_agents, num_workers)):
                ours, theirs = context.Pipe()
                assignment = _Assignment(
                    workload, self.buffers.layout, self._shared, agents, number, self._services.faults, by_main_thread
                )
                process = context.Process(
                    target=_work, args=(assignment, theirs), name=WORKER_THREAD_NAME.format(number=number), daemon=True
                )
                process.start()
                theirs.close()
                channel = WorkerChannel(ours)
                self._workers.append(_Worker(number, agents, process, channel))
                self._events.watch(channel.number, process.sentinel)
        self._collect(-1, START_TIMEOUT_S)

    def _dispatch(self, frame: int) -> None:
        self._request(WorkerRequest.RUN, frame)

    def _wait(self, frame: int, timeout_s: float) -> None:
        self._collect(frame, timeout_s)

    def _checkpoint(self, frame: int, timeout_s: float) -> None:
        self._request(WorkerRequest.DIGEST, frame)
        self._collect(frame, timeout_s)

    def _snapshot(self, frame: int, timeout_s: float) -> None:
        self._request(WorkerRequest.SNAPSHOT, frame)
        self._collect(frame, timeout_s)

    def _request(self, what: bytes, frame: int) -> None:
        for worker in self._workers:
            try:
                worker.channel.request(what, frame)
            except OSError as error:
                raise _crash(worker, frame) from error

    def _collect(self, frame: int, timeout_s: float) -> None:
        """Receive every worker's answer; raise an error as soon as a worker dies or the deadline passes."""
        deadline = Deadline(timeout_s, self._services.interrupts)
        waiting = {worker.channel.number: worker for worker in self._workers}
        while waiting:
            ready = self._events.wait(deadline.next_slice_s())
            if not ready:
                if deadline.passed:
                    worker = next(iter(waiting.values()))
                    raise WorkerTimeout(worker.number, worker.agents, frame, deadline.timeout_s)
                continue
            answered = [waiting.pop(number) for number in ready if number in waiting]
            for worker in answered:
                self._receive(worker, frame)
            if not answered:
                # Checked last: a worker that answered and then died has done this frame's work.
                self._raise_if_dead(ready, waiting.values(), frame)

    def _raise_if_dead(self, ready: Iterable[int], waiting: Iterable[_Worker], frame: int) -> None:
        for worker in waiting:
            if worker.process.sentinel in ready:
                raise _crash(worker, frame)
        # The dead workers had answered for this frame; the next request to them fails and says so.
        self._events.forget(ready)

    @staticmethod
    def _receive(worker: _Worker, frame: int) -> None:
        try:
            failure = worker.channel.read_answer()
        except (EOFError, OSError) as error:
            raise _crash(worker, frame) from error
        if failure is not None:
            error_text, traceback_text, user_text, refused = pickle.loads(failure)  # noqa: S301  from our own child
            if refused is not None:
                raise CapacityError(f"worker {worker.number} cannot start: {refused}")
            raise WorkerFailed(worker.number, worker.agents, frame, error_text, traceback_text, user_text)

    def _close(self) -> None:
        try:
            _stop_workers(self._workers, _BROKEN_JOIN_S if self._broken else _JOIN_S)
        finally:
            self._shared = None


def _check_pickles(workload: Workload) -> None:
    """Refuse a workload that cannot be sent to a worker process, before one is started.

    Raises:
        UsageError: The workload cannot be pickled.
    """
    try:
        ForkingPickler.dumps(workload)
    except RAISED_BY_OTHERS as error:
        raise UsageError(
            f"process mode cannot run this workload: it cannot be pickled ({describe_error(error)}), and "
            "worker processes receive it pickled; build what cannot be pickled in make_shard, or use another mode"
        ) from error


def _stop_workers(workers: list[_Worker], within_s: float) -> None:
    """Ask every worker to exit, kill those that do not within `within_s`, and kill all that workers have started."""
    started = [each for worker in workers if worker.process.pid for each in descendants(worker.process.pid)]
    for worker in workers:
        with suppress(OSError):
            worker.channel.request(WorkerRequest.LEAVE, 0)
    deadline = time.monotonic() + within_s
    try:
        for worker in workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
    finally:  # Ctrl-C while waiting leaves no worker behind either
        for worker in workers:
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.channel.close()
            worker.process.close()
        workers.clear()
        kill_processes(started)


def _crash(worker: _Worker, frame: int) -> WorkerCrashed:
    worker.process.join(_JOIN_S)
    return WorkerCrashed(worker.number, worker.agents, frame, worker.process.exitcode)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Keep interrupts from child processes started in this context: the parent gets them, and closes the children.

    On Windows the workers themselves ignore interrupts, from their first line on.
    """
    with held_back_interrupts():
        resource_tracker.ensure_running()
        # Again, because the start of the tracker lets pass the signals that the tracker itself ignores.
        with held_back_interrupts():
            yield


def _work(assignment: _Assignment, connection: Connection) -> None:
    """Run as a worker process: build the shard, then answer requests until told to leave or the parent is gone."""
    ignore_interrupts()
    channel = WorkerChannel(connection)
    try:
        _leave_with_parent(assignment.by_main_thread)
    except RuntimeError as error:
        _answer(channel, _failure(error, capacity_problem(error)))
        return
    _yield_to_parent()
    with BlasLimit() as blas, GarbageClock() as garbage:
        try:
            memory = memoryview(assignment.memory).cast("B")
            buffers = FrameBuffers(assignment.layout, memory)
            runner = ShardRunner(
                assignment.workload,
                assignment.agents,
                buffers,
                assignment.worker,
                assignment.faults,
                ThreadMeter(),
                garbage,
            )
        except RAISED_BY_OTHERS as error:
            _answer(channel, _failure(error))
            return
        blas.apply()  # again: building the shard may have loaded another BLAS
        _answer(channel)
        while (request := channel.next_request()) is not None:
            what, frame = request
            try:
                if what == WorkerRequest.RUN:
                    runner.run(frame)
                elif what == WorkerRequest.DIGEST:
                    runner.digest()
                else:
                    runner.snapshot()
            except RAISED_BY_OTHERS as error:
                _answer(channel, _failure(error))
            else:
                _answer(channel)


def _leave_with_parent(by_main_thread: bool) -> None:
    """Make this worker end when its parent dies, even while one of its frames hangs; see `system.parent_death`."""
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid is None:
        return
    if by_main_thread:
        die_with_parent(parent.pid)

    def leave() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=leave, daemon=True).start()


def _yield_to_parent() -> None:
    """Let the parent keep its core when this worker wakes: the parent must still send the other workers' requests."""
    # Otherwise, with as many workers as cores, the first worker runs its frame before the second gets its request.
    # SCHED_BATCH changes nothing else: the share of a core stays the same, and it needs no privilege.
    if hasattr(os, "SCHED_BATCH"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _answer(channel: WorkerChannel, failure: bytes | None = None) -> None:
    with suppress(OSError):  # the parent is gone: the next request says so
        channel.answer(failure)


def _failure(error: BaseException, refused: str | None = None) -> bytes:
    """Return the answer that reports an error, and what the system refused to the worker, or None."""
    text = "".join(traceback.format_exception(error))
    return pickle.dumps((describe_error(error), text, user_traceback(error), refused))
