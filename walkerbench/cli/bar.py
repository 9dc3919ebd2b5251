"""A bar on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class TransientBar:
    """A line with a bar that is redrawn in place and taken away at the end.

    It is drawn by whoever calls, never by a thread of its own. A terminal that has gone is no reason to end.

    Args:
        stream: A terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        # Redirecting stdout and stderr would put rich's hooks into whatever worker processes are forked.
        self._bar: Bar | None = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[facts]}"),
            console=Console(file=stream),
            auto_refresh=False,
            transient=True,
            expand=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("", total=None, facts="starting")

    def start(self) -> None:
        """Draw it for the first time."""
        self._draw(lambda bar: bar.start())

    def show(self, *, description: str, facts: str, completed: float, total: float | None) -> None:
        """Draw it anew.

        Args:
            description: Stands before the bar.
            facts: Stands behind it.
            completed: How much of the bar is full.
            total: How much all of it is; None where that is not known.
        """
        self._draw(
            lambda bar: bar.update(
                self._task, total=total, completed=completed, description=description, facts=facts, refresh=True
            )
        )

    def stop(self) -> None:
        """Take it away."""
        self._draw(lambda bar: bar.stop())

    def _draw(self, act: Callable[[Bar], None]) -> None:
        try:
            if self._bar is not None:
                act(self._bar)
        except OSError:
            self._bar = None
