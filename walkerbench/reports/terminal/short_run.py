"""A recorded run in at most 24 lines for a terminal: the verdict first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

from walkerbench.reports.terminal import tables as layout
from walkerbench.reports.wording.calls import calls_in_words
from walkerbench.reports.wording.distance import judged_criteria, left_out_criteria
from walkerbench.reports.wording.disturbances import disturbed_in_words
from walkerbench.reports.wording.headline import ran_in_words, speed_in_words, time_in_words
from walkerbench.reports.wording.machine_facts import unchecked_memory
from walkerbench.reports.wording.run_verdict import (
    OUTCOMES,
    dropped_observers,
    faults_injected,
    other_mode,
    remarks_in_words,
    run_verdict,
    switches_in_words,
    trouble,
    unproven_work,
)
from walkerbench.reports.wording.slow_frames import left_out_frames, over_a_limit, slow_frame_in_short

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile

MOST_LINES_OF_A_RUN = 24
"""As many lines as a small terminal has."""

_MOST_IN_A_LIST = 10
# Frames are left out before criteria, as long as so many frames are shown; then criteria, down to a usual number.
_USUAL_FRAMES, _USUAL_CRITERIA = 2, 4


@dataclass(frozen=True)
class ShortRun:
    """The summary of a run; its lists are shortened until it has at most `MOST_LINES_OF_A_RUN` lines.

    Attributes:
        run: The run.
        directory: Where it is recorded.
        following: Commands to go on with: what each shows → the command.
    """

    run: RunFile
    directory: Path
    following: Mapping[str, str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it with lists as long as fit; warnings are never shortened, so many of them make it longer."""
        parts: list[RenderableType] = []
        for criteria, frames in _lengths_to_try():
            parts = [*self._parts(criteria, frames)]
            if sum(len(console.render_lines(part, options)) for part in parts) <= MOST_LINES_OF_A_RUN:
                break
        yield from parts

    def _parts(self, most_criteria: int, most_frames: int) -> Iterator[RenderableType]:
        run = self.run
        yield from layout.warnings(
            trouble(run),
            faults_injected(run),
            dropped_observers(run),
            remarks_in_words(run),
            other_mode(run),
            unproven_work(run),
            unchecked_memory(run.machine),
        )
        verdict = run_verdict(run)
        yield layout.beside(layout.line(verdict.word, layout.STYLES[verdict.word]), layout.name(f": {verdict.because}"))
        if run.verdicts:
            yield from _criteria(run, most_criteria)
        if verdict.word != "PASS" and over_a_limit(run):
            yield from _slow_frames(run, most_frames)
        yield layout.blank_line()
        yield layout.facts(self._facts())

    def _facts(self) -> dict[str, str]:
        run = self.run
        return {
            "ran": ran_in_words(run),
            **switches_in_words(run),
            "speed": speed_in_words(run),
            **calls_in_words(run),
            "time went to": time_in_words(run),
            "disturbed by": disturbed_in_words(run),
            "recorded in": str(self.directory),
            **self.following,
        }


def _lengths_to_try() -> Iterator[tuple[int, int]]:
    """Yield how many criteria and how many frames to show, the most first."""
    yield from ((_MOST_IN_A_LIST, frames) for frames in range(_MOST_IN_A_LIST, _USUAL_FRAMES, -1))
    yield from ((criteria, _USUAL_FRAMES) for criteria in range(_MOST_IN_A_LIST, _USUAL_CRITERIA - 1, -1))
    yield from ((criteria, 1) for criteria in range(_USUAL_CRITERIA, 0, -1))


def _criteria(run: RunFile, most: int) -> Iterator[RenderableType]:
    judged = judged_criteria(run)
    rows = [
        (layout.name(OUTCOMES[each.outcome], layout.OUTCOME_STYLES[each.outcome]), layout.line(each.words))
        for each in judged[:most]
    ]
    yield layout.blank_line()
    yield layout.columns(rows, whole=1)
    if len(judged) > most:
        yield layout.line(left_out_criteria(judged[most:]), "dim")


def _slow_frames(run: RunFile, most: int) -> Iterator[RenderableType]:
    frames = run.worst_frames[:most]
    yield from layout.titled("Frames over a limit, the longest first", [])
    for frame in frames:
        yield layout.line(slow_frame_in_short(run, frame))
    if others := left_out_frames(run, len(frames)):
        yield layout.line(others, "dim")
