"""Every shard as a task on the threads of a `ThreadPoolManager`."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, Future
from concurrent.futures import wait as wait_for
from typing import Any

from walkerbench.errors import WorkerTimeout
from walkerbench.modes.contract import ModeServices
from walkerbench.modes.in_process import InProcessMode, failure
from walkerbench.modes.thread_pool import WAITING_MARKER
from walkerbench.modes.traits import ModeTraits
from walkerbench.system.deadlines import Deadline


class ThreadedMode(InProcessMode):
    """Runs the shards on the threads of the environment's pool; the environment ends the pool."""

    name = "threaded"
    traits = ModeTraits(side_by_side=True, in_caller_process=True, share_gil=True, own_processes=False)
    fewest_agents = 5
    waiting_markers = (WAITING_MARKER,)

    def __init__(self, services: ModeServices) -> None:
        super().__init__(services)
        self._pool = services.thread_pool()
        self._futures: tuple[Future[Any], ...] = ()

    def _dispatch(self, frame: int) -> None:
        self._futures = tuple(self._pool.submit_background_task(runner.run, frame) for runner in self._runners)

    def _wait(self, frame: int, timeout_s: float) -> None:
        deadline = Deadline(timeout_s, self._services.interrupts)
        done, pending = wait_for(self._futures, deadline.next_slice_s(), FIRST_EXCEPTION)
        while pending and not any(future.exception() for future in done) and not deadline.passed:
            done, pending = wait_for(self._futures, deadline.next_slice_s(), FIRST_EXCEPTION)
        for runner, future in zip(self._runners, self._futures, strict=True):
            error = future.exception() if future in done else None
            if error is not None:
                raise failure(runner.worker, runner.agents, frame, error) from error
        for runner, future in zip(self._runners, self._futures, strict=True):
            if future in pending:
                raise WorkerTimeout(runner.worker, runner.agents, frame, deadline.timeout_s)
