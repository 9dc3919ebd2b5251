"""Ends copies of this process that a workload's code forked, as soon as they return to code of this package."""

from __future__ import annotations

import os
from types import TracebackType


class OneProcess:
    """A context manager around a workload's code: a copy of this process that the code forks ends with the block.

    Otherwise the copy would go on, write what this process writes, and answer in its place. Copies that do their own
    work and end by themselves, such as those of `multiprocessing`, never get here.
    """

    def __enter__(self) -> OneProcess:
        self._pid = os.getpid()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if os.getpid() != self._pid:
            os._exit(1)
