"""What makes the environment stop itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Interval


@dataclass(frozen=True, kw_only=True)
class Safeguards:
    """Limits beyond which the environment stops itself, an emergency shutdown.

    Attributes:
        slow_frame_s: A frame that takes longer is slow, s.
        slow_frames: So many slow frames in a row are too many.
        memory_limit_share: Most memory of the process tree, as a share of what the system allows. Looked at at every
            checkpoint, and before anything is built.
        bodies_limit: Most Box2D bodies, the ground of each world included. Looked at at every checkpoint.
    """

    slow_frame_s: Annotated[float, Gt(0)] = 2.0
    slow_frames: Annotated[int, Ge(1)] = 10
    memory_limit_share: Annotated[float, Interval(gt=0, le=1)] = 0.8
    bodies_limit: Annotated[int, Ge(1)] = 100_000


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
        """Take in one frame's time; say why to stop, or None to go on."""
        self._consecutive = self._consecutive + 1 if wall_ns > self._limit_ns else 0
        if self._consecutive < self._safeguards.slow_frames:
            return None
        return f"{self._consecutive} frames in a row took longer than {self._safeguards.slow_frame_s:g} s"
