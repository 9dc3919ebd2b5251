"""`walkerbench report`."""

from __future__ import annotations

from pathlib import Path

import click

from walkerbench.cli.file_output import write_file
from walkerbench.cli.option_types import RunName
from walkerbench.cli.options import HELP_NAMES, verbose_option
from walkerbench.errors import ExitCode

_HELP = """\
How did recorded runs go, frame by frame?

Draws recorded runs as one HTML page that opens offline.
RUN is a run directory, or @latest for the newest in .walkerbench/runs;
several runs share the same plots. A run that is still running, or was
killed, is drawn as far as it was recorded. The exit code is 0 whenever the
page could be written, whatever the runs' verdicts. Needs the extra
`report`: pip install 'walkerbench[report]'.

\b
Examples:
  walkerbench report @latest -o report.html
  walkerbench report @latest~1 @latest -o before-and-after.html
"""


@click.command("report", help=_HELP, context_settings=HELP_NAMES)
@click.argument("recorded", metavar="RUN...", nargs=-1, required=True, type=RunName())
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="HTML file to create; it must not exist yet.",
)
@verbose_option
def report_command(*, recorded: tuple[str, ...], output: Path) -> ExitCode:
    """Carry out `walkerbench report`."""
    from walkerbench.reports.html.page import render
    from walkerbench.reports.html.plotly_js import plotly_js
    from walkerbench.running.summary import read_run

    source = plotly_js()
    found = [read_run(text) for text in recorded]
    write_file(output, render(found, source))
    return ExitCode.PASS
