"""Every shard as a task on the threads of a `ThreadPoolManager`."""

from __future__ import annotations

from walkerbench.errors import WorkerTimeout
from walkerbench.modes.contract import ModeServices
from walkerbench.modes.in_process import InProcessMode, failure
from walkerbench.modes.thread_pool import WAITING_MARKER, RepeatedBatch
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
        self._batch: RepeatedBatch | None = None

    def _dispatch(self, frame: int) -> None:
        if self._batch is None:  # the shards may have been taken over from another mode
            self._batch = self._pool.repeated_batch([runner.run for runner in self._runners])
        self._batch.hand_out(frame)

    def _wait(self, frame: int, timeout_s: float) -> None:
        batch = self._batch
        assert batch is not None  # noqa: S101  _dispatch made it
        deadline = Deadline(timeout_s, self._services.interrupts)
        while not batch.wait(deadline.next_slice_s()):
            if deadline.passed:
                runner = self._runners[batch.unfinished[0]]
                raise WorkerTimeout(runner.worker, runner.agents, frame, deadline.timeout_s)
        for runner, error in zip(self._runners, batch.errors, strict=True):
            if error is not None:
                raise failure(runner.worker, runner.agents, frame, error) from error
