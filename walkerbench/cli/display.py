"""Shows progress on stderr: a bar on a terminal, a line from time to time elsewhere, nothing with `--quiet`.

A display has no thread of its own: it draws only when it is called, and so never while a frame is timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from walkerbench.cli.output import note
from walkerbench.shown_text import MOST_IN_A_NAME, shown

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

LINE_EVERY_S = 2.0
"""Shortest time between two lines, s."""


class Display:
    """A display that shows nothing; the others derive from it. A context manager around the work that it shows."""

    def say(self, text: str) -> None:
        """Print a line that stays."""

    def begin(self) -> None:
        """Prepare for the calls of `show` that follow."""

    def show(self, *, what: str, facts: str, completed: float, total: float | None) -> None:
        """Show the progress of the work.

        Args:
            what: Name of the part that is in progress; may be empty.
            facts: The progress in words.
            completed: The progress as a number.
            total: The value of `completed` at the end; None where it is not known.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class LineDisplay(Display):
    """A display that prints a line every `LINE_EVERY_S` seconds.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_s: float | None = None

    def say(self, text: str) -> None:
        """Print the text on a line of its own."""
        note(text)

    def show(self, *, what: str, facts: str, completed: float, total: float | None) -> None:
        """Print a line if at least `LINE_EVERY_S` seconds have passed since the last one."""
        now_s = self._clock()
        if self._last_s is None or now_s - self._last_s >= LINE_EVERY_S:
            self._last_s = now_s
            note("  ".join(filter(None, (what, facts))))


class BarDisplay(Display):
    """A display with a bar that is redrawn in place and removed at the end.

    If the terminal is closed, the display stops drawing; it raises no error.

    Args:
        stream: A terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        from walkerbench.cli.rich_console import open_console

        # Redirecting stdout and stderr would put rich's hooks into every worker process that is forked.
        self._bar: Bar | None = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[facts]}", markup=False),
            console=open_console(stream),
            auto_refresh=False,
            transient=True,
            expand=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("", total=None, facts="starting")

    def say(self, text: str) -> None:
        """Print the text on a line of its own."""
        note(text)

    def begin(self) -> None:
        """Draw the bar for the first time."""
        self._draw(lambda bar: bar.start())

    def show(self, *, what: str, facts: str, completed: float, total: float | None) -> None:
        """Draw the bar again, with new facts."""
        self._draw(
            lambda bar: bar.update(
                self._task,
                total=total,
                completed=completed,
                description=shown(what, MOST_IN_A_NAME),
                facts=shown(facts, MOST_IN_A_NAME),
                refresh=True,
            )
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._draw(lambda bar: bar.stop())

    def _draw(self, act: Callable[[Bar], None]) -> None:
        try:
            if self._bar is not None:
                act(self._bar)
        except OSError:
            self._bar = None


def open_display(stream: TextIO | None, *, quiet: bool) -> Display:
    """Return the display that suits stderr.

    Args:
        stream: The process's stderr.
        quiet: Whether to show nothing.
    """
    if quiet or stream is None:
        return Display()
    return BarDisplay(stream) if stream.isatty() else LineDisplay()


def clock_face(seconds: float) -> str:
    """Return a time as a clock shows it: `1:05`, `1:02:05`."""
    minutes, second = divmod(round(max(0.0, seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
