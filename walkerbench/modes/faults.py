"""Faults injected on purpose, to see the criteria catch what they exist for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from annotated_types import Ge, Interval


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What is injected.

    Attributes:
        extra_work_percent: Real work added to every worker's frame, in percent of what the frame took it.
        stall_frames: Frame → seconds for which worker 0 stands still before its phases.
    """

    extra_work_percent: Annotated[float, Interval(ge=0, le=1000)] = 0.0
    stall_frames: Mapping[Annotated[int, Ge(0)], Annotated[float, Interval(gt=0, le=3600)]] = field(
        default_factory=dict
    )

    @property
    def active(self) -> bool:
        """Whether anything is injected at all."""
        return self.extra_work_percent > 0 or bool(self.stall_frames)

    def describe(self) -> str:
        """Return in words what is injected."""
        parts = []
        if self.extra_work_percent > 0:
            parts.append(f"extra work of {self.extra_work_percent:g} % in every frame")
        parts += [f"a stall of {seconds:g} s in frame {frame}" for frame, seconds in sorted(self.stall_frames.items())]
        return "; ".join(parts) or "none"


class FaultInjector:
    """Carries out the faults within one worker.

    Args:
        faults: What to inject.
        worker: The worker's number; only worker 0 stalls.
    """

    def __init__(self, faults: Faults, worker: int) -> None:
        self._share = faults.extra_work_percent / 100.0
        self._stalls = dict(faults.stall_frames) if worker == 0 else {}
        self._matrix = np.full((16, 16), 1 / 16, np.float32)

    def before(self, frame: int) -> None:
        """Stand still if this frame is to stall."""
        if frame in self._stalls:
            time.sleep(self._stalls[frame])

    def after(self, spent_ns: int) -> None:
        """Compute for the chosen share of the time that the frame's own work took."""
        # Bound by time, not by a count: the percentage then holds on every machine and for every workload.
        deadline = time.perf_counter_ns() + int(spent_ns * self._share)
        while time.perf_counter_ns() < deadline:
            self._matrix = self._matrix @ self._matrix
