"""Limits beyond which the environment stops itself: an emergency shutdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from walkerbench.modes.contract import BARRIER_TIMEOUT_S

SLOW_FRAME_S = 2.0
"""A frame that takes longer is slow, by default, s."""

SLOW_FRAMES = 10
"""How many slow frames in a row stop the environment, by default."""


@dataclass(frozen=True, kw_only=True)
class Safeguards:
    """Limits beyond which the environment stops itself, an emergency shutdown.

    Attributes:
        slow_frame_s: A frame that takes longer is slow, s.
        slow_frames: How many slow frames in a row stop the environment.
        barrier_timeout_s: A worker hangs where a frame or a checkpoint takes longer, s: the run is broken. Must be
            longer than `slow_frame_s`; None for `modes.contract.BARRIER_TIMEOUT_S`, or twice `slow_frame_s` where
            that is longer.
        memory_limit_share: Most memory of the process tree, as a share of the memory that the system allows. Checked at
            every checkpoint, and before anything is built.
    """

    slow_frame_s: Annotated[float, Interval(ge=1e-6, le=86_400)] = SLOW_FRAME_S
    slow_frames: Annotated[int, Interval(ge=1, le=1_000_000)] = SLOW_FRAMES
    barrier_timeout_s: Annotated[float, Interval(ge=1e-3, le=604_800)] | None = None
    memory_limit_share: Annotated[float, Interval(ge=1e-6, le=1)] = 0.8

    @property
    def hung_after_s(self) -> float:
        """How long a frame may take before its workers count as hung, s."""
        return self.barrier_timeout_s or max(BARRIER_TIMEOUT_S, 2 * self.slow_frame_s)
