"""The result of a comparison of many tests, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from walkerbench.reports.wording.calls import time_per_call
from walkerbench.reports.wording.comparison import faults_of_sides, interval, slowdown, work_not_the_same
from walkerbench.reports.wording.numbers import NOT_MEASURED, counted

if TYPE_CHECKING:
    from walkerbench.comparison.suite_result import ComparedTest, SuiteResult

SUITE_COLUMNS = ("test", "base, a call", "candidate, a call", "speed-up", "time", "verdict")


def suite_rows(result: SuiteResult) -> list[tuple[str, ...]]:
    """Return the cells of each test's row; where all tests are in one file, the rows omit its name."""
    file = _only_file(result)
    return [_row(each, each.test if file is None else each.test.removeprefix(f"{file}::")) for each in result.tests]


def _only_file(result: SuiteResult) -> str | None:
    files = {each.test.partition("::")[0] for each in result.tests}
    return files.pop() if len(files) == 1 else None


def _row(each: ComparedTest, name: str) -> tuple[str, ...]:
    if each.compared is None:
        return (name, *[NOT_MEASURED] * 4, each.word)
    comparison = each.compared.comparisons[0]
    times = [time_per_call(side.main_phase_ms["p50"], each.calls_per_frame) for side in each.compared.sides]
    return (name, *times, interval(comparison), slowdown(comparison), each.word)


def suite_notes(result: SuiteResult) -> list[str]:
    """Return notes on single tests, one per line: why a test has no verdict, warnings, and details of its verdict."""
    lines: list[str] = []
    file = _only_file(result)
    for each in result.tests:
        notes = [each.problem] if each.problem else []
        if each.compared is not None:
            notes += [*faults_of_sides(each.compared), *work_not_the_same(each.compared)]
            notes += [one.detail for one in each.compared.comparisons if one.verdict != "no regression"]
        name = each.test if file is None else each.test.removeprefix(f"{file}::")
        lines += [f"{name}: {text}" for text in notes]
    return lines


def suite_conclusion(result: SuiteResult) -> str:
    """Return the number of tests for each verdict, in a sentence."""
    counts = "; ".join(f"{word}: {count}" for word, count in result.counted.items())
    file = _only_file(result)
    return f"{counted(len(result.tests), 'test')}{f' of {file}' if file else ''}: {counts}."
