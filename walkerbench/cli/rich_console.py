"""Consoles of rich, made here alone: no text is mark-up, an emoji's name or anything else but itself."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Literal, TextIO

from rich.console import Console, RenderableType

from walkerbench.shown_text import without_command

WIDTH = 80
"""Columns of what is printed; fewer where the terminal has fewer."""


def open_console(stream: TextIO | None) -> Console:
    """Return a console for a stream; None is the process's stdout."""
    return Console(file=stream, markup=False, emoji=False, highlight=False)


def to_text(parts: Iterable[RenderableType]) -> str:
    """Lay parts out for stdout: coloured where it is a terminal, `WIDTH` columns wide at most."""
    stdout = open_console(sys.stdout)
    # What rich draws goes into a text first: only `write_out` knows what to do where stdout cannot be written.
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
    # Wrapped, any part of a text may stand at the beginning of a line.
    return "".join(f"{without_command(line.rstrip())}\n" for line in text.getvalue().split("\n")[:-1])


_COLOUR_SYSTEMS: dict[str, Literal["standard", "256", "truecolor", "windows"]] = {
    name: name for name in ("standard", "256", "truecolor", "windows")
}


class _Text(io.StringIO):
    """A text for rich that says which characters may be used."""

    encoding = "utf-8"

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self.encoding = encoding
