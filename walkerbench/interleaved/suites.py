"""Measures each test of a suite, the sides interleaved, and judges all of them as one family."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from walkerbench.comparison.suite_result import ComparedTest, SuiteResult
from walkerbench.errors import ExitCode, Interrupted, TooFewRounds, WalkerbenchError
from walkerbench.interleaved.judging import judge_measurements
from walkerbench.interleaved.measurement import Measurement
from walkerbench.interleaved.round_plan import MeasurementRequest
from walkerbench.interleaved.sides import Side

SUITE_PREFIX = "pytest:"
"""What the SPEC of a suite, or of a test in it, begins with."""


def tests_in(sides: Sequence[Side]) -> tuple[str, ...]:
    """Return the tests that sides name by one SPEC of a suite; none where they name no suite, or several.

    Raises:
        UsageError: They cannot be collected, or there are none.
    """
    specs = {side.profile.workload for side in sides}
    if len(specs) > 1 or not next(iter(specs)).startswith(SUITE_PREFIX):
        return ()
    from walkerbench.workloads.pytest_collection import tests_of

    return tests_of(next(iter(specs)).removeprefix(SUITE_PREFIX))


def measure_suite(
    tests: Sequence[str],
    sides: Sequence[Side],
    request: MeasurementRequest,
    measure: Callable[[Sequence[Side], MeasurementRequest], Measurement],
) -> SuiteResult:
    """Measure every test by itself, and judge all together; one that cannot be measured does not end the others.

    Args:
        tests: Their names.
        sides: A base and one candidate, whose workloads are replaced.
        request: How much may be measured over all tests.
        measure: Measures sides.

    Raises:
        Interrupted: The user ended it.
        TooFewRounds: So few rounds cannot reach the error rate.
    """
    budget_s = None if request.budget_s is None else request.budget_s / len(tests)
    each = dataclasses.replace(request, budget_s=budget_s, family=len(tests))
    found: dict[str, Measurement | WalkerbenchError] = {}
    for test in tests:
        try:
            found[test] = measure([_running(test, side) for side in sides], each)
        except (Interrupted, TooFewRounds):
            raise
        except WalkerbenchError as error:
            if error.exit_code is ExitCode.FAULT:
                raise
            found[test] = error
    return _judged(found)


def _running(test: str, side: Side) -> Side:
    return dataclasses.replace(side, profile=dataclasses.replace(side.profile, workload=f"{SUITE_PREFIX}{test}"))


def _judged(found: dict[str, Measurement | WalkerbenchError]) -> SuiteResult:
    measured = {test: each for test, each in found.items() if isinstance(each, Measurement)}
    compared = dict(zip(measured, judge_measurements([*measured.values()]), strict=True)) if measured else {}
    rows = []
    for test, each in found.items():
        if isinstance(each, Measurement):
            rows.append(ComparedTest(test, compared[test], None, compared[test].exit_code))
        else:
            rows.append(ComparedTest(test, None, str(each), each.exit_code))
    return SuiteResult(tuple(rows))
