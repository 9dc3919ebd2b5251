"""Measures each test of a suite with interleaved sides, and judges all tests as one family."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence

from walkerbench.comparison.suite_result import ComparedTest, SuiteResult
from walkerbench.errors import ExitCode, Interrupted, TooFewRounds, WalkerbenchError
from walkerbench.interleaved.judging import judge_measurements
from walkerbench.interleaved.measurement import Measurement
from walkerbench.interleaved.round_plan import MeasurementRequest
from walkerbench.interleaved.sides import Side
from walkerbench.interleaved.worktrees import WORKING_TREE, worktree_of

SUITE_PREFIX = "pytest:"
"""The beginning of the SPEC of a suite or of a test in it."""


def tests_in(sides: Sequence[Side]) -> tuple[str, ...]:
    """Return the tests of the one suite that all sides name; none where they name no suite, or several.

    Raises:
        UsageError: The tests cannot be collected, or there are none.
    """
    specs = {side.profile.workload for side in sides}
    if len(specs) > 1 or not next(iter(specs)).startswith(SUITE_PREFIX):
        return ()
    from walkerbench.workloads.pytest_collection import tests_of

    return tests_of(next(iter(specs)).removeprefix(SUITE_PREFIX))


def new_tests(tests: Sequence[str], base: Side) -> frozenset[str]:
    """Return the tests that a base does not have; none where its tests cannot be collected."""
    from walkerbench.workloads.pytest_collection import collect

    if base.code is None or base.code == WORKING_TREE:
        return frozenset()
    file = base.profile.workload.removeprefix(SUITE_PREFIX).partition("::")[0]
    with worktree_of(base.code, base.label) as worktree:
        if not worktree.working_directory.joinpath(file).exists():
            return frozenset(tests)
        collected = collect(file, worktree.working_directory)
    return frozenset() if collected.problem is not None else frozenset(tests) - {*collected.tests}


def measure_suite(
    tests: Sequence[str],
    sides: Sequence[Side],
    request: MeasurementRequest,
    measure: Callable[[Sequence[Side], MeasurementRequest], Measurement],
    new: Collection[str] = (),
) -> SuiteResult:
    """Measure every test separately, and judge all together; a test that cannot be measured does not end the others.

    Args:
        tests: Names of the tests.
        sides: A base and one candidate, whose workloads are replaced.
        request: How much may be measured over all tests.
        measure: Measures sides.
        new: The tests that the base does not have, as returned by `new_tests`: the result names them, and they are not
            measured.

    Raises:
        Interrupted: The user ended the measurement.
        TooFewRounds: So few rounds cannot reach the error rate.
    """
    compared = max(1, len(tests) - len(new))
    budget_s = None if request.budget_s is None else request.budget_s / compared
    each = dataclasses.replace(request, budget_s=budget_s, family=compared)
    found: dict[str, Measurement | WalkerbenchError] = {}
    for test in tests:
        if test in new:
            continue
        try:
            found[test] = measure([_running(test, side) for side in sides], each)
        except (Interrupted, TooFewRounds):
            raise
        except WalkerbenchError as error:
            if error.exit_code is ExitCode.FAULT:
                raise
            found[test] = error
    return _judged(tests, found)


def _running(test: str, side: Side) -> Side:
    return dataclasses.replace(side, profile=dataclasses.replace(side.profile, workload=f"{SUITE_PREFIX}{test}"))


def _judged(tests: Sequence[str], found: dict[str, Measurement | WalkerbenchError]) -> SuiteResult:
    measured = {test: each for test, each in found.items() if isinstance(each, Measurement)}
    compared = dict(zip(measured, judge_measurements([*measured.values()]), strict=True)) if measured else {}
    rows = []
    for test in tests:
        each = found.get(test)
        if each is None:
            rows.append(ComparedTest(test, None, "the base does not have it", ExitCode.PASS))
        elif isinstance(each, Measurement):
            calls = each.base.profile["environment"].get("calls_per_frame") or 1
            rows.append(ComparedTest(test, compared[test], None, compared[test].exit_code, calls))
        else:
            rows.append(ComparedTest(test, None, str(each), each.exit_code))
    return SuiteResult(tuple(rows))
