"""How far a run is, as its listener."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from walkerbench.cli.display import Display, clock_face

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile
    from walkerbench.running.frame_loop import Progress


class RunProgress:
    """Shows how far a run is, and remembers where it is recorded.

    Args:
        display: Where to show it.

    Attributes:
        directory: The run directory, once the run has started.
    """

    def __init__(self, display: Display) -> None:
        self.directory: Path | None = None
        self._display = display

    def started(self, directory: Path, run: RunFile) -> None:
        """Say where the run is recorded."""
        self.directory = directory
        self._display.say(f"recording into {directory}")
        self._display.begin()

    def progress(self, progress: Progress) -> None:
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
    if progress.remaining_s is not None:
        parts.append(f"{clock_face(progress.remaining_s)} left")
    return "  ".join(parts)


def _share(progress: Progress) -> tuple[float | None, float]:
    if progress.frames is not None:
        return progress.frames, progress.frame
    if progress.remaining_s is None:
        return None, progress.elapsed_s
    return progress.elapsed_s + progress.remaining_s, progress.elapsed_s
