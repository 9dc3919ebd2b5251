"""Limits beyond which the environment stops itself: an emergency shutdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Interval

SLOW_FRAME_S = 2.0
"""A frame that takes longer is slow, by default, s."""

SLOW_FRAMES = 10
"""So many slow frames in a row stop the environment, by default."""


@dataclass(frozen=True, kw_only=True)
class Safeguards:
    """Limits beyond which the environment stops itself, an emergency shutdown.

    Attributes:
        slow_frame_s: A frame that takes longer is slow, s.
        slow_frames: So many slow frames in a row are too many.
        memory_limit_share: Most memory of the process tree, as a share of what the system allows. Checked at every
            checkpoint, and before anything is built.
    """

    slow_frame_s: Annotated[float, Gt(0)] = SLOW_FRAME_S
    slow_frames: Annotated[int, Ge(1)] = SLOW_FRAMES
    memory_limit_share: Annotated[float, Interval(gt=0, le=1)] = 0.8
