"""Decides when the environment stops itself: after too many slow frames in a row."""

from __future__ import annotations

from walkerbench.profile.safeguards import Safeguards


class SlowFrameWatch:
    """Counts consecutive frames slower than the limit.

    Args:
        safeguards: The limits.
    """

    def __init__(self, safeguards: Safeguards) -> None:
        self._limit_ns = int(safeguards.slow_frame_s * 1e9)
        self._safeguards = safeguards
        self._consecutive = 0

    def observe(self, wall_ns: int) -> str | None:
        """Count one frame's time, and return why to stop, or None to go on."""
        self._consecutive = self._consecutive + 1 if wall_ns > self._limit_ns else 0
        if self._consecutive < self._safeguards.slow_frames:
            return None
        return f"{self._consecutive} frames in a row took longer than {self._safeguards.slow_frame_s:g} s"
