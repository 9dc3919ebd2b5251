"""The cases: which fault is injected, how it is looked at, and what must come back. The table of what is proven.

Every case is the shipped default profile, with its criteria, made small: what is proven does not depend on how many
frames and agents there are. The criterion that a case trips has the limit of the profile; the other ones have limits
that no busy machine exceeds, so that it is tripped alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from walkerbench.errors import ExitCode
from walkerbench.modes.faults import EXIT_STATUS, Faults
from walkerbench.modes.registry import BASE_MODE, MODES
from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.profile.safeguards import Safeguards
from walkerbench.selftest.proofs import Expected

Look = Literal["run", "recorded", "recorded, faults not allowed", "interleaved"]
"""How a case is looked at: the run by itself; recorded, and compared with the clean run; measured against a clean side,
interleaved."""

CLEAN = "none: the clean control"
"""The case that others are compared with."""

REGRESSION = "regression"
"""What is tripped where a side is slower, in place of a criterion."""

_MAIN_PHASE = "{main_phase}.max"
_WIDE_LIMITS = {"frame_ms.max": "< 60000", _MAIN_PHASE: "< 60000", "physics_fps": "> 0.1"}
_AGENTS, _WORKERS = 6, 2
_FRAMES, _WARMUP, _CHECKPOINT_EVERY = 620, 20, 60
_FRAME, _NEXT_CHECKPOINT = 300, 359
_STALL_S = 0.25
_IN_FRAME: Mapping[int, float] = {_FRAME: _STALL_S}
_SLOW_FRAME = (_FRAME, _STALL_S * 1e3)
_MEASURED_WARMUP, _MEASURED_FRAMES = 4, 400
_EMERGENCY = Safeguards(slow_frame_s=0.05, slow_frames=3)
_EMERGENCY_FRAMES = (500, 501, 502)
_SHORT_DEADLINE = Safeguards(slow_frame_s=0.5, barrier_timeout_s=1.0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fault, and what must come back.

    Attributes:
        name: The fault, in words.
        look: How it is looked at.
        faults: What is injected.
        exit_codes: One of these must come back.
        trips: The metric of the criterion that must not be met, or `REGRESSION`; None where all must be met.
        slow_frame: Number of the frame that must be named as one of the slowest, and the ms that it takes at least.
        words: Each of these must be said.
        frames: How many frames the profile has.
        safeguards: The profile's.
        only_in: The one mode in which it is carried out; None for every mode.
    """

    name: str
    look: Look
    faults: Faults = field(default_factory=Faults)
    exit_codes: tuple[ExitCode, ...]
    trips: str | None = None
    slow_frame: tuple[int, float] | None = None
    words: tuple[str, ...] = ()
    frames: int = _FRAMES
    safeguards: Safeguards = field(default_factory=Safeguards)
    only_in: str | None = None

    def profile(self, mode: str) -> Profile:
        """Return the profile that is run in a mode.

        Raises:
            UsageError: The mode cannot be used.
        """
        found, default = MODES.find(mode), load_profile("default")
        changes = ProfileOverrides(
            mode=mode,
            workers=_WORKERS if found.traits.side_by_side else None,
            agents=max(_AGENTS, found.fewest_agents),
            frames=self.frames,
            warmup=_MEASURED_WARMUP if self.look == "interleaved" else _WARMUP,
            criteria=tuple(
                f"{_metric(key, default)} {limit}" for key, limit in _WIDE_LIMITS.items() if key != self.trips
            ),
        )
        return dataclasses.replace(
            override(default, changes),
            name="selftest",
            faults=self.faults,
            safeguards=self.safeguards,
            checkpoint_every=_CHECKPOINT_EVERY,
        )

    def expected(self, profile: Profile) -> Expected:
        """Return what must come back.

        Args:
            profile: As returned by `profile`.
        """
        key = None if self.trips is None else _metric(self.trips, profile)
        tripped = [str(criterion) for criterion in profile.criteria if criterion.key == key]
        return Expected(
            exit_codes=self.exit_codes,
            failed=tuple(tripped) or (() if key is None else (key,)),
            slow_frame=self.slow_frame,
            words=self.words,
        )

    def not_applicable(self, mode: str) -> str | None:
        """Return why the fault cannot be injected in a mode, or None.

        Raises:
            UsageError: The mode cannot be used.
        """
        return "; ".join(self.faults.impossible_in(MODES.find(mode).traits).values()) or None


def clean_side(case: Case) -> Case:
    """Return the clean control of a case that is measured interleaved: the same without what is slower or diverges."""
    faults = dataclasses.replace(case.faults, extra_work_percent=0.0, diverge_frame=None)
    return dataclasses.replace(case, faults=faults)


def _metric(key: str, profile: Profile) -> str:
    return key.format(main_phase=profile.make_workload(profile.stages[0]).main_phase.metric)


_EVERY_FRAME_OF_8_MS = Faults(main_phase_stall_frames=dict.fromkeys(range(_MEASURED_FRAMES), 0.008))
"""Frames that mostly wait are as long on a busy machine: what is 10 % slower is seen in a few short rounds."""
_SLOWER = dataclasses.replace(_EVERY_FRAME_OF_8_MS, extra_work_percent=10.0)
_DIVERGING = Faults(diverge_frame=_FRAME)
_EMPTY = Faults(end_frame=_WARMUP)

CASES: tuple[Case, ...] = (
    Case(name=CLEAN, look="run", exit_codes=(ExitCode.PASS,)),
    Case(
        name="a frame of 250 ms",
        look="run",
        faults=Faults(stall_frames=_IN_FRAME),
        exit_codes=(ExitCode.FAIL,),
        trips="frame_ms.max",
        slow_frame=_SLOW_FRAME,
    ),
    Case(
        name="a main phase of 250 ms",
        look="run",
        faults=Faults(main_phase_stall_frames=_IN_FRAME),
        exit_codes=(ExitCode.FAIL,),
        trips=_MAIN_PHASE,
        slow_frame=_SLOW_FRAME,
    ),
    Case(
        name="frames that are all slow",
        look="run",
        frames=120,
        faults=Faults(stall_frames=dict.fromkeys(range(120), 0.005)),
        exit_codes=(ExitCode.FAIL,),
        trips="physics_fps",
    ),
    Case(
        name="slow frames in a row",
        look="run",
        faults=Faults(stall_frames=dict.fromkeys(_EMERGENCY_FRAMES, 0.06)),
        safeguards=_EMERGENCY,
        exit_codes=(ExitCode.FAIL,),
        trips="emergency_shutdowns",
        words=(
            f"emergency shutdown after frame {_EMERGENCY_FRAMES[-1]}: {_EMERGENCY.slow_frames} frames in a row took "
            f"longer than {_EMERGENCY.slow_frame_s:g} s",
        ),
    ),
    Case(
        name="a worker that exits",
        look="run",
        faults=Faults(exit_frame=_FRAME),
        exit_codes=(ExitCode.BROKEN,),
        words=("worker 0 (agents 0 to ", f"exited with status {EXIT_STATUS} in frame {_FRAME}"),
    ),
    Case(
        name="a worker that hangs",
        look="run",
        faults=Faults(hang_frame=_FRAME),
        safeguards=_SHORT_DEADLINE,
        exit_codes=(ExitCode.BROKEN,),
        words=("worker 0 (agents 0 to ", f"did not answer within 1 s in frame {_FRAME}"),
    ),
    Case(
        name="an empty run",
        look="run",
        faults=_EMPTY,
        exit_codes=(ExitCode.INCONCLUSIVE,),
        words=("there are no judged frames",),
    ),
    Case(
        name="an empty run, compared",
        look="recorded",
        faults=_EMPTY,
        exit_codes=(ExitCode.UNUSABLE,),
        words=("the run has no judged frames",),
    ),
    Case(
        name="a trajectory that diverges, recorded",
        look="recorded",
        faults=_DIVERGING,
        exit_codes=(ExitCode.UNUSABLE,),
        words=(f"the first difference is at the checkpoint of frame {_NEXT_CHECKPOINT}: agent 0's ",),
    ),
    Case(
        name="none: a recorded control",
        look="recorded",
        faults=Faults(main_phase_stall_frames={_FRAME: 0.001}),  # changes no trajectory: the runs may be compared
        exit_codes=(ExitCode.INCONCLUSIVE,),  # one run a side decides nothing
        words=("the same in all 2 runs",),
    ),
    Case(
        name="a fault that is not allowed",
        look="recorded, faults not allowed",
        faults=_DIVERGING,
        exit_codes=(ExitCode.UNUSABLE,),
        words=(f"has injected faults: {_DIVERGING.in_words}",),
    ),
    Case(
        name="a trajectory that diverges, measured",
        look="interleaved",
        frames=_MEASURED_FRAMES,
        faults=Faults(diverge_frame=_MEASURED_WARMUP - 1),
        exit_codes=(ExitCode.UNUSABLE,),
        words=(f"not the same work: after frame {_MEASURED_WARMUP - 1}, agent 0 is the first that differs",),
    ),
    Case(
        name="none: a measured control",
        look="interleaved",
        frames=_MEASURED_FRAMES,
        faults=_EVERY_FRAME_OF_8_MS,
        exit_codes=(ExitCode.PASS, ExitCode.INCONCLUSIVE),
        only_in=BASE_MODE,
    ),
    Case(
        name="steps that are 10 % slower",
        look="interleaved",
        frames=_MEASURED_FRAMES,
        faults=_SLOWER,
        exit_codes=(ExitCode.FAIL,),
        trips=REGRESSION,
        words=("regression: frame time of ", "slower by more than 2 %"),
    ),
)
"""Every case, in the order in which they are carried out."""
