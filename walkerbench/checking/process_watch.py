"""Observes what a workload's code does in its process: clocks, random streams, threads, children, output."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from walkerbench.system.leftover_processes import own_children

_CLOCKS = (
    *("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"),
    *("process_time", "process_time_ns", "localtime", "gmtime"),
)
_PACKAGE = str(Path(__file__).resolve().parents[1])
_STANDARD_LIBRARY = str(Path(os.__file__).parent)
_HARNESS_THREADS = "walkerbench-worker"


class ProcessWatch:
    """Remembers the state of this process when the watch is made, and reports what has changed since then.

    Attributes:
        clocks: Functions of the clock that code outside walkerbench has called within `clocks_watched`.
    """

    def __init__(self) -> None:
        self.clocks: set[str] = set()
        self._directory = Path.cwd()
        self._streams = sys.stdout, sys.stderr
        self._children = own_children()
        self._threads = _threads()

    @contextmanager
    def clocks_watched(self) -> Iterator[None]:
        """Record which functions of the module `time` other code calls within the block, or imports to call later."""
        real = {name: getattr(time, name) for name in _CLOCKS}
        for name, function in real.items():
            setattr(time, name, self._noting(name, function))
        try:
            yield
        finally:
            for name, function in real.items():
                setattr(time, name, function)

    def _noting(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            caller = sys._getframe(1).f_code.co_filename  # noqa: SLF001  any other way is much slower
            if not caller.startswith((_PACKAGE, "<frozen")) and not _is_standard(caller):
                self.clocks.add(f"time.{name}")
            return function(*arguments)

        return noted

    def threads_started(self) -> int:
        """Return how many more threads there are now, without those of the harness."""
        return max(0, _threads() - self._threads)

    def children_left(self) -> int:
        """Return how many more child processes there are now, without the tracker of multiprocessing."""
        return len(own_children() - self._children)

    def changes(self) -> Iterator[str]:
        """Yield what has changed, in words."""
        try:
            directory = Path.cwd()
        except OSError:
            yield "the working directory is gone"
        else:
            if directory != self._directory:
                yield f"the working directory is {directory} in place of {self._directory}"
        for name, before, now in zip(("stdout", "stderr"), self._streams, (sys.stdout, sys.stderr), strict=True):
            if before is not now:
                yield f"sys.{name} is replaced by a {type(now).__name__}"


class RandomStreams:
    """Watches the global random streams, which workloads should not use.

    Attributes:
        drawn: Names of the streams that were drawn from.
    """

    def __init__(self) -> None:
        self.drawn: set[str] = set()
        self._states: tuple[Any, Any] = (None, None)

    def seed(self, number: int) -> None:
        """Seed both streams with a number."""
        random.seed(number)
        np.random.seed(number)  # noqa: NPY002  the global stream is the one to seed
        self._states = _states()

    def look(self) -> None:
        """Record which streams were drawn from since the last call of `look` or `seed`."""
        now = _states()
        for name, before, after in zip(("random", "numpy.random"), self._states, now, strict=True):
            if before != after:
                self.drawn.add(name)
        self._states = now


def _states() -> tuple[Any, Any]:
    name, keys, *others = np.random.get_state(legacy=True)  # noqa: NPY002
    return random.getstate(), (name, np.asarray(keys).tobytes(), *others)


def _threads() -> int:
    tasks = Path("/proc/self/task")
    ours = sum(each.name.startswith(_HARNESS_THREADS) for each in threading.enumerate())
    return (len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()) - ours


def _is_standard(filename: str) -> bool:
    return filename.startswith(_STANDARD_LIBRARY) and "site-packages" not in filename
