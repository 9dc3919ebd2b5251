"""Ends copies of this process that code of others forked, as soon as they come back to code of this package."""

from __future__ import annotations

import os
from types import TracebackType


class OneProcess:
    """Runs code of others within the process that it was entered in; a copy that it forks ends with the block.

    A copy that went on would write what this process writes, and answer in its place. Code whose copies do their own
    work and end by themselves, as `multiprocessing` has it, never comes back here.
    """

    def __enter__(self) -> OneProcess:
        self._pid = os.getpid()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if os.getpid() != self._pid:
            os._exit(1)
