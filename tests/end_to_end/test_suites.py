"""The command line runs tests of a suite that uses pytest-benchmark's fixture as workloads."""

from __future__ import annotations

import json

import pytest
from suites import DATABASE, LIBRARY, SUMS, WRONG
from whole_process import WholeProcess

SHORT = ("--frames", "4", "--warmup", "1", "-q", "--json", "-o", "recorded")


@pytest.fixture
def suite(walkerbench: WholeProcess) -> WholeProcess:
    (walkerbench.cwd / "tests").mkdir()
    (walkerbench.cwd / "add_up_of_a_test.py").write_text(LIBRARY)
    (walkerbench.cwd / "tests" / "test_sums.py").write_text(SUMS)
    (walkerbench.cwd / "tests" / "test_database.py").write_text(DATABASE)
    (walkerbench.cwd / "tests" / "test_wrong.py").write_text(WRONG)
    (walkerbench.cwd / "pytest.ini").write_text("[pytest]\naddopts = --benchmark-disable --strict-markers\n")
    return walkerbench


@pytest.mark.parametrize(
    "test",
    [
        *("test_sums.py::test_sum", "test_sums.py::test_many[10]", "test_sums.py::test_async"),
        *("test_database.py::TestDatabase::test_insert", "test_database.py::TestDatabase::test_count"),
    ],
)
def test_a_test_of_a_suite_is_run_and_digested(suite: WholeProcess, test: str) -> None:
    ended = suite("run", "--workload", f"pytest:tests/{test}", *SHORT)
    assert (ended.code, ended.err) == (0, "")
    run = json.loads(ended.out)  # stdout has nothing of what the test prints
    assert run["workload"]["name"] == f"pytest:tests/{test}"
    assert run["workload"]["main_phase"] == {"phase": "calls", "title": "calls", "decides": True}
    assert run["digest"] is not None
    assert run["stages"][0]["counters"]["calls"] == 4 * run["profile"]["environment"]["calls_per_frame"]
    assert run["profile"]["stages"][0]["agents"] == 1


@pytest.mark.parametrize(
    ("test", "code", "says"),
    [
        ("test_wrong", 3, "test_wrong.py::test_wrong fails: "),
        ("test_twice", 3, "a test can use benchmark only once: split the test in two"),
        ("test_never", 2, "the test does not call its fixture 'benchmark'"),
        ("test_raising", 3, "test_wrong.py::test_raising fails: ValueError: invalid literal"),
        ("test_expected", 3, "expects that its function raises: that cannot be measured"),
        ("test_skipped", 2, "the test is skipped: not today"),
        ("test_before", 3, "test_wrong.py::test_before fails: assert 1 == 2"),
        ("test_teardown", 3, "fails in its tear-down: OSError: cannot be removed"),
        ("test_absent", 2, "pytest finds no such test: ERROR: not found:"),
    ],
)
def test_a_test_that_cannot_be_measured_is_reported_with_a_reason(
    suite: WholeProcess, test: str, code: int, says: str
) -> None:
    ended = suite("run", "--workload", f"pytest:tests/test_wrong.py::{test}", *SHORT)
    assert ended.code == code
    assert says in ended.err
    assert "walkerbench/" not in ended.err
    assert not (suite.cwd / "recorded" / "run.json").exists()


def test_a_run_of_several_tests_is_refused_with_their_names(suite: WholeProcess) -> None:
    ended = suite("run", "--workload", "pytest:tests/test_sums.py", *SHORT)
    assert ended.code == 2
    assert "names 4 tests" in ended.err
    assert "tests/test_sums.py::test_many[10]" in ended.err
    assert "test_without" not in ended.err
