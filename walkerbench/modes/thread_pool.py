"""The thread pool that the threading guide asks for (docs/guide.md), with measured figures."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from itertools import pairwise
from queue import SimpleQueue
from typing import Any, Protocol

from walkerbench.errors import RAISED_BY_OTHERS, CallOrderError
from walkerbench.system.capacity import capacity_errors
from walkerbench.system.resources import allowed_cores
from walkerbench.system.stack_markers import WORKER_THREAD_NAME, StackMarker

_LOG = logging.getLogger(__name__)
_JOIN_S = 5.0  # how long shutdown waits for a thread; a hung one is a daemon and does not outlive the process
_STOP_S = 1.0  # the same for an environment that stops: a thread that is still within a frame hangs


class _Report(Protocol):
    """Is told what became of a task; a `Future` is one."""

    def set_running_or_notify_cancel(self) -> bool: ...

    def set_result(self, result: Any) -> None: ...

    def set_exception(self, exception: BaseException) -> None: ...


_Task = tuple[_Report, Callable[..., Any], tuple[Any, ...]]


class Steppable(Protocol):
    """Anything that can be stepped."""

    def step(self, dt: float) -> Any:
        """Advance by `dt` seconds of simulated time."""
        ...


class _Worker(threading.Thread):
    """One thread of the pool, and how long it was busy."""

    def __init__(self, number: int, tasks: SimpleQueue[_Task | None]) -> None:
        super().__init__(name=WORKER_THREAD_NAME.format(number=number), daemon=True)
        self._tasks = tasks
        self.busy_ns = 0
        self.cpu_ns = 0

    def run(self) -> None:
        while (task := self.next_task()) is not None:
            self._carry_out(*task)
            del task  # a finished task's arguments must not live on while the thread waits

    def next_task(self) -> _Task | None:
        # A separate function: a sampling profiler sees no C function, and could not tell waiting from `run`.
        return self._tasks.get()

    def _carry_out(self, report: _Report, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        if not report.set_running_or_notify_cancel():
            return
        start, cpu = time.perf_counter_ns(), time.thread_time_ns()
        try:
            result = function(*arguments)
        except BaseException as error:
            self._account(start, cpu)
            report.set_exception(error)
        else:
            self._account(start, cpu)
            report.set_result(result)

    def _account(self, start_ns: int, cpu_ns: int) -> None:
        self.busy_ns += time.perf_counter_ns() - start_ns
        self.cpu_ns += time.thread_time_ns() - cpu_ns


WAITING_MARKER = StackMarker.of(_Worker.next_task)
"""Marks a thread of the pool that waits for a task."""


class RepeatedBatch:
    """Tasks that are handed out together, again and again, and waited for together.

    Futures would take three times as long, in every frame.

    Args:
        submit: Gives a task to the threads of a pool.
        functions: One function per task.

    Attributes:
        errors: What each task raised when it was last handed out; None where it has not raised.
    """

    def __init__(self, submit: Callable[[_Task], None], functions: Sequence[Callable[[Any], Any]]) -> None:
        self._submit = submit
        self._functions = tuple(functions)
        self._counting = threading.Lock()
        self._finished = threading.Lock()  # held while tasks are unfinished and none has raised
        self._unfinished: set[int] = set()
        self.errors: list[BaseException | None] = [None] * len(self._functions)

    @property
    def unfinished(self) -> Sequence[int]:
        """The numbers of the tasks that have not ended."""
        with self._counting:
            return sorted(self._unfinished)

    def hand_out(self, argument: Any) -> None:
        """Have the pool's threads call every function with an argument; all earlier calls must have ended.

        Raises:
            CallOrderError: The pool was shut down.
        """
        self._finished.acquire(blocking=False)
        self._unfinished.update(range(len(self._functions)))
        for number, function in enumerate(self._functions):
            # Not kept: places that the batch holds would be a cycle, which keeps a closed mode's agents in memory.
            self._submit((_Place(self, number), function, (argument,)))

    def wait(self, timeout_s: float) -> bool:
        """Wait until every task has ended or one has raised; return whether that is so."""
        if not self._finished.acquire(timeout=timeout_s):
            return False
        self._finished.release()
        return True

    def end_task(self, number: int, error: BaseException | None) -> None:
        """Note that a task has ended; called in the thread that ran it."""
        with self._counting:
            self.errors[number] = error
            self._unfinished.discard(number)
            if (error is not None or not self._unfinished) and self._finished.locked():
                self._finished.release()


class _Place:
    """Reports the end of one task of a batch."""

    __slots__ = ("_batch", "_number")

    def __init__(self, batch: RepeatedBatch, number: int) -> None:
        self._batch = batch
        self._number = number

    def set_running_or_notify_cancel(self) -> bool:
        return True

    def set_result(self, result: Any) -> None:
        self._batch.end_task(self._number, None)

    def set_exception(self, exception: BaseException) -> None:
        self._batch.end_task(self._number, exception)


class ThreadPoolManager:
    """Steps agents on a fixed set of threads.

    The threads are daemons: one that hangs cannot be ended, and does not keep the process from ending.

    Args:
        max_cores: How many threads; None for the cores that this process may use.

    Raises:
        ValueError: `max_cores` is below 1.
        CapacityError: The system does not allow so many threads; those that had started are ended.

    Examples:
        >>> from walkerbench import ThreadPoolManager
        >>> pool = ThreadPoolManager(max_cores=2)
        >>> pool.submit_background_task(pow, 2, 10).result()
        1024
        >>> pool.shutdown()
    """

    def __init__(self, max_cores: int | None = None) -> None:
        threads = allowed_cores() if max_cores is None else max_cores
        if threads < 1:
            raise ValueError(f"max_cores is {threads}: give at least 1, or None for the cores allowed")
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._workers = tuple(_Worker(number, self._tasks) for number in range(threads))
        self._started_ns = time.perf_counter_ns()
        self._batches = 0
        self._open = True
        with capacity_errors("the threads of a thread pool cannot be started"):
            self._start()

    @property
    def num_threads(self) -> int:
        """How many threads there are."""
        return len(self._workers)

    def submit_background_task(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run `function(*arguments)` on one of the threads.

        Args:
            function: What to call.
            arguments: What to call it with.

        Returns:
            A future with its result, or with what it raised.

        Raises:
            CallOrderError: The pool was shut down.
        """
        future: Future[Any] = Future()
        self._submit((future, function, arguments))
        return future

    def repeated_batch(self, functions: Sequence[Callable[[Any], Any]]) -> RepeatedBatch:
        """Return a batch of tasks that can be handed out again and again.

        Args:
            functions: One function per task; each is called with the argument of `RepeatedBatch.hand_out`.
        """
        return RepeatedBatch(self._submit, functions)

    def parallel_agent_processing(self, agents: Sequence[Steppable], dt: float) -> dict[str, Any]:
        """Step every agent once, in one batch per thread.

        An agent that raises is counted and logged, and does not keep the others from being stepped.

        Args:
            agents: Anything that has `step(dt)`.
            dt: Simulated time, s.

        Returns:
            `processed` agents without error, `time` s, `fps` (agents per second), `batches`, `errors` (a count).
        """
        start = time.perf_counter()
        count = min(self.num_threads, len(agents))
        edges = [len(agents) * batch // count for batch in range(count + 1)] if count else [0]
        futures = [self.submit_background_task(_step_all, agents[lo:hi], dt) for lo, hi in pairwise(edges)]
        wait_for(futures)
        errors = sum(future.result() for future in futures)
        spent = time.perf_counter() - start
        processed = len(agents) - errors
        return {
            "processed": processed,
            "time": spent,
            "fps": processed / spent,
            "batches": count,
            "errors": errors,
        }

    def get_performance_metrics(self) -> dict[str, Any]:
        """Return what the pool has done so far.

        Returns:
            `threads`; `utilisation` (share of their time in which the threads were busy, 0…1), `batches` handed in,
            `queue` (waiting now), `thread_cpu_s` and `thread_busy_s` (one figure per thread).
        """
        lifetime = (time.perf_counter_ns() - self._started_ns) * len(self._workers)
        return {
            "threads": len(self._workers),
            "utilisation": sum(worker.busy_ns for worker in self._workers) / lifetime,
            "batches": self._batches,
            "queue": self._tasks.qsize(),
            "thread_cpu_s": [worker.cpu_ns / 1e9 for worker in self._workers],
            "thread_busy_s": [worker.busy_ns / 1e9 for worker in self._workers],
        }

    def shutdown(self, within_s: float | None = None) -> None:
        """Finish what was submitted and end the threads. Idempotent.

        Args:
            within_s: How long to wait for that, s; None for 5 s. A thread that takes longer is not waited for.
        """
        if not self._open:
            return
        self._open = False
        for _ in self._workers:
            self._tasks.put(None)
        deadline = time.monotonic() + (_JOIN_S if within_s is None else within_s)
        for worker in self._workers:
            if worker.ident is not None:  # started
                worker.join(max(0.0, deadline - time.monotonic()))

    def _submit(self, task: _Task) -> None:
        if not self._open:
            raise CallOrderError("the thread pool was shut down: make another to go on")
        self._batches += 1
        self._tasks.put(task)

    def _start(self) -> None:
        try:
            for worker in self._workers:
                worker.start()
        except BaseException:
            self.shutdown()  # those that were started
            raise


def _step_all(agents: Sequence[Steppable], dt: float) -> int:
    """Step agents, and return how many raised."""
    errors = 0
    for agent in agents:
        try:
            agent.step(dt)
        except RAISED_BY_OTHERS:
            errors += 1
            _LOG.warning("an agent could not be stepped", exc_info=True)
    return errors


class ThreadPoolOnDemand:
    """The environment's thread pool, made when a mode asks for it; it outlives the mode.

    Args:
        threads: How many threads the pool has.
    """

    # A method of the environment would not do: the mode would hold it, and form a reference cycle with the environment.

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool: ThreadPoolManager | None = None

    def get(self) -> ThreadPoolManager:
        """Return the pool."""
        if self._pool is None:
            self._pool = ThreadPoolManager(self._threads)
        return self._pool

    def metrics(self) -> dict[str, Any] | None:
        """Return what the pool has done so far; None where there is none."""
        return None if self._pool is None else self._pool.get_performance_metrics()

    def shutdown(self) -> None:
        """End the pool, where there is one."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(_STOP_S)
