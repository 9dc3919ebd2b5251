"""`walkerbench compare`: compares the modes or, where the user names runs, these recorded runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from walkerbench.cli.grouped_command import grouped_command
from walkerbench.cli.option_groups import WORK_OPTIONS, decision_group, profile_group, rounds_group
from walkerbench.cli.option_types import RunName
from walkerbench.cli.options import json_option, quiet_option, verbose_option
from walkerbench.cli.result_files import replace_old_reports
from walkerbench.cli.result_page import ResultPage, page_option
from walkerbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from walkerbench.cli.profile_choice import ProfileChoice
    from walkerbench.comparison.decision_rules import DecisionRules
    from walkerbench.interleaved.round_plan import MeasurementRequest

_MEASURING = (
    profile_group(*WORK_OPTIONS, heading="Without runs: what each mode runs, and how often"),
    rounds_group(heading="Without runs: what each mode runs, and how often"),
)


_HELP = """\
Which mode is the fastest here, or is a recorded run slower?

Compares the modes now, or runs recorded before.

\b
walkerbench compare [OPTIONS]
  Which mode is the fastest here? Measures sequential, threaded and
  process mode now, interleaved, and says which of them to use. This takes
  about 60 seconds, or the time of --budget.
  Exit code: 0 every verdict is clear, 4 one is inconclusive.

\b
walkerbench compare [OPTIONS] BASE CANDIDATE...
  Is a recorded run slower? Compares each CANDIDATE with BASE: run
  directories, folders of runs as `walkerbench run --repeat` makes them,
  or @latest, @latest~1 and so on. At the default alpha, a side needs at
  least 5 runs (6 where there are three candidates); it may have 10 at most.
  This takes about a second.
  Exit code: 0 not slower or faster, 1 a regression, 4 inconclusive.

\b
Examples:
  walkerbench compare
  walkerbench compare --profile smoke --workers 2 --budget 90s
  walkerbench compare @latest~1 @latest
  walkerbench compare runs/before runs/after --tolerance 5%
  walkerbench compare runs/before runs/after --report compared.html
"""


@grouped_command(
    "compare", _HELP, *_MEASURING, decision_group(heading="With and without runs"), around=replace_old_reports
)
@click.argument("runs", metavar="[BASE CANDIDATE...]", type=RunName(), nargs=-1)
@page_option
@json_option
@quiet_option
@verbose_option
@click.pass_context
def compare_command(
    context: click.Context,
    /,
    *,
    runs: tuple[str, ...],
    choice: ProfileChoice,
    request: MeasurementRequest,
    rules: DecisionRules,
    report: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Carry out `walkerbench compare`."""
    if not runs:
        from walkerbench.cli.compare_modes import compare_modes

        return compare_modes(choice, request, rules, ResultPage(report), as_json=as_json, quiet=quiet)
    from walkerbench.cli.compare_runs import compare_runs

    useless = [option for group in _MEASURING for option in group.given(context)]
    if useless:
        raise UsageError(f"{', '.join(useless)}: cannot change recorded runs: leave it out, or name no runs")
    return compare_runs(runs, rules, ResultPage(report), as_json=as_json)
