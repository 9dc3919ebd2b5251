"""The cases that the self-test proves: which fault is injected, how the case is run, and which result is expected.

Every case runs the shipped default profile with its criteria, and with fewer frames and agents: the proof does not
depend on their number. The criterion that a case must fail keeps the profile's limit. The other criteria get limits
that a busy machine meets, too, so that only the one criterion fails.
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

Method = Literal["run", "recorded", "recorded, faults not allowed", "interleaved", "interleaved, clean candidate"]
"""How a case is run: a run that is judged alone; a recorded run that is compared with the clean run; or two sides that
are measured interleaved, of which one is clean: the base, or the candidate where the method says so."""

CLEAN = "none: the clean control"
"""The case that others are compared with."""

REGRESSION = "regression"
"""The word, in place of a criterion, for a case whose side must be found slower."""

_MAIN_PHASE = "{main_phase}.max"
_WIDE_LIMITS = {"frame_ms.max": "< 60000", _MAIN_PHASE: "< 60000", "physics_fps": "> 0.1"}
_AGENTS, _WORKERS = 6, 2
_FRAMES, _WARMUP, _CHECKPOINT_EVERY = 620, 20, 60
_FRAME, _NEXT_CHECKPOINT = 300, 359
_STALL_S = 0.25
_STALL_IN_ONE_FRAME: Mapping[int, float] = {_FRAME: _STALL_S}
_SLOW_FRAME = (_FRAME, _STALL_S * 1e3)
_MEASURED_WARMUP, _MEASURED_FRAMES = 4, 400
_EMERGENCY = Safeguards(slow_frame_s=0.05, slow_frames=3)
_EMERGENCY_FRAMES = (500, 501, 502)
_SHORT_DEADLINE = Safeguards(slow_frame_s=0.5, barrier_timeout_s=1.0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fault, and the expected result.

    Attributes:
        name: The fault, in words.
        method: How the case is run.
        faults: What is injected.
        exit_codes: The exit code must be one of these.
        fails: The metric of the criterion that must not be met, or `REGRESSION`; None where all must be met.
        slow_frame: Number of the frame that must be named as one of the slowest, and the ms that it takes at least.
        words: The output must contain each of these texts.
        frames: How many frames the profile has.
        safeguards: Safeguards of the profile.
        only_in: The only mode in which the case is run; None for every mode.
    """

    name: str
    method: Method
    faults: Faults = field(default_factory=Faults)
    exit_codes: tuple[ExitCode, ...]
    fails: str | None = None
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
            warmup=_MEASURED_WARMUP if self.method.startswith("interleaved") else _WARMUP,
            criteria=tuple(
                f"{_metric(key, default)} {limit}" for key, limit in _WIDE_LIMITS.items() if key != self.fails
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
        """Return the expected result.

        Args:
            profile: As returned by `profile`.
        """
        key = None if self.fails is None else _metric(self.fails, profile)
        failing = [str(criterion) for criterion in profile.criteria if criterion.key == key]
        return Expected(
            exit_codes=self.exit_codes,
            failed=tuple(failing) or (() if key is None else (key,)),
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
    """Return the clean side of an interleaved case: the same case without slower steps and without divergence."""
    faults = dataclasses.replace(case.faults, extra_work_percent=0.0, diverge_frame=None)
    return dataclasses.replace(case, faults=faults)


def _metric(key: str, profile: Profile) -> str:
    return key.format(main_phase=profile.make_workload(profile.stages[0]).main_phase.metric)


_EVERY_FRAME_OF_8_MS = Faults(main_phase_stall_frames=dict.fromkeys(range(_MEASURED_FRAMES), 0.008))
"""Frames that mostly wait take the same time on a busy machine, so a few short rounds show a slowdown of 10 %."""
_SLOWER = dataclasses.replace(_EVERY_FRAME_OF_8_MS, extra_work_percent=10.0)
_DIVERGING = Faults(diverge_frame=_FRAME)
_EMPTY = Faults(end_frame=_WARMUP)

CASES: tuple[Case, ...] = (
    Case(name=CLEAN, method="run", exit_codes=(ExitCode.PASS,)),
    Case(
        name="a frame of 250 ms",
        method="run",
        faults=Faults(stall_frames=_STALL_IN_ONE_FRAME),
        exit_codes=(ExitCode.FAIL,),
        fails="frame_ms.max",
        slow_frame=_SLOW_FRAME,
    ),
    Case(
        name="a main phase of 250 ms",
        method="run",
        faults=Faults(main_phase_stall_frames=_STALL_IN_ONE_FRAME),
        exit_codes=(ExitCode.FAIL,),
        fails=_MAIN_PHASE,
        slow_frame=_SLOW_FRAME,
    ),
    Case(
        name="frames that are all slow",
        method="run",
        frames=120,
        faults=Faults(stall_frames=dict.fromkeys(range(120), 0.005)),
        exit_codes=(ExitCode.FAIL,),
        fails="physics_fps",
    ),
    Case(
        name="slow frames in a row",
        method="run",
        faults=Faults(stall_frames=dict.fromkeys(_EMERGENCY_FRAMES, 0.06)),
        safeguards=_EMERGENCY,
        exit_codes=(ExitCode.FAIL,),
        fails="emergency_shutdowns",
        words=(
            f"emergency shutdown after frame {_EMERGENCY_FRAMES[-1]}: {_EMERGENCY.slow_frames} frames in a row took "
            f"longer than {_EMERGENCY.slow_frame_s:g} s",
        ),
    ),
    Case(
        name="a worker that exits",
        method="run",
        faults=Faults(exit_frame=_FRAME),
        exit_codes=(ExitCode.BROKEN,),
        words=("worker 0 (agents 0 to ", f"exited with status {EXIT_STATUS} in frame {_FRAME}"),
    ),
    Case(
        name="a worker that hangs",
        method="run",
        faults=Faults(hang_frame=_FRAME),
        safeguards=_SHORT_DEADLINE,
        exit_codes=(ExitCode.BROKEN,),
        words=("worker 0 (agents 0 to ", f"did not answer within 1 s in frame {_FRAME}"),
    ),
    Case(
        name="an empty run",
        method="run",
        faults=_EMPTY,
        exit_codes=(ExitCode.INCONCLUSIVE,),
        words=("there are no judged frames",),
    ),
    Case(
        name="an empty run, compared",
        method="recorded",
        faults=_EMPTY,
        exit_codes=(ExitCode.UNUSABLE,),
        words=("the run has no judged frames",),
    ),
    Case(
        name="a trajectory that diverges, recorded",
        method="recorded",
        faults=_DIVERGING,
        exit_codes=(ExitCode.UNUSABLE,),
        words=(f"the first difference is at the checkpoint of frame {_NEXT_CHECKPOINT}: agent 0's ",),
    ),
    Case(
        name="none: a recorded control",
        method="recorded",
        faults=Faults(main_phase_stall_frames={_FRAME: 0.001}),  # changes no trajectory: the runs may be compared
        exit_codes=(ExitCode.INCONCLUSIVE,),  # one run per side decides nothing
        words=("the same in all 2 runs",),
    ),
    Case(
        name="a fault that is not allowed",
        method="recorded, faults not allowed",
        faults=_DIVERGING,
        exit_codes=(ExitCode.UNUSABLE,),
        words=(f"has injected faults: {_DIVERGING.in_words}",),
    ),
    Case(
        name="a trajectory that diverges, measured",
        method="interleaved",
        frames=_MEASURED_FRAMES,
        faults=Faults(diverge_frame=_MEASURED_WARMUP - 1),
        exit_codes=(ExitCode.UNUSABLE,),
        words=(f"not the same work: after frame {_MEASURED_WARMUP - 1}, agent 0 is the first that differs",),
    ),
    Case(
        name="none: a measured control",
        method="interleaved",
        frames=_MEASURED_FRAMES,
        faults=_EVERY_FRAME_OF_8_MS,
        exit_codes=(ExitCode.PASS, ExitCode.INCONCLUSIVE),
        only_in=BASE_MODE,
    ),
    Case(
        name="steps that are 10 % slower",
        method="interleaved",
        frames=_MEASURED_FRAMES,
        faults=_SLOWER,
        exit_codes=(ExitCode.FAIL,),
        fails=REGRESSION,
        words=("regression: candidate is ", " times as fast as ", "slower by more than 2 %"),
    ),
    Case(
        name="steps that were 10 % slower before",
        method="interleaved, clean candidate",
        frames=_MEASURED_FRAMES,
        faults=_SLOWER,
        exit_codes=(ExitCode.PASS,),
        words=("faster: candidate is ", " times as fast as "),
        only_in=BASE_MODE,
    ),
)
"""Every case, in the order in which the cases are run."""
