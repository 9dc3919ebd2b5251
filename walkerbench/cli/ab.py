"""`walkerbench ab`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from walkerbench.cli.grouped_command import grouped_command
from walkerbench.cli.option_groups import (
    MODE_OPTION,
    SETUP_OPTION,
    WORK_OPTIONS,
    decision_group,
    profile_group,
    rounds_group,
)
from walkerbench.cli.options import json_option, quiet_option, verbose_option
from walkerbench.cli.result_files import replace_old_reports
from walkerbench.cli.result_page import ResultPage, page_option
from walkerbench.errors import ExitCode

if TYPE_CHECKING:
    from walkerbench.cli.profile_choice import ProfileChoice
    from walkerbench.comparison.decision_rules import DecisionRules
    from walkerbench.interleaved.round_plan import MeasurementRequest


_HELP = """\
Is CANDIDATE slower than BASE?

Or is it faster? Measures two sides now, interleaved. This takes about 60
seconds, or the time of --budget.

A side is a git revision of this repository (main, HEAD~3, v1.2), the
working tree as it is (.), a profile (smoke, mine.toml), a key of the
profile (mode=threaded, environment.brain.batch_size=64), or several of
these joined by commas. A revision runs from a clean worktree with today's
interpreter and dependencies; the worktree is removed afterwards. The same
side twice is an A/A check.

Exit code: 0 not slower or faster, 1 a regression, 4 inconclusive.

\b
Examples:
  walkerbench ab main HEAD
  walkerbench ab mode=threaded mode=process --profile smoke
  walkerbench ab main,mode=process .,mode=process --budget 2m
  walkerbench ab main . --workload mysim:Herd --agents 100
  walkerbench ab main . --report main-or-mine.html
  walkerbench ab . .
"""


@grouped_command(
    "ab",
    _HELP,
    profile_group(
        MODE_OPTION, *WORK_OPTIONS, SETUP_OPTION, heading="What a side runs, unless BASE or CANDIDATE says otherwise"
    ),
    rounds_group(),
    decision_group(),
    around=replace_old_reports,
)
@click.argument("base", metavar="BASE")
@click.argument("candidate", metavar="CANDIDATE")
@page_option
@json_option
@quiet_option
@verbose_option
def ab_command(
    *,
    base: str,
    candidate: str,
    choice: ProfileChoice,
    request: MeasurementRequest,
    rules: DecisionRules,
    report: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Carry out `walkerbench ab`."""
    from walkerbench.cli.measurement_progress import measure_with_progress
    from walkerbench.cli.printing import print_comparison
    from walkerbench.interleaved.sides import parse_sides
    from walkerbench.interleaved.suites import tests_in
    from walkerbench.reports.html.comparison_page import render_comparison
    from walkerbench.reports.html.suite_page import render_suite

    page = ResultPage(report)
    sides = parse_sides((base, candidate), choice.load())
    tests = tests_in(sides)
    if len(tests) > 1:
        from walkerbench.cli.suite_comparison import compare_tests, print_suite

        result = compare_tests(tests, sides, request, rules, quiet=quiet)
        page.write(lambda plotly_js: render_suite(result, plotly_js))
        print_suite(result, as_json=as_json)
        return result.exit_code
    compared = measure_with_progress(sides, request, rules, quiet=quiet)
    page.write(lambda plotly_js: render_comparison(compared, plotly_js))
    print_comparison(compared, compared.exit_code, as_json=as_json)
    return compared.exit_code
