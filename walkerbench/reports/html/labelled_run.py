"""Gives each run of the page a name and a colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.criteria.grammar import parse_criterion
from walkerbench.errors import UsageError
from walkerbench.reports.html.short_names import folder_names
from walkerbench.run_directory import RecordedRun, RunFile
from walkerbench.slow_frames.explanations import limits_of

MOST_RUNS = 8
"""Largest number of runs on a page: that of colours that a reader can tell apart."""

_NS_PER_MS = 1e6


@dataclass(frozen=True)
class LabelledRun:
    """A run of the page.

    Attributes:
        label: The name of the run on the page: its folder, after a letter such as `A:` where there are several runs.
        colour: The colour of the run, as the name of a CSS custom property.
        recorded: The run, concluded.
    """

    label: str
    colour: str
    recorded: RecordedRun

    @property
    def run(self) -> RunFile:
        """The content of its `run.json`."""
        return self.recorded.run

    @property
    def judged_positions(self) -> NDArray[np.intp]:
        """Positions of the judged frames among all frames of the run."""
        return np.flatnonzero(self.recorded.frames["warmup"] == 0)

    @property
    def judged(self) -> NDArray[Any]:
        """The judged frames: `(frames,)`, structured."""
        judged: NDArray[Any] = self.recorded.frames[self.judged_positions]
        return judged

    @property
    def judged_ms(self) -> NDArray[np.float64]:
        """The wall times of the judged frames, `(frames,)`, in ms; NaN where not above 0."""
        return milliseconds(self.judged["wall_ns"])


def label_runs(recorded: Sequence[RecordedRun]) -> tuple[LabelledRun, ...]:
    """Return the runs with names and colours.

    Args:
        recorded: The runs, concluded, in the order of the page.

    Raises:
        UsageError: There are more of them than colours.
    """
    if len(recorded) > MOST_RUNS:
        raise UsageError(f"{len(recorded)} runs: a report can show at most {MOST_RUNS}; give fewer")
    letters = [f"{chr(ord('A') + number)}: " for number in range(len(recorded))] if len(recorded) > 1 else [""]
    names = folder_names([each.directory for each in recorded])
    return tuple(
        LabelledRun(letter + name, f"--run-{number}", each)
        for number, (letter, name, each) in enumerate(zip(letters, names, recorded, strict=True), 1)
    )


def milliseconds(nanoseconds: NDArray[Any]) -> NDArray[np.float64]:
    """Return durations in ms, `(n,)`; NaN where not above 0, since a logarithmic scale cannot show these."""
    in_ms = nanoseconds / _NS_PER_MS
    return np.where(in_ms > 0, in_ms, np.nan)


def limits(runs: Iterable[LabelledRun]) -> dict[str, float]:
    """Return every upper limit of the whole frame's time among the runs' criteria: text of the criterion → ms."""
    criteria = [parse_criterion(text) for each in runs for text in each.run.criteria]
    return {str(each): each.value for each in criteria if each.metric == "frame_ms" and each.operator in ("<", "<=")}


def over_limit(run: LabelledRun) -> NDArray[np.intp]:
    """Return positions of the judged frames, among all frames, that are over a limit of single frames or a deadline."""
    criteria = [parse_criterion(text) for text in run.run.criteria]
    over = np.zeros(len(run.judged), np.bool_)
    for limit in limits_of(criteria, ("wall_ns",), run.run.workload.main_phase, run.run.deadline):
        over |= limit.over(run.judged)
    return run.judged_positions[over]
