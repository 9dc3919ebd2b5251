"""`walkerbench check`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from walkerbench.cli.grouped_command import OptionGroup, grouped_command
from walkerbench.cli.option_groups import WORKLOAD_ARGUMENT_OPTION
from walkerbench.cli.option_types import Duration, ProfileName, WholeNumber, WholeNumberWithin, WorkloadSpec
from walkerbench.cli.options import verbose_option
from walkerbench.cli.output import complain, note, note_traceback, write_out
from walkerbench.errors import ExitCode

_HELP = """\
Does a workload keep the rules that make comparisons fair?

Checks a workload against the contract of comparisons.
SPEC names it as --workload does. It is run in child processes in several
ways: twice, with another seed, in shards of several sizes, in every mode,
at another pace, with other global random streams. A line for each rule says
whether it holds. A workload that hangs, forks or exits cannot harm the check.

Exit code: 0 every rule that could be checked holds, 1 a rule does not hold,
2 there is no such workload, 3 the workload could not be run.

\b
Examples:
  walkerbench check mysim:Herd
  walkerbench check mysim:Herd --agents 12 --workload-argument speed=3
  walkerbench check gymnasium:CartPole-v1 --json
"""

_OPTIONS = (
    WORKLOAD_ARGUMENT_OPTION,
    click.Option(["--agents"], type=WholeNumber(), metavar="N", help="Number of agents. Default: a few."),
    click.Option(["--seed"], type=WholeNumber(), metavar="N", help="Root of every random stream."),
    click.Option(
        ["--profile", "profile_name"],
        type=ProfileName(),
        metavar="NAME|PATH",
        default="default",
        show_default=True,
        help="Profile that holds the workload's settings, if it has any.",
    ),
    click.Option(
        ["--frames"],
        type=WholeNumberWithin(min=2, max=100_000),
        metavar="N",
        default=24,
        show_default=True,
        help="Frames to run in each way.",
    ),
    click.Option(
        ["--timeout", "timeout_s"],
        type=Duration(),
        metavar="TIME",
        default="60s",
        show_default=True,
        help="How long the frames may take, each way.",
    ),
)


@grouped_command("check", _HELP, OptionGroup("How the workload is run", _OPTIONS))
@click.argument("spec", metavar="SPEC", type=WorkloadSpec())
@click.option("--json", "as_json", is_flag=True, help="Print the result of each rule as JSON.")
@verbose_option
def check_command(
    *,
    spec: str,
    workload_arguments: Mapping[str, Any],
    agents: int | None,
    seed: int | None,
    profile_name: str,
    frames: int,
    timeout_s: float,
    as_json: bool,
) -> ExitCode:
    """Carry out `walkerbench check`."""
    from walkerbench.checking.check_workload import check_workload
    from walkerbench.cli.rich_console import to_text
    from walkerbench.reports import check_json
    from walkerbench.reports.terminal import check

    result = check_workload(
        spec,
        arguments=workload_arguments,
        agents=agents,
        seed=seed,
        profile=profile_name,
        frames=frames,
        timeout_s=timeout_s,
    )
    if as_json:
        write_out(check_json.render(result))
    elif result.broke is None:
        write_out(to_text(check.report(result)))
    if result.broke is not None:
        if result.user_traceback:
            note("The workload's traceback:")
            note_traceback(result.user_traceback)
        complain(f"workload {spec!r} could not be run: {result.broke}")
    return result.exit_code
