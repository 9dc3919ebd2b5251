"""The result of a comparison, in one form for sides measured now and for recorded runs.

Every comparison gives a `Compared`. Every report and the exit code are made from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from walkerbench.comparison.verdicts import Comparison, ComparisonVerdict
from walkerbench.criteria.statistics import summarise
from walkerbench.errors import ExitCode, most_severe
from walkerbench.modes.traits import ModeTraits
from walkerbench.recording.code_facts import CodeFacts
from walkerbench.slow_frames.attribution import TimeShare
from walkerbench.workloads.main_phase import MainPhase

METRIC = "frame"
"""The compared metric: the wall time of frames, `frame_ms`."""

_EXIT_CODE_OF_VERDICT: Mapping[ComparisonVerdict, ExitCode] = {
    "regression": ExitCode.FAIL,
    "inconclusive": ExitCode.INCONCLUSIVE,
    "no regression": ExitCode.PASS,
    "faster": ExitCode.PASS,
}


@dataclass(frozen=True, kw_only=True)
class ComparedSide:
    """One side of a comparison.

    Attributes:
        label: Its name in messages and reports.
        mode: The mode that ran its shards.
        traits: Where that mode ran them.
        workers: How many shards.
        fallback: Why that mode is not the one asked for, or None.
        code: Which code ran.
        faults: What was injected, in words, or None.
        frames: How many frames were judged.
        frames_per_s: Judged frames ÷ their summed wall time; of recorded repeats the median, like every figure below.
        repetition_ms: Mean frame time of each round, or of each recorded run.
        frame_ms: Each of `STATISTICS` of the frame time, None where there are too few frames for it.
        main_phase: The workload's phase that is shown beside the frame.
        main_phase_ms: The same statistics of the main phase's time.
        effective_cores: CPU seconds of the process tree per second; None where not measured.
        shares: Where the judged frames' time went; empty where that is not known.
        gil_enabled: Whether its interpreter's global lock was on.
        digest: The trajectory's digest; None where nothing was digested.
    """

    label: str
    mode: str
    traits: ModeTraits
    workers: int
    fallback: str | None
    code: CodeFacts
    faults: str | None
    frames: int
    frames_per_s: float
    repetition_ms: tuple[float, ...]
    frame_ms: Mapping[str, float | None]
    main_phase: MainPhase
    main_phase_ms: Mapping[str, float | None]
    effective_cores: float | None
    shares: tuple[TimeShare, ...]
    gil_enabled: bool
    digest: str | None


@dataclass(frozen=True, kw_only=True)
class ComparedTimes:
    """The single times behind a comparison, for what draws them; they are no part of its JSON.

    Attributes:
        frame_ns: For each side, the base first, `(frames,)`, int64: the wall time of every judged frame.
        round_ratios: For each candidate `(rounds,)`, float64: its time ÷ the base's time in each round, the values that
            the verdict is made from; no arrays for recorded runs, whose values are the sides' `repetition_ms`.
    """

    frame_ns: tuple[NDArray[np.int64], ...]
    round_ratios: tuple[NDArray[np.float64], ...]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A comparison: its sides, its verdicts and what they rest on.

    Attributes:
        how: `interleaved` for sides measured together in rounds, `recorded` for runs recorded before.
        repetitions: What was repeated, in words: `13 rounds of 12 blocks of 74 frames`.
        profile: Name of the profile.
        sides: The base first.
        comparisons: One per candidate, in the sides' order.
        same_work: What is known about the work that the sides did, in a sentence.
        did_same_work: Whether the sides are proved to have done the same work.
        same_work_not_proven: Why that cannot be proved, where a side's workload digests nothing; else None.
        same_as_base: Labels of the candidates that ran the base's code in the base's way: an A/A comparison.
        tolerance: The smallest slowdown or speed-up that matters; 0.02 is 2 %.
        alpha: Family-wise error rate.
        machine: Facts of the machine.
        times: The single times of frames and rounds.
    """

    how: Literal["interleaved", "recorded"]
    repetitions: str
    profile: str
    sides: tuple[ComparedSide, ...]
    comparisons: tuple[Comparison, ...]
    same_work: str
    did_same_work: bool
    same_as_base: tuple[str, ...]
    tolerance: float
    alpha: float
    machine: Mapping[str, Any]
    times: ComparedTimes = field(repr=False, compare=False)
    same_work_not_proven: str | None = None

    @property
    def base(self) -> ComparedSide:
        """Return the side that the others are compared with."""
        return self.sides[0]

    @property
    def exit_code(self) -> ExitCode:
        """Return `FAIL` where a verdict is regression, else `INCONCLUSIVE` where one is inconclusive, else `PASS`."""
        return most_severe(_EXIT_CODE_OF_VERDICT[comparison.verdict] for comparison in self.comparisons)

    @property
    def is_inconclusive(self) -> bool:
        """Return whether a verdict is inconclusive."""
        return any(comparison.verdict == "inconclusive" for comparison in self.comparisons)

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the single times as plain data for JSON."""
        content = dataclasses.asdict(self)
        del content["times"]
        return content


def statistics_ms(nanoseconds: NDArray[np.int64]) -> dict[str, float | None]:
    """Return each of `STATISTICS` in ms of `(frames,)` nanoseconds; None where there are too few frames."""
    return {name: None if value is None else value / 1e6 for name, value in summarise(nanoseconds).items()}
