"""`walkerbench serve`."""

from __future__ import annotations

import dataclasses
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from walkerbench.cli.grouped_command import grouped_command
from walkerbench.cli.option_groups import CRITERION_OPTION, MODE_OPTION, PACE_OPTION, WORK_OPTIONS, profile_group
from walkerbench.cli.option_types import Duration, WholeNumberWithin
from walkerbench.cli.options import Invocation, json_option, output_option, verbose_run_option
from walkerbench.cli.output import note
from walkerbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from walkerbench.cli.profile_choice import ProfileChoice
    from walkerbench.profile.model import Profile

_YEAR_S = 31_536_000.0

_HELP = """\
How do I watch and control a workload while it runs?

Runs a workload without end, and serves its state and its control over HTTP.
The run is also recorded, as `walkerbench run` does it. Ctrl-C ends the run.

\b
Examples:
  walkerbench serve
  walkerbench serve --profile smoke --mode threaded --pace realtime
  curl http://127.0.0.1:2322/threading_status
"""


@grouped_command("serve", _HELP, profile_group(MODE_OPTION, *WORK_OPTIONS, PACE_OPTION, CRITERION_OPTION))
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to serve on.")
@click.option(
    "--port",
    type=WholeNumberWithin(min=0, max=65535),
    default=2322,
    show_default=True,
    metavar="N",
    help="Port to serve on; 0: any free port.",
)
@click.option(
    "--token",
    metavar="TEXT",
    help="Token that a request must bring to change the run. Default: a random one, if only this machine can connect.",
)
@click.option(
    "--seconds-per-mode",
    type=Duration(),
    metavar="TIME",
    help="Switch threads on or off each time this long has passed, and show how fast frames are: 20, 20s, 1m.",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
@output_option
@json_option
@verbose_run_option
@click.pass_obj
def serve_command(
    invocation: Invocation,
    /,
    *,
    choice: ProfileChoice,
    host: str,
    port: int,
    token: str | None,
    seconds_per_mode: float | None,
    open_page: bool,
    output: Path | None,
    as_json: bool,
) -> ExitCode:
    """Carry out `walkerbench serve`."""
    from walkerbench.cli.next_commands import next_commands
    from walkerbench.cli.printing import print_run_or_summary
    from walkerbench.cli.run_progress import record_with_progress
    from walkerbench.criteria.judging import exit_code_of_run
    from walkerbench.modes.registry import MODES
    from walkerbench.modes.sequential import SequentialMode
    from walkerbench.modes.threaded import ThreadedMode
    from walkerbench.running.run_control import RunControl
    from walkerbench.running.summary import read_concluded
    from walkerbench.serving.address import LOOPBACK, Address
    from walkerbench.serving.alternation import alternating
    from walkerbench.serving.server_process import server_process

    if token is None and host not in LOOPBACK:
        raise UsageError(
            f"other machines can reach {host}: give --token TEXT, which requests that change the run must bring"
        )
    profile = _without_end(choice)
    if seconds_per_mode is not None and MODES.find(profile.mode).traits.own_processes:
        raise UsageError(f"{profile.mode} mode is fixed at the start: leave --seconds-per-mode out")
    control = RunControl()
    if profile.mode == SequentialMode.name:
        # Threaded mode with its threads off steps agents as sequential mode does, and a request can switch them on.
        profile, control = dataclasses.replace(profile, mode=ThreadedMode.name), RunControl(threads=False)
    with server_process(Address(host, port, token), control) as (serving, relay):
        note(f"serving {serving.url}; a request that changes the run must bring the header '{serving.header}'")
        if open_page:
            webbrowser.open(serving.url)
        # No progress is shown, because the run has no planned end.
        with alternating(control, seconds_per_mode):
            directory = record_with_progress(profile, output, sys.argv, quiet=True, observers=(relay,), control=control)
        if relay.lost:
            note("the server's process ended before the run; the run continued without it")
    recorded = read_concluded(directory)
    following = next_commands(choice, recorded.run, directory)
    print_run_or_summary(recorded.run, directory, following, as_json=as_json, verbose=invocation.verbose)
    return exit_code_of_run(recorded.run.state, recorded.run.verdicts)


def _without_end(choice: ProfileChoice) -> Profile:
    """Return the profile chosen, for one stage that only a request or the user ends; at real-time pace by default."""
    overrides = dataclasses.replace(choice.overrides, pace=choice.overrides.pace or "realtime")
    profile = dataclasses.replace(choice, overrides=overrides).load()
    stage = dataclasses.replace(profile.stages[0], frames=None, duration_s=_YEAR_S)
    return dataclasses.replace(profile, stages=(stage,))
