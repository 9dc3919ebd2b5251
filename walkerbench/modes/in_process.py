"""The base class of sequential and threaded mode, which run shards in this process and can exchange them."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from walkerbench.errors import (
    RAISED_BY_OTHERS,
    UsageError,
    WalkerbenchError,
    WorkerFailed,
    describe_error,
)
from walkerbench.modes.blas_threads import BlasLimit
from walkerbench.modes.contract import ExecutionMode, ModeState
from walkerbench.modes.shard_runner import ShardRunner
from walkerbench.recording.scheduling import ThreadMeter
from walkerbench.system.user_tracebacks import user_traceback
from walkerbench.workloads.contract import Workload, shard_bounds
from walkerbench.workloads.failures import SuiteTestFailed


class InProcessMode(ExecutionMode):
    """A mode whose shards live in this process."""

    _runners: tuple[ShardRunner, ...] = ()

    def take_over(self, other: InProcessMode) -> None:
        """Take over another mode's shards between two frames; the other mode is closed, its shards are not."""
        self._expect("take_over", ModeState.NEW)
        other._expect("take_over from", ModeState.READY)
        self._runners, self._buffers, self._blas = other._runners, other._buffers, other._blas
        other._runners, other._buffers, other._blas = (), None, BlasLimit()
        self.garbage, self._clocks = other.garbage, other._clocks.pop_all()
        other.close()
        self._state = ModeState.READY

    def _start(self, workload: Workload, num_workers: int) -> None:
        runners = []
        faults, meter = self._services.faults, ThreadMeter()
        for worker, agents in enumerate(shard_bounds(workload.num_agents, num_workers)):
            try:
                runners.append(ShardRunner(workload, agents, self.buffers, worker, faults, meter, self.garbage))
            except RAISED_BY_OTHERS as error:
                raise failure(worker, agents, -1, error) from error
        self._runners = tuple(runners)

    def _checkpoint(self, frame: int, timeout_s: float) -> None:
        self._in_turn(ShardRunner.digest, frame)

    def _snapshot(self, frame: int, timeout_s: float) -> None:
        self._in_turn(ShardRunner.snapshot, frame)

    def _in_turn(self, act: Callable[[ShardRunner], None], frame: int) -> None:
        for runner in self._runners:
            try:
                act(runner)
            except RAISED_BY_OTHERS as error:
                raise failure(runner.worker, runner.agents, frame, error) from error

    def _close(self) -> None:
        runners, self._runners = self._runners, ()
        for runner in runners:
            try:
                runner.close()
            except RAISED_BY_OTHERS as error:
                # An earlier error is reported in place of this one.
                if not self._broken:
                    raise failure(runner.worker, runner.agents, runner.last_frame, error) from error


def failure(worker: int, agents: tuple[int, int], frame: int, error: BaseException) -> WalkerbenchError:
    """Return the typed error for what a worker raised; usage errors and failed tests are returned as they are."""
    if isinstance(error, (UsageError, SuiteTestFailed)):
        return error  # the shard imports what the SPEC names, and runs the user's test
    text = "".join(traceback.format_exception(error))
    return WorkerFailed(worker, agents, frame, describe_error(error), text, user_traceback(error))
