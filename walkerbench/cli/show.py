"""`walkerbench show`."""

from __future__ import annotations

import click

from walkerbench.cli.options import HELP_NAMES, Invocation, json_option, run_argument, verbose_option
from walkerbench.errors import ExitCode

_HELP = """\
What did a recorded run measure, and where did its time go?

Shows a recorded run again, and draws it.
RUN is a run directory, or @latest for the newest in .walkerbench/runs
(@latest~1 for the one before, and so on). A run that is still running, or
was killed, is shown as far as it was recorded. The exit code is 0 whenever
the run could be shown, whatever its verdict; 2 if it cannot be read.

\b
Examples:
  walkerbench show @latest
  walkerbench show results/today
  walkerbench show @latest~1 --json
"""


@click.command("show", help=_HELP, context_settings=HELP_NAMES)
@run_argument
@json_option
@verbose_option
@click.pass_obj
def show_command(invocation: Invocation, /, *, recorded: str, as_json: bool) -> ExitCode:
    """Carry out `walkerbench show`."""
    from walkerbench.cli.printing import print_run
    from walkerbench.reports.terminal.attribution import slow_frames
    from walkerbench.reports.terminal.charts import pictures
    from walkerbench.reports.wording.slow_frames import over_a_limit
    from walkerbench.running.summary import read_run

    found = read_run(recorded)
    # The tables of every run already show frames over a limit.
    slowest = () if over_a_limit(found.run) else slow_frames(found.run)
    drawn = () if as_json else (*slowest, *pictures(found))
    print_run(found.run, found.directory, as_json=as_json, verbose=invocation.verbose, pictures=drawn)
    return ExitCode.PASS
