"""`walkerbench run`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from walkerbench.cli.grouped_command import grouped_command
from walkerbench.cli.option_groups import CRITERION_OPTION, LENGTH_OPTIONS, MODE_OPTION, WORK_OPTIONS, profile_group
from walkerbench.cli.options import (
    Invocation,
    json_option,
    output_option,
    quiet_option,
    repeat_option,
    verbose_run_option,
)
from walkerbench.errors import ExitCode

if TYPE_CHECKING:
    from walkerbench.cli.profile_choice import ProfileChoice
    from walkerbench.profile.model import Profile


_HELP = """\
How fast are the frames of a workload, and do they meet the criteria?

Runs a profile, records it and judges it.
Progress goes to stderr, the result to stdout: the verdict first, and how
far the run is from each limit. -v prints all figures, as `walkerbench show`
does. The exit code is the verdict: see `walkerbench --help`.

\b
Examples:
  walkerbench run
  walkerbench run --mode threaded --workers 2 --agents 120
  walkerbench run --profile smoke --mode process --json
  walkerbench run --profile soak --duration 5m -q
  walkerbench run --criterion 'frame_ms.p99 < 50' -o results/today
  walkerbench run --repeat 6 -o results/before
"""


@grouped_command("run", _HELP, profile_group(MODE_OPTION, *WORK_OPTIONS, *LENGTH_OPTIONS, CRITERION_OPTION))
@repeat_option
@output_option
@json_option
@quiet_option
@verbose_run_option
@click.pass_obj
def run_command(
    invocation: Invocation,
    /,
    *,
    choice: ProfileChoice,
    repeat: int,
    output: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Carry out `walkerbench run`."""
    profile = choice.load()
    if repeat > 1:
        from walkerbench.cli.repeat import run_repeatedly

        return run_repeatedly(profile, repeat, output=output, as_json=as_json, quiet=quiet, verbose=invocation.verbose)
    return _run_once(choice, profile, output, as_json=as_json, quiet=quiet, verbose=invocation.verbose)


def _run_once(
    choice: ProfileChoice, profile: Profile, output: Path | None, *, as_json: bool, quiet: bool, verbose: bool
) -> ExitCode:
    from walkerbench.cli.next_commands import next_commands
    from walkerbench.cli.printing import print_run_or_summary
    from walkerbench.cli.run_progress import record_with_progress
    from walkerbench.criteria.judging import exit_code_of_run
    from walkerbench.running.summary import read_concluded

    directory = record_with_progress(profile, output, sys.argv, quiet=quiet)
    recorded = read_concluded(directory)
    following = next_commands(choice, recorded.run, directory)
    print_run_or_summary(recorded.run, directory, following, as_json=as_json, verbose=verbose)
    return exit_code_of_run(recorded.run.state, recorded.run.verdicts)
