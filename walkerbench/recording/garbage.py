"""Measures how long this process collects garbage."""

from __future__ import annotations

import gc
import threading
import time
from types import TracebackType
from typing import Any, Self


class GarbageClock:
    """A context manager that adds up the time of every garbage collection in this process.

    Attributes:
        total_ns: The sum so far, in nanoseconds.
    """

    def __init__(self) -> None:
        self.total_ns = 0
        self._begun_ns: int | None = None
        self._by_thread_ns: dict[int, int] = {}

    def __enter__(self) -> Self:
        gc.callbacks.append(self._observe)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        gc.callbacks.remove(self._observe)
        self._begun_ns = None

    def own_ns(self) -> int:
        """Return the sum so far of the collections that the calling thread did itself, ns."""
        return self._by_thread_ns.get(threading.get_ident(), 0)

    def _observe(self, phase: str, _info: dict[str, Any]) -> None:
        # Collections do not nest; one that began before the clock was entered has no beginning here.
        if phase == "start":
            self._begun_ns = time.perf_counter_ns()
        elif self._begun_ns is not None:
            spent_ns = time.perf_counter_ns() - self._begun_ns
            self._begun_ns = None
            self.total_ns += spent_ns
            # Python calls this in the thread that does the collection.
            self._by_thread_ns[threading.get_ident()] = self.own_ns() + spent_ns
