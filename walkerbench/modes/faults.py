"""Faults that are injected on purpose, to test that criteria detect them."""

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
"""Exit status of worker 0's process where a fault makes it exit."""

_Frame = Annotated[int, Interval(ge=0, le=10_000_000_000)]
_Stalls = Annotated[Mapping[_Frame, Annotated[float, Interval(ge=1e-6, le=3600)]], Len(0, 1000)]
_Phase = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Faults:
    """The faults to inject. Frames are numbered within their stage.

    Attributes:
        extra_work_percent: Real work added to every worker's frame, in percent of the time that its own work took.
        stall_frames: Frame → seconds for which worker 0 sleeps before its phases.
        main_phase_stall_frames: Frame → seconds for which worker 0 sleeps within the workload's main phase.
        exit_frame: The frame in which worker 0's process exits; None for none.
        hang_frame: The frame in which worker 0 stops answering; None for none.
        diverge_frame: The frame in which worker 0 skips all phases: its agents miss a step, and the trajectory differs
            from then on; None for none.
        end_frame: The frame before which each stage of a run ends, as if its time were over; None for the profile's own
            end. Where the frame is within the warm-up, the run has no judged frames.
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
        """Whether any fault is injected."""
        return self != Faults()

    @property
    def frames(self) -> Mapping[str, tuple[int, ...]]:
        """The frames in which faults are injected, by the fault's key."""
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
            reasons["hang_frame"] = "its worker runs in the thread that would have to detect the hang"
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
    """Raise an error where faults are injected: a verdict would say nothing about the code.

    Args:
        injected: A reader's name for each thing that is compared or judged, and its faults in words or None.

    Raises:
        InjectedFaults: At least one has faults; one line for each.
    """
    lines = [f"{what} has injected faults: {faults}; remove them, or allow them" for what, faults in injected if faults]
    if lines:
        raise InjectedFaults(*dict.fromkeys(lines))


class FaultInjector:
    """Carries out the faults within one worker.

    Args:
        faults: What to inject.
        worker: The worker's number; only worker 0 carries out faults other than extra work.
    """

    def __init__(self, faults: Faults, worker: int) -> None:
        self._share = faults.extra_work_percent / 100.0
        self._faults = faults if worker == 0 else Faults()
        self._matrix = np.full((16, 16), 1 / 16, np.float32)

    def phases(self, phases: Mapping[str, _Phase], main_phase: str) -> Mapping[str, _Phase]:
        """Return a shard's phases, changed so that they carry out the faults within phases.

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
        """Exit, hang or sleep where that is the fault of this frame."""
        if frame == self._faults.exit_frame:
            os._exit(EXIT_STATUS)
        if frame == self._faults.hang_frame:
            threading.Event().wait()
        if frame in self._faults.stall_frames:
            time.sleep(self._faults.stall_frames[frame])

    def after(self, spent_ns: int) -> None:
        """Compute for `extra_work_percent` of the time that the frame's own work took."""
        # Limited by time, not by a number of steps: the percentage then holds on every machine and for every workload.
        deadline = time.perf_counter_ns() + int(spent_ns * self._share)
        while time.perf_counter_ns() < deadline:
            self._matrix = self._matrix @ self._matrix


@dataclass(frozen=True)
class _FaultyPhase:
    """A phase that sleeps before its work in some frames, and is skipped in one."""

    phase: _Phase
    stalls: Mapping[int, float]
    left_out: int | None

    def __call__(self, frame: int) -> None:
        if frame in self.stalls:
            time.sleep(self.stalls[frame])
        if frame != self.left_out:
            self.phase(frame)
