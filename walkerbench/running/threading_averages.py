"""Compares frames with and without threads, as the threading guide asks (docs/guide.md)."""

from __future__ import annotations

from collections import deque
from statistics import fmean
from typing import Any

_REMEMBERED_FRAMES = 20


class ThreadingAverages:
    """Means over the last 20 frames of each kind; one thread may add frames while another reads."""

    def __init__(self) -> None:
        self._parallel_s: deque[float] = deque(maxlen=_REMEMBERED_FRAMES)
        self._sequential_s: deque[float] = deque(maxlen=_REMEMBERED_FRAMES)

    def add(self, frame_s: float, *, parallel: bool) -> None:
        """Add a frame.

        Args:
            frame_s: From dispatch to barrier, s.
            parallel: Whether its shards ran side by side.
        """
        (self._parallel_s if parallel else self._sequential_s).append(frame_s)

    def as_dict(self) -> dict[str, Any]:
        """Return `status`, `avg_parallel_time`, `avg_sequential_time` and `speedup_ratio`.

        See `TrainingEnvironment.get_threading_performance`.
        """
        # Copied into lists: reading a deque fails while another thread adds to it.
        parallel_s, sequential_s = list(self._parallel_s), list(self._sequential_s)
        parallel = fmean(parallel_s) if parallel_s else None
        sequential = fmean(sequential_s) if sequential_s else None
        return {
            "status": "no_data" if parallel is None else "active",
            "avg_parallel_time": parallel,
            "avg_sequential_time": sequential,
            "speedup_ratio": sequential / parallel if parallel and sequential else None,
        }
