"""Makes all consoles of rich: they show every text as it is, and never as mark-up or as the name of an emoji."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Literal, TextIO

from rich.console import Console, RenderableType

from walkerbench.shown_text import without_command

WIDTH = 80
"""Columns of the output; fewer where the terminal has fewer."""


def open_console(stream: TextIO | None) -> Console:
    """Return a console for a stream; None means the process's stdout."""
    return Console(file=stream, markup=False, emoji=False, highlight=False)


def to_text(parts: Iterable[RenderableType]) -> str:
    """Lay parts out for stdout: coloured where it is a terminal, `WIDTH` columns wide at most."""
    stdout = open_console(sys.stdout)
    # rich draws into a text, and not to stdout: only `write_out` handles a stdout that cannot be written.
    text = _Text(stdout.encoding)
    console = Console(
        file=text,
        # Where stdout is no terminal, rich would take the width of stderr's or stdin's.
        width=min(stdout.width, WIDTH) if sys.stdout is not None and sys.stdout.isatty() else WIDTH,
        force_terminal=stdout.is_terminal,
        color_system=_COLOUR_SYSTEMS.get(stdout.color_system or ""),
        no_color=stdout.no_color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    for part in parts:
        console.print(part)
    # After wrapping, any part of a text may be at the beginning of a line, also one that looks like a CI command.
    return "".join(f"{without_command(line.rstrip())}\n" for line in text.getvalue().split("\n")[:-1])


_COLOUR_SYSTEMS: dict[str, Literal["standard", "256", "truecolor", "windows"]] = {
    name: name for name in ("standard", "256", "truecolor", "windows")
}


class _Text(io.StringIO):
    """A text buffer whose encoding tells rich which characters it may use."""

    encoding = "utf-8"

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self.encoding = encoding
