"""Compares the tests of a suite, for `walkerbench ab` and `walkerbench gate`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from walkerbench.cli.display import open_display
from walkerbench.cli.measurement_progress import RoundsProgress
from walkerbench.cli.output import note, write_out
from walkerbench.cli.rich_console import to_text
from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.comparison.suite_result import SuiteResult
from walkerbench.interleaved import rounds
from walkerbench.interleaved.measurement import Measurement
from walkerbench.interleaved.round_plan import MeasurementRequest, find_limits
from walkerbench.interleaved.sides import Side
from walkerbench.interleaved.suites import measure_suite, new_tests
from walkerbench.reports.json_text import json_document
from walkerbench.reports.terminal import suite
from walkerbench.reports.wording.numbers import counted


def compare_tests(
    tests: Sequence[str], sides: Sequence[Side], request: MeasurementRequest, rules: DecisionRules, *, quiet: bool
) -> SuiteResult:
    """Measure every test now, judge all tests as one family, and show the progress on stderr."""

    def measure(sides: Sequence[Side], each: MeasurementRequest) -> Measurement:
        if not quiet:
            note(sides[0].profile.workload)
        with open_display(sys.stderr, quiet=quiet) as display:
            return rounds.measure(sides, each, rules, RoundsProgress(display, each, rules.alpha))

    new = new_tests(tests, sides[0])
    if not quiet:
        note(describe_suite(len(tests) - len(new), request, rules.alpha))
    return measure_suite(tests, sides, request, measure, new)


def describe_suite(tests: int, request: MeasurementRequest, alpha: float) -> str:
    """Return about how long so many tests take, and what each needs at least, in one line."""
    limits = find_limits(dataclasses.replace(request, family=max(1, tests)), 2, alpha)
    total_s = request.budget_s or tests * limits.expected_s
    return (
        f"measuring {counted(tests, 'test')}: about {total_s:.0f} s; each needs at least {limits.rounds} rounds, about "
        f"{limits.least_s:.0f} s of the budget"
    )


def print_suite(result: SuiteResult, *, as_json: bool) -> None:
    """Print the result: as a table, or as JSON and nothing else."""
    write_out(json_document(result.as_dict()) if as_json else to_text(suite.report(result)))
