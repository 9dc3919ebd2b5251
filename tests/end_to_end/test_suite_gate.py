"""`walkerbench gate` over the commits of a repository with a pytest-benchmark suite."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from repositories import git
from suites import DATABASE, SUMS, WRONG
from suites import LIBRARY as SUMS_LIBRARY
from whole_process import WholeProcess

LIBRARY = "def add_up(numbers):\n    return sum(sum(range(WORK)) * 0 + number for number in numbers)\n"
SUITE = """
import pytest
from add_up_of_a_gate import add_up

@pytest.fixture
def numbers():
    return list(range(300))

def test_sum(benchmark, numbers):
    assert benchmark(add_up, numbers) == sum(numbers)
"""
NEW = "\ndef test_new(benchmark):\n    assert benchmark(len, 'abc') == 3\n"
RULES = ("--rounds", "5", "--alpha", "20%", "--warmup", "5", "-q", "--json")


@pytest.fixture
def project(walkerbench: WholeProcess) -> WholeProcess:
    """Make a repository whose second commit makes one test slower and adds another test."""
    (walkerbench.cwd / "tests").mkdir()
    (walkerbench.cwd / "conftest.py").touch()
    library, suite = walkerbench.cwd / "add_up_of_a_gate.py", walkerbench.cwd / "tests" / "test_perf.py"
    git(walkerbench.cwd, "init", "--quiet")
    for work, text in (("200", SUITE), ("400", SUITE + NEW)):
        library.write_text(LIBRARY.replace("WORK", work))
        suite.write_text(text)
        git(walkerbench.cwd, "add", "--all")
        git(walkerbench.cwd, "commit", "--quiet", "-m", "a commit")
    return walkerbench


@pytest.mark.slow
@pytest.mark.promise("verdicts", "A test of a suite that became slower is a regression; one that is new fails nothing.")
def test_a_slower_test_fails_and_a_new_one_does_not(project: WholeProcess) -> None:
    ended = project(
        "gate", "--against", "HEAD~1", "--workload", "pytest:tests/test_perf.py", *RULES, "--junit", "g.xml"
    )
    assert ended.code == 1, ended.err
    found = {each["test"].rpartition("::")[2]: each for each in json.loads(ended.out)["tests"]}
    assert {name: each["verdict"] for name, each in found.items()} == {"test_sum": "regression", "test_new": "new"}
    compared = found["test_sum"]["comparison"]
    revisions = [side["code"]["workload"]["revision"] for side in compared["sides"]]
    assert revisions == [git(project.cwd, "rev-parse", name) for name in ("HEAD~1", "HEAD")]
    assert compared["did_same_work"] is True
    (suite,) = ET.parse(project.cwd / "g.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    assert git(project.cwd, "worktree", "list").count("\n") == 0


def test_criteria_are_refused_where_no_run_is_recorded(project: WholeProcess) -> None:
    criterion = ("--criterion", "frame_ms.max < 1")
    ended = project("gate", "--against", "HEAD", "--workload", "pytest:tests/test_perf.py", *criterion)
    assert (ended.code, ended.out) == (2, "")
    assert "a gate over tests records no run, so no criterion can be judged: leave --criterion out" in ended.err


@pytest.fixture
def suites(walkerbench: WholeProcess) -> WholeProcess:
    """Make a repository with three suites; its second commit changes a comment and adds the third suite."""
    tests = walkerbench.cwd / "tests"
    tests.mkdir()
    (walkerbench.cwd / "add_up_of_a_test.py").write_text(SUMS_LIBRARY)
    (tests / "test_sums.py").write_text(SUMS)
    (tests / "test_wrong.py").write_text(WRONG)
    git(walkerbench.cwd, "init", "--quiet")
    for text in (None, DATABASE):
        if text is not None:
            (tests / "test_database.py").write_text(text)
            (tests / "test_sums.py").write_text(f"# A comment.\n{SUMS}")
        git(walkerbench.cwd, "add", "--all")
        git(walkerbench.cwd, "commit", "--quiet", "-m", "a commit")
    return walkerbench


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_three_suites_are_one_family_with_a_row_for_each_test(suites: WholeProcess) -> None:
    # The tests that the base has, of the twelve, share an error rate of 20 %: this takes ten rounds.
    rules = ("--rounds", "10", *RULES[2:])
    ended = suites("gate", "--against", "HEAD~1", "--workload", "pytest:tests", *rules, deadline_s=500)
    assert ended.code == 3, ended.err
    found = {each["test"]: each for each in json.loads(ended.out)["tests"]}
    sound = {f"tests/test_sums.py::{name}" for name in ("test_sum", "test_many[10]", "test_many[1000]", "test_async")}
    new = {f"tests/test_database.py::TestDatabase::{name}" for name in ("test_insert", "test_count")}
    assert {found[name]["verdict"] for name in sound} <= {"no regression", "inconclusive"}
    assert {found[name]["verdict"] for name in new} == {"new"}
    assert {each["verdict"] for name, each in found.items() if name not in sound | new} == {"no verdict"}
    assert len(found) == len(sound) + len(new) + 8


def test_a_file_that_the_base_does_not_have_is_new(suites: WholeProcess) -> None:
    ended = suites(
        "gate", "--against", "HEAD~1", "--workload", "pytest:tests/test_database.py", *RULES, "--report", "g.html"
    )
    assert ended.code == 0, ended.err
    assert "2 tests of tests/test_database.py: new: 2." in (suites.cwd / "g.html").read_text(encoding="utf-8")
    assert {each["verdict"] for each in json.loads(ended.out)["tests"]} == {"new"}
    assert git(suites.cwd, "worktree", "list").count("\n") == 0
