"""Runs as the page names and colours them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.criteria.grammar import parse_criterion
from walkerbench.errors import UsageError
from walkerbench.reports.wording.numbers import counted
from walkerbench.reports.wording.subject import subject
from walkerbench.run_directory import RecordedRun, RunFile
from walkerbench.shown_text import MOST_IN_A_NAME, shortened
from walkerbench.slow_frames.explanations import limits_of

MOST_RUNS = 8
"""As many as there are colours that can be told apart."""

_NS_PER_MS = 1e6


@dataclass(frozen=True)
class LabelledRun:
    """A run of the page.

    Attributes:
        label: What it is called; a letter first where there are several.
        colour: Its colour, as the name of a CSS custom property.
        recorded: The run, concluded.
    """

    label: str
    colour: str
    recorded: RecordedRun

    @property
    def run(self) -> RunFile:
        """Its `run.json`."""
        return self.recorded.run

    @property
    def judged_positions(self) -> NDArray[np.intp]:
        """Positions, among its frames, of those that are judged."""
        return np.flatnonzero(self.recorded.frames["warmup"] == 0)

    @property
    def judged(self) -> NDArray[Any]:
        """`(frames,)`, structured: those frames."""
        judged: NDArray[Any] = self.recorded.frames[self.judged_positions]
        return judged


def label_runs(recorded: Sequence[RecordedRun]) -> tuple[LabelledRun, ...]:
    """Name and colour runs.

    Args:
        recorded: The runs, concluded, in the order of the page.

    Raises:
        UsageError: There are more of them than colours.
    """
    if len(recorded) > MOST_RUNS:
        raise UsageError(f"{len(recorded)} runs: at most {MOST_RUNS} can be told apart in one report; give fewer")
    several = len(recorded) > 1
    return tuple(
        LabelledRun((f"{chr(ord('A') + number)}: " if several else "") + _words(each.run), f"--run-{number + 1}", each)
        for number, each in enumerate(recorded)
    )


def milliseconds(nanoseconds: NDArray[Any]) -> NDArray[np.float64]:
    """Return durations in ms, `(n,)`; what is not above 0 is NaN, for a logarithmic scale has no place for it."""
    in_ms = nanoseconds / _NS_PER_MS
    return np.where(in_ms > 0, in_ms, np.nan)


def limits(runs: Iterable[LabelledRun]) -> dict[str, float]:
    """Return every upper limit of the frame's own time among the runs' criteria: its text → ms."""
    criteria = [parse_criterion(text) for each in runs for text in each.run.criteria]
    return {str(each): each.value for each in criteria if each.metric == "frame_ms" and each.operator in ("<", "<=")}


def over_limit(run: LabelledRun) -> NDArray[np.intp]:
    """Return positions, among the run's frames, of the judged ones over a limit of single frames or a deadline."""
    criteria = [parse_criterion(text) for text in run.run.criteria]
    over = np.zeros(len(run.judged), np.bool_)
    for limit in limits_of(criteria, ("wall_ns",), run.run.workload.main_phase, run.run.deadline_ms):
        over |= limit.over(run.judged)
    return run.judged_positions[over]


def _words(run: RunFile) -> str:
    count = f", {counted(run.mode.workers, 'worker')}" if run.mode.traits.side_by_side else ""
    name = shortened(subject(run), MOST_IN_A_NAME)
    return f"{name}, {shortened(run.mode.used, MOST_IN_A_NAME)}{count}"
