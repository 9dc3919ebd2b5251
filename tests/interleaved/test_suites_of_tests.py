"""Tests that a suite is measured test by test, and judged as one family."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from comparisons import measurement

from walkerbench.cli.rich_console import to_text
from walkerbench.comparison.suite_result import SuiteResult
from walkerbench.errors import ExitCode, Interrupted, WalkerbenchError, WorkloadFailed
from walkerbench.interleaved.measurement import Measurement
from walkerbench.interleaved.round_plan import MeasurementRequest
from walkerbench.interleaved.sides import Side, parse_sides
from walkerbench.interleaved.suites import measure_suite
from walkerbench.profile.loading import load_profile
from walkerbench.reports.json_text import json_document
from walkerbench.reports.junit import suite as junit
from walkerbench.reports.markdown.suite_summary import suite_summary
from walkerbench.reports.terminal import suite as terminal

SIDES = parse_sides(("main", "."), load_profile("smoke"))


def measured(found: dict[str, float | WalkerbenchError], rounds: int = 12) -> SuiteResult:
    """Return the result of a suite: `found` is test → candidate's time ÷ base's, or the error of the test."""

    def measure(sides: Sequence[Side], request: MeasurementRequest) -> Measurement:
        assert (request.budget_s, request.family) == (60 / len(found), len(found))
        each = found[sides[1].profile.workload.removeprefix("pytest:")]
        if isinstance(each, WalkerbenchError):
            raise each
        return measurement({"main": "sequential", ".": "sequential"}, [1.0, each], rounds)

    return measure_suite(list(found), SIDES, MeasurementRequest(budget_s=60), measure)


def test_every_test_has_a_row_and_the_most_severe_decides() -> None:
    result = measured({"a::same": 1.0, "a::slow": 1.2, "a::broken": WorkloadFailed("it fails")})
    assert [each.word for each in result.tests] == ["no regression", "regression", "no verdict"]
    assert result.exit_code is ExitCode.BROKEN
    assert measured({"a::same": 1.0, "a::slow": 1.2}).exit_code is ExitCode.FAIL
    assert measured({"a::same": 1.0}).exit_code is ExitCode.PASS
    faster = measured({"a::same": 1.0, "a::fast": 0.5})
    assert ([each.word for each in faster.tests], faster.exit_code) == (["no regression", "faster"], ExitCode.PASS)
    shown = to_text(terminal.report(faster))
    assert "\nfast: faster by more than 2 % (p = 0.00049)\n2 tests of a: no regression: 1; faster: 1.\n" in shown
    assert 'failures="0" errors="0"' in junit.render(faster)


def test_the_error_rate_is_shared_by_all_tests() -> None:
    # 8 of 8 rounds reach p = 0.4 %: low enough for one test, and with Holm's correction too high for three tests.
    assert [each.word for each in measured({"a": 1.2}, rounds=8).tests] == ["regression"]
    assert {each.word for each in measured({"a": 1.2, "b": 1.2, "c": 1.2}, rounds=8).tests} == {"inconclusive"}


def test_an_interrupt_ends_the_whole_suite() -> None:
    with pytest.raises(Interrupted):
        measured({"a": Interrupted("interrupted"), "b": 1.0})


def test_every_report_shows_every_test() -> None:
    result = measured({"a::same": 1.0, "a::slow": 1.2, "a::broken": WorkloadFailed("it fails")})
    texts = [
        "".join(to_text(terminal.report(result))),
        suite_summary(result),
        junit.render(result),
        json_document(result.as_dict()),
    ]
    for text in texts:
        for test in ("same", "slow", "broken", "it fails", "no verdict"):
            assert test in text
    assert json.loads(texts[3])["exit_code"] == 3
    assert (texts[2].count("<failure"), texts[2].count("<error")) == (1, 1)


def test_a_test_that_the_base_lacks_is_new_and_fails_nothing() -> None:
    def measure(sides: Sequence[Side], request: MeasurementRequest) -> Measurement:
        assert (sides[0].profile.workload, request.family) == ("pytest:a::old", 1)
        return measurement({"main": "sequential", ".": "sequential"}, [1.0, 1.0], 12)

    result = measure_suite(["a::old", "a::young"], SIDES, MeasurementRequest(), measure, {"a::young"})
    assert [each.word for each in result.tests] == ["no regression", "new"]
    assert result.exit_code is ExitCode.PASS
    shown = to_text(terminal.report(result))
    assert "\nyoung: the base does not have it\n2 tests of a: no regression: 1; new: 1.\n" in shown
    assert 'errors="0"' in junit.render(result)


def test_tests_of_several_files_are_named_with_their_files() -> None:
    shown = to_text(terminal.report(measured({"a::same": 1.0, "b::same": 1.0})))
    assert "a::same" in shown
    assert "b::same" in shown
    assert shown.endswith("2 tests: no regression: 2.\n")
