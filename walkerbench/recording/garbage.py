"""How long this process has spent collecting garbage."""

from __future__ import annotations

import gc
import time
from types import TracebackType
from typing import Any, Self


class GarbageClock:
    """Adds up the time of every collection in this process between entering and leaving it.

    Attributes:
        total_ns: The sum so far, in nanoseconds.
    """

    def __init__(self) -> None:
        self.total_ns = 0
        self._begun_ns: int | None = None

    def __enter__(self) -> Self:
        gc.callbacks.append(self._observe)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        gc.callbacks.remove(self._observe)
        self._begun_ns = None

    def _observe(self, phase: str, _info: dict[str, Any]) -> None:
        # Collections do not nest; one that was under way while the clock was entered has no beginning here.
        if phase == "start":
            self._begun_ns = time.perf_counter_ns()
        elif self._begun_ns is not None:
            self.total_ns += time.perf_counter_ns() - self._begun_ns
            self._begun_ns = None
