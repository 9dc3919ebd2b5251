"""`--report FILE`: writes the result of a comparison as one HTML page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click

from walkerbench.cli.file_output import check_writable, write_file
from walkerbench.cli.options import Command


def page_option(command: Command) -> Command:
    """Add `--report`, the HTML file to write the result into."""
    return click.option(
        "--report",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write the result as one HTML page to FILE, too, which opens offline; an old page is replaced. Needs the "
        "extra `report`.",
    )(command)


class ResultPage:
    """The page that a command's result is written to; nothing is written where the user names no file.

    It is made before anything is measured: a missing extra and a bad path are found at once.

    Args:
        path: The file, or None.

    Raises:
        UsageError: The extra `report` is not installed.
        OutputError: The file cannot be written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._plotly_js = ""
        if path is not None:
            from walkerbench.reports.html.plotly_js import plotly_js

            check_writable(path)
            self._plotly_js = plotly_js()

    def write(self, rendered: Callable[[str], Iterable[str]]) -> None:
        """Write the page.

        Args:
            rendered: Returns the parts of the page; its argument is the source of plotly.js.
        """
        if self._path is not None:
            write_file(self._path, rendered(self._plotly_js), replacing=True)
