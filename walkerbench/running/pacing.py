"""Decides when the next frame may start."""

from __future__ import annotations

import time


class Pacer:
    """Starts frames at a steady rate; a late frame starts at once, and the next ones follow from there.

    Args:
        frames_per_second: The rate, or None for as fast as possible.
    """

    def __init__(self, frames_per_second: float | None) -> None:
        self.change(frames_per_second)
        self._due_ns = 0

    def change(self, frames_per_second: float | None) -> None:
        """Change the rate from the next frame on; may be called from any thread."""
        self._period_ns = None if frames_per_second is None else round(1e9 / frames_per_second)

    def spare_ns(self, now_ns: int) -> int:
        """Return the time until the next frame is due; 0 without a rate.

        Args:
            now_ns: In `perf_counter_ns`.
        """
        return 0 if self._period_ns is None else max(0, self._due_ns - now_ns)

    def wait(self) -> None:
        """Sleep until the next frame is due."""
        period_ns = self._period_ns
        if period_ns is None:
            return
        now = time.perf_counter_ns()
        if self._due_ns > now:
            time.sleep((self._due_ns - now) / 1e9)
        self._due_ns = max(self._due_ns, now) + period_ns
