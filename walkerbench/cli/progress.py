"""Shows how far a run is."""

from __future__ import annotations

from pathlib import Path

from walkerbench.cli.display import Display, clock_face
from walkerbench.running.observers import RunStart
from walkerbench.running.progress import Progress, ProgressObserver


class RunProgress(ProgressObserver):
    """Shows how far a run is, and remembers where it is recorded.

    Args:
        display: Where to show it.

    Attributes:
        directory: The run directory, once the run has started.
    """

    def __init__(self, display: Display) -> None:
        self.directory: Path | None = None
        self._display = display

    def started(self, start: RunStart) -> None:
        """Say where the run is recorded."""
        self.directory = start.directory
        self._display.say(f"recording into {start.directory}")
        self._display.begin()

    def show(self, progress: Progress) -> None:
        """Show how far it is."""
        total, completed = _share(progress)
        self._display.show(what=describe_stage(progress), facts=describe(progress), completed=completed, total=total)


def describe_stage(progress: Progress) -> str:
    """Which stage it is, where there are several: `stage 2/3`."""
    return "" if progress.stages == 1 else f"stage {progress.stage + 1}/{progress.stages}"


def describe(progress: Progress) -> str:
    """How far a stage is and how fast it goes, in one line."""
    parts = [f"frame {progress.frame}" + (f"/{progress.frames}" if progress.frames is not None else "")]
    parts += [f"{progress.frames_per_s:.0f} frames/s", f"{progress.frame_ms:.2f} ms"]
    if progress.effective_cores is not None:
        parts.append(f"{progress.effective_cores:.2f} cores")
    return "  ".join([*parts, f"{clock_face(progress.remaining_s)} left"])


def _share(progress: Progress) -> tuple[float, float]:
    if progress.frames is not None:
        return progress.frames, progress.frame
    return progress.elapsed_s + progress.remaining_s, progress.elapsed_s
