"""Every shard in the caller's thread, one after the other."""

from __future__ import annotations

from walkerbench.errors import RAISED_BY_OTHERS
from walkerbench.modes.in_process import InProcessMode, failure
from walkerbench.modes.traits import ModeTraits


class SequentialMode(InProcessMode):
    """Runs the shards in the caller's thread; `wait` does the work, and so has no timeout."""

    name = "sequential"
    traits = ModeTraits(side_by_side=False, in_caller_process=True, share_gil=True, own_processes=False)

    def _dispatch(self, frame: int) -> None: ...

    def _wait(self, frame: int, timeout_s: float) -> None:
        for runner in self._runners:
            try:
                runner.run(frame)
            except RAISED_BY_OTHERS as error:
                raise failure(runner.worker, runner.agents, frame, error) from error
