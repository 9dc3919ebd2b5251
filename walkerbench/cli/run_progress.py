"""Shows the progress of a run while it is recorded."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from walkerbench.cli.display import Display, clock_face, open_display
from walkerbench.cli.output import note, users_code_runs
from walkerbench.errors import RunBroken
from walkerbench.running.observers import RunObserver, RunStart
from walkerbench.running.progress import Progress, ProgressObserver
from walkerbench.system.leftover_processes import leftover_processes_ended

if TYPE_CHECKING:
    from walkerbench.profile.model import Profile
    from walkerbench.running.run_control import RunControl


class RunProgress(ProgressObserver):
    """Shows the progress of a run, and stores the path of its run directory.

    Args:
        display: Where to show it.

    Attributes:
        directory: The run directory, once the run has started.
    """

    def __init__(self, display: Display) -> None:
        self.directory: Path | None = None
        self._display = display

    def started(self, start: RunStart) -> None:
        """Print where the run is recorded."""
        self.directory = start.directory
        self._display.say(f"recording into {start.directory}")
        self._display.begin()

    def show(self, progress: Progress) -> None:
        """Show the progress of the current stage."""
        total, completed = _share(progress)
        self._display.show(
            what=describe_stage(progress), facts=describe_progress(progress), completed=completed, total=total
        )


def record_with_progress(
    profile: Profile,
    output: Path | None,
    command_line: Sequence[str],
    *,
    quiet: bool,
    observers: Sequence[RunObserver] = (),
    control: RunControl | None = None,
) -> Path:
    """Run a profile, record the run and judge it, and show the progress on stderr.

    Args:
        profile: What to run.
        output: As for `runner.run`.
        command_line: What the user typed, for the record.
        quiet: Whether to show no progress.
        observers: As for `runner.run`.
        control: As for `runner.run`.

    Returns:
        The run directory.
    """
    from walkerbench.running import runner

    with open_display(sys.stderr, quiet=quiet) as display:
        progress = RunProgress(display)
        try:
            with users_code_runs(), leftover_processes_ended(note):
                return runner.run(
                    profile,
                    output=output,
                    command_line=command_line,
                    observers=(progress, *observers),
                    control=control,
                )
        except RunBroken:
            if progress.directory is not None:
                note(f"what was recorded is kept: {progress.directory}")
            raise


def describe_stage(progress: Progress) -> str:
    """Return which stage is running, `stage 2/3`; an empty text where the run has only one."""
    return "" if progress.stages == 1 else f"stage {progress.stage + 1}/{progress.stages}"


def describe_progress(progress: Progress) -> str:
    """Return a stage's progress and speed, in one line."""
    parts = [f"frame {progress.frame}" + (f"/{progress.frames}" if progress.frames is not None else "")]
    parts += [f"{progress.frames_per_s:.0f} frames/s", f"{progress.frame_ms:.2f} ms"]
    if progress.effective_cores is not None:
        parts.append(f"{progress.effective_cores:.2f} cores")
    return "  ".join([*parts, f"{clock_face(progress.remaining_s)} left"])


def _share(progress: Progress) -> tuple[float, float]:
    if progress.frames is not None:
        return progress.frames, progress.frame
    return progress.elapsed_s + progress.remaining_s, progress.elapsed_s
