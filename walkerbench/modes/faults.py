"""Faults injected on purpose, to see the criteria catch what they exist for."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from annotated_types import Interval, Len

from walkerbench.errors import InjectedFaults
from walkerbench.modes.traits import ModeTraits

EXIT_STATUS = 99
"""What worker 0's process exits with where a fault lets it exit."""

_Frame = Annotated[int, Interval(ge=0, le=10_000_000_000)]
_Stalls = Annotated[Mapping[_Frame, Annotated[float, Interval(ge=1e-6, le=3600)]], Len(0, 1000)]
_Phase = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What is injected; a frame's number is the one within its stage.

    Attributes:
        extra_work_percent: Real work added to every worker's frame, in percent of what the frame took it.
        stall_frames: Frame → seconds for which worker 0 stands still before its phases.
        main_phase_stall_frames: Frame → seconds for which worker 0 stands still within the workload's main phase.
        exit_frame: The frame in which worker 0's process exits; None for none.
        hang_frame: The frame from which on worker 0 no longer answers; None for none.
        diverge_frame: The frame of which worker 0 leaves out all phases, so that its agents miss a step and the
            trajectory is another one from there on; None for none.
        end_frame: The frame before which each stage of a run ends, as if its time were over: where that is not beyond
            the warm-up, the run has no judged frames; None for the profile's own end.
    """

    extra_work_percent: Annotated[float, Interval(ge=0, le=1000)] = 0.0
    stall_frames: _Stalls = field(default_factory=dict)
    main_phase_stall_frames: _Stalls = field(default_factory=dict)
    exit_frame: _Frame | None = None
    hang_frame: _Frame | None = None
    diverge_frame: _Frame | None = None
    end_frame: Annotated[int, Interval(ge=1, le=10_000_000_000)] | None = None

    @property
    def active(self) -> bool:
        """Whether anything is injected at all."""
        return self != Faults()

    @property
    def frames(self) -> Mapping[str, tuple[int, ...]]:
        """The frames that faults are injected in, by the fault's key."""
        single = {key: getattr(self, key) for key in ("exit_frame", "hang_frame", "diverge_frame", "end_frame")}
        return {
            "stall_frames": tuple(self.stall_frames),
            "main_phase_stall_frames": tuple(self.main_phase_stall_frames),
            **{key: (frame,) for key, frame in single.items() if frame is not None},
        }

    def impossible_in(self, traits: ModeTraits) -> Mapping[str, str]:
        """Return the faults that cannot be injected in a mode, each by its key with the reason.

        Args:
            traits: Where the mode runs its shards.
        """
        reasons = {}
        if self.exit_frame is not None and not traits.own_processes:
            reasons["exit_frame"] = "its workers share a process, which would exit as a whole"
        if self.hang_frame is not None and not traits.side_by_side:
            reasons["hang_frame"] = "its worker is the thread that would have to notice"
        return reasons

    @property
    def in_words(self) -> str | None:
        """What is injected, in words; None for nothing."""
        parts = []
        if self.extra_work_percent > 0:
            parts.append(f"extra work of {self.extra_work_percent:g} % in every frame")
        for where, stalls in (("", self.stall_frames), ("the main phase of ", self.main_phase_stall_frames)):
            parts += [f"a stall of {seconds:g} s in {where}frame {frame}" for frame, seconds in sorted(stalls.items())]
        if self.exit_frame is not None:
            parts.append(f"worker 0 exits in frame {self.exit_frame}")
        if self.hang_frame is not None:
            parts.append(f"worker 0 hangs in frame {self.hang_frame}")
        if self.diverge_frame is not None:
            parts.append(f"worker 0 leaves out frame {self.diverge_frame}")
        if self.end_frame is not None:
            parts.append(f"the end before frame {self.end_frame}")
        return "; ".join(parts) or None


def refuse_faults(injected: Iterable[tuple[str, str | None]]) -> None:
    """Refuse what has injected faults: a verdict on it says nothing of the code.

    Args:
        injected: What is compared or judged, for a reader, each with its faults in words or None.

    Raises:
        InjectedFaults: Something has faults; a line for each.
    """
    lines = [f"{what} has injected faults: {faults}; remove them, or allow them" for what, faults in injected if faults]
    if lines:
        raise InjectedFaults(*dict.fromkeys(lines))


class FaultInjector:
    """Carries out the faults within one worker.

    Args:
        faults: What to inject.
        worker: The worker's number; extra work apart, faults are worker 0's alone.
    """

    def __init__(self, faults: Faults, worker: int) -> None:
        self._share = faults.extra_work_percent / 100.0
        self._faults = faults if worker == 0 else Faults()
        self._matrix = np.full((16, 16), 1 / 16, np.float32)

    def phases(self, phases: Mapping[str, _Phase], main_phase: str) -> Mapping[str, _Phase]:
        """Return a shard's phases with the faults that lie within them.

        Args:
            phases: Each phase's function, by its name.
            main_phase: The main phase's name.
        """
        stalls, left_out = self._faults.main_phase_stall_frames, self._faults.diverge_frame
        if not stalls and left_out is None:
            return phases
        return {
            name: _FaultyPhase(phase, stalls if name == main_phase else {}, left_out) for name, phase in phases.items()
        }

    def before(self, frame: int) -> None:
        """Exit, hang or stand still if that is this frame's fault."""
        if frame == self._faults.exit_frame:
            os._exit(EXIT_STATUS)
        if frame == self._faults.hang_frame:
            threading.Event().wait()
        if frame in self._faults.stall_frames:
            time.sleep(self._faults.stall_frames[frame])

    def after(self, spent_ns: int) -> None:
        """Compute for the chosen share of the time that the frame's own work took."""
        # Bound by time, not by a count: the percentage then holds on every machine and for every workload.
        deadline = time.perf_counter_ns() + int(spent_ns * self._share)
        while time.perf_counter_ns() < deadline:
            self._matrix = self._matrix @ self._matrix


@dataclass(frozen=True)
class _FaultyPhase:
    """A phase that first stands still in some frames, and is left out in one."""

    phase: _Phase
    stalls: Mapping[int, float]
    left_out: int | None

    def __call__(self, frame: int) -> None:
        if frame in self.stalls:
            time.sleep(self.stalls[frame])
        if frame != self.left_out:
            self.phase(frame)
