"""Live progress on stderr: a bar on a terminal, now and then a line elsewhere, nothing where quiet.

No thread of its own: it draws only when the runner calls, between frames, so that nothing runs beside what is timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from walkerbench.cli.bar import TransientBar
from walkerbench.cli.output import note

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile
    from walkerbench.stage_loop import Progress

LINE_EVERY_S = 2.0
"""Least time between two lines of plain progress."""


class QuietProgress:
    """Shows nothing, and remembers where the run is recorded; a context manager around the run.

    Attributes:
        directory: The run directory, once the run has started.
    """

    def __init__(self) -> None:
        self.directory: Path | None = None

    def started(self, directory: Path, run: RunFile) -> None:
        """Take note of a run that begins."""
        self.directory = directory

    def progress(self, progress: Progress) -> None:
        """Show how far it is."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class PlainProgress(QuietProgress):
    """A line every `LINE_EVERY_S` seconds.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last_s: float | None = None

    def started(self, directory: Path, run: RunFile) -> None:
        """Say where the run is recorded."""
        super().started(directory, run)
        note(f"recording into {directory}")

    def progress(self, progress: Progress) -> None:
        """Print a line, if the last one is long enough ago."""
        now_s = self._clock()
        if self._last_s is not None and now_s - self._last_s < LINE_EVERY_S:
            return
        self._last_s = now_s
        note("  ".join(part for part in (describe_stage(progress), describe(progress)) if part))


class LiveProgress(QuietProgress):
    """A bar that is redrawn in place and taken away at the end.

    Args:
        stream: A terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._bar = TransientBar(stream)

    def started(self, directory: Path, run: RunFile) -> None:
        """Say where the run is recorded, and draw the bar."""
        super().started(directory, run)
        note(f"recording into {directory}")
        self._bar.start()

    def progress(self, progress: Progress) -> None:
        """Draw the bar anew."""
        total, completed = _share(progress)
        # Without its agents: with them, a line of 80 columns would have no room for the time left.
        stage = describe_stage(progress).partition(",")[0]
        self._bar.show(description=stage, facts=describe(progress), completed=completed, total=total)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()


def open_progress(stream: TextIO | None, *, quiet: bool) -> QuietProgress:
    """The progress that suits stderr.

    Args:
        stream: The process's stderr.
        quiet: Whether nothing is wanted.
    """
    if quiet or stream is None:
        return QuietProgress()
    return LiveProgress(stream) if stream.isatty() else PlainProgress()


def describe_stage(progress: Progress) -> str:
    """Which stage it is, where there are several: `stage 2/3, 60 agents`."""
    if progress.stages == 1:
        return ""
    return f"stage {progress.stage + 1}/{progress.stages}, {progress.agents} agents"


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


def clock_face(seconds: float) -> str:
    """A time as a clock shows it: `1:05`, `1:02:05`."""
    minutes, second = divmod(round(max(0.0, seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
