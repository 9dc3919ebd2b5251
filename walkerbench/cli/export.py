"""`walkerbench export`."""

from __future__ import annotations

from pathlib import Path

import click

from walkerbench.cli.file_output import write_file
from walkerbench.cli.options import HELP_NAMES, run_argument, verbose_option
from walkerbench.cli.output import note, write_all_out
from walkerbench.errors import ExitCode
from walkerbench.reports.export import FORMATS

_EPILOG = "\b\nFormats:\n" + "\n".join(f"  {name:<17} {what}" for name, what in FORMATS.items())


_HELP = """\
How can another tool read a recorded run?

Writes a recorded run in a format that another tool reads.
RUN is a run directory, or @latest for the newest in .walkerbench/runs
(@latest~1 for the one before, and so on). A run that is still running, or
was killed, is written as far as it was recorded, and stderr says so. FILE
is written completely or not at all. The exit code is 0 whatever the run's
verdict.

\b
Examples:
  walkerbench export @latest --format markdown
  walkerbench export @latest --format chrome-trace -o trace.json
  walkerbench export results/today --format junit -o results.xml
"""


@click.command("export", help=_HELP, context_settings=HELP_NAMES, epilog=_EPILOG)
@run_argument
@click.option(
    "--format",
    "format_name",
    type=click.Choice(list(FORMATS)),
    metavar="FORMAT",
    required=True,
    help="What to write: one of the formats below.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File to create. Default: stdout.",
)
@verbose_option
def export_command(*, recorded: str, format_name: str, output: Path | None) -> ExitCode:
    """Carry out `walkerbench export`."""
    from walkerbench.reports.export.rendering import RENDERERS
    from walkerbench.reports.wording.run_verdict import faults_injected, trouble
    from walkerbench.running.summary import read_run

    found = read_run(recorded)
    texts = RENDERERS[format_name](found)
    if output is None:
        write_all_out(texts)
    else:
        write_file(output, texts)
    for warning in (trouble(found.run), faults_injected(found.run)):
        if warning:
            note(warning)
    return ExitCode.PASS
