"""`walkerbench gate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from walkerbench.cli.grouped_command import GroupedCommand, OptionGroup, grouped_command
from walkerbench.cli.option_groups import (
    CRITERION_OPTION,
    MODE_OPTION,
    SETUP_OPTION,
    WORK_OPTIONS,
    decision_group,
    profile_group,
    rounds_group,
)
from walkerbench.cli.option_types import RunName
from walkerbench.cli.options import json_option, quiet_option, verbose_option
from walkerbench.cli.output import note
from walkerbench.cli.result_page import ResultPage, page_option
from walkerbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from walkerbench.cli.profile_choice import ProfileChoice
    from walkerbench.comparison.decision_rules import DecisionRules
    from walkerbench.gating.candidate import GateCandidate
    from walkerbench.gating.gate_result import GateResult
    from walkerbench.interleaved.round_plan import MeasurementRequest

_COMPARED_WITH = OptionGroup(
    "What the working tree is compared with: give one of the two",
    (
        click.Option(["--against"], metavar="REV", help="A git revision to measure against now, interleaved."),
        click.Option(
            ["--baseline", "baselines"],
            type=RunName(),
            multiple=True,
            metavar="RUNS",
            help="A recorded run, or a folder of runs. Repeatable.",
        ),
    ),
)
_ROUNDS = rounds_group(heading="How much is measured, with --against")


def _no_old_results(command: GroupedCommand, words: Sequence[str]) -> AbstractContextManager[None]:
    from walkerbench.cli.github_actions import tell_github_of_no_result
    from walkerbench.cli.result_files import junit_files, no_old_results, report_files

    files = [*junit_files(command, words), *report_files(command, words)]
    return no_old_results(files, tell_github_of_no_result)


_HELP = """\
May this change land: are the criteria met, and is nothing slower?

Judges the working tree for CI.
Records a run of the profile and judges it by the profile's criteria, then
compares: the working tree with a revision, interleaved (--against, the more
reliable way), or runs recorded now with runs recorded before (--baseline).
The first takes about 60 seconds, or the time of --budget, and one run of the
profile; the second takes as many runs as the baseline has, 5 to 10 at the
default alpha.
In a GitHub Actions job it also writes a step summary and annotations.

Exit code: 0 pass, 1 a criterion not met or a regression, 2 not comparable
or not usable, 3 a run broke, 4 inconclusive.

\b
Examples:
  walkerbench gate --against origin/main
  walkerbench gate --against HEAD~1 --profile smoke --junit gate.xml
  walkerbench gate --against origin/main --report gate.html
  walkerbench run --repeat 6 -o baseline-runs
  walkerbench gate --baseline baseline-runs
"""


@grouped_command(
    "gate",
    _HELP,
    _COMPARED_WITH,
    profile_group(MODE_OPTION, *WORK_OPTIONS, SETUP_OPTION, CRITERION_OPTION),
    _ROUNDS,
    decision_group(),
    around=_no_old_results,
)
@click.option(
    "--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write the result as JUnit XML to FILE, too."
)
@page_option
@json_option
@quiet_option
@verbose_option
@click.pass_context
def gate_command(
    context: click.Context,
    /,
    *,
    against: str | None,
    baselines: tuple[str, ...],
    choice: ProfileChoice,
    request: MeasurementRequest,
    rules: DecisionRules,
    junit: Path | None,
    report: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Carry out `walkerbench gate`."""
    from walkerbench.cli.file_output import check_writable, write_file
    from walkerbench.cli.github_actions import tell_github, tell_github_of_suite
    from walkerbench.cli.printing import print_gate
    from walkerbench.cli.suite_comparison import compare_tests, print_suite
    from walkerbench.gating.candidate import GateCandidate
    from walkerbench.interleaved.sides import Side
    from walkerbench.interleaved.suites import tests_in
    from walkerbench.reports.html.gate_page import render_gate
    from walkerbench.reports.html.suite_page import render_suite
    from walkerbench.reports.junit import gate as gate_junit
    from walkerbench.reports.junit import suite as suite_junit

    if (not against) == (not baselines):
        raise UsageError("give either --against REV or --baseline RUNS")
    if baselines and _ROUNDS.given(context):
        raise UsageError(
            "--budget and --rounds are for --against only: with --baseline, the gate records the runs it needs"
        )
    profile = choice.load()
    if junit is not None:
        check_writable(junit)
    page = ResultPage(report)
    candidate = GateCandidate(profile, tuple(sys.argv), None if quiet else note)
    if against and (tests := tests_in([candidate.side])):
        if choice.overrides.criteria:
            raise UsageError("a gate over tests records no run, so no criterion can be judged: leave --criterion out")
        sides = (Side(against, against, profile), candidate.side)
        found = compare_tests(tests, sides, request, rules, quiet=quiet)
        if junit is not None:
            write_file(junit, [suite_junit.render(found)], replacing=True)
        page.write(lambda plotly_js: render_suite(found, plotly_js))
        print_suite(found, as_json=as_json)
        tell_github_of_suite(found)
        return found.exit_code
    if against:
        result = _against_revision(against, candidate, request, rules, quiet=quiet)
    else:
        result = _against_baseline(baselines, candidate, rules)
    if junit is not None:
        write_file(junit, [gate_junit.render(result)], replacing=True)
    page.write(lambda plotly_js: render_gate(result, plotly_js))
    print_gate(result, as_json=as_json)
    tell_github(result)
    return result.exit_code


def _against_revision(
    revision: str, candidate: GateCandidate, request: MeasurementRequest, rules: DecisionRules, *, quiet: bool
) -> GateResult:
    from walkerbench.cli.measurement_progress import measure_with_progress
    from walkerbench.gating.against_revision import gate_against_revision

    return gate_against_revision(
        revision, candidate, lambda sides: measure_with_progress(sides, request, rules, quiet=quiet)
    )


def _against_baseline(baselines: tuple[str, ...], candidate: GateCandidate, rules: DecisionRules) -> GateResult:
    from walkerbench.gating.against_baseline import find_baseline, gate_against_baseline
    from walkerbench.run_directory import RUNS_ROOT

    return gate_against_baseline(find_baseline(baselines, RUNS_ROOT), candidate, rules)
